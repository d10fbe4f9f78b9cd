"""A first case.yml: what is guessed from tables, and that it is always in order."""

from __future__ import annotations

import shutil
from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.case.look import slug
from kpilab.case.read import open_case
from kpilab.case.spans import periods
from kpilab.cli.first import scaffold
from kpilab.core.table import (
    Assignments,
    Benchmark,
    EventLog,
    Executions,
    Facts,
    Incidents,
    Reports,
)
from kpilab.core.values import Period
from kpilab.errors import BadInput
from tests.case.conftest import events

DAYS = pd.date_range("2026-01-05", periods=28)


def opened(folder):
    """Scaffold a folder and open what was written."""
    return open_case(scaffold(folder))


def test_a_log_becomes_a_funnel_with_an_exact_formula(tmp_path):
    events().to_csv(tmp_path / "log.csv", index=False)
    case = opened(tmp_path)
    log = case.tables["log"]
    assert isinstance(log, EventLog)
    assert (log.user, log.time, log.event, log.dimensions) == ("user", "at", "event", ("city",))
    assert case.funnels["main"].steps == ("visit", "cart", "pay")
    assert case.goal.metric == "amount"
    assert case.goal.tree.leaves == (
        "visit_users",
        "cart_per_visit",
        "pay_per_cart",
        "amount_per_pay",
    )
    assert (case.baseline, case.current) == (
        Period(date(2026, 1, 5), date(2026, 1, 11)),
        Period(date(2026, 1, 12), date(2026, 1, 18)),
    )


def test_counts_that_nest_become_steps(tmp_path):
    rng = np.random.default_rng(1)
    visits = rng.poisson(500, len(DAYS) * 2)
    orders = rng.binomial(visits, 0.1)
    frame = pd.DataFrame(
        {
            "day": DAYS.repeat(2),
            "region": ["a", "b"] * len(DAYS),
            "orders": orders,
            "visits": visits,
        }
    )
    frame["revenue"] = orders * rng.normal(50, 5, len(frame))
    frame.to_parquet(tmp_path / "daily.parquet")
    case = opened(tmp_path)
    assert isinstance(case.tables["daily"], Facts)
    assert case.goal.metric == "revenue"
    assert case.goal.tree.leaves == ("visits", "orders_per_visit", "revenue_per_order")


def test_every_kind_is_recognised(tmp_path):
    log = events()
    log.to_csv(tmp_path / "log.csv", index=False)
    days = pd.date_range("2026-01-05", periods=14)
    tables = {
        "market": pd.DataFrame({"week": days, "series": ["our", "peer"] * 7, "value": range(14)}),
        "figures": pd.DataFrame({"date": days, "department": ["a", "b"] * 7, "metric": "users",
            "value": range(14)}),
        "visits": pd.DataFrame(
            {"record_id": range(14), "date": days, "clerk": ["x", "y"] * 7, "action": "call",
                "claimed": range(14),
             "target": 9, "bonus_tier": 12, "matched": range(14)}
        ),
        "tests": pd.DataFrame({"at": days, "user": range(14), "experiment": "e1",
            "variant": ["treat", "control"] * 7}),
        "alarms": pd.DataFrame(
            {"time": days, "machine": ["m1", "m2"] * 7, "alarm": "hot", "responded": days,
                "solved": days}
        ),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    case = opened(tmp_path)
    kinds = {name: type(table) for name, table in case.tables.items()}
    assert kinds == {
        "log": EventLog, "market": Benchmark, "figures": Reports, "visits": Executions,
        "tests": Assignments,
        "alarms": Incidents,
    }  # fmt: skip
    assert case.tables["market"].own == "our"
    assert case.tables["visits"].evidence == ("matched",)
    assert [k.metric for k in case.kpis] == ["call"]
    assert (case.experiments["e1"].control, case.experiments["e1"].outcome) == (
        "control",
        "event = 'pay'",
    )


def test_two_books_of_the_same_thing_are_paired(tmp_path):
    log = events()
    log.to_csv(tmp_path / "log.csv", index=False)
    log.groupby(log["at"].dt.date)["amount"].sum().rename("booked").rename_axis("date").to_csv(
        tmp_path / "books.csv"
    )
    assert opened(tmp_path).reconcile == (("amount", "books_booked"),)


def test_files_that_differ_in_numbers_are_one_table(tmp_path):
    log = events()
    log[:100].to_csv(tmp_path / "log-2026-01.csv", index=False)
    log[100:].to_csv(tmp_path / "log-2026-02.csv", index=False)
    case = opened(tmp_path)
    assert list(case.tables) == ["log"]
    assert case.tables["log"].table.count().to_pandas() == len(log)


def test_names_with_blanks_quotes_and_other_alphabets_work(tmp_path):
    log = events().rename(
        columns={"at": 'When "exactly"', "user": "用户 ID", "event": "Event name", "city": "Ci ty"}
    )
    log["Event name"] = log["Event name"].replace({"pay": "it's paid", "cart": "加入 购物车"})
    log.to_csv(tmp_path / "1 log.csv", index=False)
    case = opened(tmp_path)
    assert case.funnels["main"].steps == ("visit", "加入 购物车", "it's paid")


def test_excel_and_unreadable_files(tmp_path):
    events().to_excel(tmp_path / "log.xlsx", index=False)
    (tmp_path / "broken.parquet").write_text("no", "utf-8")
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n", "utf-8")
    case = opened(tmp_path)
    assert list(case.tables) == ["log"]
    text = (tmp_path / "case.yml").read_text("utf-8")
    assert "# not used: broken.parquet" in text
    assert "# not used: notes.csv" in text


def test_a_case_that_is_there_is_never_overwritten(tmp_path):
    events().to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "case.yml").write_text("mine", "utf-8")
    with pytest.raises(BadInput, match="there already"):
        scaffold(tmp_path)
    assert (tmp_path / "case.yml").read_text("utf-8") == "mine"
    assert open_case(scaffold(tmp_path, force=True)).title == tmp_path.name


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n", "date,x\n", "date,x\n2026-01-01,1\n"])
def test_tables_that_say_nothing_leave_nothing_behind(tmp_path, content):
    if content is not None:
        (tmp_path / "t.csv").write_text(content, "utf-8")
    with pytest.raises(BadInput) as caught:
        scaffold(tmp_path)
    assert caught.value.hint
    assert {p.name for p in tmp_path.iterdir()} <= {"t.csv"}


