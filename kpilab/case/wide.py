"""Each table of a case with everything that is asked of it: joined once, kept on the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from kpilab.case.links import leaf_of, leaves
from kpilab.engine.column import own
from kpilab.engine.joins import Keyed, Leaf, aliases, joined, kept, partner, ways
from kpilab.engine.linked import selected

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.case.asked import Asked

NONE = "(none)"


def wide(name: str, raw: Mapping[str, Keyed], asked: Asked, time: Leaf | None) -> ir.Table:
    """A table with what is asked of it; joined once, and then kept on the engine.

    Raises:
        BadInput: a link and its key that cannot be compared.
    """
    table = raw[name].table
    if not asked.columns:
        return table
    found = leaves(asked.columns.values())
    rows = joined(raw[name], found, raw, time)
    told = {c: _told(tree, found, c in asked.shown, rows) for c, tree in asked.columns.items()}
    own_columns = {c: exp.column(c, quoted=True) for c in table.columns}
    beside = selected(rows, {**own_columns, **told}, own(f"joined_{name}"))
    return kept(beside, name) if any(leaf.hops for leaf in found) else beside


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
