"""An alarm fires when something is unusual, once, and again only after it was quiet."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import numpy as np
import pytest

from kpilab.case.read import open_case
from kpilab.errors import BadInput
from kpilab.show.say import sentence
from kpilab.stats.operations.next_day import next_day
from kpilab.track.notify import NotSent
from kpilab.track.rules import Chart, Pace, rules
from kpilab.track.store import Store
from kpilab.track.watch import tell, watch, watch_lines
from tests.track.conftest import daily
from tests.track.test_notify import receiver, url  # noqa: F401  # a fixture

AFTER = date(2026, 4, 27)  # the day after the last one
CHART = "alarms:\n  orders: {rule: chart, metric: orders, side: low}\n"
APP = "alarms:\n  app rate: {rule: chart, metric: rate, where: {platform: app}}\n"
PACE = "alarms:\n  pace: {rule: pace, metric: orders, below: 0.95}\n"
FRESH = "alarms:\n  fresh: {rule: freshness, table: daily, within: 2d}\n"


def last_day(factor):
    frame = daily(noise=0.05)
    late = frame["date"] == frame["date"].max()
    frame.loc[late, "orders"] = (frame.loc[late, "orders"] * factor).round()
    return frame


def states(case, store, today=AFTER):
    table = watch(case, store, today=today).table
    return [tuple(row) for row in table[["rule", "state", "new"]].to_numpy().tolist()]


def test_a_fall_beyond_the_limits_fires_and_a_usual_day_does_not(store, make):
    assert states(make(last_day(1.0), APP), store) == [("app rate", "quiet", False)]
    assert states(make(last_day(0.6), APP), store) == [("app rate", "fired", True)]


def test_only_the_side_asked_for_fires(store, make):
    extra = (
        "alarms:\n  up: {rule: chart, metric: rate, side: high}\n  down: {rule: chart, "
        "metric: rate, side: low}\n"
    )
    assert states(make(last_day(0.6), extra), store) == [
        ("up", "quiet", False),
        ("down", "fired", True),
    ]


def test_the_same_alarm_never_comes_twice_until_it_was_quiet(store, make):
    bad, good = make(last_day(0.6), APP), None
    assert [states(bad, store)[0][2] for _ in range(3)] == [True, False, False]
    result = watch(bad, store, today=date(2026, 4, 28))
    assert result.table["since"].iloc[0] == AFTER
    assert result.new == 0
    good = make(last_day(1.0), APP)
    assert states(good, store)[0][1] == "quiet"
    assert states(make(last_day(0.6), APP), store)[0][2]


def test_of_many_that_watch_at_once_one_alone_is_told_that_it_is_new(tmp_path, make):
    folder = make(daily(), FRESH).folder

    def called(_):
        with Store.open(tmp_path) as store:
            return watch(open_case(folder), store, today=date(2026, 5, 2)).new

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(called, range(8))) == 1


def test_a_goal_behind_its_pace_fires_only_after_some_days(store, make):
    slow = daily(0.7)
    slow.loc[slow["date"] >= date(2026, 3, 30), "orders"] //= 2
    assert states(make(slow, PACE), store, date(2026, 4, 4))[0][1] == "quiet"
    assert states(make(slow, PACE), store, date(2026, 4, 15)) == [("pace", "fired", True)]
    assert states(make(daily(1.2), PACE), store, date(2026, 4, 15)) == [("pace", "quiet", False)]


def test_a_table_that_is_not_filled_any_more_fires(store, make):
    case = make(daily(), FRESH)
    assert states(case, store, AFTER)[0][1] == "quiet"
    assert states(case, store, date(2026, 4, 28))[0][1] == "quiet"
    assert states(case, store, date(2026, 4, 29))[0][1] == "fired"


def test_too_little_history_cannot_be_told_and_opens_nothing(store, make):
    case = make(daily(days=40), APP)
    result = watch(case, store, today=date(2026, 3, 15))
    assert result.table["state"].tolist() == ["unclear"]
    assert "days of history" in watch_lines(result, case, "en")[1]


def test_a_case_without_rules_says_so(store, make):
    case = make()
    assert watch_lines(watch(case, store, today=AFTER), case, "zh")[0].startswith(
        "该案例没有警报规则"
    )


def test_new_alarms_are_pushed_once_and_again_when_they_did_not_arrive(store, make, receiver):  # noqa: F811
    case = make(last_day(0.6), APP)
    watch(case, store, today=AFTER)
    receiver.status = 500
    with pytest.raises(NotSent):
        tell(case, store, to=[url(receiver)])
    receiver.status, receiver.got = 200, []
    assert tell(case, store, lang="zh", to=[url(receiver)]) == 1
    assert tell(case, store, to=[url(receiver)]) == 0
    assert "下单率" in receiver.got[0][1]["message"]


@pytest.mark.postgres
@pytest.mark.skipif(
    "KPILAB_TEST_POSTGRES" not in os.environ, reason="no server named in KPILAB_TEST_POSTGRES"
)
def test_a_server_remembers_alarms_and_actions_too(make, receiver):  # noqa: F811
    case = make(last_day(0.6), APP)
    with Store.open(os.environ["KPILAB_TEST_POSTGRES"]) as store:
        store.database.rows("DELETE FROM alarms")
        assert [states(case, store)[0][2] for _ in range(2)] == [True, False]
        assert [tell(case, store, to=[url(receiver)]) for _ in range(2)] == [1, 0]
        assert states(make(last_day(1.0), APP), store)[0][1] == "quiet"
        assert states(make(last_day(0.6), APP), store)[0][2]


def test_nothing_is_pushed_where_no_address_is_known(store, make, monkeypatch):
    monkeypatch.delenv("KPILAB_NOTIFY_URLS", raising=False)
    watch(make(last_day(0.6), APP), store, today=AFTER)
    assert tell(make(last_day(0.6), APP), store) == 0


def test_the_lines_call_metrics_by_their_labels(store, make):
    case = make(last_day(0.6), APP)
    result = watch(case, store, today=AFTER)
    assert (
        "NEW · app rate: Order rate at platform = app was 0.12"
        in watch_lines(result, case, "en")[1]
    )
    assert sentence(result.headline).endswith("1 of 1 alarms are on, 1 of them new.")


def test_rules_have_defaults(make):
    extra = "alarms:\n  a: {rule: chart, metric: orders}\n  b: {rule: pace, metric: visits}\n"
    a, b = rules(make(extra=extra))
    assert isinstance(a, Chart)
    assert isinstance(b, Pace)
    assert (a.side, a.false_alarms, b.target, b.below) == ("both", 0.0027, 112000, 0.9)


@pytest.mark.parametrize(
    ("rule", "what", "where"),
    [
        ("{rule: chrat, metric: orders}", "no alarm rule 'chrat'", "alarms.a.rule"),
        ("3", "no alarm rule 3", "alarms.a.rule"),
        ("{rule: chart, metric: oders}", "no metric named 'oders'", "alarms.a.metric"),
        ("{rule: chart}", "names no metric", "alarms.a.metric"),
        ("{rule: chart, metric: orders, sied: low}", "unknown key 'sied'", "alarms.a.sied"),
        ("{rule: chart, metric: orders, side: left}", "side 'left'", "alarms.a.side"),
        (
            "{rule: chart, metric: orders, false_alarms: 2}",
            "false_alarms is 2",
            "alarms.a.false_alarms",
        ),
        (
            "{rule: chart, metric: orders, where: {city: x}}",
            "no dimension named 'city'",
            "alarms.a.where",
        ),
        ("{rule: chart, metric: orders, where: app}", "is no segment", "alarms.a.where"),
        ("{rule: pace, metric: refunds}", "'refunds' has no target", "alarms.a.target"),
        ("{rule: pace, metric: orders, above: 1.1}", "should go up", "alarms.a.above"),
        ("{rule: pace, metric: orders, below: much}", "is no number", "alarms.a.below"),
        ("{rule: pace, metric: orders, after: soon}", "not a duration", "alarms.a.after"),
        ("{rule: freshness, table: daliy}", "no table named 'daliy'", "alarms.a.table"),
        (
            "{rule: freshness, table: daily, notify: 'slack://x'}",
            "unknown key 'notify'",
            "alarms.a.notify",
        ),
    ],
)
def test_a_rule_that_cannot_be_read_is_named_with_its_key(make, rule, what, where):
    with pytest.raises(BadInput) as told:
        rules(make(extra=f"alarms:\n  a: {rule}\n"))
    assert what in told.value.what
    assert told.value.where.endswith(where)


def wander(rng, days, alike):
    x = np.zeros(days)
    noise = rng.normal(size=days) * np.sqrt(1 - alike**2)
    for k in range(1, days):
        x[k] = alike * x[k - 1] + noise[k]
    return x


@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_usual_days_seldom_lie_outside_the_limits(alike):
    rng = np.random.default_rng(4)
    outside = 0
    for _ in range(300):
        y = 100 + 10 * wander(rng, 90, alike)
        limits = next_day(y[:-1], np.ones(89), np.arange(89), on=89)
        outside += not limits.low <= y[-1] <= limits.high
    assert outside <= 5  # .27 % would be 0.8; 6 or more have a chance of .0003


def test_an_old_incident_does_not_hide_the_next_one():
    rng = np.random.default_rng(5)
    y = 100 + rng.normal(size=60)
    y[20:23] = 20
    assert next_day(y, np.ones(60), np.arange(60), on=60).low > 90


def test_the_weekday_is_known():
    y = np.tile([100.0, 100, 100, 100, 100, 40, 20], 9)[:62] + np.random.default_rng(6).normal(
        size=62
    )
    assert next_day(y, np.ones(62), np.arange(62), on=62).centre == pytest.approx(20, abs=3)


def test_few_days_are_no_history():
    with pytest.raises(BadInput, match="20 days"):
        next_day(np.ones(20), np.ones(20), np.arange(20), on=20)