@pytest.mark.parametrize(
    ("first", "last", "baseline", "current"),
    [
        ("2025-01-01", "2026-02-10", "2025-07-01..2025-09-30", "2025-10-01..2025-12-31"),
        ("2025-01-01", "2025-12-30", "2025-07-01..2025-09-30", "2025-10-01..2025-12-31"),
        ("2026-01-05", "2026-03-29", "2026-02-02..2026-03-01", "2026-03-02..2026-03-29"),
        ("2026-01-05", "2026-01-19", "2026-01-06..2026-01-12", "2026-01-13..2026-01-19"),
        ("2026-01-05", "2026-01-08", "2026-01-05..2026-01-06", "2026-01-07..2026-01-08"),
    ],
)
def test_periods_are_as_long_as_the_data_allow(first, last, baseline, current):
    found = periods([(date.fromisoformat(first), date.fromisoformat(last))])
    assert (str(found["baseline"]), str(found["current"])) == (baseline, current)


def test_periods_lie_where_all_tables_have_data():
    spans = [(date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 1, 15), date(2026, 2, 20))]
    assert str(periods(spans)["current"]) == "2026-01-25..2026-01-31"
    with pytest.raises(BadInput, match="share"):
        periods([(date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 3, 1), date(2026, 3, 31))])


def test_a_name_may_stand_in_a_formula():
    assert [slug(t) for t in ("Order ID", "2 sales", "销售 额", "--")] == [
        "order_id",
        "n_2_sales",
        "销售_额",
        "",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "ecom_clickstream_retentioneering",
        "superstore",
        "olist_orders_subset",
        "walmart_store_week",
        "pm_receipt",
    ],
)
def test_real_tables_nobody_made_for_us(shared, tmp_path, name):
    source = shared / "datasets" / f"{name}.csv"
    if not source.exists():
        pytest.skip(f"{name} is not there")
    shutil.copy(source, tmp_path)
    case = opened(tmp_path)
    # One row a store and week: their number is no volume that sales could be made of. Lines of
    # orders: neither distinct customers nor distinct orders add up over places.
    alone = name in ("walmart_store_week", "superstore")
    assert (len(case.goal.tree.leaves) > 1) is not alone


def test_the_funnel_of_a_real_shop(shared, tmp_path):
    shutil.copy(shared / "datasets" / "ecom_clickstream_retentioneering.csv", tmp_path)
    steps = opened(tmp_path).funnels["main"].steps
    assert steps[-4:] == ("cart", "shipping_details", "payment_details", "purchase")


def test_a_funnel_ends_where_many_end_and_not_at_a_rare_branch(tmp_path):
    rows = []
    for case in range(200):
        steps = ["opened", "checked"] + (["archived"] if case % 10 else ["duplicate", "merged"])
        steps = steps[:1] if case % 4 == 0 else steps
        for k, step in enumerate(steps):
            at = pd.Timestamp("2026-01-05") + pd.Timedelta(hours=3 * case + k)
            rows.append((at, f"c{case}", step))
    frame = pd.DataFrame(rows, columns=["at", "case_id", "activity"])
    frame.to_csv(tmp_path / "log.csv", index=False)
    assert opened(tmp_path).funnels["main"].steps == ("opened", "checked", "archived")
