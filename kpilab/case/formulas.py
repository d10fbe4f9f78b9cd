"""A metric of metrics: `gross_sales - returned`, over one table or several, measured like any
other.

The rows of several tables are put below each other, with the dimensions that all of them share;
each metric's own
expression reads the rows of its table alone. So a formula can be cut by day and segment, and needs
no arithmetic of
its own anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis
from sqlglot import exp

from kpilab.core.case import Metric
from kpilab.core.formula import Expression, Name, Number, parse_formula
from kpilab.core.table import Stacked, Table
from kpilab.engine.column import column
from kpilab.engine.expression import columns, parse_measure, parse_predicate, restricted, sql
from kpilab.engine.linked import renamed
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_PRODUCT = "a product or quotient of metrics does not add up over days and segments"
MEND = "add, subtract or scale sums, or divide one such sum by another; give products under `tree:`"


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a metric, and how often it counts."""

    metric: str
    part: str
    factor: float


@dataclass(frozen=True, slots=True)
class Combined:
    """A sum of terms, or such a sum over another."""

    above: tuple[Term, ...]
    below: tuple[Term, ...] = ()
    constant: float | None = None  # of a number alone


def combined(
    text: str, metrics: Mapping[str, Metric], formulas: Mapping[str, str], where: str
) -> Combined:
    """What a formula comes to in metrics that tables measure.

    Args:
        formulas: of metrics that are formulas themselves.

    Raises:
        BadInput: no formula, a name without a metric, a circle, or what does not add up.
    """
    return _Reading(metrics, formulas, where).read(text, ())


@dataclass(frozen=True, slots=True)
class _Reading:
    metrics: Mapping[str, Metric]
    formulas: Mapping[str, str]
    where: str

    def read(self, text: str, above: tuple[str, ...]) -> Combined:
        return self._value(parse_formula(text, self.where), above)

    def _value(self, node: Expression, above: tuple[str, ...]) -> Combined:
        if isinstance(node, Number):
            return Combined((), constant=node.value)
        if isinstance(node, Name):
            return self._named(node.name, above)
        left, right = self._value(node.left, above), self._value(node.right, above)
        return {"+": _sum, "-": _difference, "*": _product, "/": _quotient}[node.sign](
            left, right, self.where
        )

    def _named(self, name: str, above: tuple[str, ...]) -> Combined:
        if name in above:
            raise BadInput(
                f"formula of {name!r} leads back to itself", self.where, "break the circle"
            )
        if name in self.formulas:
            return self.read(self.formulas[name], (*above, name))
        if name not in self.metrics:
            raise unknown("metric", name, [*self.metrics, *self.formulas], self.where)
        if self.metrics[name].is_ratio:
            return Combined((Term(name, "numerator", 1.0),), (Term(name, "denominator", 1.0),))
        return Combined((Term(name, "measure", 1.0),))


def _scaled(value: Combined, factor: float) -> Combined:
    return replace(value, above=tuple(replace(t, factor=t.factor * factor) for t in value.above))


def _sum(left: Combined, right: Combined, where: str) -> Combined:
    if left.constant is not None and right.constant is not None:
        return Combined((), constant=left.constant + right.constant)
    if left.constant == 0.0:
        return right
    if left.below or right.below or left.constant is not None or right.constant is not None:
        raise BadInput(
            "a number or a ratio is added to a metric, which does not add up", where, MEND
        )
    return Combined(left.above + right.above)


def _difference(left: Combined, right: Combined, where: str) -> Combined:
    if right.constant is not None:
        return _sum(left, replace(right, constant=-right.constant), where)
    return _sum(left, _scaled(right, -1.0), where)


def _product(left: Combined, right: Combined, where: str) -> Combined:
    if left.constant is not None and right.constant is not None:
        return Combined((), constant=left.constant * right.constant)
    if left.constant is not None:
        return _scaled(right, left.constant)
    if right.constant is not None:
        return _scaled(left, right.constant)
    raise BadInput(NO_PRODUCT, where, MEND)


def _quotient(left: Combined, right: Combined, where: str) -> Combined:
    if right.constant is not None:
        if right.constant == 0:
            raise BadInput("the formula divides by zero", where, "mend the formula")
        return _product(left, Combined((), constant=1.0 / right.constant), where)
    if left.constant is not None or left.below or right.below:
        raise BadInput(NO_PRODUCT, where, MEND)
    return Combined(left.above, right.above)


