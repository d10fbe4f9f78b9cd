"""An amount by customer: whose a row is, on which day, and what it adds up to, on the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from sqlglot import exp

from kpilab.core.case import Metric
from kpilab.core.values import Message
from kpilab.engine.column import own
from kpilab.engine.days import day_of
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.door.labels import label
from kpilab.engine.expression import (
    AGGREGATES,
    parse_measure,
    parse_predicate,
    restricted,
    spelled_out,
    sql,
)
from kpilab.engine.run import as_sum, collect, collect_one
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Table
    from kpilab.core.values import Period

WHO, DAY, SINGLE, TOGETHER = own("who"), own("day"), own("single"), own("together")


@dataclass(frozen=True, slots=True, eq=False)
class Amounts:
    """Rows with their customer, day and segment, and the metric that is summed over them.

    Attributes:
        rows: the table with the columns `WHO` (missing: nobody's), `DAY`, and one per dimension.
        metric: a sum or count of rows.
        by: dimension -> its column of `rows`, as text.
        blank: rows left out because the column that is summed is missing; None of a metric.
        adds, days: what `only_adds` and `span` say, where it is known already.
    """

    rows: ir.Table
    metric: Metric
    by: Mapping[str, str]
    blank: ir.Table | None = None
    adds: bool | None = None
    days: tuple[date, date] | None = None

    def of(
        self, keys: Sequence[str], parts: Mapping[str, Period | None], *also: exp.Expr
    ) -> ir.Table:
        """Expression: one row per combination of `keys` with the amount of each period.

        Args:
            keys: columns of `rows`. parts: name of a column -> its period; None for all days.
            also: further aggregates, each with its alias.
        """
        columns = [exp.column(key, quoted=True) for key in keys]
        sums = [
            exp.alias_(self._within(period), name, quoted=True) for name, period in parts.items()
        ]
        return self._asked(exp.select(*columns, *sums, *also).from_("rows_read").group_by(*columns))

    def only_adds(self) -> bool:
        """Whether no row takes away: then any rows have an amount together if one of them has."""
        if self.adds is not None:
            return self.adds
        rows: Any = self._single([DAY], SINGLE)
        if rows is None:
            return False
        least = collect_one(rows.agg(least=rows[SINGLE].min()), "customers")["least"]
        return as_sum(least) >= 0

    def pieces(self, keys: Sequence[str], name: str) -> tuple[ir.Table, bool]:
        """Expression: `keys` and an amount that is not zero; those of a combination of keys add up
        to its amount. And whether they are single rows, all above zero.

        To sum millions of rows is in vain where none takes away.
        """
        if self.only_adds():
            rows: Any = self._single(keys, name)
            return rows.filter(rows[name] > 0), True
        summed: Any = self.of(keys, {name: None})
        return summed.filter(summed[name] != 0), False

    def _single(self, keys: Sequence[str], name: str) -> ir.Table | None:
        """The amount of each row; None of a metric that is more than one sum."""
        measure, met = self._measure(), None
        if isinstance(measure, exp.Filter):
            measure, met = measure.this, measure.expression.this
        if not isinstance(measure, exp.Sum):
            return None
        columns = [exp.column(key, quoted=True) for key in keys]
        query = exp.select(*columns, exp.alias_(measure.this, name, quoted=True)).from_("rows_read")
        query = query if met is None else query.where(met)
        rows = self._asked(query)
        kind = rows[name].type()
        return rows if kind.is_numeric() and not kind.is_boolean() else None

    def _asked(self, query: exp.Select) -> ir.Table:
        """A query on `rows_read` as an expression."""
        return self.rows.alias("rows_read").sql(sql(query, dialect_of(engine_name(self.rows))))

    def _measure(self) -> exp.Expr:
        measure = parse_measure(str(self.metric.measure), self.metric.name)
        measure = spelled_out(measure, self.rows.columns)
        if not self.metric.condition:
            return measure
        condition = parse_predicate(self.metric.condition, self.metric.name)
        return restricted(measure, spelled_out(condition, self.rows.columns))

    def _within(self, period: Period | None) -> exp.Expr:
        measure = self._measure()
        if period is not None:
            measure = restricted(measure, parse_predicate(_days(period), self.metric.name))
        return exp.Coalesce(this=measure, expressions=[exp.Literal.number(0)])

    def of_days(self) -> pd.Series:
        """The amount of each day that has rows, in order."""
        found = collect(self.of([DAY], {TOGETHER: None}), "customers")
        days = pd.DatetimeIndex(pd.to_datetime(found[DAY]))
        return pd.Series(found[TOGETHER].to_numpy(float), days).sort_index()

    def by_day(self) -> Amounts:
        """The same amounts, one row per customer, day and segment, put aside: several questions
        about them are asked of fewer rows, in shorter statements.

        Raises:
            BadInput: no row has a day.
        """
        rows: Any = self.of([WHO, DAY, *self.by.values()], {TOGETHER: None}).cache()
        asked = rows.agg(first=rows[DAY].min(), last=rows[DAY].max(), least=rows[TOGETHER].min())
        found = collect_one(asked, "customers")
        added = sql(exp.Sum(this=exp.column(TOGETHER, quoted=True)))
        metric = replace(self.metric, measure=added, condition=None)
        return replace(self, rows=rows, metric=metric, adds=as_sum(found["least"]) >= 0,
                       days=_days_of(found))  # fmt: skip

    def until(self, last: date) -> Amounts:
        """The rows up to a day."""
        rows = self.rows.filter(self.rows[DAY] <= ibis.literal(last))
        return replace(self, rows=rows, days=None)

    def left_out(self, last: date) -> tuple[Message, ...]:
        """A note that counts the rows left out up to a day."""
        if self.blank is None:
            return ()
        rows = self.blank.filter(self.blank[DAY] <= ibis.literal(last))
        found = int(collect_one(rows.agg(n=rows.count()), "customers")["n"])
        return (Message("door.left_out", {"rows": found}),) if found else ()

    @property
    def span(self) -> tuple[date, date]:
        """First and last day with a row.

        Raises:
            BadInput: there is none.
        """
        if self.days is not None:
            return self.days
        asked = self.rows.agg(first=self.rows[DAY].min(), last=self.rows[DAY].max())
        return _days_of(collect_one(asked, "customers"))


def amounts(
    table: Table, metric: Metric | str, customer: str | None, by: Sequence[str] = ()
) -> Amounts:
    """An amount as its customers made it.

    Args:
        table: rows with a time. metric: a sum or count of rows, or the column that is summed.
        customer: column that says whose a row is; None where nothing does. by: columns of segments.

    Raises:
        BadInput: a column that is not there, or a metric that does not add up over customers.
    """
    named = [*([customer] if customer else []), *by, *([metric] if isinstance(metric, str) else [])]
    for column in named:
        if column not in table.table.columns:
            raise unknown("column", column, table.table.columns, f"table {table.name!r}")
    column = metric if isinstance(metric, str) else None
    if isinstance(metric, str):
        summed = exp.Sum(this=exp.column(metric, quoted=True))
        metric = Metric(metric, table.name, measure=sql(summed))
    _check(metric)
    rows = table.table
    columns = {d: own(f"by{k}") for k, d in enumerate(by)}
    who = rows[customer] if customer else ibis.null("string")
    rows = rows.mutate(
        **{WHO: who, DAY: day_of(rows, table.roles()["time"])},
        **{c: label(rows[d]) for d, c in columns.items()},
    )
    rows = rows.filter(rows[DAY].notnull())
    if column is None:
        return Amounts(rows, metric, columns)
    known = rows[column].notnull()
    return Amounts(rows.filter(known), metric, columns, rows.filter(~known))


def _check(metric: Metric) -> None:
    """Only sums and counts of rows, added or taken from each other, are the sum over customers."""
    tree = None if metric.measure is None else parse_measure(metric.measure, metric.name)
    adds_up = tree is not None and not (metric.per or metric.cumulative or _bent(tree))
    if not adds_up:
        what = f"{metric.name!r} is no amount that adds up over customers"
        raise BadInput(what, f"metric {metric.name!r}", "choose a sum, without `per`")


def _bent(tree: exp.Expr) -> bool:
    """Whether the sum over customers is another number."""
    sums = (exp.Sum, exp.Count, exp.CountIf)
    for node in tree.find_all(*AGGREGATES):
        if type(node) not in sums or node.find(exp.Distinct):
            return True
        while (above := node.parent) is not None:
            if not _straight(above, node):
                return True
            node = above
    return False


def _straight(above: exp.Expr, below: exp.Expr) -> bool:
    """Whether an expression of a sum is the sum of the expression."""
    if isinstance(above, (exp.Add, exp.Sub, exp.Paren, exp.Neg, exp.Filter)):
        return True
    if isinstance(above, exp.Coalesce):
        return below is above.this and [e.sql() for e in above.expressions] == ["0"]
    if isinstance(above, exp.Div):
        return below is above.this and above.expression.find(exp.Column) is None
    if isinstance(above, exp.Mul):
        other = above.expression if below is above.this else above.this
        return other.find(exp.Column) is None
    return False


def _days(period: Period) -> str:
    after = period.last + timedelta(days=1)
    day = exp.column(DAY, quoted=True).sql("duckdb")
    return f"{day} >= CAST('{period.first}' AS DATE) AND {day} < CAST('{after}' AS DATE)"


def _days_of(found: Mapping[str, Any]) -> tuple[date, date]:
    """First and last day of an aggregate."""
    if pd.isna(found["first"]):
        raise BadInput("no row has a day", "customers", "give a table with rows and days")
    return _date(found["first"]), _date(found["last"])


def _date(value: object) -> date:
    # A day comes back as a date or a timestamp, as the engine likes.
    return pd.Timestamp(str(value)).date()
