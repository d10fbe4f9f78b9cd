"""Priority orders actors for the audit, and says that it is no finding."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.execution.audit import audit_sample
from kpilab.analysis.execution.priority import priority
from kpilab.core.table import Executions
from kpilab.core.values import Period
from kpilab.errors import BadInput
from kpilab.show import say

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=27))


def team(seed: int = 1, rounds: str = "", late: str = "", untraced: str = "") -> Executions:
    """Eight actors, 28 days, three records a day; one rounds to fives, one enters late,
    one leaves fewer matches."""
    rng, rows = np.random.default_rng(seed), []
    for actor in (f"a{k}" for k in range(8)):
        for k in range(84):
            day = FIRST + dt.timedelta(days=k // 3)
            real = int(rng.poisson(22))
            claim = round(real / 5) * 5 if actor == rounds else real
            matched = rng.binomial(real, 0.95 if actor != untraced else 0.6)
            waited = 4 if actor == late and k % 2 else int(rng.random() < 0.05) * 3
            rows.append(
                (
                    f"r{len(rows)}",
                    day,
                    actor,
                    "visit",
                    claim,
                    matched,
                    day + dt.timedelta(days=waited),
                )
            )
    columns = ["record", "date", "actor", "action", "quantity", "matched", "entered"]
    return Executions(
        pd.DataFrame(rows, columns=columns),
        record="record",
        evidence=("matched",),
        recorded="entered",
    )


@pytest.mark.parametrize("signal", ["rounds", "late", "untraced"])
def test_who_differs_is_checked_first(signal):
    result = priority(team(**{signal: "a5"}), period=PERIOD)
    assert result.table["actor"].iloc[0] == "a5"
    assert result.table["score"].iloc[0] > 2 * result.table["score"].iloc[1]
    assert result.signals == ("untraced", "round", "repeated", "late")


def test_its_weights_draw_more_records_of_who_comes_first():
    records = team(untraced="a5")
    weights = priority(records, period=PERIOD).weights
    drawn = [
        audit_sample(records, period=PERIOD, weights=w).strata.set_index("stratum")["sampled"]
        for w in (None, weights)
    ]
    assert drawn[1]["a5"] > drawn[0]["a5"]


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "not a finding about anybody"), ("zh", "不是对任何人的结论")]
)
def test_it_says_that_it_is_an_order_only(lang, said):
    result = priority(team(rounds="a5"), period=PERIOD)
    assert said in say(result.headline, lang)
    assert result.chart(lang).to_dict()


def test_two_actors_cannot_be_ordered():
    frame = team().table.to_pandas()
    with pytest.raises(BadInput, match="2 actors"):
        priority(Executions(frame[frame["actor"].isin(["a0", "a1"])]), period=PERIOD)


@pytest.mark.parametrize(("column", "signal"), [("matched", "untraced"), ("entered", "late")])
def test_a_record_that_cannot_tell_is_left_out_of_its_signal(column, signal):
    told = priority(team(late="a5"), period=PERIOD).table.set_index("actor")
    frame = team(late="a5").table.to_pandas()
    blind = (frame["actor"] == "a2") & (np.arange(len(frame)) % 4 < 2)
    holed = frame.assign(**{column: frame[column].astype(object).mask(blind, None)})
    roles = {"record": "record", "evidence": ("matched",), "recorded": "entered"}
    found = priority(Executions(holed, **roles), period=PERIOD).table.set_index("actor")
    seen = priority(Executions(frame[~blind], **roles), period=PERIOD).table.set_index("actor")
    assert found.loc["a2", signal] == pytest.approx(seen.loc["a2", signal])
    assert found["records"].to_dict() == told["records"].to_dict()
