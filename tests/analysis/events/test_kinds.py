"""Kinds of faults once reported: counted twice, lost, invented, or refused without need."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from kpilab import EventLog, Period, Where, funnel, paths, retention
from kpilab.engine.events import stream
from kpilab.errors import BadInput
from kpilab.events import Breakdown, Return, Steps, activity, funnel_change
from kpilab.show import say

COLUMNS = ["user", "event", "time", "platform", "region"]


def log_of(*rows: tuple) -> EventLog:
    frame = pd.DataFrame([(*r, *[None] * (5 - len(r))) for r in rows], columns=COLUMNS)
    frame["time"] = pd.to_datetime(frame["time"], format="mixed")
    return EventLog(frame, dimensions=("platform", "region"))


def test_who_uses_two_platforms_is_one_user_of_the_headline():
    rows = [
        (f"u{k}", "x", pd.Timestamp("2025-01-01") + pd.Timedelta(days=d), p)
        for d in range(30) for k in range(5) for p in ("web", "app")
    ]  # fmt: skip
    found = activity(log_of(*rows), by="platform")
    whole = activity(log_of(*rows))
    assert say(found.headline) == say(whole.headline)
    assert found.everyone["dau"].tolist() == whole.table["dau"].tolist() == [5] * 30
    assert found.table["dau"].tolist() == [5] * 60


@pytest.mark.parametrize(
    "part",
    [
        {"period": Period(date(2025, 3, 3), date(2025, 3, 9))},
        {"where": Where({"platform": ("app",)})},
        {"by": ("platform",)},
    ],
    ids=["days", "segment", "dimension"],
)
def test_new_is_new_to_the_log(part):
    """One was there in January, on the web; the other comes in March."""
    log = log_of(
        ("old", "x", "2025-01-02", "web"), ("old", "x", "2025-03-05", "app"),
        ("new", "x", "2025-03-05", "app"),
    )  # fmt: skip
    life = activity(log, **part).lifecycle
    march = life[life["bucket"] == date(2025, 3, 3)][["new", "returning", "resurrected"]]
    assert march.to_numpy().tolist() == [[1, 0, 1]]


@pytest.mark.parametrize("how", ["n", "rolling", "bracket"])
def test_age_0_is_who_came_back_in_the_bucket_they_began_in(how):
    log = log_of(
        ("a", "signup", "2025-01-01 10:00"), ("a", "pay", "2025-01-01 11:00"),
        ("b", "pay", "2025-01-01 09:00"), ("b", "signup", "2025-01-01 10:00"),
        ("c", "signup", "2025-01-01 10:00"), ("c", "pay", "2025-01-02 10:00"),
    )  # fmt: skip
    found = retention(log, start="signup", back=Return("pay", how), grain="day").table
    assert found[["age", "size", "users"]].iloc[0].tolist() == [0, 3, 2 if how == "rolling" else 1]
    alike = retention(log, start="signup", grain="day").table
    assert alike[["age", "size", "users"]].iloc[0].tolist() == [0, 3, 3]


def test_users_begin_within_what_is_looked_at_and_it_is_said():
    log = log_of(("old", "x", "2025-01-02"), ("old", "x", "2025-03-05"), ("new", "x", "2025-03-05"))
    found = retention(log, period=Period(date(2025, 3, 3), date(2025, 3, 9)))
    assert [n.key for n in found.notes] == ["retention.first_here"]
    assert retention(log).notes == ()


def test_ages_after_the_last_return_are_kept():
    """Eight begin, one of them comes back a week later, and the log goes on."""
    rows = [(f"u{k}", "x", "2025-01-06") for k in range(8)]
    log = log_of(*rows, ("u0", "y", "2025-01-14"), ("z", "y", "2025-01-30"))
    curve = retention(log, start="x", back="y").curve.set_index("age")
    assert curve[["users", "size"]].to_numpy().tolist() == [[0, 8], [1, 8], [0, 8], [0, 8]]


def test_an_unordered_funnel_loses_no_user_to_the_value_of_a_step():
    log = log_of(
        ("a", "v", "2025-01-01 10:00", "web"), ("a", "p", "2025-01-01 11:00", "app"),
        ("b", "p", "2025-01-01 10:00", "app"), ("b", "v", "2025-01-01 10:30", "web"),
    )  # fmt: skip
    steps = Steps(["v", "p"], mode="unordered")
    values = funnel(log, steps, breakdown=Breakdown("platform", "step", step=2)).values
    assert values[["platform", "users"]].to_numpy().tolist() == [
        ["app", 1], ["app", 1], ["web", 1], ["web", 1],
    ]  # fmt: skip


@pytest.mark.parametrize("attribution", ["first_touch", "last_touch", "step"])
def test_a_pair_of_values_stood_in_one_row(attribution):
    log = log_of(
        ("a", "v", "2025-01-01 10:00", "ios", "south"),
        ("a", "v", "2025-01-01 10:00", "web", "north"),
    )
    cut = Breakdown(("platform", "region"), attribution)
    values = funnel(log, ["v", "v"], breakdown=cut).values
    pairs = values[["platform", "region"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [["ios", "south"]]


@pytest.mark.parametrize("compiled", [True, False])
def test_a_way_back_to_its_start_holds_two_of_it(compiled, monkeypatch):
    if compiled:
        stream.prepare()
    else:
        monkeypatch.setattr("kpilab.engine.events.trails.ready", lambda rows: False)
    log = log_of(
        ("a", "x", "2025-01-01 10:00"), ("a", "y", "2025-01-01 10:01"),
        ("a", "x", "2025-01-01 10:02"), ("b", "x", "2025-01-01 10:00"),
    )  # fmt: skip
    found = paths(log, start="x", end="x").table
    assert found[["path", "count"]].to_numpy().tolist() == [["x → y → x", 1]]


def test_an_event_that_never_occurs_is_refused_or_zero():
    log = log_of(("a", "visit", "2025-01-01 10:00"), ("a", "pay", "2025-01-01 11:00"))
    with pytest.raises(BadInput, match="no event named 'pai'") as refused:
        funnel(log, ["visit", "pai"])
    assert "pay" in str(refused.value)
    asked = Steps(["visit", "pai"], missing="zero")
    assert funnel(log, asked).table["users"].tolist() == [1, 0]
    sides = funnel_change(log, asked, current=Where(), baseline=Where()).table
    assert sides["current"].eq(0).all()
    with pytest.raises(BadInput, match="no way named 'none'"):
        funnel(log, Steps(["visit", "pai"], missing="none"))


def test_a_funnel_of_one_step_counts_its_users():
    log = log_of(("a", "v", "2025-01-01"), ("a", "v", "2025-01-02"), ("b", "v", "2025-01-01"))
    found = funnel(log, ["v"], breakdown="platform", grain="day")
    assert found.table["users"].tolist() == [2]
    assert say(found.headline) == "2 users reached v."


def test_what_is_left_out_by_value_keeps_rows_without_one():
    log = log_of(
        ("a", "v", "2025-01-01", "web"), ("b", "v", "2025-01-01"), ("c", "v", "2025-01-01", "bot")
    )
    assert activity(log, where=Where(without={"platform": ("bot",)})).table["dau"].tolist() == [2]


def test_weeks_begin_on_a_sunday_where_asked():
    """Saturday 4 January, Sunday 5 January and Saturday 11 January 2025."""
    log = log_of(("a", "v", "2025-01-04"), ("a", "v", "2025-01-05"), ("b", "v", "2025-01-11"))
    life = activity(log, grain="week_sunday").lifecycle
    first = [date(2024, 12, 29), date(2025, 1, 5)]
    assert life["bucket"].tolist() == first
    assert retention(log, grain="week_sunday").table["cohort"].unique().tolist() == first
    assert [
        pd.Timestamp(b).date() for b in funnel(log, ["v"], grain="week_sunday").trend["bucket"]
    ] == first
