"""Small seeded data: two periods of four weeks in which the North falls,
and what other questions need."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd

from kpilab.core.values import Period

FIRST, SPLIT = date(2025, 3, 3), date(2025, 3, 31)  # Mondays
BASE, NOW = Period(FIRST, date(2025, 3, 30)), Period(SPLIT, date(2025, 4, 27))
BOTH = Period(BASE.first, NOW.last)
START = pd.Timestamp(FIRST)


def days(count: int = 56, freq: str = "D") -> pd.DatetimeIndex:
    return pd.date_range(START, periods=count, freq=freq)


def grid(**axes: object) -> pd.DataFrame:
    """Every combination of the values."""
    return pd.MultiIndex.from_product(axes.values(), names=axes.keys()).to_frame(index=False)


@cache
def facts() -> pd.DataFrame:
    """Orders, visits and sales per day, region and city; from the split on the North sells half."""
    rng = np.random.default_rng(1)
    found = grid(my_day=days(), my_region=["North", "South", "West"], my_city=["a", "b"])
    fallen = (found["my_region"] == "North") & (found["my_day"] >= pd.Timestamp(SPLIT))
    weekday = 1 + 0.3 * (found["my_day"].dt.dayofweek >= 5)
    found["my_visits"] = rng.poisson(100 * weekday)
    found["my_orders"] = rng.binomial(found["my_visits"], np.where(fallen, 0.2, 0.4))
    found["my_sales"] = (found["my_orders"] * rng.uniform(18, 22, len(found))).round(2)
    return found


def people() -> pd.DataFrame:
    """Whoever ordered, since the day of the first order."""
    return orders().sort_values("my_day").drop_duplicates("my_who").drop(columns="my_sales")


@cache
def orders() -> pd.DataFrame:
    """Orders of 60 customers over the weeks of the facts and the year before."""
    rng = np.random.default_rng(21)
    when = pd.Timestamp(SPLIT) + pd.to_timedelta(rng.integers(-400, 28, 900), "D")
    who = rng.integers(0, 60, 900)
    found = pd.DataFrame({"my_day": when, "my_who": who})
    found["my_region"] = np.where(who % 3 == 0, "North", "South")
    found["my_sales"] = rng.gamma(2, 20, 900).round(2)
    return found


@cache
def served() -> pd.DataFrame:
    """The orders, one in ten of which came late."""
    return orders().assign(my_match=(np.arange(900) % 10 == 0).astype(int))


@cache
def lines() -> pd.DataFrame:
    """Lines of 500 orders of 60 customers: what was bought, how many, for how much."""
    rng = np.random.default_rng(23)
    order = rng.integers(0, 500, 1000)
    when = pd.Timestamp(FIRST) + pd.to_timedelta(order % 56, "D")
    found = pd.DataFrame({"my_day": when, "my_who": order % 60, "my_sale": order + 7000})
    found["my_city"] = rng.choice(["Bread", "Milk", "Tea"], 1000)
    found["my_orders"] = rng.integers(1, 5, 1000)
    return found.assign(my_sales=(found["my_orders"] * rng.gamma(9, 1, 1000)).round(2))


@cache
def deals() -> pd.DataFrame:
    """Deals of a year on their way to be won or lost; those of the North are slower at last."""
    rng, found = np.random.default_rng(22), []
    for k in range(700):
        region = ("North", "South", "West")[k % 3]
        at = pd.Timestamp(SPLIT) + pd.Timedelta(hours=int(rng.integers(-9000, 600)))
        for stage in ("open", "offer", "won"):
            found.append((at, k, stage, region))
            slow = 2.0 if region == "North" and at >= pd.Timestamp(SPLIT) else 1.0
            at = at + pd.Timedelta(hours=float(rng.exponential(200) * slow))
            if rng.random() < 0.3:
                found.append((at, k, "lost", region))
                break
    frame = pd.DataFrame(found, columns=["my_time", "my_user", "my_event", "my_platform"])
    frame["my_time"] = frame["my_time"].dt.floor("s")
    return frame[frame["my_time"] < pd.Timestamp("2025-04-28")].reset_index(drop=True)


@cache
def history() -> pd.DataFrame:
    """Sales of four stores over sixteen weeks."""
    rng = np.random.default_rng(2)
    found = grid(my_day=days(112), my_region=["North", "South"], my_city=["a", "b"])
    level = np.where(found["my_city"] == "a", 30, 50) * np.where(
        found["my_region"] == "North", 1.0, 1.5
    )
    found["my_sales"] = rng.poisson(level).astype(float)
    return found


@cache
def events() -> pd.DataFrame:
    """Visits, carts and payments of ninety users in eight weeks; no two at the same second."""
    rng = np.random.default_rng(3)
    found = []
    for user in range(100, 190):
        platform = ("ios", "web")[user % 2]
        for start in rng.choice(56, rng.integers(2, 8), replace=False):
            at = START + pd.Timedelta(
                days=int(start), seconds=int(rng.integers(7 * 3600, 22 * 3600))
            )
            for event in ("visit", "cart", "pay")[: 1 + rng.binomial(2, 0.6)]:
                found.append((user, at, event, platform))
                at += pd.Timedelta(seconds=int(rng.integers(20, 900)))
    return pd.DataFrame(found, columns=["my_user", "my_time", "my_event", "my_platform"])


@cache
def busy() -> pd.DataFrame:
    """A log of two platforms with thirty rows an hour by day, for what watches the log itself."""
    rng = np.random.default_rng(4)
    hours = START + pd.to_timedelta(np.arange(28 * 24), "h")
    rows = [
        (100 + k, hour + pd.Timedelta(seconds=97 * k + 1), event, platform)
        for hour in hours[(hours.hour >= 9) & (hours.hour < 17)]
        for event, rate in (("visit", 6), ("pay", 4))
        for platform in ("ios", "web")
        if not (platform == "ios" and event == "pay" and hour.day in (20, 21))
        for k in range(rng.poisson(rate))
    ]
    return pd.DataFrame(rows, columns=["my_user", "my_time", "my_event", "my_platform"])


@cache
def books() -> pd.DataFrame:
    """What the busy log should have held of payments, per day and platform."""
    rng = np.random.default_rng(5)
    found = grid(my_day=days(28), my_platform=["ios", "web"])
    return found.assign(my_sales=rng.poisson(32, len(found)).astype(float))


@cache
def records() -> pd.DataFrame:
    """Six actors claim work over eight weeks; a5 claims more than leaves traces, and rounds."""
    rng = np.random.default_rng(6)
    found = grid(my_day=days(), my_actor=[f"a{k}" for k in range(6)], turn=[0, 1]).drop(
        columns="turn"
    )
    real = rng.poisson(22, len(found))
    bad = (found["my_actor"] == "a5") & (found["my_day"] >= pd.Timestamp(SPLIT))
    late = np.where((found["my_actor"] == "a4") & (rng.random(len(found)) < 0.4), 4, 0)
    found["my_claim"] = np.where(bad, (real * 1.5 / 5).round() * 5, real).astype(int)
    found["my_match"], found["my_follow"] = rng.binomial(real, 0.9), rng.binomial(real, 0.7)
    found["my_entered"] = found["my_day"] + pd.to_timedelta(late, "D")
    return found.assign(my_action="call", my_target=25, my_record=np.arange(len(found)) + 1000)


@cache
def reports() -> pd.DataFrame:
    """Two departments report a metric; sales counts half as much again from the split on."""
    rng = np.random.default_rng(7)
    found = grid(my_day=days(), my_reporter=["sales", "finance"], my_metric=["active", "revenue"])
    level = rng.poisson(100, 56).repeat(4) * np.where(found["my_metric"] == "active", 1.0, 10.0)
    jump = (
        (found["my_reporter"] == "sales")
        & (found["my_metric"] == "active")
        & (found["my_day"] >= str(SPLIT))
    )
    return found.assign(
        my_value=(level * np.where(jump, 1.5, 1.0) * rng.normal(1, 0.01, len(found))).round(3)
    )


@cache
def market() -> pd.DataFrame:
    """Our weekly series and three peers; the market falls a tenth."""
    rng = np.random.default_rng(8)
    found = grid(my_day=days(40, "7D"), my_series=["we", "p1", "p2", "p3"])
    common = np.cumsum(rng.normal(0, 0.01, 40)) + np.where(np.arange(40) >= 24, -0.1, 0.0)
    found["my_value"] = (1000 * np.exp(common.repeat(4) + rng.normal(0, 0.01, len(found)))).round(2)
    return found


@cache
def panel() -> pd.DataFrame:
    """A KPI and a goal of eight stores over sixteen weeks."""
    rng = np.random.default_rng(9)
    found = grid(my_unit=[f"s{k}" for k in range(8)], my_day=days(16, "7D"))
    store, week = rng.normal(0, 5, 8).repeat(16), np.tile(rng.normal(0, 3, 16), 8)
    kpi = 50 + store + week + rng.normal(0, 2, len(found))
    return found.assign(
        my_kpi=kpi.round(3), my_goal=(200 + 2 * kpi + store + rng.normal(0, 3, len(found))).round(3)
    )


@cache
def change() -> pd.DataFrame:
    """A value of eight units over forty days; the first gains ten on the thirtieth."""
    rng = np.random.default_rng(10)
    found = grid(my_unit=[f"u{k}" for k in range(8)], my_day=days(40))
    common = np.cumsum(rng.normal(0, 1, 40))
    gain = 10.0 * ((found["my_unit"] == "u0") & (found["my_day"] >= days(40)[30]))
    value = 100 + np.arange(8).repeat(40) + np.tile(common, 8) + rng.normal(0, 1, len(found)) + gain
    return found.assign(my_value=value.round(3))


@cache
def weeks() -> pd.DataFrame:
    """A KPI and a goal that follows it, a hundred weeks;
    the KPI goes its own way from the sixtieth on."""
    rng = np.random.default_rng(11)
    news = rng.normal(0, 1, 100)
    goal = 100 + news + rng.normal(0, 0.5, 100)
    kpi = 50 + np.where(np.arange(100) < 60, news, rng.normal(0, 1, 100)) + rng.normal(0, 0.5, 100)
    return pd.DataFrame(
        {"my_day": days(100, "7D"), "my_kpi": kpi.round(3), "my_goal": goal.round(3)}
    )


@cache
def sixty() -> pd.DataFrame:
    """A rate that falls at once on the thirtieth of sixty days."""
    rng = np.random.default_rng(12)
    weight = rng.poisson(200, 60)
    value = rng.poisson(weight * np.where(np.arange(60) < 29, 5.0, 4.0)).astype(float)
    return pd.DataFrame({"my_day": days(60), "my_value": value, "my_weight": weight})


@cache
def segments() -> pd.DataFrame:
    """Orders and visits before and now, per region, city and platform; the North falls."""
    rng = np.random.default_rng(13)
    found = grid(
        my_region=["North", "South", "West"], my_city=["a", "b", "c"], my_platform=["ios", "web"]
    )
    den0, den1 = rng.poisson(900, len(found)), rng.poisson(1000, len(found))
    now = np.where(found["my_region"] == "North", 0.2, 0.4)
    return found.assign(
        num0=rng.binomial(den0, 0.4), den0=den0, num1=rng.binomial(den1, now), den1=den1
    )


@cache
def counts() -> pd.DataFrame:
    """Sign-ups of ads double while orders stand still."""
    rng = np.random.default_rng(14)
    found = grid(day=days(), dimension=["channel"], value=["ads", "store", "mail"])
    jump = np.where((found["value"] == "ads") & (found["day"] >= str(SPLIT)), 2.0, 1.0)
    return found.assign(signups=rng.poisson(60 * jump), bought=rng.poisson(25, len(found)))


@cache
def shifts() -> pd.DataFrame:
    """Two machines, one shift a day, four weeks; minutes and units."""
    rng = np.random.default_rng(15)
    found = grid(my_day=days(28), my_machine=["m1", "m2"])
    found["my_scheduled"], found["my_cycle"] = 480, 0.5
    found["my_down"] = rng.poisson(np.where(found["my_machine"] == "m2", 60, 20))
    found["my_change"] = rng.poisson(15, len(found))
    found["my_made"] = rng.poisson(700, len(found)) - 4 * found["my_down"]
    return found.assign(my_scrap=rng.binomial(found["my_made"], 0.03))


@cache
def alarms() -> pd.DataFrame:
    """Alarms of two machines with response and solution."""
    rng = np.random.default_rng(16)
    at = START + pd.to_timedelta(rng.integers(0, 28 * 24 * 3600, 160), "s")
    answered = at + pd.to_timedelta(rng.integers(60, 3600, 160), "s")
    found = pd.DataFrame({"my_time": at, "my_unit": rng.choice(["m1", "m2"], 160)})
    found["my_alarm"] = rng.choice(["heat", "jam"], 160)
    return found.assign(
        my_responded=answered,
        my_solved=answered + pd.to_timedelta(rng.integers(60, 9000, 160), "s"),
    )


@cache
def units() -> pd.DataFrame:
    """Six hundred units of two variants; B spends more."""
    rng = np.random.default_rng(17)
    found = pd.DataFrame(
        {"my_user": np.arange(600) + 100, "my_variant": rng.choice(["A", "B"], 600)}
    )
    found["my_platform"], found["my_before"] = (
        rng.choice(["ios", "web"], 600),
        rng.gamma(2.0, 5.0, 600).round(2),
    )
    found["my_day"] = START + pd.to_timedelta(rng.integers(0, 14, 600), "D")
    spend = found["my_before"] + rng.gamma(2.0, 3.0, 600) + 1.5 * (found["my_variant"] == "B")
    return found.assign(my_spend=spend.round(2))


@cache
def assigned() -> pd.DataFrame:
    """Two hundred and forty units met in the first week, in two variants."""
    rng = np.random.default_rng(18)
    at = START + pd.to_timedelta(rng.integers(0, 7 * 86400, 240), "s")
    found = pd.DataFrame({"my_user": np.arange(240) + 100, "my_time": at, "my_experiment": "t1"})
    return found.assign(my_variant=rng.choice(["A", "B"], 240))


@cache
def trail() -> pd.DataFrame:
    """What the assigned units did in the two weeks after."""
    rng = np.random.default_rng(19)
    found = []
    for user, at, variant in assigned()[["my_user", "my_time", "my_variant"]].itertuples(
        index=False
    ):
        for day in range(10):
            event = "pay" if rng.random() < (0.35 if variant == "B" else 0.2) else "visit"
            when = at + pd.Timedelta(days=day, seconds=int(rng.integers(60, 40000)))
            found.append(
                (user, when, event, ("ios", "web")[user % 2], round(float(rng.gamma(2, 5)), 2))
            )
    return pd.DataFrame(
        found, columns=["my_user", "my_time", "my_event", "my_platform", "my_spend"]
    )


@cache
def paid() -> pd.DataFrame:
    """The same without amounts."""
    return trail().drop(columns="my_spend")


@cache
def sold() -> pd.DataFrame:
    """Single sales with ids; the second snapshot below has them all and some late ones."""
    rng = np.random.default_rng(20)
    found = pd.DataFrame({"my_sale": np.arange(560) + 1000, "my_day": days(28).repeat(20)})
    return found.assign(my_sales=rng.gamma(2, 5, 560).round(2))


@cache
def sold_before() -> pd.DataFrame:
    late = (sold()["my_day"] == days(28)[-1]) & (sold()["my_sale"] % 2 == 0)
    return sold()[~late].reset_index(drop=True)


@cache
def leaves() -> pd.DataFrame:
    """Two periods of a formula's leaves."""
    return pd.DataFrame({"visits": [1000, 1100], "orders": [200, 180], "price": [20, 21]})


@cache
def outlook() -> pd.DataFrame:
    """What five units are expected to end at."""
    end = [80, 95, 104, 118, 130]
    found = pd.DataFrame({"unit": [f"s{k}" for k in range(5)], "target": 100, "end": end})
    return found.assign(low=found["end"] - 12, high=found["end"] + 12)


@cache
def claimed() -> pd.DataFrame:
    return pd.DataFrame(
        {"part": ["x", "x", "y"], "actor": ["ann", "bob", "ann"], "quantity": [30, 40, 20]}
    )
