"""Each table of a case with everything that is asked of it: joined once, kept on the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from kpilab.case.links import leaf_of, leaves
from kpilab.engine.column import own
from kpilab.engine.joins import Keyed, Leaf, aliases, joined, kept, partner, ways
from kpilab.engine.linked import selected
from kpilab.engine.run import failures
from kpilab.errors import BadInput, EngineError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.case.asked import Asked

NONE = "(none)"


def wide(name: str, raw: Mapping[str, Keyed], asked: Asked, time: Leaf | None) -> ir.Table:
    """A table with what is asked of it; joined once, and then kept on the engine.

    Raises:
        BadInput: a link and its key that cannot be compared, or a column that cannot be computed.
    """
    table = raw[name].table
    if not asked.columns:
        return table
    found = leaves(asked.columns.values())
    rows = joined(raw[name], found, raw, time)
    told = {c: _told(tree, found, c in asked.shown, rows) for c, tree in asked.columns.items()}
    own_columns = {c: exp.column(c, quoted=True) for c in table.columns}
    beside = _beside(name, rows, own_columns, told)
    return kept(beside, name) if any(leaf.hops for leaf in found) else beside


def _beside(
    name: str, rows: ir.Table, own_columns: Mapping[str, exp.Expr], told: Mapping[str, exp.Expr]
) -> ir.Table:
    """The table's columns and those computed; one that the engine does not take is named."""
    try:
        with failures(f"columns of {name!r}"):
            return selected(rows, {**own_columns, **told}, own(f"joined_{name}"))
    except EngineError as error:
        for column, tree in told.items():
            said = _fault(rows, column, tree, name)
            if said:
                mend = "correct the expression, or have its columns read as what they hold"
                what = f"column {column!r} cannot be computed: {said}"
                raise BadInput(what, f"table {name!r}, key 'columns'", mend) from error
        raise


def _fault(rows: ir.Table, column: str, tree: exp.Expr, name: str) -> str:
    """What the engine says against one column; "" where it takes it."""
    try:
        with failures(f"column {column!r}"):
            selected(rows, {column: tree}, own(f"joined_{name}"))
    except EngineError as error:
        return (str(error).partition("the engine failed: ")[2] or str(error)).splitlines()[0]
    return ""


def over_joined(
    name: str, raw: Mapping[str, Keyed], trees: Sequence[exp.Expr], time: Leaf | None
) -> tuple[ir.Table, list[exp.Expr]]:
    """The joined rows, and expressions in leaves as expressions over them."""
    found = leaves(trees)
    rows = joined(raw[name], found, raw, time)
    return rows, [_told(tree, found, False, rows) for tree in trees]


def _told(tree: exp.Expr, found: list[Leaf], shown: bool, rows: ir.Table) -> exp.Expr:
    """The expression over the joined rows; of a dimension in words, no partner is a value of its
    own."""
    called = aliases(found)
    value = tree.transform(
        lambda part: (
            exp.column(called[leaf_of(part)], quoted=True) if isinstance(part, exp.Column) else part
        )
    )
    if not shown or not isinstance(tree, exp.Column):
        return value
    leaf = leaf_of(tree)
    if not leaf.hops or not rows.schema()[called[leaf]].is_string():
        return value
    present = exp.column(partner(leaf.hops, ways(found)), quoted=True)
    lacking = exp.Is(this=present, expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=lacking, true=exp.Literal.string(NONE))], default=value)
