"""Leaves by the million: an engine in this process hands over one number per combination, not its
texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from kpilab.engine.column import own
from kpilab.engine.door.labels import label
from kpilab.engine.expression import literal, quoted
from kpilab.engine.rootcause.leaves import MOST_VALUES, OTHER, Leaves, largest
from kpilab.engine.run import collect_one, collect_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

MANY = 1_000_000  # rows up to which texts are as quick
MOST_LEAVES = 30_000_000
CROWDED = 4  # combinations that a table of all of them may hold, per leaf
LEAF, ROWS = own("leaf"), own("rows")


@dataclass(frozen=True, slots=True)
class Coded:
    """Values of a dimension, numbered in the order of their texts.

    Attributes:
        labels: the values, "(other)" among them where they are too many.
        grouped: how many values there are where they are too many, else 0.
    """

    name: str
    labels: tuple[str, ...]
    grouped: int

    @property
    def code(self) -> str:
        """The expression of a row's number."""
        kind = f"ENUM ({', '.join(map(literal, self.labels))})"
        rest = self.labels.index(OTHER) if self.grouped else 0
        return f"COALESCE(enum_code(TRY_CAST({quoted(self.name)} AS {kind})), {rest})"


def coded_sums(
    table: ir.Table, dimensions: tuple[str, ...], columns: Mapping[str, ir.Value]
) -> Leaves | None:
    """The same leaves as those of `leaves.sums`, dimensions as categories; None where texts are as
    quick, or the engine is elsewhere."""
    con: Any = table.get_backend()
    if con.name != "duckdb":
        return None
    if collect_one(table.agg([table.count().name(ROWS)]), "leaves")[ROWS] <= MANY:
        return None
    rows = table.select(**{d: label(table[d]) for d in dimensions}, **columns)
    coded = [_coded(rows, d, tuple(columns)) for d in dimensions]
    if prod(len(one.labels) for one in coded) >= 2**62:
        return None
    # What is 0 in every row (none is missing, say) needs no sums by the million.
    size = [cast("ir.NumericColumn", rows[c]).abs().max().name(c) for c in columns]
    most = collect_one(rows.agg(size), "leaves")
    asked = [quoted(c) for c in columns if most[c] != 0]
    sums = "".join(f", COALESCE(SUM({c}), 0) AS {c}" for c in asked)
    select = f"SELECT {_place(coded)} AS {LEAF}{sums} FROM rows_read GROUP BY 1"
    found = collect_text(rows, select, "leaves", MOST_LEAVES)
    return Leaves(
        _frame(found, coded, columns), {one.name: one.grouped for one in coded if one.grouped}
    )


def _coded(rows: ir.Table, name: str, columns: Sequence[str]) -> Coded:
    kept = largest(rows, name, columns, MOST_VALUES + 1)
    if len(kept) <= MOST_VALUES:
        return Coded(name, tuple(sorted(kept)), 0)
    values = int(collect_one(rows.agg([rows[name].nunique().name(ROWS)]), "leaves")[ROWS])
    return Coded(name, tuple(sorted({*kept[:MOST_VALUES], OTHER})), values)


def _place(coded: Iterable[Coded]) -> str:
    """The place of a row's leaf among all combinations in their order."""
    coded = list(coded)
    small = prod(len(one.labels) for one in coded) < 2**31
    place = f"CAST(0 AS {'INTEGER' if small else 'BIGINT'})"
    for one in coded:
        place = f"({place} * {len(one.labels)} + {one.code})"
    return place


def _frame(found: pd.DataFrame, coded: Sequence[Coded], columns: Iterable[str]) -> pd.DataFrame:
    """One row per leaf, in order."""
    leaf, possible = found[LEAF].to_numpy(), prod(len(one.labels) for one in coded)
    amounts = {c: found[c].to_numpy(float) if c in found else None for c in columns}
    if possible <= CROWDED * len(leaf):
        row = np.full(possible, -1, dtype=np.int64)
        row[leaf] = np.arange(len(leaf))
        order = row if possible == len(leaf) else row[row >= 0]
    else:
        order = np.argsort(leaf)
    leaf, held = leaf[order], {}
    for one in reversed(coded):
        leaf, code = np.divmod(leaf, len(one.labels))
        labels = pd.Index(np.array(one.labels, dtype=object))
        held[one.name] = pd.Categorical.from_codes(code, labels, validate=False)  # type: ignore[arg-type]
    sums = {c: np.zeros(len(order)) if v is None else v[order] for c, v in amounts.items()}
    return pd.DataFrame({one.name: held[one.name] for one in coded} | sums)
