"""Basket: what does an order hold, and what goes along with it, now and before?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.customers.baskets import Baskets, Lines, baskets
from kpilab.errors import BadInput
from kpilab.stats.customers.baskets import Change, parts, ratio
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

# Which sums make a ratio: bottom and top, before and now.
RATIOS = {"amount": (0, 2, 3, 5), "items": (0, 1, 3, 4), "price": (1, 2, 4, 5)}
FEW = 20  # orders that hold an item: of fewer no share is compared
TOLD = 3  # items in notes


@dataclass(frozen=True, slots=True, eq=False)
class BasketResult(Result):
    """Answer of `basket`.

    Attributes:
        table: one row per measure, then one per item; columns `measure` (amount: per order; items:
            per order; price: amount per item; attach: share of the orders that hold the item),
            `item` ("" but for attach), `before`, `now`, `change`, `low`, `high` (its interval over
            customers), `p`, `q` (corrected for all rows; Holm).
        parts: one row per part of the change of the amount; columns `part` (orders: as many more or
            fewer; items: per order; price: amount per item), `effect`, `low`, `high`; they sum to
            the change.
        before, now: the amount of each period. orders_before, orders_now: how many orders.
        level: confidence level.
    """

    parts: pd.DataFrame
    before: float
    now: float
    orders_before: int
    orders_now: int
    amount: str
    level: float
    kind: ClassVar[str] = "basket"

    @property
    def headline(self) -> Message:
        row = self.table.iloc[0]
        values = {c: float(row[c]) for c in ("before", "now", "change", "low", "high")}
        effects = self.parts.set_index("part")["effect"]
        values |= {"items": float(effects["items"]), "price": float(effects["price"])}
        if not row["q"] <= 1 - self.level:
            looks = int(self.table["p"].notna().sum())
            return Message("basket.usual", values | {"looks": looks})
        return Message("basket.larger" if row["change"] > 0 else "basket.smaller", values)


def basket(
    facts: Facts | Tabular,
    lines: Lines,
    *,
    customer: str,
    amount: str,
    baseline: Period,
    current: Period,
    level: float = 0.95,
) -> BasketResult:
    """Compare what an order holds in two periods: its amount, how many items at what price, and how
    often each item goes along.

    The change of the amount is split into more or fewer orders, items per order and amount per
    item, which sum to it. An order is of the period of its first row. Of items, the 200 in most
    orders are compared.

    Args:
        facts: one row per line of an order. lines: which columns make an order.
        customer: column that says whose a row is. amount: column that is summed.
        baseline, current: periods compared.
        level: confidence level; the intervals take the customers as drawn, an order of nobody as of
            a customer of its own.

    Returns:
        BasketResult with one row per measure and item.

    Raises:
        BadInput: a column that is not there, no order in one of the periods, or periods that
            overlap.

    Note:
        Rows without an order, an amount or a quantity are left out and counted. A season is a
        change like any other: compare periods of the same season.
    """
    fraction(level, "basket(level=)")
    facts = Facts.of(facts)
    found = ordered(facts, lines, customer, amount, baseline, current)
    if not (found.sums[0] and found.sums[3]):
        where = f"table {facts.name!r}, basket(baseline=, current=)"
        raise BadInput("one of the periods has no order", where, "choose periods with rows")
    return held(found, amount, level)


def ordered(
    facts: Facts, lines: Lines, customer: str, amount: str, baseline: Period,
    current: Period,
) -> Baskets:  # fmt: skip
    """The orders of both periods, if there are any."""
    if baseline.last >= current.first:
        what = f"the baseline ends {baseline.last}, the current period begins {current.first}"
        hint = "let the baseline end before the current period begins"
        raise BadInput(what, "basket(baseline=, current=)", hint)
    return baskets(facts, lines, customer, amount, (baseline, current))


def moved(found: Baskets, level: float) -> bool:
    """Whether the amount or the items of an order may have changed: where neither did by itself,
    neither did as one of many comparisons."""
    alone = (_measure(found, name, level).p for name in ("amount", "items"))
    return any(p <= 1 - level for p in alone)


def held(found: Baskets, amount: str, level: float) -> BasketResult:
    """The answer from the orders."""
    items, known = found.items()
    table = _table(found, items, level)
    split = parts(found.sums, found.squares, found.customers, level)
    rows = [[k, c.change, c.low, c.high] for k, c in split.items()]
    effects = pd.DataFrame(rows, columns=["part", "effect", "low", "high"])
    n0, _, a0, n1, _, a1 = (float(v) for v in found.sums)
    notes = _notes(table, level, known, found.left)
    return BasketResult(table, effects, a0, a1, int(n0), int(n1), amount, level, notes=notes)


def _measure(found: Baskets, name: str, level: float) -> Change:
    at = list(RATIOS[name])
    return ratio(found.sums[at], found.squares[np.ix_(at, at)], found.customers, level)


def _table(found: Baskets, items: pd.DataFrame, level: float) -> pd.DataFrame:
    rows = []
    for measure in RATIOS:
        change = _measure(found, measure, level)
        rows.append({"measure": measure, "item": ""} | asdict(change))
    for _, item in items.iterrows():
        change = _attach(found, item, level)
        rows.append({"measure": "attach", "item": item["item"]} | asdict(change))
    table = pd.DataFrame(rows)
    return table.assign(q=holm(table["p"]))


def _attach(found: Baskets, item: pd.Series, level: float) -> Change:
    """The share of orders that hold an item."""
    k = {c: float(item[c]) for c in item.index if c != "item"}
    n, s = found.sums, found.squares
    sums = np.array([n[0], k["k0"], n[3], k["k1"]])
    squares = np.array([
        [s[0, 0], k["k0n0"], s[0, 3], k["k1n0"]],
        [k["k0n0"], k["k0k0"], k["k0n1"], k["k0k1"]],
        [s[0, 3], k["k0n1"], s[3, 3], k["k1n1"]],
        [k["k1n0"], k["k0k1"], k["k1n1"], k["k1k1"]],
    ])  # fmt: skip
    change = ratio(sums, squares, found.customers, level)
    if min(k["k0"] + k["k1"], n[0] + n[3] - k["k0"] - k["k1"]) >= FEW:
        return change
    return Change(change.before, change.now, change.change, np.nan, np.nan, np.nan)


def _notes(table: pd.DataFrame, level: float, known: int, left: int) -> tuple[Message, ...]:
    notes = []
    moved = table[(table["measure"] == "attach") & (table["q"] <= 1 - level)]
    for _, row in moved.sort_values("q", kind="stable").head(TOLD).iterrows():
        values = {"item": row["item"], "p": float(row["q"])}
        values |= {c: float(row[c]) for c in ("before", "now")}
        notes.append(Message("basket.attach", values))
    items = int((table["measure"] == "attach").sum())
    if known > items:
        notes.append(Message("basket.most", {"items": items, "known": known}))
    if left:
        notes.append(Message("door.left_out", {"rows": left}))
    return tuple(notes)
