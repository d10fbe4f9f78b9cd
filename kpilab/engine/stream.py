"""Rows from DuckDB through Arrow into the compiled kernel, and its outcomes back as a table of the same engine."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from threading import Thread
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa

from kpilab.engine.chain import FOREVER, NEVER, Chain
from kpilab.engine.dialect import row_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from numpy.typing import NDArray

MODES = {"ordered": 0, "strict": 1, "unordered": 2}
MOST_BITS = 31
BATCH = 1_000_000
WORTH_LOADING = 500_000  # rows that the expression answers sooner than the kernel is loaded
ROWS_A_SECOND = 200_000  # of the expression, about
SPARSE = 4  # integer keys that span more than this many times the rows are numbered anew


def ready(rows: ir.Table) -> bool:
    """Whether the kernel is to be used: at once when it is loaded, and for many rows when it loads in good time.

    A small log never loads it. For a large one it is set going in the background and waited for about as long as the
    expression would take; whoever comes later finds it loaded.
    """
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return False
    if not _loading.cache_info().currsize:
        number = rows.count().to_pyarrow().as_py()
        if number < WORTH_LOADING:
            return False
        wait([_loading()], timeout=number / ROWS_A_SECOND)
    return _loading().done() and _loading().exception() is None


def prepare() -> None:
    """Load the kernel now (compile it, if nobody has on this machine)."""
    _loading().result()


@cache
def _loading() -> Future[None]:
    """The kernel on its way. A daemon thread: a process that ends earlier is not held up by it."""
    future: Future[None] = Future()
    Thread(target=_load, args=(future,), name="kpilab-kernel", daemon=True).start()
    return future


def _load(future: Future[None]) -> None:
    """Compile in a process of its own (this one stays free), then load the machine code from disk.

    numba keeps the code beside the package or, where that cannot be written, in the user's cache folder.
    """
    try:
        subprocess.run([sys.executable, "-m", "kpilab.engine.kernel"], check=False, capture_output=True)
        from kpilab.engine import kernel

        kernel.warm()
    except BaseException as error:  # noqa: BLE001  handed on to whoever waits
        future.set_exception(error)
    else:
        future.set_result(None)


def fits(chain: Chain) -> bool:
    """Whether the kernel's masks have room for the chain."""
    return chain.steps + len(chain.exclusions) + len(chain.extras) <= MOST_BITS


def outcomes(rows: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """The best pass of every unit; see `kpilab.engine.chain.outcomes`."""
    from kpilab.engine import kernel

    names, unit, t, masks = _fetched(rows, keys)
    bounds, t, masks = kernel.grouped(unit, t, masks, len(names))
    del unit
    levels, times, waits, optional = _run(bounds, t, masks, chain)
    del t, masks
    return ibis.memtable(_table(names, levels, times, waits, optional, chain))


def _fetched(rows: ir.Table, keys: tuple[str, ...]) -> tuple[pa.Table, NDArray, NDArray, NDArray]:
    """Distinct keys, and for every row the number of its key, its moment and its mask."""
    if len(keys) == 1 and rows[keys[0]].type().is_integer():
        key, t, masks = _columns(rows.select(k=rows[keys[0]].cast("int64"), t="t", mask=rows["mask"].cast("int32")))
        names, unit = _numbered(key)
        return pa.table({keys[0]: pa.array(names).cast(rows[keys[0]].type().to_pyarrow())}), unit, t, masks
    with row_ids(rows, keys) as ids:
        joined = rows.inner_join(ids, [rows[k].identical_to(ids[k]) for k in keys])
        joined = joined.select(k=ids["id"].cast("int32"), t=rows["t"], mask=rows["mask"].cast("int32"))
        unit, t, masks = _columns(joined)
        names = ids.order_by("id").select(*keys).to_pyarrow()
    return names, unit, t, masks


def _columns(table: ir.Table) -> list[NDArray]:
    """The columns of an expression as arrays; each leaves the Arrow table as it is copied."""
    fetched, found = table.to_pyarrow(), []
    while fetched.num_columns:
        found.append(fetched.column(0).to_numpy())
        fetched = fetched.remove_column(0)
    return found


def _numbered(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Names of the units and each row's unit number."""
    if not len(key):
        return key, key.astype(np.int32)
    low, span = int(key.min()), int(key.max()) - int(key.min()) + 1
    if span <= max(SPARSE * len(key), BATCH):
        return np.arange(low, low + span), (key - low).astype(np.int32)
    codes, names = pd.factorize(key)
    return np.asarray(names), codes.astype(np.int32)


def _run(bounds: NDArray, t: NDArray, masks: NDArray, chain: Chain) -> tuple[NDArray, ...]:
    """The kernel over all units, shared among the machine's cores."""
    from kpilab.engine import kernel

    limits = np.array([NEVER if v is None else v for v in chain.limits or (None,) * chain.steps], np.int64)
    first, last = (np.array([e[k] for e in chain.exclusions], np.int64) for k in (0, 1))
    rules = (
        chain.steps, min(chain.within, FOREVER), MODES[chain.mode], chain.disjoint, chain.reuse, limits, first, last,
        np.array(chain.extras, np.int64),
    )  # fmt: skip
    parts = list(_parts(bounds, os.cpu_count() or 1))
    with ThreadPoolExecutor(len(parts)) as pool:
        done = list(pool.map(lambda part: kernel.run(part, t, masks, *rules), parts))
    return tuple(np.concatenate(arrays) for arrays in zip(*done, strict=True))


def _parts(bounds: NDArray, cores: int) -> Iterator[NDArray]:
    """Bounds cut into pieces of about equally many rows."""
    cuts = np.searchsorted(bounds, np.linspace(0, bounds[-1], cores + 1)[1:-1])
    cuts = np.unique(np.concatenate([[0], cuts, [len(bounds) - 1]]))
    if len(cuts) == 1:
        cuts = np.array([0, 0])
    for low, high in itertools.pairwise(cuts):
        yield bounds[low : high + 1]


def _table(
    names: pa.Table, levels: NDArray, times: NDArray, waits: NDArray, optional: NDArray, chain: Chain
) -> pa.Table:
    """Units that made a pass, as an Arrow table."""
    chosen = np.flatnonzero(levels)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {
        n: names.column(n).take(pa.array(chosen)) for n in names.column_names
    }
    columns["level"] = pa.array(levels[chosen].astype(np.int64))
    for k, name in enumerate(chain.times):
        columns[name] = _nullable(times[chosen, k])
    for k, name in enumerate(chain.waits, 1):
        columns[name] = pa.array(waits[chosen, k - 1], mask=levels[chosen] <= k)
    for o in range(len(chain.extras)):
        columns[f"o{o + 1}"] = _nullable(optional[chosen, o])
    return pa.table(columns)


def _nullable(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(values, mask=values == NEVER)
