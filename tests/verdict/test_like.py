"""Like with like: lengths, weekdays, unfinished periods, history, and the three answers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.core.finding import GoalChange, HistoryForecast
from kpilab.errors import BadInput
from kpilab.verdict.like import answer, shortfall
from tests.verdict import given

CASE = """
kpilab: 1
title: by day
periods: {{baseline: {baseline}, current: {current}}}
tables: {{t: {{kind: facts, source: t.csv, time: day, dimensions: [device]}}}}
metrics:
  orders: {{table: t, measure: sum(orders)}}
  visits: {{table: t, measure: sum(visits)}}
  rate: {{table: t, numerator: sum(orders), denominator: sum(visits)}}
goal: {{metric: orders, formula: visits * rate{target}}}
"""
JANUARY, FEBRUARY = "[2026-01-01, 2026-01-31]", "[2026-02-01, 2026-02-28]"


def case(
    folder: Path, days: pd.DatetimeIndex, factor=1.0, *, baseline: str, current: str, target=""
):
    """Visits and orders of two devices, `factor` times 5,000 visits on each day."""
    rng = np.random.default_rng(1)
    visits = rng.poisson(5000 * np.broadcast_to(factor, len(days)), (2, len(days)))
    frames = [
        pd.DataFrame({"day": days, "device": d, "visits": v, "orders": rng.binomial(v, 0.1)})
        for d, v in zip("ab", visits, strict=True)
    ]
    pd.concat(frames).to_csv(folder / "t.csv", index=False)
    said = CASE.format(baseline=baseline, current=current, target=target)
    (folder / "case.yml").write_text(said, "utf-8")
    return kpilab.open_case(folder)


def bridge(found) -> dict[str, float]:
    return {row.label.key: row.amount for row in found.bridge}


def test_31_against_28_flat_days_are_no_change(tmp_path):
    days = pd.date_range("2026-01-01", "2026-03-31")
    found = kpilab.review(case(tmp_path, days, baseline=JANUARY, current=FEBRUARY))
    goal = found.goal
    assert goal.change_pct == pytest.approx(-10, abs=1)
    assert abs(goal.change_like_pct) < 1
    assert "no change beyond noise" in found.summary("en")
    assert found.causes == ()
    rows = bridge(found)
    assert rows["bridge.calendar"] == pytest.approx(-3 / 31 * goal.baseline, rel=0.02)
    assert set(rows) == {"bridge.calendar", "bridge.unexplained"}
    assert abs(rows["bridge.unexplained"]) < 0.01 * goal.baseline


def test_every_face_says_the_same_change(tmp_path):
    days = pd.date_range("2026-01-01", "2026-03-31")
    found = kpilab.review(case(tmp_path, days, baseline=JANUARY, current=FEBRUARY))
    table = next(f for f in found.findings if f.id == "goal.1").evidence[0].table
    assert 100 * table["change"].iloc[0] == pytest.approx(found.goal.change_like_pct)


def test_no_driver_moved_a_flat_goal(tmp_path):
    days = pd.date_range("2026-01-01", "2026-03-31")
    found = kpilab.review(case(tmp_path, days, baseline=JANUARY, current=FEBRUARY))
    split = next(
        r for f in found.findings for r in f.evidence if type(r).__name__ == "DriversResult"
    )
    assert split.table["contribution"].abs().max() < 0.02 * found.goal.baseline
    assert split.unexplained == pytest.approx(0, abs=1e-6)


def test_a_period_with_more_weekends_is_not_a_fall(tmp_path):
    days = pd.date_range("2026-01-01", "2026-04-30")
    shape = np.where(days.dayofweek < 5, 1.0, 0.3)
    # 42 days with 6 of each weekday, then 30 days with 5 Saturdays and Sundays.
    found = kpilab.review(
        case(
            tmp_path, days, shape,
            baseline="[2026-01-02, 2026-02-12]", current="[2026-03-07, 2026-04-05]",
        )
    )  # fmt: skip
    assert abs(found.goal.change_like_pct) < 1


def test_overlapping_periods_are_refused(tmp_path):
    days = pd.date_range("2026-01-01", "2026-03-31")
    with pytest.raises(BadInput, match="overlap"):
        case(tmp_path, days, baseline=JANUARY, current="[2026-01-25, 2026-02-28]")


def test_an_unfinished_period_meets_the_same_part_of_the_baseline(tmp_path):
    days = pd.date_range("2026-01-01", "2026-02-14")
    asked = case(tmp_path, days, baseline=JANUARY, current=FEBRUARY, target=", target: 28000")
    found = kpilab.review(asked)
    assert str(found.periods["current"]) == "2026-02-01..2026-02-14"
    assert str(found.periods["baseline"]) == "2026-01-01..2026-01-14"
    assert abs(found.goal.change_like_pct) < 2
    assert found.goal.expected == pytest.approx(14_000)
    assert any(i.statement.key == "goal.unfinished" for i in found.issues)


def test_stagnation_after_steady_growth_is_a_shortfall(tmp_path):
    days = pd.date_range("2025-07-07", periods=364)
    growth = 1.01 ** (np.arange(364) / 7)
    growth[-28:] = growth[-56:-28] * 0.98
    found = kpilab.review(
        case(
            tmp_path, days, growth,
            baseline="[2026-05-11, 2026-06-07]", current="[2026-06-08, 2026-07-05]",
        )
    )  # fmt: skip
    history = found.goal.history
    assert history.value > 1.02 * found.goal.baseline
    assert history.high > history.value > found.goal.current
    assert sum(bridge(found).values()) == pytest.approx(
        found.goal.logged - found.goal.expected, abs=1e-6
    )
    assert bridge(found)["bridge.trend"] == pytest.approx(history.value - found.goal.baseline)


def test_a_fall_of_a_whole_is_a_cause_and_a_row_of_the_bridge(tmp_path):
    days = pd.date_range("2026-01-05", periods=224)
    factor = np.ones(224)
    factor[-28:] = 0.7
    found = kpilab.review(
        case(
            tmp_path, days, factor,
            baseline="[2026-06-22, 2026-07-19]", current="[2026-07-20, 2026-08-16]",
        )
    )  # fmt: skip
    assert found.fell
    (cause,) = found.causes
    assert (cause.kind, dict(cause.where.values)) in (
        ("untracked_leak", {}),
        ("driver_decline", {}),
    )
    assert cause.effect.value == pytest.approx(-0.3 * found.goal.baseline, rel=0.05)
    assert cause.effect.low < -0.3 * found.goal.baseline < cause.effect.high
    assert bridge(found)[f"bridge.{cause.kind}"] == pytest.approx(cause.effect.value)


def test_a_break_before_the_baseline_is_said(tmp_path):
    days = pd.date_range("2026-01-05", periods=140)
    factor = np.ones(140)
    factor[: 140 - 56 - 5] = 2.0
    found = kpilab.review(
        case(
            tmp_path, days, factor,
            baseline="[2026-03-30, 2026-04-26]", current="[2026-04-27, 2026-05-24]",
        )
    )  # fmt: skip
    said = next(f for f in found.findings if f.statement.key == "goal.level_changed")
    assert abs((said.statement.values["day"] - date(2026, 3, 25)).days) <= 1


def change(current: float, *, error: float = 5.0) -> GoalChange:
    history = HistoryForecast(0.0, 0.0, 0.0, 1000.0, 990.0, 1010.0, 30.0, error, 6)
    return GoalChange("orders", 1000.0, 1000.0, current, current, history=history)


@pytest.mark.parametrize(
    ("seen", "current", "causes", "said"),
    [
        (0.8, 1000.0, 0, "nothing"),  # the floor of 1 % would have been seen
        (3.0, 1000.0, 0, "cannot_tell"),
        (3.0, 960.0, 0, "nothing"),  # a loss as large as the shortfall would have been seen
        (None, 1000.0, 0, "cannot_tell"),
        (3.0, 1000.0, 1, "causes"),
    ],
)
def test_the_three_answers(seen, current, causes, said):
    assert answer(given.case(), change(current), causes, seen) == said


def test_more_than_the_history_is_no_shortfall():
    assert shortfall(given.case(), change(1100.0)) == 0
    assert shortfall(given.case(), change(900.0)) == pytest.approx(10)


PERIODS = {"baseline": "[2026-01-01, 2026-01-28]", "current": "[2026-01-29, 2026-02-25]"}


def of_counts(folder: Path, visits: np.ndarray, orders: np.ndarray):
    days = pd.date_range("2026-01-01", periods=len(visits))
    table = {"day": days, "device": "a", "visits": visits, "orders": orders}
    pd.DataFrame(table).to_csv(folder / "t.csv", index=False)
    (folder / "case.yml").write_text(CASE.format(**PERIODS, target=""), "utf-8")
    return kpilab.review(kpilab.open_case(folder))


def test_sales_that_stop_are_a_fall_of_all_of_them(tmp_path):
    rng = np.random.default_rng(1)
    visits, now = rng.poisson(200, 56), np.arange(56) < 28
    found = of_counts(tmp_path, visits, rng.binomial(visits, 0.1) * now)
    assert found.goal.change_like_pct == pytest.approx(-100)
    assert found.fell
    assert "Nothing is wrong" not in found.summary("en")
    assert sum(bridge(found).values()) == pytest.approx(-found.goal.baseline)


def test_from_nothing_a_rise_has_no_percent(tmp_path):
    rng = np.random.default_rng(1)
    visits, now = rng.poisson(200, 56), np.arange(56) >= 28
    found = of_counts(tmp_path, visits, rng.binomial(visits, 0.1) * now)
    assert found.goal.change_like_pct is None
    assert not found.fell
    assert bridge(found)["bridge.gain"] == pytest.approx(found.goal.current)


def test_days_that_are_missing_in_the_period_are_listed_with_what_they_would_hold(tmp_path):
    days = pd.date_range("2026-01-01", "2026-02-25").drop(pd.date_range("2026-02-08", "2026-02-12"))
    found = kpilab.review(case(tmp_path, days, **PERIODS))
    issue = next(i for i in found.issues if i.statement.key == "goal.days_missing")
    assert str(issue.period) == "2026-02-08..2026-02-12"
    assert issue.effect.value == pytest.approx(-5 * 1000, rel=0.03)


def test_distinct_users_are_counted_over_as_many_days(tmp_path):
    rng = np.random.default_rng(2)
    days = np.repeat(pd.date_range("2026-01-01", "2026-02-28"), 40)
    rows = pd.DataFrame({"day": days, "device": "a", "user": rng.integers(0, 400, len(days))})
    rows.to_csv(tmp_path / "t.csv", index=False)
    said = CASE.format(baseline=JANUARY, current=FEBRUARY, target="")
    said = said[: said.index("metrics:")]
    said += "metrics: {users: {table: t, measure: count(distinct user)}}\ngoal: {metric: users}\n"
    (tmp_path / "case.yml").write_text(said, "utf-8")
    goal = kpilab.review(kpilab.open_case(tmp_path)).goal
    inside = rows[(rows["day"] >= "2026-01-04") & (rows["day"] <= "2026-01-31")]
    assert goal.like == inside["user"].nunique()
    assert abs(goal.change_like_pct) < 5  # by the day it would be 28/31 of the users, and a rise


INVOICES = """
kpilab: 1
title: invoices
periods: {{baseline: {baseline}, current: {current}}}
tables:
  invoices: {{kind: facts, source: invoices.csv, time: day, links: {{account: accounts}}}}
  accounts: {{kind: entities, source: accounts.csv, key: account}}
