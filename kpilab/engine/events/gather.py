"""Rows from DuckDB through Arrow, drawn together by unit in parts that fit the processor's
cache."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import duckdb
import ibis.expr.operations as ops
import numpy as np
import pandas as pd
import pyarrow as pa

from kpilab.engine.dialect import row_ids

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

FEWEST_UNITS = 1 << 12  # of a part
MOST_PARTS = 256
READ = "rows_read"
SPARSE = 4  # integer keys that span more than this many times the rows are numbered anew
BUDGET = 2.6e9  # bytes of rows that are held at once
NUMBERED_ROW, NAMED_ROW = (
    25,
    100,
)  # bytes a row takes on its way, with keys that are integers and with others
T = TypeVar("T")
Batch = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.int32]"]


@dataclass(frozen=True, slots=True)
class Units:
    """What units are called: their keys by number."""

    number: int
    low: int
    kind: pa.DataType | None
    names: pa.Table | None
    key: str

    def named(self, numbers: NDArray[np.int64]) -> pa.Table:
        """The keys of these units."""
        if self.names is not None:
            return self.names.take(pa.array(numbers))
        return pa.table({self.key: pa.array(numbers + self.low).cast(self.kind)})


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of some units that follow each other in number, from unit `first`."""

    first: int
    units: int
    unit: NDArray[np.int32]
    t: NDArray[np.int64]
    marks: NDArray[np.int32]

    def grouped(self) -> Batch:
        """Bounds of each unit's rows, and the rows' times and marks in that order."""
        from kpilab.engine.events import kernel_rows

        return kernel_rows.grouped(self.unit, self.t, self.marks, self.units)


