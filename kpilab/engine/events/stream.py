"""A chain run by the compiled kernel over rows from DuckDB;
its outcomes come back as a table of the same engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from kpilab.engine.events.chain import FOREVER, NEVER, Chain
from kpilab.engine.events.gather import Part, Units, by_part, registered, shares, stacked
from kpilab.engine.events.native import prepare, ready

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

__all__ = ["fits", "outcomes", "prepare", "ready"]
MODES = {"ordered": 0, "strict": 1, "unordered": 2}
MOST_BITS = 31


def fits(chain: Chain) -> bool:
    """Whether the kernel knows the chain's rules, and its masks have room for them."""
    return not chain.ruled and chain.steps + len(chain.exclusions) + len(chain.extras) <= MOST_BITS


def outcomes(rows: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """The best pass of every unit; see `kpilab.engine.events.passes.outcomes`."""
    from kpilab.engine.events import kernel

    limits = np.array(
        [NEVER if v is None else v for v in chain.limits or (None,) * chain.steps], np.int64
    )
    first, last = (np.array([e[k] for e in chain.exclusions], np.int64) for k in (0, 1))
    within, extras = min(chain.within, FOREVER), np.array(chain.extras, np.int64)

    def best(units: Units, part: Part) -> pa.Table:
        if chain.plain:
            found = kernel.run_plain(*part.grouped(), chain.steps, within, limits)
        else:
            rules = (MODES[chain.mode], chain.disjoint, chain.reuse, limits, first, last, extras)
            found = kernel.run(*part.grouped(), chain.steps, within, *rules)
        return _table(units, part.first, *found, chain)

    held = shares(rows, keys)
    found = (pa.concat_tables(by_part(share, "mask", keys, best)) for share in held)
    return registered(next(found), rows) if len(held) == 1 else stacked(found, rows)


def _table(
    units: Units, first: int, levels: NDArray[np.int8], times: NDArray[np.int64],
    waits: NDArray[np.float64],
    optional: NDArray[np.int64], chain: Chain,
) -> pa.Table:  # fmt: skip
    """Units that made a pass, as an Arrow table."""
    chosen = np.flatnonzero(levels)
    level = levels[chosen]
    table = units.named(chosen + first).append_column("level", pa.array(level.astype(np.int64)))
    for k, name in enumerate(chain.times):
        table = table.append_column(name, _nullable(times[chosen, k]))
    for k, name in enumerate(chain.waits, 1):
        table = table.append_column(name, pa.array(waits[chosen, k - 1], mask=level <= k))
    for o in range(len(chain.extras)):
        table = table.append_column(f"o{o + 1}", _nullable(optional[chosen, o]))
    return table


def _nullable(values: NDArray[np.int64]) -> pa.Array:
    return pa.array(values, mask=values == NEVER)
