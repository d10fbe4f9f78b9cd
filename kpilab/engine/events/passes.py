"""The best pass of every unit through a chain: by the compiled kernel where it fits,
else by the expression."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import ibis

from kpilab.engine.dialect import engine_name
from kpilab.engine.events import stream, windows
from kpilab.engine.events.gather import READ, computed

if TYPE_CHECKING:
    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir

    from kpilab.engine.events.chain import Chain


def outcomes(rows: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """The best pass of every unit that made one, computed where the rows live.

    Args:
        rows: columns `keys`, `t` (microseconds) and `mask` (steps, exclusions, optional steps as
            bits); no nulls.
        chain: the rules.
        keys: columns that make a unit.

    Returns:
        A table with `keys`, `level` (steps reached), `t1..tn` (moments of the first longest pass,
        null above the level), `d2..dn` (microseconds since the step before, mean over the longest
        passes) and `o1..` (moments of the optional steps). DuckDB takes the compiled kernel for
        many rows, every other engine the expression.
    """
    return (
        stream.outcomes(rows, chain, keys)
        if compiled(rows, chain)
        else expressed(rows, chain, keys)
    )


def expressed(rows: ir.Table, chain: Chain, keys: tuple[str, ...]) -> ir.Table:
    """`outcomes` by the expression, whatever the engine: asked several times, computed once."""
    if engine_name(rows) != "duckdb":
        return windows.outcomes(rows, chain, keys).cache()
    return computed(_written(tuple(rows.schema().items()), chain, keys), rows)


@lru_cache(maxsize=64)
def _written(
    columns: tuple[tuple[str, dt.DataType], ...], chain: Chain, keys: tuple[str, ...]
) -> str:
    """The expression as text. Writing it takes longer than running it on a small log, and it is the
    same for every period and segment."""
    rows = ibis.table(dict(columns), name=READ)
    return str(ibis.to_sql(windows.outcomes(rows, chain, keys), dialect="duckdb"))


def compiled(rows: ir.Table, chain: Chain) -> bool:
    """Whether the compiled kernel takes these rows."""
    return engine_name(rows) == "duckdb" and stream.fits(chain) and stream.ready(rows)
