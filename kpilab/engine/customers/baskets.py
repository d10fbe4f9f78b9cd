"""What orders of two periods held, summed over their customers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.column import own
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.labels import label
from kpilab.engine.run import as_count, as_sum, collect, collect_one
from kpilab.errors import unknown

WHO, DAY, ORDER, ITEM = own("who"), own("day"), own("order"), own("item")
SUMS = ("n0", "m0", "a0", "n1", "m1", "a1")
MOST = 200  # items looked at


@dataclass(frozen=True, slots=True)
class Lines:
    """What the rows of an order are.

    Attributes:
        order: column that says which order a row is of.
        item: column of what it holds (a product, a category); None: not asked.
        quantity: column of how many; None: a row is one.
    """

    order: str
    item: str | None = None
    quantity: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Baskets:
    """Sums over customers, and the orders behind them on the engine.

    Attributes:
        sums: orders n, items m and amount a, before (0) and now (1), as in `SUMS`.
        squares: their products, summed.
        left: rows left out, as a value is missing. whose: how many customers the others are of.
        rows, orders, each: one row per line, order and customer.
        named: whether the lines say what they hold.
    """

    sums: NDArray[np.float64]
    squares: NDArray[np.float64]
    left: int
    whose: int
    rows: Any
    orders: Any
    each: Any
    named: bool

    def items(self) -> tuple[pd.DataFrame, int]:
        """One row per item, the most frequent first: `item`, sums of orders with it `k0`, `k1`, and
        products with the customer's orders; and how many items there are."""
        return _items(self.rows, self.orders, self.each) if self.named else (pd.DataFrame(), 0)

    @property
    def customers(self) -> float:
        """As how many customers of equal weight they are: few who order often are few."""
        orders, s = self.sums[0] + self.sums[3], self.squares
        return float(orders**2 / (s[0, 0] + 2 * s[0, 3] + s[3, 3])) if orders else 0.0


def baskets(
    facts: Facts, lines: Lines, customer: str, amount: str, periods: tuple[Period, Period]
) -> Baskets:
    """Orders of both periods; an order is of the period of its first row, and of its customer. One
    of nobody counts as of a customer of its own.

    Raises:
        BadInput: a column that is not there.
    """
    asked = [c for c in (lines.order, amount, lines.quantity, lines.item, customer) if c]
    for column in asked:
        if column not in facts.table.columns:
            raise unknown("column", column, facts.table.columns, f"table {facts.name!r}")
    rows: Any = facts.table
    day = day_of(rows, facts.time)
    pieces = ibis.literal(1.0) if lines.quantity is None else rows[lines.quantity].cast("float64")
    rows = rows.mutate(**{DAY: day, ORDER: rows[lines.order].cast("string")})
    rows = rows.select(
        DAY, ORDER, m=pieces, a=rows[amount].cast("float64"),
        **{WHO: rows[customer].cast("string"),
           ITEM: label(rows[lines.item]) if lines.item else ibis.literal("")},
    )  # fmt: skip
    rows = rows.filter(inside(rows[DAY], Period(periods[0].first, periods[1].last)))
    known = rows[ORDER].notnull() & rows.m.notnull() & rows.a.notnull()
    asked = rows.agg(left=(~known).sum(), whose=rows[WHO].nunique(where=known))
    of_rows = collect_one(asked, "basket")
    left, whose = (as_count(of_rows[name]) for name in ("left", "whose"))
    rows = rows.filter(known)
    orders = _orders(rows, periods)
    each = _each(orders)
    pairs = list(combinations_with_replacement(SUMS, 2))
    products = {f"{x}_{y}": (each[x] * each[y]).sum() for x, y in pairs}
    row = collect_one(each.agg(**{c: each[c].sum() for c in SUMS}, **products), "basket")
    squares = np.zeros((len(SUMS), len(SUMS)))
    for x, y in pairs:
        i, j = SUMS.index(x), SUMS.index(y)
        squares[i, j] = squares[j, i] = as_sum(row[f"{x}_{y}"])
    sums = np.array([as_sum(row[c]) for c in SUMS])
    return Baskets(sums, squares, left, whose, rows, orders, each, bool(lines.item))


def _orders(rows: Any, periods: tuple[Period, Period]) -> Any:
    """One row per order: whose, of which period, items, amount."""
    each = rows.group_by(ORDER).agg(
        **{DAY: rows[DAY].min(), WHO: rows[WHO].min()}, m=rows.m.sum(), a=rows.a.sum()
    )
    each = each.mutate(before=inside(each[DAY], periods[0]), now=inside(each[DAY], periods[1]))
    each = each.filter(each.before | each.now)
    of, alone = ibis.literal("c") + each[WHO], ibis.literal("o") + each[ORDER]
    whose = each[WHO].notnull().ifelse(of, alone)
    return each.mutate(**{WHO: whose}).cache()


def _each(orders: Any) -> Any:
    """One row per customer: orders, items and amount of both periods."""
    sums = {}
    for k, here in (("0", orders.before), ("1", orders.now)):
        sums["n" + k] = here.ifelse(1.0, 0.0).sum()
        sums["m" + k] = here.ifelse(orders.m, 0.0).sum()
        sums["a" + k] = here.ifelse(orders.a, 0.0).sum()
    return orders.group_by(WHO).agg(**sums).cache()


def _items(rows: Any, orders: Any, each: Any) -> tuple[pd.DataFrame, int]:
    """One row per item, with how many there are."""
    held = rows.select(ORDER, ITEM).distinct()
    held = held.join(orders, ORDER).select(WHO, ITEM, orders.before, orders.now)
    per = held.group_by([WHO, ITEM]).agg(
        k0=held.before.ifelse(1.0, 0.0).sum(), k1=held.now.ifelse(1.0, 0.0).sum()
    )
    both = per.join(each, WHO).select(per, each.n0, each.n1)
    products = {"k0k0": "k0*k0", "k0k1": "k0*k1", "k1k1": "k1*k1", "k0n0": "k0*n0",
                "k0n1": "k0*n1", "k1n0": "k1*n0", "k1n1": "k1*n1"}  # fmt: skip
    sums = {
        name: (both[text[:2]] * both[text[3:]]).sum() for name, text in products.items()
    }  # fmt: skip
    found = both.group_by(ITEM).agg(k0=both.k0.sum(), k1=both.k1.sum(), **sums)
    found = found.mutate(known=found.count().over())  # of all items, beside the most frequent
    order = found.order_by([(found.k0 + found.k1).desc(), found[ITEM]]).limit(MOST)
    told = collect(order, "basket").rename(columns={ITEM: "item"})
    return told.drop(columns="known"), int(told["known"].max()) if len(told) else 0
