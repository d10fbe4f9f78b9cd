"""Tables that are joined by an id or compared by time: one type, one clock,
or a refusal in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab import Assignments, BadInput, EventLog, experiment
from kpilab.experiments import Outcome

BUYS = [Outcome("buys", "max(case when event = 'buy' then 1 else 0 end)", kind="proportion")]
NUMBER = 400


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(3)
    since = pd.Timestamp("2026-03-02") + pd.to_timedelta(
        rng.integers(0, 14 * 86_400, NUMBER), unit="s"
    )
    variant = np.where(np.arange(NUMBER) % 2 == 0, "A", "B")
    buys = rng.random(NUMBER) < 0.3
    ids = np.arange(NUMBER)
    who = pd.DataFrame({"user": ids, "time": since, "experiment": "e", "variant": variant})
    later = since + pd.Timedelta(hours=2)
    log = pd.concat([
        pd.DataFrame({"user": ids[buys], "time": later[buys], "event": "buy"}),
        pd.DataFrame({"user": ids, "time": since + pd.Timedelta(days=2), "event": "visit"}),
    ])  # fmt: skip
    right = {v: buys[variant == v].mean() for v in "AB"}
    return who, log, right


def rates(who, log):
    row = experiment(who, log, metrics=BUYS, control="A", ages=False).table.iloc[0]
    return {"A": row["control"], "B": row["value"]}


TYPES = {
    "text": lambda s: s.astype(str),
    "float": lambda s: s.astype(float),
    "small": lambda s: s.astype("int16"),
    "nullable": lambda s: s.astype("Int64"),
    "category": lambda s: s.astype(str).astype("category"),
    "objects": lambda s: s.astype(object),
}


@pytest.mark.few(2)
@pytest.mark.parametrize("name", TYPES)
def test_ids_of_other_types_are_matched(tables, name):
    who, log, right = tables
    other = TYPES[name]
    assert rates(who.assign(user=other(who["user"])), log) == pytest.approx(right)
    assert rates(who, log.assign(user=other(log["user"]))) == pytest.approx(right)
    assert rates(
        who.assign(user=other(who["user"])), log.assign(user=log["user"].astype(str))
    ) == pytest.approx(right)


@pytest.mark.parametrize("odd", ["007", "A-12", " 7", "7.0"])
def test_ids_that_cannot_be_matched_are_named(tables, odd):
    who, log, _ = tables
    texts = who["user"].astype(str).where(who["user"] != 7, odd)
    with pytest.raises(
        BadInput, match=rf"ids are string in one table and int64 in the other.*{odd}"
    ):
        rates(who.assign(user=texts), log)


def test_other_units_of_the_log_may_be_called_as_they_like(tables):
    who, log, right = tables
    guests = pd.DataFrame({"user": ["guest"], "time": log["time"].min(), "event": "buy"})
    named = pd.concat([log.assign(user=log["user"].astype(str)), guests])
    assert rates(who, named) == pytest.approx(right)


@pytest.mark.few(1)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_a_log_with_zone_and_assignments_without(tables, zone):
    who, log, right = tables
    aware = log.assign(time=log["time"].dt.tz_localize(zone, nonexistent="shift_forward"))
    assert rates(who, aware) == pytest.approx(right)
    assert rates(who, EventLog(aware, timezone=zone)) == pytest.approx(right)
    utc = aware.assign(time=aware["time"].dt.tz_convert("UTC"))
    assert rates(Assignments(who, timezone=zone), EventLog(utc, timezone=zone)) == pytest.approx(
        right
    )


def test_two_clocks_are_refused(tables):
    who, log, _ = tables
    aware = log.assign(time=log["time"].dt.tz_localize("UTC"))
    with pytest.raises(
        BadInput, match="'assignments' are read in Asia/Shanghai, those of 'events' in UTC"
    ):
        rates(Assignments(who, timezone="Asia/Shanghai"), aware)
