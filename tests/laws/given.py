"""What a law's call is given: small tables whose columns say what they hold,
in any dress and under any names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import kpilab
from kpilab.core.case import Metric
from kpilab.public import thing

Frame = pd.DataFrame
# What a column holds; columns that start with `my_` are named by the user, all others by the
# function.
KINDS = {
    "id": ("my_user", "my_who", "my_record", "my_sale", "record"),
    "label": (
        "my_event", "my_platform", "my_region", "my_city", "my_actor", "my_action", "my_reporter",
        "my_metric",
        "my_series", "my_unit", "my_alarm", "my_machine", "my_variant", "my_experiment",
        "dimension", "value",
        "part", "actor", "unit",
    ),
    "day": ("my_day", "my_entered", "day"),
    "moment": ("my_time", "my_responded", "my_solved"),
    "amount": ("my_sales", "my_value", "my_goal", "my_spend", "my_before", "my_kpi"),
    "count": (
        "my_orders", "my_visits", "my_claim", "my_target", "my_match", "my_follow", "num0", "num1",
        "den0", "den1",
        "visits", "orders", "price", "target", "end", "low", "high", "quantity", "signups",
        "bought",
        "my_scheduled", "my_made", "my_scrap", "my_down", "my_change", "my_cycle", "my_weight",
    ),
    "truth": ("confirmed",),
}  # fmt: skip
KIND = {column: kind for kind, columns in KINDS.items() for column in columns}
NUMBERS = ("amount", "count")


def as_it_is(frame: Frame) -> Frame:
    return frame


def plain(frame: Frame, folder: Path) -> Any:
    return frame


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """A table of a call: its rows, the noun it is made into (None: a plain frame), and that noun's
    columns.

    A `mapping` is given as numbers by name, one row at a time; what is `filed` lies in a case's
    folder.
    """

    frame: Callable[[], Frame]
    role: str | None = None
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    mapping: bool = False
    filed: bool = False

    def of(self, *kinds: str) -> list[str]:
        """Columns of these kinds."""
        return [c for c in self.frame().columns if KIND[c] in kinds]


def rows(
    frame: Callable[[], Frame], role: str | None = None, **columns: str | tuple[str, ...]
) -> Rows:
    return Rows(frame, role, columns)


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One way to say the same (or to say nothing): rows changed, columns renamed,
    tables in another dress."""

    name: str
    change: Callable[[Frame], Frame] = as_it_is
    names: Mapping[str, str] = field(default_factory=dict)
    dress: Callable[[Frame, Path], Any] = plain
    factor: float = 1.0
    extra: tuple[str, ...] = ()


AS_IT_IS = Variant("as it is")


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Tables by name as the variant gives them, and the words a call needs to speak of their
    columns."""

    tables: Mapping[str, Rows]
    variant: Variant
    folder: Path
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def extra(self) -> tuple[str, ...]:
        return self.variant.extra

    def n(self, column: str) -> str:
        """The column's present name."""
        return self.variant.names.get(column, column)

    def frame(self, table: str) -> Frame:
        """The rows in memory, under present names."""
        changed = self.variant.change(self.tables[table].frame().copy())
        return changed.rename(columns=dict(self.variant.names))

    def __getitem__(self, table: str) -> Any:
        if table not in self.made:
            kind = self.tables[table]
            place = self.folder / table
            place.mkdir(exist_ok=True)
            dressed = self.variant.dress(self.frame(table), place)
            named = {
                k: self.n(c) if isinstance(c, str) else tuple(map(self.n, c))
                for k, c in kind.columns.items()
            }
            if "dimensions" in named:
                named["dimensions"] = (*named["dimensions"], *self.extra)
            self.made[table] = dressed if kind.role is None else thing(kind.role)(dressed, **named)
        return self.made[table]

    def sql(self, text: str) -> str:
        """SQL with {columns} by their present names."""
        return re.sub(r"\{(\w+)\}", lambda m: '"' + self.n(m[1]) + '"', text)

    def metric(self, text: str, **more: Any) -> Metric:
        """A metric `kpi` of an SQL aggregate, or of two with `over` between them."""
        num, _, den = self.sql(text).partition(" over ")
        how = {"numerator": num, "denominator": den} if den else {"measure": num}
        return Metric(more.pop("name", "kpi"), more.pop("table", "table"), **how, **more)

    def measured(self, table: str, text: str) -> kpilab.data.Measured:
        return kpilab.data.Measured(self[table], self.metric(text))

    def series(self, table: str, column: str) -> pd.Series:
        """One number per day, indexed by it."""
        frame = self.frame(table)
        return pd.Series(
            frame[self.n(column)].to_numpy(), pd.Index(frame[self.n("my_day")]), name=self.n(column)
        )

    def indexed(self, table: str) -> Frame:
        """The rows, indexed by their day."""
        return self.frame(table).set_index(self.n("my_day"))

    def numbers(self, table: str, row: int) -> dict[str, Any]:
        """One row as a mapping; empty where there is none."""
        found = self.frame(table)
        return {} if len(found) <= row else dict(found.iloc[row].items())

    def amount(self, number: float) -> float:
        """A number in the unit of the amounts."""
        return number * self.variant.factor

    def case(self, text: str) -> Any:
        """A case of these tables; {columns} in its text by their present names."""
        folder = self.folder / "case"
        folder.mkdir(exist_ok=True)
        (folder / "case.yml").write_text(
            re.sub(r"\{(my_\w+)\}", lambda m: self.n(m[1]), text), "utf-8"
        )
        for name in self.tables:
            frame = self.frame(name)
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        return kpilab.open_case(folder)
