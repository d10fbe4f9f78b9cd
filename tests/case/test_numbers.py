"""What the numbers of a table are is told by their values, whatever they are called."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.case.look import look
from kpilab.case.numbers import classed
from kpilab.case.read import open_case
from kpilab.cli.first import scaffold, told_of, written

RNG = np.random.default_rng(5)
DAYS = pd.Series(pd.date_range("2025-11-03", periods=84).repeat(3))
N = len(DAYS)


def natures(folder, **columns):
    """The nature of each number of a table with a day and a store."""
    frame = pd.DataFrame({"day": DAYS, "store": ["N", "S", "W"] * (N // 3), **columns})
    frame.to_csv(folder / "sales.csv", index=False)
    (sheet,), _ = look(folder)
    return {c.name: c.nature for c in classed(sheet).columns if c.type == "number"}


@pytest.mark.parametrize(
    ("name", "values", "nature"),
    [
        ("x", 100_000 + np.arange(N), "name"),
        ("y", RNG.integers(13_000_000_000, 13_999_999_999, N), "name"),
        ("手机号", RNG.integers(100, 999, N), "name"),
        ("Kundennummer", RNG.integers(1, 40, N), "name"),
        ("number of orders", RNG.integers(1, 40, N), "adds"),
        ("x", DAYS.dt.year * 100 + DAYS.dt.month, "calendar"),
        ("x", DAYS.dt.isocalendar().week.to_numpy(), "calendar"),
        ("x", DAYS.dt.day, "calendar"),
        ("x", DAYS.dt.dayofweek + 1, "calendar"),
        ("Jahr", DAYS.dt.year, "calendar"),
        ("Bestand", RNG.integers(10, 900, N), "level"),
        ("Preis", RNG.random(N) * 9, "mean"),
        ("x", RNG.random(N), "mean"),
        ("x", RNG.integers(1, 60, N), "adds"),
        ("Umsatz", RNG.random(N) * 900, "adds"),
        ("umsatz", RNG.integers(100_000, 999_999, N), "adds"),
    ],
)
def test_one_column(tmp_path, name, values, nature):
    assert natures(tmp_path, **{name: values})[name] == nature


def test_a_price_is_what_a_quantity_is_multiplied_by(tmp_path):
    pieces, each = RNG.integers(1, 6, N), RNG.choice([9.5, 12.0, 19.9], N)
    found = natures(tmp_path, a=pieces, b=each, c=np.round(pieces * each, 2))
    assert found == {"a": "adds", "b": "mean", "c": "adds"}


def test_one_amount_on_all_lines_of_an_order_and_the_number_of_the_line(tmp_path):
    order = np.arange(N) // 3
    total = RNG.integers(20, 99, N // 3).repeat(3)
    names, lines = [f"A{k}" for k in order], np.arange(N) % 3 + 1
    found = natures(tmp_path, auftrag=names, summe=total, pos=lines, wert=RNG.random(N) * 50)
    assert found == {"summe": "repeated", "pos": "place", "wert": "adds"}


def test_one_number_for_all_rows_of_a_day(tmp_path):
    """A target of the whole firm, a temperature: to add it up over the stores is nonsense."""
    found = natures(tmp_path, plan=RNG.integers(900, 999, N // 3).repeat(3), y=RNG.random(N) * 9)
    assert found == {"plan": "repeated", "y": "adds"}


def test_a_plan_price_billed_to_many_is_an_amount(tmp_path):
    plan = RNG.choice(["s", "m", "l"], N)
    amount = pd.Series(plan).map({"s": 9, "m": 29, "l": 99})
    assert natures(tmp_path, plan=plan, amount=amount)["amount"] == "adds"


ORDERS = {
    "en": ("date", "order_no", "mobile", "year", "month", "quantity", "revenue"),
    "zh": ("日期", "订单号", "手机号", "年份", "月份", "数量", "销售额"),
    "de": ("Datum", "Bestellnr", "Telefonnummer", "Jahr", "Monat", "Menge", "Umsatz"),
    "es": ("fecha", "pedido_numero", "telefono", "año", "mes", "cantidad", "ventas"),
}


@pytest.mark.parametrize("language", ORDERS)
def test_orders_are_orders_times_pieces_times_price(tmp_path, language):
    """What an export of orders holds beside amounts takes no part in the formula."""
    n = 600
    days = pd.Series(np.sort(RNG.choice(DAYS.unique(), n)))
    pieces = RNG.integers(1, 6, n)
    values = (days, 20_251_103_000 + np.arange(n), RNG.integers(13_000_000_000, 13_999_999_999, n),
              days.dt.year, days.dt.month, pieces, (pieces * 19.9).round(2))  # fmt: skip
    frame = pd.DataFrame(dict(zip(ORDERS[language], values, strict=True)))
    frame.to_csv(tmp_path / "orders.csv", index=False)
    case = open_case(scaffold(tmp_path))
    pieces_name, money = (name.lower() for name in ORDERS[language][-2:])
    assert case.goal.metric == money
    assert case.goal.tree.leaves == (
        "orders",
        f"{pieces_name}_per_order",
        f"{money}_per_{pieces_name}",
    )


def test_a_column_without_a_telling_name_is_taken_by_its_decimals_and_that_is_said(tmp_path):
    frame = pd.DataFrame({"day": DAYS, "store": ["N", "S", "W"] * (N // 3)})
    frame["c1"], frame["c2"] = RNG.integers(1, 60, N), (RNG.random(N) * 90).round(2)
    frame.to_csv(tmp_path / "x.csv", index=False)
    first = written(tmp_path)
    assert first.case.goal.metric == "c2"
    assert "because it adds up and has decimals" in first.path.read_text("utf-8")


def test_of_two_columns_of_one_name_the_money_is_taken_and_that_is_said(tmp_path):
    counts, money = RNG.integers(1, 60, N), (RNG.random(N) * 900).round(2)
    rows = [f"{d.date()},{c},{m}" for d, c, m in zip(DAYS, counts, money, strict=True)]
    (tmp_path / "x.csv").write_text("\n".join(["day,Sales,sales", *rows]), "utf-8")
    first = written(tmp_path)
    assert first.case.metrics[first.case.goal.metric].measure == "sum(sales_1)"
    assert "Two columns are called Sales" in first.path.read_text("utf-8")
    assert any("numbered" in line for line in told_of(first, tmp_path, "en"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_left_out_is_told_with_its_reason(tmp_path, language):
    frame = pd.DataFrame(
        {"day": DAYS, "amount": 2.5 + np.arange(N), "receipt_no": np.arange(N) + 9_000}
    )
    frame["status"], frame["year"] = ["open", "paid", "paid"] * (N // 3), DAYS.dt.year
    frame.to_csv(tmp_path / "sales.csv", index=False)
    text = "\n".join(told_of(written(tmp_path, language=language), tmp_path, language))
    for name in ("status", "year"):
        assert name in text
    assert ("part of a date" if language == "en" else "日期的一部分") in text
