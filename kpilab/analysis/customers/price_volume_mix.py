"""Price, volume, mix: did an amount change by how much was sold, of what, or at what price?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Message, Period
from kpilab.engine.column import own
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.customers.prices import effects

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

DAY, KNOWN = own("day"), own("known")
NOTHING = 1e-9  # of the largest part


@dataclass(frozen=True, slots=True, eq=False)
class PriceVolumeMixResult(Result):
    """Answer of `price_volume_mix`.

    Attributes:
        table: one row per value of the first dimension, largest change first; columns that
            dimension, `before`, `now`, `change`, and the parts that sum to it: `volume`,
            `mix: <dimension>` per dimension, `list_price`, `discount`, `cost`, `new`, `lost`.
        items: the same, one row per item.
        parts: the sums over all; with `change` last.
        margin: whether the change is that of the margin, not of the amount.
    """

    items: pd.DataFrame
    parts: pd.Series
    amount: str
    margin: bool
    kind: ClassVar[str] = "price_volume_mix"

    @property
    def headline(self) -> Message:
        sums = self.parts
        mix = float(sums[[c for c in sums.index if str(c).startswith("mix: ")]].sum())
        names = ("change", "volume", "list_price", "discount", "cost", "new", "lost")
        # What only rounding leaves of a part is no part.
        least = NOTHING * float(sums.abs().max())
        values: dict[str, object] = {
            n: float(sums[n]) if abs(sums[n]) > least else None for n in names
        }
        values |= {"change": float(sums["change"]), "volume": float(sums["volume"])}
        name = "price_volume_mix.margin" if self.margin else "price_volume_mix.parts"
        return Message(name, values | {"mix": mix, "amount": self.amount})


def price_volume_mix(
    facts: Facts | Tabular,
    *,
    by: Sequence[str],
    quantity: str,
    amount: str,
    baseline: Period,
    current: Period,
    listed: str | None = None,
    cost: str | None = None,
) -> PriceVolumeMixResult:
    """Split the change of an amount between two periods into volume, mix, price, discount, new and
    lost items; with `cost`, that of the margin.

    The parts of every item sum to its change, and those of items to the whole. Volume is what the
    change would have been had every item sold in both periods grown alike; mix, what their shares
    did, among the values of each dimension inside those of the one before it; price is per unit, at
    the current quantity.

    Args:
        facts: one row per line sold. by: dimensions, coarse to fine, e.g. category, product; the
            last one is the item whose price is compared.
        quantity, amount: columns that are summed. listed: amount at list price; without it all of
            the price is list price. cost: column of cost, for the margin.
        baseline, current: periods compared.

    Returns:
        PriceVolumeMixResult with one row per value of the first dimension.

    Raises:
        BadInput: a column that is not there, no dimension, or no row in either period.

    Note:
        Rows in which one of the columns is missing are left out and counted.
        A price is only as good as the item: where one item holds things of different price, what
        is sold of them shows as price. Mix needs the items' quantities in one unit.
    """
    facts = Facts.of(facts)
    sums = {"q": quantity, "y": amount, "l": listed or amount, "c": cost}
    for column in (*by, *(c for c in sums.values() if c is not None)):
        if column not in facts.table.columns:
            raise unknown("column", column, facts.table.columns, f"table {facts.name!r}")
    if not by:
        hint = "name the item's column, e.g. by=['category', 'product']"
        raise BadInput("there is no dimension", "price_volume_mix(by=)", hint)
    items, left = _items(facts, by, sums, (baseline, current))
    if items.empty:
        where = f"table {facts.name!r}, price_volume_mix(baseline=, current=)"
        raise BadInput("no row lies in either period", where, "choose periods with rows")
    parts = effects(items, [f"by{k}" for k in range(len(by))])
    names = {f"by{k}": d for k, d in enumerate(by)}
    parts = parts.rename(columns={f"mix: by{k}": f"mix: {d}" for k, d in enumerate(by)})
    before, now = items["y0"] - items["c0"], items["y1"] - items["c1"]
    told = pd.concat([items[[*names]], before.rename("before"), now.rename("now"),
                      (now - before).rename("change"), parts], axis=1)  # fmt: skip
    numbers = told.columns[len(names) :]
    table = told.groupby("by0", as_index=False, dropna=False)[list(numbers)].sum()
    return PriceVolumeMixResult(
        _largest(table).rename(columns=names), _largest(told).rename(columns=names),
        told[[*parts.columns, "change"]].sum(), amount, cost is not None,
        notes=(Message("door.left_out", {"rows": left}),) if left else (),
    )  # fmt: skip


def _items(
    facts: Facts, by: Sequence[str], sums: dict[str, str | None], periods: tuple[Period, Period]
) -> tuple[pd.DataFrame, int]:
    """One row per item sold, with the sums of both periods; and how many rows are left out, as a
    value is missing. An item that has no other rows in a period is left out with them: it is
    neither new nor lost."""
    rows: Any = facts.table
    columns = {own(f"by{k}"): label(rows[d]) for k, d in enumerate(by)}
    asked = [rows[c].notnull() for c in sums.values() if c]
    rows = rows.mutate(**columns, **{DAY: day_of(rows, facts.time), KNOWN: ibis.and_(*asked)})
    rows = rows.filter(inside(rows[DAY], periods[0]) | inside(rows[DAY], periods[1]))
    named = {}
    for k, period in enumerate(periods):
        here = inside(rows[DAY], period)
        for name, column in sums.items():
            value: Any = rows[column].cast("float64") if column else ibis.literal(0.0)
            named[f"{name}{k}"] = _sum(here & rows[KNOWN], value)
        named[f"known{k}"] = (here & rows[KNOWN]).sum()
        named[f"left{k}"] = (here & ~rows[KNOWN]).sum()
    found = collect(rows.group_by([*columns]).agg(**named), "price_volume_mix")
    found = found.rename(columns={own(f"by{k}"): f"by{k}" for k in range(len(by))})
    left = int(found[["left0", "left1"]].to_numpy().sum())
    blank = [(found[f"left{k}"] > 0) & (found[f"known{k}"] == 0) for k in (0, 1)]
    found = found[~(blank[0] | blank[1])].drop(columns=["known0", "known1", "left0", "left1"])
    return found.sort_values([f"by{k}" for k in range(len(by))]).reset_index(drop=True), left


def _sum(here: Any, value: Any) -> Any:
    return here.ifelse(value, 0.0).sum().fill_null(0.0)


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    order = table["change"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)
