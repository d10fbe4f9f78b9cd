"""Steps as people name them: an event of the log comes before a condition."""

from __future__ import annotations

import pandas as pd
import pytest

from kpilab.analysis.events.dropoff import dropoff
from kpilab.analysis.events.funnel import funnel
from kpilab.analysis.events.funnel_change import funnel_change
from kpilab.core.table import EventLog
from kpilab.core.values import Period
from kpilab.engine.events.steps import called
from kpilab.engine.experiments.exposure import HIT, hits
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.events import Steps

NAMES = [
    "sign in",
    "not found",
    "view in app",
    "buy and pay",
    "order = paid",
    "search > click",
    "(trial)",
]


def log(*events: str) -> EventLog:
    """Two users do each of the events, a third the first one only."""
    whole = [(u, pd.Timestamp("2026-01-05 09:00") + pd.Timedelta(minutes=k), e, 1 + k)
             for u in ("ann", "bob") for k, e in enumerate(events)]  # fmt: skip
    rows = [*whole, ("cat", pd.Timestamp("2026-01-05 09:00"), events[0], 1)]
    return EventLog(pd.DataFrame(rows, columns=["user", "time", "event", "amount"]))


@pytest.mark.few(2)
@pytest.mark.parametrize("name", NAMES)
def test_an_event_that_reads_as_a_condition_is_the_event(name):
    assert funnel(log(name, "pay"), [name, "pay"]).table["users"].tolist() == [3, 2]
    assert funnel(log("see", name), ["see", name]).table["users"].tolist() == [3, 2]
    assert funnel(log("see", name, "pay"), Steps(["see", "pay"], exclude=[name])).table[
        "users"
    ].tolist() == [1, 0]
    stopped = dropoff(log(name, "pay"), [name, "pay"], after=name)
    assert (stopped.stopped, stopped.went) == (1, 2)


def test_a_change_counts_such_events_too():

    both = Period(pd.Timestamp("2026-01-05").date(), pd.Timestamp("2026-01-05").date())
    found = funnel_change(
        log("sign in", "pay"), ["sign in", "pay"], current=both, baseline=both
    ).table
    assert found.loc[found["of"] == "previous", "current"].tolist() == [pytest.approx(2 / 3)]


def test_what_no_event_is_called_by_stays_a_condition():
    found = funnel(log("see", "pay"), ["event = 'see'", "amount > 1 and event = 'pay'"]).table
    assert found["users"].tolist() == [3, 2]
    assert called(log("see", "pay"), ["amount > 1", "see"]) == frozenset()


def test_neither_event_nor_condition_is_refused_in_words():
    with pytest.raises(BadInput, match="no column named 'sign'") as error:
        funnel(log("sing in", "pay"), ["sign in", "pay"])
    assert "no event of the log" in str(error.value)


def test_the_outcome_of_an_experiment_may_be_such_an_event():
    assert collect(hits(log("see", "sign in"), "sign in"), "test")[HIT].sum() == 2
