"""Funnel: rules that can be checked by eye, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from kpilab import EventLog, funnel
from kpilab.analysis.events.funnel import Exclusion
from kpilab.errors import BadInput
from kpilab.events import Breakdown, Step, Steps


def log_of(text, **roles):
    """«ann: visit@0 cart@5»: minutes after midnight; a third part is the colour («cart@5@red»)."""
    rows = []
    for part in text.split(";"):
        user, events = part.split(":")
        for e in events.split():
            name, minute, *colour = e.split("@")
            moment = pd.Timestamp("2026-01-05") + pd.Timedelta(minutes=float(minute))
            rows.append((user.strip(), moment, name, colour[0] if colour else None))
    frame = pd.DataFrame(rows, columns=["user", "time", "event", "colour"]).sample(
        frac=1, random_state=2
    )
    return EventLog(frame.astype({"colour": "str"}), **roles)


def asked(log, steps, **options):
    rules = {k: options.pop(k) for k in Steps.__slots__ if k in options}
    return funnel(log, Steps(steps, **rules), **options)


def users(*args, **options):
    return asked(*args, **options).table["users"].tolist()


LOG = log_of(
    "ann: a@0@red b@5@red c@9@blue; bob: a@0@blue b@30@red; cid: b@0 a@1; dan: a@0 x@1 b@2 c@3"
)


def test_users_reach_steps_in_order_and_in_time():
    assert users(LOG, ["a", "b", "c"]) == [4, 3, 2]
    assert users(LOG, ["a", "b", "c"], within="5m") == [4, 2, 1]


def test_strict_lets_nothing_stand_between():
    assert users(LOG, ["a", "b", "c"], mode="strict") == [4, 2, 1]


def test_unordered_takes_steps_as_they_come():
    assert users(LOG, ["a", "b", "c"], mode="unordered") == [4, 4, 2]


def test_an_exclusion_takes_the_user_out():
    assert users(LOG, ["a", "b", "c"], exclude=["x"]) == [3, 2, 1]
    assert users(LOG, ["a", "b", "c"], exclude=[Exclusion("x", first=2)]) == [4, 3, 2]


def test_an_optional_step_does_not_stop_anybody():
    table = funnel(LOG, ["a", Step("x", optional=True), "b"]).table
    assert table["users"].tolist() == [4, 1, 3]
    assert table["rate"].tolist()[1:] == [0.25, 0.75]


def test_a_step_may_have_its_own_limit_and_condition():
    assert users(LOG, ["a", Step("b", within="10m")]) == [4, 2]
    assert users(LOG, ["a", "event = 'b' and colour = 'red'"]) == [4, 2]
    assert users(LOG, ["a", Step("b", where={"colour": "red"})]) == [4, 2]


def test_a_steps_own_limit_is_measured_from_the_earliest_event_of_the_step_before():
    # The second b would be near enough to c, but the pass stands at the first.
    log = log_of("ann: a@0 b@1 b@10 c@12; bob: a@0 b@10 c@12; cid: a@0 b@1 a@9 b@10 c@12")
    assert users(log, ["a", "b", Step("c", within="5m")]) == [3, 3, 2]


def test_a_column_can_be_held():
    assert users(LOG, ["a", Step("b", hold=("colour",))]) == [4, 1]


def test_sessions_are_counted_apart():
    log = log_of("ann: a@0 b@100 a@101 b@102")
    assert users(log, ["a", "b"], unit="session") == [2, 1]


def test_breakdown_by_first_touch_sums_to_the_whole():
    result = funnel(LOG, ["a", "b"], breakdown=Breakdown("colour"))
    assert (
        result.values.groupby("step", sort=False)["users"].sum().tolist()
        == result.table["users"].tolist()
    )


def test_trend_counts_by_the_beginning():
    trend = funnel(log_of("ann: a@0 b@2; bob: a@1500"), ["a", "b"], grain="day").trend
    assert trend["users"].tolist() == [1, 1, 1, 0]


def test_rates_carry_wilson_intervals_and_times():
    row = funnel(LOG, ["a", "b"]).table.iloc[1]
    assert row["low"] < row["rate"] == 0.75 < row["high"]
    assert row["median_seconds"] == 300
    assert row["lost"] == 1


def test_null_users_and_times_belong_to_nobody():
    frame = pd.DataFrame(
        {
            "user": ["u", None, "u"],
            "time": pd.to_datetime(["2026-01-01", "2026-01-01", None]),
            "event": ["a", "a", "b"],
        }
    )
    assert users(EventLog(frame), ["a", "b"]) == [1, 0]


@pytest.mark.parametrize(
    ("steps", "options", "says"),
    [
        ([], {}, "funnel of 0 steps"),
        (["a", "bb"], {}, "no event named 'bb'"),
        (["a", "b"], {"within": "0d"}, "not above zero"),
        (["a", "b"], {"within": timedelta(days=-1)}, "not above zero"),
        (["a", "b"], {"mode": "loose"}, "no mode named 'loose'"),
        (["a", "b"], {"unit": "device"}, "no unit named"),
        (["a", "b"], {"breakdown": "color"}, "colour"),
        (["a", "a"], {"mode": "unordered"}, "stands twice"),
        ([Step("a", optional=True), "b", "c"], {}, "first step is optional"),
        (["a", "b"], {"exclude": [Exclusion("x", first=2)]}, "count required steps"),
        (["a", "b"], {"level": 95}, "between 0 and 1"),
    ],
)
def test_bad_input_says_what_where_and_how_to_mend(steps, options, says):
    with pytest.raises(BadInput) as caught:
        asked(LOG, steps, **options)
    assert says in str(caught.value)


def test_all_null_users_and_text_times_are_refused():
    nobody = pd.DataFrame(
        {
            "user": pd.Series([None, None], dtype="str"),
            "time": pd.to_datetime(["2026-01-01"] * 2),
            "event": ["a", "b"],
        }
    )
    with pytest.raises(BadInput, match="no row has both"):
        funnel(EventLog(nobody), ["a", "b"])
    zones = pd.DataFrame(
        {
            "user": ["u", "u"],
            "time": ["2026-01-01T00:00+01:00", "2026-01-01T00:00+08:00"],
            "event": ["a", "b"],
        }
    )
    with pytest.raises(BadInput, match="mixes time zones"):
        funnel(EventLog(zones), ["a", "b"])
