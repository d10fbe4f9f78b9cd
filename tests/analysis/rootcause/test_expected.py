"""What the current period should be: days, weeks and months, thin tables, holidays, real stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.analysis.rootcause.expected import ExpectedResult, expected
from kpilab.analysis.rootcause.like import like_change
from kpilab.engine.rootcause.cells import pull
from kpilab.stats.calendar import days_off

CASE = """
kpilab: 1
title: sales
{more}
periods: {{baseline: {baseline}, current: {current}}}
tables: {{t: {{kind: facts, source: t.csv, time: day}}}}
metrics: {{sales: {{table: t, measure: sum(sales)}}}}
goal: {{metric: sales}}
"""


def asked(folder: Path, rows: pd.Series, baseline: str, current: str, more: str = ""):
    rows.rename("sales").rename_axis("day").reset_index().to_csv(folder / "t.csv", index=False)
    said = CASE.format(baseline=baseline, current=current, more=more)
    (folder / "case.yml").write_text(said, "utf-8")
    case = kpilab.open_case(folder)
    cells = pull(case)
    return expected(case, cells, {"sales": like_change(case, cells, case.metrics["sales"])})


def first(result: ExpectedResult) -> dict:
    row = result.table.iloc[0].to_dict()
    steps = row["calendar"] + row["season"] + row["trend"]
    assert row["baseline"] + steps == pytest.approx(row["history"])
    return row


def test_months_weigh_their_days(tmp_path):
    months = pd.date_range("2024-01-01", "2026-02-01", freq="MS")
    sales = pd.Series(months.days_in_month * 100.0, months)
    found = first(asked(tmp_path, sales, "[2026-01-01, 2026-01-31]", "[2026-02-01, 2026-02-28]"))
    assert found["history"] == pytest.approx(2800, rel=0.005)
    assert found["calendar"] == pytest.approx(-300, rel=0.01)


def test_weeks_are_read_as_weeks(tmp_path):
    weeks = pd.date_range("2024-01-05", "2026-02-27", freq="7D")
    rng = np.random.default_rng(1)
    swing = 1 + 0.3 * np.sin(2 * np.pi * np.arange(len(weeks)) / 52)
    sales = pd.Series(1000 * swing * rng.normal(1, 0.01, len(weeks)), weeks)
    found = first(asked(tmp_path, sales, "[2025-12-06, 2026-01-16]", "[2026-01-17, 2026-02-27]"))
    assert found["seasonal"]
    assert found["history"] == pytest.approx(sales[-6:].sum(), rel=0.02)


def test_days_without_a_sale_hold_nothing(tmp_path):
    days = pd.date_range("2025-01-01", "2025-12-28")
    sales = pd.Series(np.random.default_rng(2).poisson(0.8, len(days)) * 50.0, days)
    result = asked(
        tmp_path, sales[sales > 0], "[2025-11-03, 2025-11-30]", "[2025-12-01, 2025-12-28]"
    )
    assert first(result)["history"] == pytest.approx(0.8 * 50 * 28, rel=0.25)
    assert result.stopped["sales"] == ()


def test_days_that_were_lost_are_missing_and_said(tmp_path):
    days = pd.date_range("2025-01-01", "2025-12-28")
    sales = pd.Series(np.random.default_rng(3).normal(100, 5, len(days)), days)
    lost = sales.drop(pd.date_range("2025-08-01", "2025-08-20"))
    result = asked(tmp_path, lost, "[2025-11-03, 2025-11-30]", "[2025-12-01, 2025-12-28]")
    assert first(result)["history"] == pytest.approx(2800, rel=0.02)
    assert [str(p) for p in result.stopped["sales"]] == ["2025-08-01..2025-08-20"]


def test_holidays_are_the_calendar(tmp_path):
    days = pd.date_range("2023-01-02", "2026-01-04")
    off = {d for year in range(2023, 2027) for d in days_off("DE", year) if d.weekday() < 5}
    sales = pd.Series(np.where(days.isin(pd.to_datetime(sorted(off))), 20.0, 100.0), days)
    sales *= np.random.default_rng(4).normal(1, 0.02, len(days))
    periods = "[2025-11-10, 2025-12-07]", "[2025-12-08, 2026-01-04]"
    found = first(asked(tmp_path, sales, *periods, more="holidays: DE"))
    assert found["calendar"] == pytest.approx(-240, rel=0.3)  # three workdays off
    assert found["history"] == pytest.approx(sales[-28:].sum(), rel=0.03)


def test_the_stores_of_a_chain_in_november_as_a_year_before(shared, tmp_path):
    table = pd.read_csv(shared / "datasets" / "walmart_store_week.csv")
    days = pd.to_datetime(table["Date"], format="%d-%m-%Y")
    weeks = table.groupby(days)["Weekly_Sales"].sum()
    found = first(asked(tmp_path, weeks, "[2011-09-09, 2011-10-28]", "[2011-11-11, 2011-12-30]"))
    assert found["seasonal"]
    assert found["season"] > 0.2 * found["baseline"]
    assert found["low"] < found["current"] < found["high"]
    assert found["history"] == pytest.approx(found["current"], rel=0.04)


@pytest.mark.parametrize(
    ("rows", "baseline", "current", "like"),
    [
        # months of one row: by their days
        (("2026-01-01", "2026-02-01"), "[2026-01-01, 2026-01-31]", "[2026-02-01, 2026-02-28]", 28),
        # weeks that begin on Thursdays: five of them against four
        (
            ("2026-01-01", "2026-01-08", "2026-01-15", "2026-01-22", "2026-01-29", "2026-02-05",
             "2026-02-12", "2026-02-19", "2026-02-26"),
            "[2026-01-01, 2026-01-31]", "[2026-02-01, 2026-02-28]", 124,
        ),
    ],
)  # fmt: skip
def test_unequal_periods_of_months_and_weeks_are_alike(tmp_path, rows, baseline, current, like):
    sales = pd.Series(31.0, pd.to_datetime(rows))
    asked(tmp_path, sales, baseline, current)
    case = kpilab.open_case(tmp_path)
    found = like_change(case, pull(case), case.metrics["sales"])
    assert found.before == pytest.approx(like, rel=0.01)


@pytest.mark.parametrize(
    ("baseline", "current"),
    [
        ("[2026-01-05, 2026-02-01]", "[2026-02-02, 2026-03-01]"),  # it lies in the current period
        ("[2025-12-08, 2026-01-04]", "[2026-01-05, 2026-02-01]"),  # it lay here the year before
        ("[2026-01-19, 2026-02-15]", "[2026-02-16, 2026-03-15]"),
    ],
)
def test_the_spring_festival_takes_its_swell_and_its_rest_with_it(tmp_path, baseline, current):
    days = pd.date_range("2024-01-01", "2026-03-15")
    trade = np.ones(len(days))
    for festival in ("2024-02-10", "2025-01-29", "2026-02-17"):
        apart = (days - pd.Timestamp(festival)).days
        trade[(apart >= -14) & (apart < -3)] = 1.25
        trade[(apart >= -3) & (apart <= 10)] = 0.3
    noise = np.random.default_rng(1).normal(1, 0.03, len(days))
    sales = pd.Series(100 * trade * noise, days)
    found = first(asked(tmp_path, sales, baseline, current, more="holidays: CN"))
    assert found["low"] < found["current"] < found["high"]
    assert found["history"] == pytest.approx(found["current"], rel=0.02)


def test_old_rows_that_cannot_be_read_cost_the_history_and_no_more(tmp_path):
    days = pd.date_range("2025-06-01", "2025-12-28")
    sales = pd.Series("100", days)
    sales.iloc[10] = "about 100"
    sales.rename("sales").rename_axis("day").reset_index().to_csv(tmp_path / "t.csv", index=False)
    said = CASE.format(
        baseline="[2025-11-03, 2025-11-30]", current="[2025-12-01, 2025-12-28]", more=""
    ).replace("sum(sales)", "sum(cast(sales as double))")
    (tmp_path / "case.yml").write_text(said, "utf-8")
    found = kpilab.review(kpilab.open_case(tmp_path))
    assert found.goal.current == found.goal.baseline == 2800
    assert found.goal.history is None
