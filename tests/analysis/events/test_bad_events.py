"""What every question about events says when the log or the question is wrong."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from kpilab import EventLog, Where, funnel, paths, retention
from kpilab.errors import BadInput
from kpilab.events import (
    Path,
    Ways,
    activity,
    blindspots,
    dropoff,
    funnel_change,
    paths_change,
    sequences,
    step_matrix,
)

SIDES = {"current": Where({"os": "x"}), "baseline": Where({"os": "y"})}
FUNNELS = {
    "funnel": funnel,
    "funnel_change": lambda log, steps, **o: funnel_change(log, steps, **SIDES, **o),
    "dropoff": lambda log, steps, **o: dropoff(log, steps, after=1, **o),
    "blindspots": lambda log, steps, **o: blindspots(log, steps, watched=(), **o),
}
WALKS = {
    "paths": lambda log, event, **o: paths(log, start=event, ways=Ways(**o)),
    "step_matrix": lambda log, event, **o: step_matrix(log, around=event, path=Path(**o)),
    "paths_change": lambda log, event, **o: paths_change(log, start=event, ways=Ways(**o), **SIDES),
}
ASKED = (
    {k: (lambda log, f=f: f(log, ["cart", "pay"])) for k, f in FUNNELS.items()}
    | {k: (lambda log, f=f: f(log, "cart")) for k, f in WALKS.items()}
    | {
        "retention": retention,
        "activity": activity,
        "sequences": lambda log: sequences(log, ("cart", "pay")),
    }
)
ROWS = pd.DataFrame({
    "user": ["a", "a", "b"], "event": ["cart", "pay", "cart"], "os": ["x", "y", "x"],
    "time": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-02"]),
})  # fmt: skip


@pytest.fixture(scope="module")
def log():
    return EventLog(ROWS)


def says(words, work, *args, **options):
    with pytest.raises(BadInput) as caught:
        work(*args, **options)
    assert words in str(caught.value)


@pytest.mark.parametrize("work", FUNNELS.values(), ids=FUNNELS)
def test_an_unknown_step_is_named_with_the_nearest(log, work):
    says("no event named 'pey'", work, log, ["cart", "pey"])
    says("pay", work, log, ["cart", "pey"])


@pytest.mark.parametrize("work", FUNNELS.values(), ids=FUNNELS)
def test_one_step_and_no_time_are_no_funnel(log, work):
    if work is not funnel:
        says("a funnel of 1 step", work, log, ["cart"])
    says("not above zero", work, log, ["cart", "pay"], within="0d")
    says("not above zero", work, log, ["cart", "pay"], within=timedelta(days=-1))
    says("is not a duration", work, log, ["cart", "pay"], within="-1d")


@pytest.mark.parametrize("work", WALKS.values(), ids=WALKS)
def test_walks_want_known_events_and_a_pause(log, work):
    says("['cart']", work, log, "crat")
    says("not above zero", work, log, "cart", timeout="0d")


def test_retention_and_sequences_want_known_events(log):
    says("no event named 'crat'", retention, log, start="crat")
    says("no event named 'crat'", retention, log, back="crat")
    says("no event named 'crat'", sequences, log, ("crat", "pay"))
    says("no pair", sequences, log, [])
    says("not above zero", sequences, log, ("cart", "pay"), within="0d")
    says("not above zero", sequences, log, ("cart", "pay"), at_least=timedelta(seconds=-1))


@pytest.mark.parametrize("work", ASKED.values(), ids=ASKED)
def test_a_log_without_users_is_refused(work):
    nobody = ROWS.assign(user=pd.Series([None] * 3, dtype="str"))
    with pytest.raises(BadInput, match=r"no row has both a 'user' and a 'time'|no events to count"):
        work(EventLog(nobody))


def test_texts_that_are_no_times_are_refused_with_their_row():
    says("'x' is no time", EventLog, ROWS.assign(time=["2026-01-01", "2026-01-02T00:00", "x"]))
    offsets = ["2026-01-01T00:00+01:00", "2026-01-01T00:00+08:00", "2026-01-02T00:00+08:00"]
    says("mixes time zones", EventLog, ROWS.assign(time=offsets))


@pytest.mark.few(4)
@pytest.mark.parametrize("work", ASKED.values(), ids=ASKED)
def test_times_written_as_text_are_times(work, log):
    written = EventLog(ROWS.assign(time=ROWS["time"].dt.strftime("%Y-%m-%d %H:%M:%S")))
    assert repr(work(written).headline) == repr(work(log).headline)


def test_mixed_time_zones_are_refused():
    zones = [pd.Timestamp("2026-01-01", tz=z) for z in ("UTC", "Asia/Shanghai", None)]
    says(
        "mixes time zones: Asia/Shanghai, UTC, no zone",
        EventLog,
        ROWS.assign(time=pd.Series(zones, dtype=object)),
    )


def test_nanoseconds_are_cut_to_microseconds():
    finer = ROWS.assign(time=ROWS["time"].astype("datetime64[ns]") + pd.Timedelta(1, "ns"))
    assert funnel(EventLog(finer), ["cart", "pay"]).table["users"].tolist() == [2, 1]


def test_times_before_1970_are_times():
    assert funnel(
        EventLog(ROWS.assign(time=ROWS["time"] - pd.DateOffset(years=70))), ["cart", "pay"]
    ).table["users"].tolist() == [2, 1]