def measured(
    name: str,
    value: Combined,
    metrics: Mapping[str, Metric],
    tables: Mapping[str, Table],
    where: str,
    kept: Sequence[str] = (),
) -> tuple[Metric, Table]:
    """A metric and the table it is measured on.

    Args:
        kept: further columns that stay if all its tables have them (whose a row is).

    Raises:
        BadInput: metrics of different grain, or nothing but numbers.
    """
    terms = (*value.above, *value.below)
    if not terms:
        raise BadInput("the formula names no metric", where, "write arithmetic over metric names")
    parts = [metrics[t.metric] for t in terms]
    if len({(m.per, m.cumulative) for m in parts}) > 1:
        what = "the formula joins metrics of different grain (`per`, `cumulative`)"
        raise BadInput(what, where, "give all of them the same grain")
    names = list(dict.fromkeys(m.table for m in parts))
    several = len(names) > 1
    above, below = (
        _added(
            [
                (t, _text(metrics[t.metric], t.part, metrics[t.metric].table if several else None))
                for t in side
            ]
        )
        for side in (value.above, value.below)
    )
    table = (
        _below_each_other(
            f"{name} of {' and '.join(names)}", [tables[n] for n in names], parts, kept
        )
        if several
        else tables[names[0]]
    )
    plain = Metric(name, table.name, per=parts[0].per, cumulative=parts[0].cumulative)
    if value.below:
        return replace(plain, numerator=above, denominator=below), table
    return replace(plain, measure=above), table


def _text(metric: Metric, part: str, source: str | None) -> exp.Expr:
    """A part of a metric as an expression; over the rows of its table alone where there are those
    of others."""
    tree = parse_measure(str(getattr(metric, part)), metric.name)
    condition = parse_predicate(metric.condition, metric.name) if metric.condition else None
    if source is None:
        return restricted(tree, condition)
    called = {c: _called(source, c) for c in columns(tree)}
    tree = renamed(tree, called)
    if condition is not None:
        condition = renamed(condition, {c: _called(source, c) for c in columns(condition)})
    of = exp.EQ(this=exp.column(_mark(), quoted=True), expression=exp.Literal.string(source))
    return restricted(tree, of if condition is None else exp.and_(of, exp.paren(condition)))


def _added(terms: Sequence[tuple[Term, exp.Expr]]) -> str | None:
    """The sum; of what has no rows nothing is added."""
    if len(terms) == 1 and terms[0][0].factor == 1.0:
        return sql(terms[0][1])
    texts = [f"{t.factor:.17g} * coalesce({sql(tree)}, 0)" for t, tree in terms]
    return " + ".join(texts) if texts else None


def _mark() -> str:
    """The column that says which table a row is of."""
    return ": table"


def _called(table: str, name: str) -> str:
    return f"{table}: {name}"


def stacked_from(column: str) -> str:
    """What a column of stacked rows is called in the table it comes from."""
    return column.rpartition(": ")[2]


def _below_each_other(
    name: str, tables: Sequence[Table], metrics: Sequence[Metric], kept: Sequence[str]
) -> Stacked:
    """The rows of the tables, each with the columns its metrics read, and the dimensions all
    share."""
    shared = [d for d in tables[0].dimensions_named if all(d in t.dimensions_named for t in tables)]
    read: dict[str, tuple[str, str, Any]] = {}
    for table in tables:
        used = dict.fromkeys(c for m in metrics if m.table == table.name for c in _read(m, table))
        read |= {_called(table.name, c): (table.name, c, table.table.schema()[c]) for c in used}
    time, parts = ": time", []
    for table in tables:
        rows = table.table
        here = {
            c: (rows[of[1]] if of[0] == table.name else ibis.null(of[2])) for c, of in read.items()
        }
        alike = [c for c in kept if all(c in t.table.columns for t in tables)]
        named = {d: _dimension(tables, rows, d) for d in (*shared, *alike)}
        moment = column(rows, table.roles()["time"]).cast("timestamp")
        parts.append(
            rows.select(**{time: moment, _mark(): ibis.literal(table.name)}, **named, **here)
        )
    return Stacked(
        ibis.union(*parts),
        time=time,
        dimensions=tuple(shared),
        name=name,
        timezone=tables[0].timezone,
    )


def _dimension(tables: Sequence[Table], rows: ir.Table, name: str) -> Any:
    """A dimension's column; as text where the tables differ in its type."""
    kinds = {str(t.table.schema()[name]) for t in tables}
    return rows[name] if len(kinds) == 1 else column(rows, name).cast("string")


def _read(metric: Metric, table: Table) -> list[str]:
    """Columns of the table that a metric reads, as the table spells them."""
    texts = [t for t in (metric.measure, metric.numerator, metric.denominator) if t]
    named = [c for t in texts for c in columns(parse_measure(t, metric.name))]
    if metric.condition:
        named += columns(parse_predicate(metric.condition, metric.name))
    folded = {c.lower(): c for c in table.table.columns}
    return [folded.get(c.lower(), c) for c in named]
