"""Expressions that name columns of linked tables: how they are written, and as columns of one
table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.expression import sql

if TYPE_CHECKING:
    import ibis.expr.types as ir


def dotted(column: exp.Column) -> str:
    """The column's name as written, with the tables or link columns before it:
    `orders.customer_id.region`."""
    return ".".join(part.name for part in column.parts)


def renamed(tree: exp.Expr, names: Mapping[str, str]) -> exp.Expr:
    """The expression with columns of linked tables called by one name each."""
    return tree.transform(
        lambda node: (
            exp.column(names[dotted(node)], quoted=True)
            if isinstance(node, exp.Column) and dotted(node) in names
            else node
        )
    )


def selected(rows: ir.Table, columns: Mapping[str, exp.Expr], called: str) -> ir.Table:
    """The rows with these columns, each a checked expression over theirs.

    Args:
        called: a name for the rows in the query, used for nothing else.
    """
    named = [exp.alias_(tree.copy(), name, quoted=True) for name, tree in columns.items()]
    query = exp.select(*named).from_(exp.to_identifier(called, quoted=True))
    return rows.alias(called).sql(sql(query, dialect_of(engine_name(rows))))
