"""Columns as they are stored: a number that is none is not looked for where sums tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis.expr.operations as ops

from kpilab.engine.dialect import engine_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

# What a table may be made of for its rows to be those of its source, in their number and order.
ROWS = (ops.Project, ops.PhysicalTable)


def as_stored(table: ir.Table, keys: Sequence[str] = ()) -> ir.Table | None:
    """The table without the door's test of every float for being a number, which costs a sixth of
    a scan; None where a result would not show that a value is none.

    For sums and products alone: one value that is no number makes its sum none, and the caller
    asks the table itself.

    Args:
        keys: columns that are no part of a sum.
    """
    if engine_name(table) != "duckdb" or any(table[k].type().is_floating() for k in keys):
        return None
    if not all(isinstance(node, ROWS) for node in table.op().find(ops.Relation)):
        return None
    return table.op().replace(_bare).to_expr()


def _bare(node: Any, changed: dict[Any, Any] | None) -> Any:
    node = node.__recreate__(changed) if changed else node
    return node.true_expr if isinstance(node, ops.IfElse) and _asks(node.bool_expr) else node


def _asks(node: Any) -> bool:
    """Whether it is the door's test."""
    return getattr(node, "__func_name__", "") == "isfinite"
