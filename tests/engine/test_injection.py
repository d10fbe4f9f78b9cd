"""Names and values are data: whatever stands in a column's name or a cell,
nothing of it is read as SQL."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

from kpilab.analysis.data.definitions import definitions
from kpilab.analysis.events.funnel import Step, funnel
from kpilab.core.case import Metric
from kpilab.core.table import Assignments, EventLog, Facts, Reports
from kpilab.core.trial import Design
from kpilab.core.values import Period
from kpilab.engine.column import marked
from kpilab.engine.connect import connect
from kpilab.engine.experiments.exposure import per_unit, units
from kpilab.engine.expression import identifier, literal, parse_measure, parse_predicate, sql
from kpilab.engine.metrics import Cut, measure
from kpilab.errors import BadInput
from tests.conftest import few

FIRST = dt.date(2025, 3, 3)
PERIOD = Period(FIRST, FIRST + dt.timedelta(days=27))
NASTY = (
    'x"; drop table canary; --',
    "x'); drop table canary; --",
    "user",
    "order",
    "a b",
    'say "so"',
    "back\\slash",
    "read_csv('/etc/passwd')",
    "用户",
    "`tick`",
)


@pytest.fixture
def con():
    con = connect()
    con.create_table("canary", pd.DataFrame({"a": [1]}))
    yield con
    assert con.table("canary").count().to_pandas() == 1
    assert "canary" in con.list_tables()


def rows(**names: str) -> pd.DataFrame:
    """Ten users a day, each with a visit and an event of the nasty name."""
    days = [FIRST + dt.timedelta(days=k) for k in range(28)]
    events = [
        (pd.Timestamp(d), f"u{i}", e)
        for d in days
        for i in range(10)
        for e in ("visit", names["value"])
    ]
    return pd.DataFrame(events, columns=["time", names["user"], names["event"]])


@pytest.mark.parametrize("name", NASTY)
def test_an_identifier_and_a_literal_are_one_column_and_one_text(name):
    column = parse_measure(f"sum({identifier(name)})", "here").this
    assert column.name == name
    text = parse_predicate(f"event = {literal(name)}", "here").expression
    assert (text.is_string, text.this) == (True, name)


@pytest.mark.parametrize("name", few(NASTY, 3))
def test_recomputed_definitions_keep_names_and_values_apart_from_sql(con, name):
    frame = rows(user=f"{name} u", event=f"{name} e", value=name)
    log = EventLog(con.create_table("events", frame), user=f"{name} u", event=f"{name} e")
    figures = pd.DataFrame(
        {"date": [FIRST + dt.timedelta(days=k) for k in range(28)], "metric": "m", "value": 10.0}
    )
    reports = Reports(pd.concat([figures.assign(reporter=r) for r in ("sales", "finance")]))
    halves = (
        Period(FIRST, FIRST + dt.timedelta(days=13)),
        Period(FIRST + dt.timedelta(days=14), PERIOD.last),
    )
    found = definitions(reports, baseline=halves[0], current=halves[1], log=log).table
    assert (found["error_before"] == 0).all()


@pytest.mark.parametrize("name", NASTY)
def test_metrics_and_cuts_with_nasty_names(con, name):
    frame = pd.DataFrame({"date": [FIRST] * 2, name: [name, "b"], "amount": [1.0, 2.0]})
    facts = Facts(con.create_table("facts", frame), dimensions=(name,))
    found = measure(
        facts,
        [Metric(name + "!", "facts", measure="sum(amount)")],
        {"all": PERIOD},
        Cut(by=(name,)),
    )
    assert dict(zip(found[marked(name)], found[name + "!"], strict=True)) == {name: 1.0, "b": 2.0}


@pytest.mark.parametrize("name", few(NASTY, 3))
def test_exposure_with_nasty_names(con, name):
    frame = pd.DataFrame(
        {
            "time": [pd.Timestamp(FIRST)] * 2,
            "who_did": ["u0", "u1"],
            "event": "pay",
            name: [name, "b"],
        }
    )
    log = EventLog(con.create_table("events", frame), user="who_did", dimensions=(name,))
    given = pd.DataFrame(
        {"time": pd.Timestamp(FIRST), "user": ["u0", "u1"], "experiment": name, "variant": "A"}
    )
    who = units(Assignments(con.create_table("given", given)), name, beside=log.table)
    wide = per_unit(
        log, who, {name + "!": "count(*)"}, {name + "?": "count(*)"}, key="who_did",
        design=Design(before=1),
        dimensions=(name,),
    ).to_pandas()  # fmt: skip
    assert wide[name + "!"].tolist() == [1.0, 1.0]
    assert wide[name + "?"].tolist() == [0.0, 0.0]
    assert set(wide[name]) == {name, "b"}


@pytest.mark.parametrize("name", few(NASTY, 3))
def test_steps_of_a_funnel_with_nasty_names(con, name):
    frame = rows(user="user", event="event", value=name).assign(**{name + " d": name})
    log = EventLog(con.create_table("events", frame), dimensions=(name + " d",))
    steps = ["event = 'visit'", Step(f"event = {literal(name)}", where={name + " d": name})]
    assert funnel(log, steps).table["users"].tolist() == [10, 10]


@pytest.mark.parametrize(
    "text", ["1=1) as x, (select 1", "1=1; drop table canary", "exists(select 1)"]
)
def test_a_condition_cannot_leave_its_place(text):
    with pytest.raises(BadInput):
        parse_predicate(text, "here")


def test_a_comment_does_not_reach_the_engine():
    assert "--" not in sql(parse_predicate("event = 'a' -- ) as x", "here"))
