"""Drop-offs, blind spots and changes of a funnel: planted facts are found,
and nothing where nothing was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab import EventLog, Where, funnel
from kpilab.analysis.events.blindspots import blindspots
from kpilab.analysis.events.dropoff import dropoff
from kpilab.analysis.events.funnel_change import funnel_change
from kpilab.errors import BadInput
from kpilab.events import Exclusion, Step, Steps
from kpilab.stats.events.clustered_shares import Sums, differences_of_sums


@pytest.fixture(scope="module")
def log():
    """400 users: visit, cart, pay; android loses half at pay and goes to help."""
    rng, rows = np.random.default_rng(5), []
    start = pd.Timestamp("2026-03-01")
    for user in range(400):
        platform = "android" if user % 2 else "ios"
        went = ["visit"] + (["cart"] if rng.random() < 0.8 else [])
        if len(went) == 2:
            went.append("pay" if rng.random() < (0.3 if platform == "android" else 0.8) else "help")
        rows += [
            (user, start + pd.Timedelta(minutes=user + 5 * k), e, platform)
            for k, e in enumerate(went)
        ]
    frame = pd.DataFrame(rows, columns=["user", "time", "event", "platform"])
    return EventLog(frame, dimensions=("platform",))


def test_drop_offs_went_to_help_and_android_goes_with_it(log):
    result = dropoff(log, ["visit", "cart", "pay"], after="cart", by=["platform"])
    assert (
        result.stopped + result.went == funnel(log, ["visit", "cart", "pay"]).table["users"].iat[1]
    )
    after = result.table[result.table["kind"] == "next"].set_index("what")
    assert after.loc["help", "stopped"] == result.stopped
    assert after.loc["pay", "went"] == result.went
    ways = result.table[result.table["kind"] == "path"].set_index("what")
    assert ways.loc["help", "stopped"] == result.stopped  # nothing followed the call for help
    mark = result.table[
        (result.table["kind"] == "property") & (result.table["what"] == "android")
    ].iloc[0]
    assert mark["high"] < 1
    assert mark["q"] < 0.001


def test_what_is_known_of_a_user_is_of_the_first_time_it_met_the_step():
    """Everybody visits three times, pays with the last visit or never: nothing came earlier."""
    day = pd.Timestamp("2026-03-01")
    rows = [(u, day + pd.Timedelta(days=10 * k), "visit") for u in range(40) for k in range(3)]
    rows += [(u, day + pd.Timedelta(days=20, minutes=1), "pay") for u in range(20)]
    log = EventLog(pd.DataFrame(rows, columns=["user", "time", "event"]))
    result = dropoff(log, ["visit", "pay"], after="visit")
    assert (result.stopped, result.went) == (20, 20)
    assert not (result.table["kind"] == "earlier").any()
    ways = result.table[result.table["kind"] == "next"].set_index("what")
    assert ways.loc["pay", "went"] == 20  # the way is that of the pass that went on


def test_ways_after_a_step_are_read_in_time():
    rows = [
        ("ann", 0, "a"),
        ("ann", 1, "x"),
        ("ann", 2, "y"),
        ("ann", 3, "z"),
        ("bob", 0, "a"),
        ("cid", 0, "a"),
        ("cid", 1, "b"),
    ]
    frame = pd.DataFrame(rows, columns=["user", "minute", "event"])
    frame["time"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["minute"], unit="min")
    table = dropoff(EventLog(frame), ["a", "b"], after="a", length=2).table
    ways = table[table["kind"] == "path"].set_index("what")[["stopped", "went"]]
    assert ways.loc["x → y"].tolist() == [1, 0]
    assert ways.loc["path_end"].tolist() == [1, 0]
    assert ways.loc["b"].tolist() == [0, 1]


def test_blind_spots_rank_the_unwatched_step_by_goals_lost(log):
    table = blindspots(log, ["visit", "cart", "pay"], watched=["cart"]).table
    assert table["step"].tolist() == ["pay", "cart"]
    assert table["watched"].tolist() == [False, True]
    # Who is lost at the last step would have been a goal each.
    assert table["goal_lost"].iat[0] == table["lost"].iat[0]
    assert (table["low"] < table["goal_lost"]).all()
    assert (table["goal_lost"] < table["high"]).all()


def test_a_change_is_found_at_its_step(log):
    ios, android = Where({"platform": "ios"}), Where({"platform": "android"})
    table = funnel_change(
        log, ["visit", "cart", "pay"], current=android, baseline=ios
    ).table.set_index(["step", "of"])
    assert table.loc[("pay", "previous"), "high"] < -0.3
    assert table.loc[("cart", "previous"), "q"] > 0.05


def test_equal_sides_differ_by_nothing(log):
    table = funnel_change(log, ["visit", "cart", "pay"], current=Where(), baseline=Where()).table
    assert (table["difference"] == 0).all()


def test_a_period_is_not_compared_with_a_segment(log):
    from kpilab import Period

    day = pd.Timestamp("2026-03-01").date()
    with pytest.raises(BadInput, match="period is compared with a segment"):
        funnel_change(log, ["visit", "pay"], current=Period(day, day), baseline=Where())


def difference(current, baseline, clusters):
    """Difference of two shares from kinds of clusters: trials and successes on each side,
    and how many there are."""
    n1, y1, n0, y0, w = (np.array(v, float) for v in (*current, *baseline, clusters))
    of = {"n1": n1, "n0": n0, "y1": y1, "y0": y0}
    names = [name for name in Sums.__slots__ if name not in (*of, "clusters")]
    sums = {name: [(w * v).sum()] for name, v in of.items()}
    sums |= {name: [(w * of[name[:2]] * of[name[2:]]).sum()] for name in names}
    return {
        k: float(v[0]) for k, v in differences_of_sums(Sums(**sums, clusters=[w.sum()])).items()
    }


def test_clusters_widen_the_interval_and_match_welch_without_them():
    one = difference(([1, 1, 0, 0], [1, 0, 0, 0]), ([0, 0, 1, 1], [0, 0, 1, 0]), [60, 40, 50, 50])
    expected = np.sqrt(0.6 * 0.4 / 100 + 0.25 / 100)
    assert (one["high"] - one["difference"]) / 1.972 == pytest.approx(expected, rel=0.01)
    ten = difference(([10, 10, 0, 0], [10, 0, 0, 0]), ([0, 0, 10, 10], [0, 0, 10, 0]), [6, 4, 5, 5])
    assert ten["high"] - ten["low"] > 2.5 * (one["high"] - one["low"])


@pytest.mark.parametrize(
    "steps",
    [
        Steps(["a", "b", "c"], strict_deduplication=True),
        Steps(["a", "b", "c"], strict_increase=True),
        Steps(["a", "b", Step("c", at_least="2m")]),
        Steps(["a", "b", "c"], mode="strict"),
        Steps(["a", "b", "c"], exclude=[Exclusion("b", first=2)]),
    ],
    ids=["once", "increase", "wait", "strict", "excluded"],
)
def test_rules_of_steps_are_kept_by_all_that_take_steps(steps):
    """Ann's b is repeated before c, bob's c shares its moment, cid waits a minute and a half."""
    ways = {"ann": "a0 b1 b2 c9", "bob": "a0 b1 c1", "cid": "a0 b1 c2.5"}
    rows = [(user, float(e[1:]), e[0]) for user, way in ways.items() for e in way.split()]
    frame = pd.DataFrame(rows, columns=["user", "time", "event"])
    frame["time"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(frame["time"], unit="min")
    log, users = EventLog(frame), funnel(EventLog(frame), steps).table["users"].tolist()
    assert users[2] < 3 == funnel(log, ["a", "b", "c"]).table["users"].iat[2]
    stopped = dropoff(log, steps, after=2)
    assert [stopped.went, stopped.stopped] == [users[2], users[1] - users[2]]
    change = funnel_change(log, steps, current=Where(), baseline=Where()).table
    assert change["current"].iat[1] == pytest.approx(users[2] / users[1])
    lost = blindspots(log, steps, watched=[]).table.set_index("step")["lost"]
    assert lost["c"] == users[1] - users[2]


@pytest.mark.parametrize("rule", [{"mode": "unordered"}, {"unit": "session"}])
def test_users_drop_off_of_ordered_steps_only(log, rule):
    with pytest.raises(BadInput, match="dropoff, argument 'steps'"):
        dropoff(log, Steps(["visit", "cart", "pay"], **rule), after="cart")
