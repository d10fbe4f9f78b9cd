"""A slower pipeline is told from one that loses more, at the same age."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Period
from kpilab.customers import pipeline

NOW = Period(date(2026, 4, 1), date(2026, 6, 30))
STAGES = ["open", "offer", "won"]


def deals(seed: int, slower: float = 1.0, lost: float = 0.3, where: str = "b") -> pd.DataFrame:
    """A thousand deals a quarter over two years in four regions; in one of them (or in all) they
    take longer, or more are lost, from the current period on."""
    noise, begin = np.random.default_rng(seed), pd.Timestamp("2024-07-01")
    n, split = 8000, (pd.Timestamp(NOW.first) - begin).days
    region = np.array(list("abcd"))[noise.integers(0, 4, n)]
    here = (region == where) | (where == "all")
    at, rows, alive = noise.uniform(-60, 730, n), [], np.ones(n, bool)

    def happens(event: str, whom: np.ndarray) -> None:
        all_of_them = pd.DataFrame({"user": np.arange(n), "event": event, "at": at})
        rows.append(all_of_them.assign(region=region)[whom])

    for stage in STAGES[:-1]:
        rows.append(
            pd.DataFrame({"user": np.arange(n), "event": stage, "at": at, "region": region})[alive]
        )
        stay = noise.gamma(2, 15, n)
        # What is left of a stay at the split goes on at the new pace.
        rest = np.clip(at + stay - np.maximum(at, split), 0, None)
        at = at + stay + np.where(here, rest * (slower - 1), 0)
        gone = alive & (noise.random(n) < np.where(here & (at >= split), lost, 0.3))
        rows.append(
            pd.DataFrame({"user": np.arange(n), "event": "lost", "at": at, "region": region})[gone]
        )
        alive &= ~gone
    rows.append(
        pd.DataFrame({"user": np.arange(n), "event": "won", "at": at, "region": region})[alive]
    )
    log = pd.concat(rows)
    log = log[(log["at"] < 730) & (log["at"] >= 0)]
    return log.assign(time=begin + pd.to_timedelta(log["at"], "D")).drop(columns="at")


def told(log: pd.DataFrame) -> list[tuple[str, dict[str, object]]]:
    places = pipeline(log, STAGES, current=NOW, by=["region"]).places
    return [(v, w.plain()) for v, w in zip(places["view"], places["where"], strict=True)]


@pytest.mark.slow  # many draws
def test_unchanged_deals_are_silent():
    assert sum(told(deals(s)) != [] for s in range(12)) <= 2  # 0.6 expected


def test_a_slower_region_is_slow_and_loses_nothing():
    assert told(deals(1, slower=1.5)) == [("speed", {"region": "b"})]


def test_more_lost_in_a_region_is_no_slowness():
    found = told(deals(2, lost=0.5))
    assert [w for _, w in found] == [{"region": "b"}]
    assert found[0][0] in STAGES


@pytest.mark.parametrize("seed", range(3))
def test_a_third_slower_everywhere_is_told_by_the_history(seed):
    assert told(deals(seed, slower=1.35, where="all")) == [("speed", {})]


def test_stages_say_what_went_on():
    log = pd.DataFrame(
        [("d1", "open", "2026-04-02"), ("d1", "offer", "2026-04-12"), ("d1", "won", "2026-04-17"),
         ("d2", "open", "2026-05-01"), ("d2", "lost", "2026-05-21"), ("d3", "open", "2026-06-21")],
        columns=["user", "event", "time"],
    ).assign(region="a")  # fmt: skip
    log["time"] = pd.to_datetime(log["time"])
    table = pipeline(log, STAGES, current=NOW, by=["region"]).stages.set_index("stage")
    assert table.loc["open", ["exits", "advances", "rate"]].tolist() == [2, 1, 0.5]
    assert table.loc["open", "days"] == pytest.approx((10 + 20 + 10) / 2)
    assert table.loc["offer", ["exits", "advances"]].tolist() == [1, 1]


def test_a_stage_that_never_occurs_is_refused():
    with pytest.raises(BadInput, match="no stage named 'demo'"):
        pipeline(deals(1), ["open", "demo", "won"], current=NOW, by=["region"])
