"""A metric without a value, or one the engine cannot measure, never takes the review with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.core.finding import Review
from kpilab.errors import BadInput
from kpilab.report.build import write
from kpilab.report.text import verdict
from kpilab.show.say import sentence
from kpilab.track.board import page
from tests.conftest import few

CASE = """\
kpilab: 1
title: undefined
periods: {baseline: [2025-11-03, 2025-11-30], current: [2025-12-01, 2025-12-28]}
tables: {t: {kind: facts, source: t.csv, time: date, dimensions: [store]}}
metrics:
  revenue: {table: t, measure: sum(revenue)}
  n: {table: t, measure: sum(orders)}
  basket: {table: t, numerator: sum(revenue), denominator: sum(orders)}
  other: OTHER
goal: {metric: revenue, formula: n * basket}
kpis: [{metric: other, target: 5, owner: Ann}, {metric: n, target: 3000, owner: Bob}]
"""
USUAL = "{table: t, measure: count(*)}"


def rows() -> pd.DataFrame:
    noise = np.random.default_rng(1)
    days = pd.date_range("2025-11-03", periods=56)
    frame = pd.DataFrame(
        [(d, s, int(noise.poisson(40))) for d in days for s in ("North", "South", "West")]
    )
    frame.columns = ["date", "store", "orders"]
    return frame.assign(revenue=frame["orders"] * 30.0, now=frame["date"] >= "2025-12-01")


def reviewed(
    folder: Path, frame: pd.DataFrame, other: str = USUAL, *edits: tuple[str, str]
) -> Review:
    """The review, once it has been written in every form."""
    text = CASE.replace("OTHER", other)
    for old, new in edits:
        text = text.replace(old, new)
    (folder / "case.yml").write_text(text, "utf-8")
    frame.to_csv(folder / "t.csv", index=False)
    found = kpilab.review(kpilab.open_case(folder))
    write(found, folder / "out", None)
    assert verdict(found, "zh")
    assert sum(r.amount for r in found.bridge) == pytest.approx(
        found.goal.logged - found.goal.expected
    )
    return found


def unexamined(found: Review) -> str:
    """As it is said; a sentence begins with a capital."""
    return " ".join(sentence(m).lower() for report in found.steps for m in report.not_examined)


@pytest.mark.slow
@pytest.mark.parametrize("stopped", ["now", "before", "both"])
def test_sales_may_stop(tmp_path, stopped):
    frame = rows()
    gone = {"now": frame["now"], "before": ~frame["now"], "both": frame["now"] | True}[stopped]
    totals = frame.assign(revenue=frame["revenue"].mask(gone, 0.0)).groupby("now")["revenue"].sum()
    frame.loc[gone, ["orders", "revenue"]] = 0
    found = reviewed(tmp_path, frame)
    assert (found.goal.baseline, found.goal.logged) == (totals[False], totals[True])
    assert "basket has no value" in unexamined(found)


@pytest.mark.slow
def test_an_undefined_rate_stands_still_and_the_volume_has_it_all(tmp_path):
    frame = rows()
    frame.loc[frame["now"], ["orders", "revenue"]] = 0
    split = next(
        f
        for f in reviewed(tmp_path, frame).findings
        if f.step == "goal" and "driver" in f.evidence[0].table
    )
    parts = split.evidence[0].table.set_index("driver")["contribution"]
    assert parts["basket"] == pytest.approx(0.0)
    assert parts["n"] == pytest.approx(-rows().query("not now")["revenue"].sum())


@pytest.mark.slow
def test_a_rate_may_be_zero_in_the_baseline(tmp_path):
    frame = rows()
    frame.loc[~frame["now"], "revenue"] = 0
    assert "the rate is 0 in the baseline" in unexamined(reviewed(tmp_path, frame))


@pytest.mark.slow
def test_a_sum_over_no_row_is_zero_and_one_over_missing_values_is_missing(tmp_path):
    paid = "{table: t, measure: sum(revenue) filter (where store = 'East')}"
    found = reviewed(tmp_path, rows(), paid)
    assert "other has no value" not in unexamined(found)
    frame = rows()
    frame.loc[frame["now"], "orders"] = np.nan
    assert "n has no value in the current period" in unexamined(reviewed(tmp_path, frame))
    frame.loc[frame["now"], "revenue"] = np.nan
    with pytest.raises(BadInput, match="the goal 'revenue' is undefined in the current period"):
        reviewed(tmp_path, frame)


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "other",
    few(
        [
            "{table: t, measure: sum(cast(store as integer))}",
            "{table: t, numerator: sum(orders), denominator: sum(orders) - sum(orders)}",
            "{table: t, measure: avg(cast(store as integer)), per: week}",
            "{table: t, measure: sum(orders) / 0}",
            "{table: t, measure: sum(blank)}",
            "{table: t, measure: avg(blank), per: day}",
        ],
        keep=2,
    ),
)
def test_a_metric_that_cannot_be_measured_is_named_and_the_others_are_reviewed(tmp_path, other):
    found = reviewed(tmp_path, rows().assign(blank=np.nan), other)
    assert found.goal.logged == rows().query("now")["revenue"].sum()
    assert "other" in unexamined(found)
    board = page(kpilab.open_case(tmp_path))
    assert "3,000" in board
