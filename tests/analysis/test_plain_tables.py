"""A plain table with the columns' default names is as good as the role made of it."""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
import pyarrow as pa
import pytest

import kpilab
from kpilab import Assignments, BadInput, EventLog, Executions, Facts, Period, Reports, execution
from kpilab.experiments import Units
from kpilab.operations import Incidents, Machines

NAMES = ("open", "cart", "pay")
LOG = pd.DataFrame(
    [
        (f"u{u}", pd.Timestamp("2026-01-05") + pd.Timedelta(days=d, minutes=u + k), e, "ab"[u % 2])
        for u in range(12)
        for d in range(0, 28, 1 + u % 3)
        for k, e in enumerate(NAMES[: 1 + (u + d) % 3])
    ],
    columns=["user", "time", "event", "app"],
)
JANUARY = Period(date(2026, 1, 5), date(2026, 2, 1))
WEEKS = [Period(date(2026, 1, 5), date(2026, 1, 18)), Period(date(2026, 1, 19), date(2026, 2, 1))]
EVENTS = {
    "funnel": lambda log: kpilab.funnel(log, NAMES),
    "funnel by": lambda log: kpilab.funnel(log, NAMES, breakdown="app"),
    "funnel_change": lambda log: kpilab.events.funnel_change(
        log, NAMES, baseline=WEEKS[0], current=WEEKS[1]
    ),
    "dropoff": lambda log: kpilab.events.dropoff(log, NAMES, after=1),
    "blindspots": lambda log: kpilab.events.blindspots(log, NAMES, watched=("open",)),
    "paths": lambda log: kpilab.paths(log),
    "paths_change": lambda log: kpilab.events.paths_change(
        log, baseline=WEEKS[0], current=WEEKS[1]
    ),
    "step_matrix": lambda log: kpilab.events.step_matrix(log),
    "sequences": lambda log: kpilab.events.sequences(log, ("open", "cart")),
    "retention": lambda log: kpilab.retention(log),
    "activity": lambda log: kpilab.events.activity(log, by="app"),
    "quality": lambda log: kpilab.quality(log, period=JANUARY),
    "gaps": lambda log: kpilab.data.missing_rows(log, period=JANUARY),
    "outages": lambda log: kpilab.data.outages(log, period=JANUARY),
}


@pytest.mark.few(3)
@pytest.mark.parametrize("name", EVENTS)
def test_events(name):
    ask = EVENTS[name]
    said = ask(EventLog(LOG))
    for table in (LOG, pa.Table.from_pandas(LOG), ibis.memtable(LOG)):
        found = ask(table)
        assert repr(found.headline) == repr(said.headline)
        pd.testing.assert_frame_equal(found.table, said.table)


def test_what_is_missing_is_said_in_words():
    with pytest.raises(BadInput) as error:
        kpilab.funnel(LOG.rename(columns={"user": "who"}), NAMES)
    assert "no column named 'user'" in str(error.value)
    assert "or wrap the table: EventLog(table, user=…)" in str(error.value)
    with pytest.raises(BadInput, match="Facts given for EventLog"):
        kpilab.funnel(Facts(LOG, time="time"), NAMES)
    with pytest.raises(BadInput, match="dict is no table"):
        kpilab.paths({"user": [1]})


WORK = pd.DataFrame(
    [
        (day, actor, "visit", 20 + (k + d) % 5)
        for d, day in enumerate(JANUARY)
        for k, actor in enumerate("abcdef")
    ],
    columns=["date", "actor", "action", "quantity"],
)
WORK = WORK.assign(
    record=range(len(WORK)), target=22.0, traces=WORK["quantity"] - 1.0, recorded=WORK["date"]
)


@pytest.mark.parametrize(
    "name", ["heaping", "timing", "priority", "bunching", "evidence", "audit_sample"]
)
def test_work(name):
    ask = {
        "evidence": lambda r: kpilab.evidence(r, baseline=WEEKS[0], current=WEEKS[1]),
    }.get(name, lambda r: getattr(execution, name)(r, period=JANUARY))
    assert answer(ask, WORK) == answer(ask, Executions(WORK))


def answer(ask, records):
    """What is said, be it a finding or a refusal."""
    try:
        return repr(ask(records).headline)
    except BadInput as error:
        return str(error)


def test_facts_to_localise(tmp_path):
    days = pd.DataFrame({"date": list(JANUARY) * 2, "app": ["a"] * 28 + ["b"] * 28, "n": 100})
    late = pd.to_datetime(days["date"]) >= pd.Timestamp(WEEKS[1].first)
    days["n"] = days["n"].where(~(late & (days["app"] == "b")), 40)
    days.to_parquet(tmp_path / "t.parquet")
    tables = (days, pa.Table.from_pandas(days), ibis.memtable(days), tmp_path / "t.parquet")
    for table in tables:
        found = kpilab.localise(table, dimensions=["app"], measure="n", periods=tuple(WEEKS))
        assert [place.plain() for place in found.places] == [{"app": "b"}]
    with pytest.raises(BadInput, match="no column named 'date'"):
        kpilab.localise(
            tables[1].drop(["date"]), dimensions=["app"], measure="n", periods=tuple(WEEKS)
        )


def test_units_assignments_and_reports():
    units = pd.DataFrame({"variant": ["A", "B"] * 50, "paid": [0, 1, 1, 1, 0] * 20})
    said = repr(kpilab.experiment(Units(units), metrics=["paid"], control="A").headline)
    assert repr(kpilab.experiment(units, metrics=["paid"], control="A").headline) == said
    people = sorted(LOG["user"].unique())
    who = pd.DataFrame(
        {"user": people, "time": LOG["time"].min(), "experiment": "e", "variant": ["A", "B"] * 6}
    )
    buys = [kpilab.experiments.Outcome("pays", "sum(case when event = 'pay' then 1 else 0 end)")]
    said = kpilab.experiment(Assignments(who), EventLog(LOG), metrics=buys, control="A").table
    pd.testing.assert_frame_equal(
        kpilab.experiment(who, LOG, metrics=buys, control="A").table, said
    )
    reports = pd.DataFrame(
        {"date": list(JANUARY), "reporter": "r", "metric": "m", "value": range(28)}
    )
    ends = {"baseline": WEEKS[0], "current": WEEKS[1]}
    assert (
        kpilab.definitions(reports, **ends).headline
        == kpilab.definitions(Reports(reports), **ends).headline
    )


def test_machines_and_alarms():
    start = pd.date_range("2026-01-05", periods=20, freq="h")
    alarms = pd.DataFrame({"time": start, "unit": "m", "alarm": "hot"})
    alarms = alarms.assign(
        responded=start + pd.Timedelta(minutes=5), solved=start + pd.Timedelta(minutes=30)
    )
    assert (
        kpilab.operations.response(alarms).headline
        == kpilab.operations.response(Incidents(alarms)).headline
    )
    shifts = pd.DataFrame({"date": start, "scheduled": 60.0, "made": 45, "good": 44})
    columns = Machines(scheduled="scheduled", total="made", good="good", ideal="scheduled")
    assert (
        kpilab.operations.oee(shifts, columns).headline
        == kpilab.operations.oee(Facts(shifts), columns).headline
    )
