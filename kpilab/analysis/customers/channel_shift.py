"""Channel shift: of what one channel gained, how much did the same customers take from another?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.customers.amounts import Amounts, amounts
from kpilab.engine.customers.shifts import shifts
from kpilab.stats.customers.usual import Sums, unusual
from kpilab.stats.tail import critical

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

MOST_VALUES = 12
COLUMNS = [
    "source", "target", "moved", "back", "net", "usual", "effect", "low", "high", "customers",
    "gained", "p", "q",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ChannelShiftResult(Result):
    """Answer of `channel_shift`.

    Attributes:
        table: one row per pair of values, the most telling first; columns `source`, `target`,
            `moved` (amount that the same customers spent less there and more here), `back` (the
            other way), `net` (moved − back), `usual` (what of `moved` former windows and the drift
            between the other values let expect), `effect`, `low`, `high` (moved beyond it),
            `customers` (who moved something), `gained` (by the target, from all who were there in
            both windows, beyond the common course), `p`, `q` (corrected for all pairs).
        by: the dimension. level: confidence level.
    """

    by: str
    level: float
    kind: ClassVar[str] = "channel_shift"

    @property
    def found(self) -> pd.DataFrame:
        """Pairs between which more moved than is usual, and whose target gained as much by it."""
        more = (self.table["effect"] > 0) & (self.table["gained"] >= self.table["effect"])
        return self.table[more & (self.table["q"] <= 1 - self.level)]

    @property
    def headline(self) -> Message:
        if self.found.empty:
            return Message("channel_shift.usual", {"by": self.by})
        return shifted(self.found.iloc[0])


def shifted(row: pd.Series) -> Message:
    """One pair in a sentence."""
    values = {c: row[c] for c in ("source", "target")}
    numbers = {"moved": float(row["moved"]), "effect": float(row["effect"]), "p": float(row["q"])}
    return Message("channel_shift.moved", values | numbers)


def channel_shift(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    current: Period,
    by: str,
    level: float = 0.95,
) -> ChannelShiftResult:
    """Tell what the same customers moved from one channel (or product) to another.

    Of the customers with an amount in the current period and in the window before it: what each
    spends less in one value of a dimension and more in another has moved, the smaller of the two
    sums, shared by the shares of both. Some always moves to and fro; a pair counts where more moves
    than in former windows, beside the drift between all other values.

    Args:
        facts, customer, amount, current, level: as for `churn`. by: the dimension.

    Returns:
        ChannelShiftResult with one row per pair of values between which something moved.

    Raises:
        BadInput: a column that is not there, or an amount that does not add up over customers.
    """
    fraction(level, "channel_shift(level=)")
    found = amounts(Facts.of(facts), amount, customer, [by])
    told = moved_between(found, current, by, level)
    return replace(told, notes=(*told.notes, *found.left_out(current.last)))


def moved_between(found: Amounts, current: Period, by: str, level: float) -> ChannelShiftResult:
    """The answer from the amounts by customer."""
    rows = shifts(found, current, by)
    known = rows.dropna(subset=["moved"])
    if known.empty or rows["source"].nunique() > MOST_VALUES:
        return ChannelShiftResult(pd.DataFrame(columns=COLUMNS), by, level)
    windows = range(int(rows["window"].min()), 1)
    keys = ["source", "target"]
    sums = {c: _wide(known, keys, c, windows) for c in ("moved", "mm", "customers")}
    base = _wide(rows.drop_duplicates(["window", "source"]), ["source"], "base", windows)
    index = sums["moved"].index
    moved, mm = (sums[c].to_numpy(float) for c in ("moved", "mm"))
    bottom = base.loc[index.get_level_values("source")].to_numpy(float)
    rest = Sums(moved.sum(0) - moved, bottom.sum(0) - bottom, mm.sum(0) - mm)
    customers = sums["customers"].to_numpy(float)
    seen = unusual(Sums(moved, bottom, mm), rest, customers.mean(axis=1))
    half = np.array([critical(level, float(d)) for d in seen.df]) * seen.error
    table = index.to_frame(index=False).assign(
        moved=moved[:, -1], usual=moved[:, -1] - seen.effect, effect=seen.effect,
        low=seen.effect - half, high=seen.effect + half, customers=customers[:, -1].astype(int),
        p=seen.p,
    )  # fmt: skip
    ways = dict(zip(index, moved[:, -1], strict=True))
    table["back"] = [ways.get((t, s), 0.0) for s, t in index]
    last = rows[rows["window"] == 0].drop_duplicates("source").set_index("source")
    course = last["now"].sum() / last["base"].sum() if last["base"].sum() > 0 else np.nan
    table["gained"] = table["target"].map(last["now"] - last["base"] * course)
    table["net"] = table["moved"] - table["back"]
    table["q"] = (table["p"] * max(int(table["p"].notna().sum()), 1)).clip(upper=1.0)
    table = table.sort_values(["q", "p", *keys], kind="stable")[COLUMNS]
    return ChannelShiftResult(table.reset_index(drop=True), by, level)


def _wide(rows: pd.DataFrame, keys: list[str], column: str, windows: range) -> pd.DataFrame:
    """Rows by key, a column per window, oldest first."""
    wide = rows.pivot(index=keys, columns="window", values=column)
    return wide.reindex(columns=pd.Index(windows)).fillna(0.0)