customer: accounts
metrics: {{billed: {{table: invoices, measure: sum(amount)}}}}
goal: {{metric: billed}}
"""


def billed(folder: Path, growth: dict[str, float], *, baseline: str, current: str):
    """Invoices of 300 accounts in the first days of each month."""
    rng = np.random.default_rng(3)
    size = rng.lognormal(5, 1, 300)
    pd.DataFrame({"account": np.arange(300)}).to_csv(folder / "accounts.csv", index=False)
    parts = [
        pd.DataFrame(
            {
                "account": np.arange(300),
                "day": pd.Timestamp(f"{month}-01") + pd.to_timedelta(np.arange(300) % 4, "D"),
                "amount": size * level * rng.normal(1, 0.05, 300),
            }
        )
        for month, level in growth.items()
    ]
    pd.concat(parts).to_csv(folder / "invoices.csv", index=False)
    said = INVOICES.format(baseline=baseline, current=current)
    (folder / "case.yml").write_text(said, "utf-8")
    return kpilab.review(kpilab.open_case(folder)).goal


def test_customers_who_are_billed_each_month_are_the_units_of_noise(tmp_path):
    growth = {"2026-01": 1.0, "2026-02": 1.07, "2026-03": 1.14}
    january, march = "[2026-01-01, 2026-01-31]", "[2026-03-01, 2026-03-31]"
    goal = billed(tmp_path, growth, baseline=january, current=march)
    assert goal.change_like_pct == pytest.approx(14, abs=1.5)
    low, high = (100 * e / goal.baseline for e in goal.like_ends)
    assert 10 < low < 14 < high < 19


def test_a_month_of_invoices_is_a_month_however_long(tmp_path):
    months = [f"2025-{k:02}" for k in range(6, 13)] + ["2026-01", "2026-02"]
    goal = billed(tmp_path, dict.fromkeys(months, 1.0), baseline=JANUARY, current=FEBRUARY)
    assert abs(goal.change_like_pct) < 1  # by the day: +10.7 %
    assert goal.history.windows >= 5
    assert goal.history.calendar == 0
    assert goal.history.value == pytest.approx(goal.baseline, rel=0.01)
    assert goal.history.high - goal.history.low < 0.1 * goal.baseline


def test_a_quarter_of_two_months_meets_two_months(tmp_path):
    months = pd.date_range("2025-01-01", "2026-05-01", freq="MS")
    found = kpilab.review(
        case(
            tmp_path, months,
            baseline="[2026-01-01, 2026-03-31]", current="[2026-04-01, 2026-06-30]",
            target=", target: 3000",
        )
    )  # fmt: skip
    assert str(found.periods["current"]) == "2026-04-01..2026-05-31"
    assert str(found.periods["baseline"]) == "2026-01-01..2026-02-28"
    assert abs(found.goal.change_pct) < 6  # of three months against two: -33 %
    assert found.goal.expected == pytest.approx(3000 * 61 / 91)
    assert any(f.statement.key == "goal.unfinished" for f in found.findings)