def by_part(
    rows: ir.Table, mark: str, keys: tuple[str, ...], work: Callable[[Units, Part], T]
) -> list[T]:
    """`work` done on every part, on all cores; parts in the order of their units, at least one.

    Args:
        rows: columns `keys`, `t` (microseconds) and `mark` (an integer of at most 31 bits); no
            nulls in the last two.
    """
    units, batches = _fetched(rows, mark, keys)
    shift = max(units.number // MOST_PARTS, FEWEST_UNITS).bit_length()
    parts = max(-(-units.number >> shift), 1)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        cut = list(pool.map(lambda b: _cut(b, units.low, shift, parts), _drained(batches)))

        def one(p: int) -> T:
            columns: list[Any] = [
                np.concatenate([c[k][c[0][p] : c[0][p + 1]] for c in cut]) for k in (1, 2, 3)
            ]
            first = p << shift
            return work(units, Part(first, min(1 << shift, units.number - first), *columns))

        return list(pool.map(one, range(parts)))


def shares(rows: ir.Table, keys: tuple[str, ...]) -> list[ir.Table]:
    """The rows in as many parts, each with whole units, as keep what is held at once within the
    budget.

    The size is that of the largest table behind them, which an engine knows without looking at it.
    """
    behind: Any = rows.op().find(ops.PhysicalTable) or [
        rows.op()
    ]  # a query written as text hides what is behind
    most = max(table.to_expr().count().to_pyarrow().as_py() for table in behind)
    each = NUMBERED_ROW if len(keys) == 1 and rows[keys[0]].type().is_integer() else NAMED_ROW
    parts = int(most * each // BUDGET) + 1
    if parts == 1:
        return [rows]
    place: Any = rows[keys[0]].hash() % parts
    return [rows.filter(place.abs() == k) for k in range(parts)]


def stacked(tables: Iterator[pa.Table], beside: ir.Table) -> ir.Table:
    """Arrow tables under each other as a passing table of the engine that holds `beside`,
    on its disk if need be."""
    con: Any = beside.get_backend()
    name, passing = f"kpilab_{uuid4().hex}", f"kpilab_{uuid4().hex}"
    begin = f'CREATE TEMP TABLE "{name}" AS'
    for table in tables:
        con.con.register(passing, table)
        con.con.execute(f'{begin} SELECT * FROM "{passing}"')
        con.con.unregister(passing)
        begin = f'INSERT INTO "{name}"'
        del table
        pa.default_memory_pool().release_unused()
    return _passing(name, con)


def _passing(name: str, con: Any) -> ir.Table:
    """A passing table of ours, which goes when nobody asks for it any more."""
    found = con.table(name, database=("temp", "main"))
    weakref.finalize(found.op(), _let_go, weakref.ref(con), f'DROP TABLE IF EXISTS temp."{name}"')
    return found


def computed(select: str, rows: ir.Table) -> ir.Table:
    """A query on the table `READ`, which are these rows, computed once: a passing table of their
    engine, as long as somebody asks for it."""
    con: Any = rows.get_backend()
    name = f"kpilab_{uuid4().hex}"
    con.con.execute(
        f'CREATE TEMP TABLE "{name}" AS WITH {READ} AS ({con.compile(rows)}) '
        f"SELECT * FROM ({select})"
    )
    return _passing(name, con)


def registered(table: pa.Table, beside: ir.Table) -> ir.Table:
    """An Arrow table as a table of the engine that holds `beside`,
    for as long as somebody asks for it."""
    con: Any = beside.get_backend()
    name = f"kpilab_{uuid4().hex}"
    con.con.register(name, table)
    found = con.table(name)
    weakref.finalize(found.op(), _let_go, weakref.ref(con), f'DROP VIEW IF EXISTS temp."{name}"')
    return found


def _let_go(con: weakref.ref[Any], drop: str) -> None:
    """Drop a table of ours, if its connection is still there."""
    alive = con()
    if alive is not None:
        with suppress(duckdb.Error):
            alive.con.execute(drop)


def _drained(batches: list[Batch]) -> Iterator[Batch]:
    """One batch after the other, each forgotten as it is handed on,
    so that its memory comes free."""
    while batches:
        yield batches.pop()


def _cut(batch: Batch, low: int, shift: int, parts: int) -> tuple[NDArray[Any], ...]:
    from kpilab.engine.events import kernel_rows

    return kernel_rows.parted(*batch, low, shift, parts)


def _fetched(rows: ir.Table, mark: str, keys: tuple[str, ...]) -> tuple[Units, list[Batch]]:
    """The units, and for every row the number of its unit (from the lowest),
    its moment and its mark."""
    columns: dict[str, Any] = {"t": rows["t"], "mark": rows[mark].cast("int32")}
    if len(keys) == 1 and rows[keys[0]].type().is_integer():
        batches = _batches(rows.select(k=rows[keys[0]].cast("int64"), **columns))
        return _numbered(batches, keys[0], rows[keys[0]].type().to_pyarrow())
    with row_ids(rows, keys) as ids:
        joined = rows.inner_join(ids, [rows[k].identical_to(ids[k]) for k in keys])
        batches = _batches(joined.select(k=ids["id"].cast("int64"), **columns))
        names = ids.order_by("id").select(*keys).to_pyarrow()
    return Units(names.num_rows, 0, None, names, ""), batches


def _batches(table: ir.Table) -> list[Batch]:
    """The columns of an expression as arrays that look into Arrow's memory."""
    found = table.to_pyarrow()
    batches = found.to_batches() or [pa.RecordBatch.from_pylist([], schema=found.schema)]
    return [(_array(b, 0), _array(b, 1), _array(b, 2)) for b in batches]


def _array(batch: pa.RecordBatch, k: int) -> NDArray[Any]:
    return batch.column(k).to_numpy(zero_copy_only=False)


def _numbered(batches: list[Batch], key: str, kind: pa.DataType) -> tuple[Units, list[Batch]]:
    """Integer keys as numbers from the lowest; keys far apart are numbered one by one."""
    rows = sum(len(b[0]) for b in batches)
    if not rows:
        return Units(0, 0, kind, None, key), batches
    low = min(int(b[0].min()) for b in batches if len(b[0]))
    span = max(int(b[0].max()) for b in batches if len(b[0])) - low + 1
    if span <= max(SPARSE * rows, FEWEST_UNITS):
        return Units(span, low, kind, None, key), batches
    codes, names = pd.factorize(np.concatenate([b[0] for b in batches]))
    codes.setflags(write=False)
    ends = np.cumsum([len(b[0]) for b in batches])[:-1]
    numbered = [(c, b[1], b[2]) for c, b in zip(np.split(codes, ends), batches, strict=True)]
    return Units(len(names), 0, None, pa.table({key: pa.array(names).cast(kind)}), key), numbered
