"""Rows loaded twice: counted once, and said where they would have turned the comparison."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import kpilab

CASE = """kpilab: 1
title: t
periods: {baseline: [2026-01-01, 2026-01-28], current: [2026-01-29, 2026-02-25]}
tables: {orders: {kind: facts, source: orders.csv, time: day, key: id}}
metrics: {orders: {table: orders, measure: count(*)}}
goal: {metric: orders}
"""


def reviewed(folder: Path, days: int):
    rows = pd.DataFrame(
        {"id": range(5600), "day": pd.date_range("2026-01-01", periods=56).repeat(100).date}
    )
    again = rows[rows["id"] < 100 * days]
    pd.concat([rows, again]).to_csv(folder / "orders.csv", index=False)
    (folder / "case.yml").write_text(CASE)
    return kpilab.review(kpilab.open_case(folder))


def test_a_load_that_was_repeated_is_a_cause_and_the_goal_is_right(tmp_path):
    found = reviewed(tmp_path, 14)
    assert (found.goal.baseline, found.goal.current) == (2800, 2800)
    assert [(c.kind, c.subject) for c in found.causes] == [("duplicate_rows", "orders")]
    cause = found.causes[0]
    assert str(cause.period) == "2026-01-01..2026-01-14"
    assert cause.effect_pct == pytest.approx(100 * (1 / 1.5 - 1))
    assert cause.effect is None
    assert any("duplicates" in found.say(i.statement, "en") for i in found.issues)


def test_a_few_repeated_rows_are_no_cause(tmp_path):
    (tmp_path / "one").mkdir()
    rows = pd.DataFrame(
        {"id": range(5600), "day": pd.date_range("2026-01-01", periods=56).repeat(100).date}
    )
    pd.concat([rows, rows.head(5)]).to_csv(tmp_path / "one" / "orders.csv", index=False)
    (tmp_path / "one" / "case.yml").write_text(CASE)
    found = kpilab.review(kpilab.open_case(tmp_path / "one"))
    assert found.causes == ()
    assert len([i for i in found.issues if i.rows == 5]) == 1
