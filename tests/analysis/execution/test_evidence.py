"""Evidence finds those whose claims leave no traces, and nobody else."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.execution.evidence import evidence
from kpilab.core.table import Executions
from kpilab.core.values import Period
from kpilab.errors import BadInput
from kpilab.show import say

FIRST = dt.date(2025, 3, 3)
BASELINE = Period(FIRST, FIRST + dt.timedelta(days=27))
CURRENT = Period(FIRST + dt.timedelta(days=28), FIRST + dt.timedelta(days=55))
TRACES = ("matched", "followed", "minutes")


def team(
    seed: int, padded: dict[int, int], actors: int = 10, broken: int | None = None
) -> pd.DataFrame:
    """Records over 56 days; `padded`: actor -> invented units a day in the last 28; `broken`:
    whose sensor fails."""
    rng = np.random.default_rng(seed)
    rows = []
    for actor in range(actors):
        for day in range(56):
            real, fake = rng.poisson(12), padded.get(actor, 0) * (day >= 28)
            minutes = rng.gamma(max(real, 0.1) * 16, 10 / 16) * (
                0.5 if actor == broken and day >= 28 else 1
            )
            rows.append((FIRST + dt.timedelta(days=day), f"a{actor}", "visit", real + fake,
                         rng.binomial(real, 0.95), rng.binomial(real, 0.55), minutes))  # fmt: skip
    return pd.DataFrame(rows, columns=["date", "actor", "action", "quantity", *TRACES])


def judged(frame: pd.DataFrame, **options):
    return evidence(
        Executions(frame, evidence=TRACES), **({"baseline": BASELINE, "current": CURRENT} | options)
    )


def test_two_who_invent_two_units_a_day_are_found_dated_and_sized():
    result = judged(team(1, {3: 2, 7: 2}))
    assert set(result.flagged) == {"a3", "a7"}
    named = result.table[result.table["flagged"]]
    assert (named["overstated_low"] < 56).all()
    assert (named["overstated_high"] > 56).all()
    assert all(abs((day - CURRENT.first).days) <= 3 for day in named["since"])
    assert result.total.low < 2 * 56 / (10 * 28 * 12) < result.total.high


def test_without_a_baseline_the_colleagues_are_the_measure():
    assert set(judged(team(2, {0: 3}), baseline=None).flagged) == {"a0"}


def test_nobody_is_named_when_all_work_was_done():
    assert [judged(team(seed, {})).flagged for seed in range(5)] == [()] * 5


def test_one_broken_sensor_accuses_nobody():
    assert judged(team(3, {}, broken=4)).flagged == ()


def test_order_of_rows_and_names_change_nothing():
    frame = team(4, {5: 3})
    mixed = frame.sample(frac=1, random_state=1).assign(actor=lambda f: "z" + f["actor"])
    first, second = judged(frame).table, judged(mixed).table
    assert ("z" + first["actor"]).tolist() == second["actor"].tolist()
    assert np.allclose(first["p"], second["p"])


def test_an_empty_trace_is_counted_not_guessed():
    frame = team(5, {}).astype({"matched": float})
    frame.loc[:4, "matched"] = np.nan
    result = judged(frame)
    assert [n.values["rows"] for n in result.notes if n.key == "evidence.unread"] == [5]


def test_the_sentence_accuses_nobody():
    text = say(judged(team(1, {3: 2})).headline)
    assert "no matching traces" in text
    assert "a3" in text


def test_bad_input_says_how_to_mend_it():
    frame = team(6, {})
    with pytest.raises(BadInput, match="no action named 'vist'"):
        judged(frame, action="vist")
    with pytest.raises(BadInput, match="no evidence column"):
        evidence(Executions(frame), baseline=None, current=CURRENT)
    with pytest.raises(BadInput, match="2 actors"):
        judged(frame[frame["actor"].isin(["a0", "a1"])])
    with pytest.raises(BadInput, match="2 actions"):
        judged(pd.concat([frame, frame.assign(action="call")]))


@pytest.mark.parametrize(
    ("case", "actors"),
    [
        ("s70471847", {"sales_rep_04", "sales_rep_13"}),
        ("sf7be5373", {"sales_rep_03", "sales_rep_12"}),
        ("sce336fb6", {"operator_14", "operator_16"}),
        ("s90ce23bb", set()),
        ("s49ca2482", set()),
    ],
)
def test_development_cases(shared, case, actors):
    traces = ("system_matched", "followup_active", "sensor_minutes")
    records = Executions(
        shared / "cases" / case / "execution.parquet", quantity="claimed", evidence=traces
    )
    assert set(evidence(records, baseline=BASELINE, current=CURRENT).flagged) == actors
