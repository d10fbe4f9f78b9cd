"""Funnel: rules that can be checked by eye, and what is refused."""

from __future__ import annotations

from dataclasses import replace
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


REPEATED = log_of("ann: a@1 b@2 c@3 b@4 d@5; bob: a@1 a@2 b@3 a@4 c@5 d@6; cid: a@1 b@2 b@3 c@4")


def test_a_repeat_of_a_step_that_was_met_stops_the_pass():
    """`windowFunnel('strict_deduplication')` finds 3, 4 and 2 steps; a repeat of the first begins
    anew."""
    abcd = ["a", "b", "c", "d"]
    assert users(REPEATED, abcd) == [3, 3, 3, 2]
    assert users(REPEATED, abcd, strict_deduplication=True) == [3, 3, 2, 1]
    later = log_of("ann: a@1 b@2 b@3 a@4 b@5 c@6")  # a second pass, which ClickHouse does not try
    assert users(later, abcd[:3], strict_deduplication=True) == [1, 1, 1]


def test_events_of_one_moment_serve_before_they_repeat():
    log = log_of("ann: a@1 b@2 b@2 c@2 d@3; bob: a@1 b@2 b@2 c@3; cid: a@1 b@2 b@3 c@3 d@3")
    found = users(log, ["a", "b", "c", "d"], strict_deduplication=True)
    assert found == [3, 3, 2, 1]


def test_steps_that_increase_share_no_moment():
    """The example of ClickHouse's own tests: 1000, then three events of one second, then 1004."""
    log = log_of("ann: e0@0 e1@1 e2@1 e3@1 e4@2; bob: e0@0 e1@1 e2@2 e3@3 e4@4; cid: e0@1 e1@1")
    steps = [f"e{k}" for k in range(5)]
    assert users(log, steps) == [3, 3, 2, 2, 2]
    assert users(log, steps, strict_increase=True) == [3, 2, 1, 1, 1]
    twice = log_of("ann: e0@0 e1@1 e1@2 e2@2")  # measured from the earliest event of the step
    assert users(twice, steps[:3], strict_increase=True) == [1, 1, 1]


def test_a_step_may_have_to_wait():
    log = log_of("ann: a@0 b@5 b@10 c@11; bob: a@0 b@5 c@20; cid: a@0 b@12 c@13")
    steps = ["a", Step("b", at_least="10m"), "c"]
    assert users(log, ["a", "b", "c"]) == [3, 3, 3]
    assert users(log, steps) == [3, 2, 2]
    assert users(log, steps, mode="strict") == [3, 1, 1]  # of ann, a nearer b stands between
    # The first b is passed over, and repeats nothing.
    assert users(log, steps, strict_deduplication=True) == [3, 2, 2]
    assert asked(log, steps).table["mean_seconds"].tolist()[1] == 660
    assert users(log, ["a", Step("b", at_least="5m", within="8m"), "c"]) == [3, 2, 2]


@pytest.mark.parametrize(
    ("steps", "rules"),
    [
        (["a", "b", "c", "d"], {"strict_deduplication": True}),
        (["a", "b", Step("c", at_least="1m")], {"strict_increase": True, "unit": "session"}),
        (["a", Step("b", at_least="90s"), "c"], {"exclude": [Exclusion("d")], "mode": "strict"}),
        (["a", Step("b", at_least="90s", hold=("colour",)), Step("c", optional=True), "d"], {}),
        (["a", "event = 'b'", "c"], {"reuse_event": True, "strict_increase": True}),
    ],
    ids=["once", "increase", "excluded", "held", "reuse"],
)
def test_rules_are_kept_in_every_part_of_the_answer(steps, rules):
    log = log_of(
        "ann: a@1@red b@2@red c@3@red b@4 d@5@red; bob: a@1@blue b@3@blue c@3 d@6; cid: a@1 b@1 b@3"
    )
    found = asked(log, steps, grain="day", breakdown="colour", **rules)
    whole = found.table["users"].tolist()
    free = [replace(s, at_least=None) if isinstance(s, Step) else s for s in steps]
    old = {k: v for k, v in rules.items() if not k.startswith("strict_")}
    assert whole != asked(log, free, **old).table["users"].tolist()
    assert found.trend["users"].tolist() == whole
    sums = found.values.groupby("step", sort=False)["users"].sum()
    assert sums.reindex(found.table["step"]).tolist() == whole


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
        ([Step("a", at_least="1m"), "b"], {}, "give at_least to the next step"),
        (["a", Step("x", optional=True, at_least="1m"), "b"], {}, "give at_least to the next"),
        ([Step("a", within="1m"), "b"], {}, "give within to the next step"),
        (["a", Step("x", optional=True, within="1m"), "b"], {}, "give within to the next step"),
        (["a", Step("b", at_least="0m")], {}, "not above zero"),
        (["a", Step("b", at_least="10m", within="5m")], {}, "at least 10m and at most 5m"),
        (["a", Step("b", at_least="4d"), Step("c", at_least="4d")], {}, "wait longer"),
        (["a", Step("b", at_least="1m")], {"mode": "unordered"}, "no step before them"),
        (["a", "b", "c"], {"mode": "unordered", "strict_increase": True}, "no step before them"),
        (
            ["a", "b", "c"],
            {"mode": "unordered", "strict_deduplication": True},
            "drop strict_deduplication",
        ),
        (["a"], {"strict_increase": True}, "name a second step"),
        (["a", "b"], {"strict_deduplication": True}, "name three steps"),
        (["a", "b", "c"], {"strict_deduplication": True, "reuse_event": True}, "reuse_event"),
        (
            ["a", "b", "c", Step("x", optional=True)],
            {"strict_deduplication": True},
            "optional steps",
        ),
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
