"""Definitions: who counts otherwise than before, since when, by how much,
and what is counted now."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.definitions import definitions
from kpilab.core.case import Definition
from kpilab.core.table import EventLog, Reports
from kpilab.core.values import Period
from kpilab.errors import BadInput

FIRST = dt.date(2025, 3, 3)
BASELINE = Period(FIRST, FIRST + dt.timedelta(days=27))
CURRENT = Period(FIRST + dt.timedelta(days=28), FIRST + dt.timedelta(days=55))
ORDERED = "count(distinct \"user\") filter (where event = 'order')"
VISITED = "count(distinct \"user\") filter (where event = 'visit')"


def world(changed_from: int = 28) -> tuple[Reports, EventLog]:
    """Two departments report «active»; sales counts visitors instead of buyers from day
    `changed_from`."""
    rng = np.random.default_rng(1)
    rows, reported = [], []
    for k in range(56):
        day = FIRST + dt.timedelta(days=k)
        visits, orders = int(rng.integers(90, 130)), int(rng.integers(40, 70))
        rows += [(day, f"u{i}", "visit") for i in range(visits)] + [
            (day, f"u{i}", "order") for i in range(orders)
        ]
        reported.append((day, "sales", "active", visits if k >= changed_from else orders))
        reported.append((day, "finance", "active", round(orders * rng.normal(1, 0.01))))
        reported.append((day, "finance", "revenue", orders * 10.0))
    log = EventLog(pd.DataFrame(rows, columns=["time", "user", "event"]))
    return Reports(pd.DataFrame(reported, columns=["date", "reporter", "metric", "value"])), log


def test_who_since_when_and_what_is_counted_now():
    reports, log = world()
    result = definitions(reports, baseline=BASELINE, current=CURRENT, log=log)
    row = result.table.iloc[0]
    assert result.table["jumped"].tolist() == [True, False]
    assert (row["metric"], row["reporter"], row["since"]) == ("active", "sales", CURRENT.first)
    assert (row["definition_before"], row["definition_after"]) == (ORDERED, VISITED)
    assert row["low"] < 1.0 < row["high"]


def test_without_any_definition_the_level_tells():
    row = definitions(world()[0], baseline=BASELINE, current=CURRENT).table.iloc[0]
    assert (row["reporter"], row["jumped"], row["definition_before"]) == ("sales", True, None)


def test_a_reworded_definition_that_changes_nothing_is_silent():
    reports, log = world(changed_from=99)
    declared = [
        Definition("active", "sales", FIRST, "buyers", "events", "day", ORDERED),
        Definition(
            "active", "sales", CURRENT.first, "buyers, as in the handbook", "events", "day", ORDERED
        ),
    ]
    result = definitions(
        reports, baseline=BASELINE, current=CURRENT, declared=declared, tables={"events": log}
    )
    assert not result.table["jumped"].any()
    assert result.headline.key == "definitions.same"


def test_a_declared_change_is_said_to_be_declared():
    reports, log = world()
    declared = [
        Definition("active", "sales", FIRST, "buyers", "events", "day", ORDERED),
        Definition("active", "sales", CURRENT.first, "visitors", "events", "day", VISITED),
    ]
    table = definitions(
        reports, baseline=BASELINE, current=CURRENT, declared=declared, tables={"events": log}
    ).table
    assert table["declared"].tolist() == [True, False]


def test_series_of_the_caller_are_candidates_too():
    reports, log = world()
    days = [FIRST + dt.timedelta(days=k) for k in range(56)]
    own = pd.DataFrame({"day": days, "definition": "nonsense", "value": 1.0})
    result = definitions(reports, baseline=BASELINE, current=CURRENT, recomputed=own)
    assert result.table["definition_before"].isna().all()
    text = own.assign(day=own["day"].astype(str), value=own["value"].where(own.index != 3))
    assert definitions(reports, baseline=BASELINE, current=CURRENT, recomputed=text).table.equals(
        result.table
    )
    with pytest.raises(BadInput, match="no column named 'day'"):
        definitions(
            reports,
            baseline=BASELINE,
            current=CURRENT,
            recomputed=own.rename(columns={"day": "date"}),
        )
    wrong = [Definition("active", "sales", FIRST, "", "logs", "day", ORDERED)]
    with pytest.raises(BadInput, match="no table named 'logs'"):
        definitions(
            reports, baseline=BASELINE, current=CURRENT, declared=wrong, tables={"events": log}
        )


@pytest.mark.parametrize(
    ("case", "reporter"),
    [("s11b01f93", ["marketing"]), ("s283d2356", ["marketing"]), ("sfeb65447", [])],
)
def test_development_cases(shared, case, reporter):
    folder = shared / "cases" / case
    log = EventLog(folder / "events.parquet", user="user_id", time="ts")
    reports = Reports(folder / "reported.parquet", reporter="department")
    table = definitions(reports, baseline=BASELINE, current=CURRENT, log=log).table
    assert table.loc[table["jumped"], "reporter"].tolist() == reporter


def test_reports_of_nothing_are_no_comparison():
    reports, _ = world()
    empty = Reports(reports.table.mutate(value=reports.table["value"] * 0))
    assert definitions(empty, baseline=BASELINE, current=CURRENT).headline.key == "definitions.same"
