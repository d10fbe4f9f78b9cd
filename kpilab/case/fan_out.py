"""Sums of a linked column over rows that hold its key more than once: an order's total, once per
line of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ibis import _
from sqlglot import exp

from kpilab.case.links import Names, leaves
from kpilab.case.wide import over_joined
from kpilab.engine.column import own
from kpilab.engine.expression import parse_measure, parse_predicate
from kpilab.engine.joins import Hop, Keyed, Leaf
from kpilab.engine.linked import dotted, selected
from kpilab.engine.run import collect_one
from kpilab.errors import Problem

if TYPE_CHECKING:
    from kpilab.case.document import Document
    from kpilab.case.spec import CaseSpec, MetricSpec


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """The tables of a case, what names mean in them, and their rows."""

    spec: CaseSpec
    names: Names
    raw: Mapping[str, Keyed]


def fanned_out(relations: Relations, document: Document) -> Iterator[Problem]:
    """One problem for each such sum; the table that holds each value once is named."""
    for name, metric in relations.spec.metrics.items():
        for key in ("measure", "numerator", "denominator"):
            text = getattr(metric, key)
            if metric.table in relations.raw and text:
                where = document.at("metrics", name, key)
                yield from _fanned_out(text, metric, relations, where)


def _fanned_out(
    text: str, metric: MetricSpec, relations: Relations, where: str
) -> Iterator[Problem]:
    table = str(metric.table)
    for node in parse_measure(text, where, linked=True).find_all(exp.Sum):
        hops = _linked_alone(node, relations.names, table, where)
        if not hops or relations.raw[hops[-1].table].since is not None:
            continue
        rows, keys = _counts(node, hops, metric, relations, where)
        if rows > keys:
            called = hops[-1].table
            what = f"{node.sql()} adds up values of table {called!r} over {rows:,} rows of "
            what += f"{table!r} that hold {keys:,} of its keys: some count several times"
            mend = f"measure it on table {called!r}, where each stands once"
            yield Problem(what, where, mend)


def _linked_alone(node: exp.Sum, names: Names, table: str, where: str) -> tuple[Hop, ...]:
    """The way to the nearest table whose columns are added up; none if own columns are in it."""
    added = [c for c in node.find_all(exp.Column) if not _decides(c, node)]
    found = leaves(names.meant(table, dotted(c), where) for c in added)
    if not found or not all(leaf.hops for leaf in found):
        return ()
    return min((leaf.hops for leaf in found), key=len)


def _decides(column: exp.Column, within: exp.Expr) -> bool:
    """Whether a column says which rows are added up, and is not itself added up."""
    node: exp.Expr = column
    while node is not within and (above := node.parent) is not None:
        if isinstance(node, exp.Predicate) or (isinstance(above, exp.If) and above.this is node):
            return True
        node = above
    return False


def _counts(
    node: exp.Sum, hops: tuple[Hop, ...], metric: MetricSpec, relations: Relations, where: str
) -> tuple[int, int]:
    """Rows that are added up, and the keys they hold."""
    table, names = str(metric.table), relations.names
    conditions: list[exp.Expr] = [
        exp.not_(exp.Is(this=exp.paren(node.this.copy()), expression=exp.Null()))
    ]
    if isinstance(node.parent, exp.Filter):
        conditions.append(exp.paren(node.parent.expression.this.copy()))
    if metric.where:
        conditions.append(exp.paren(parse_predicate(metric.where, where, linked=True)))
    met = names.written(table, exp.and_(*conditions), where)
    key = exp.column("key", quoted=True)
    key.meta["leaf"] = Leaf(hops[:-1], hops[-1].link)
    time = names.time(table, relations.spec.tables[table])
    rows, (met, key) = over_joined(table, relations.raw, [met, key], time)
    query = {"met": met, "key": key}
    asked = selected(rows, query, own(f"summed_{table}"))
    asked = asked.filter(_.met)
    found = collect_one(asked.agg(n=asked.key.count(), k=asked.key.nunique()), "links")
    return int(found["n"]), int(found["k"])
