"""What the customers of two periods did to an amount: who is there in one of them only, who bought
more, who less. The parts sum to the change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlglot import exp

from kpilab.core.case import Metric
from kpilab.core.table import Table
from kpilab.core.values import Period
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.expression import parse_measure, parse_predicate, restricted, spelled_out, sql
from kpilab.engine.run import collect_text
from kpilab.errors import BadInput


@dataclass(frozen=True, slots=True)
class Moved:
    """Customers with one movement, and the amount they had before and have now."""

    customers: int = 0
    before: float = 0.0
    now: float = 0.0

    @property
    def change(self) -> float:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Movements:
    """Customers by what they did between two periods.

    Attributes:
        came: without an amount in the baseline. gone: without one in the current period.
        more, less: with one in both. same: unchanged. nobody: rows of no customer.
    """

    came: Moved = field(default_factory=Moved)
    gone: Moved = field(default_factory=Moved)
    more: Moved = field(default_factory=Moved)
    less: Moved = field(default_factory=Moved)
    same: Moved = field(default_factory=Moved)
    nobody: Moved = field(default_factory=Moved)


def movements(
    table: Table, metric: Metric, customer: str, baseline: Period, current: Period
) -> Movements:
    """An amount by what its customers did; one query.

    Args:
        metric: a sum or count of rows of the table. customer: the column that says whose a row is.

    Raises:
        BadInput: a metric that does not add up over customers.
    """
    if metric.measure is None or metric.per or metric.cumulative:
        what = f"{metric.name!r} is no amount that adds up over customers"
        raise BadInput(what, f"metric {metric.name!r}", "choose a sum, without `per`")
    dialect = dialect_of(engine_name(table.table))
    before, now = (sql(_within(table, metric, p), dialect) for p in (baseline, current))
    whose = sql(exp.column(customer, quoted=True), dialect)
    moved = (
        f"CASE WHEN {whose} IS NULL THEN 'nobody' WHEN COALESCE({before}, 0) = 0 THEN 'came' "
        f"WHEN COALESCE({now}, 0) = 0 THEN 'gone' WHEN {now} > {before} THEN 'more' "
        f"WHEN {now} < {before} THEN 'less' ELSE 'same' END"
    )
    each = (
        f"SELECT {moved} AS moved, COALESCE({before}, 0) AS before_, COALESCE({now}, 0) AS now_ "
        f"FROM rows_read GROUP BY {whose}"
    )
    text = (
        f"SELECT moved, COUNT(*) AS n, SUM(before_) AS a, SUM(now_) AS b FROM ({each}) AS each_one "
        "WHERE before_ <> 0 OR now_ <> 0 GROUP BY moved"
    )
    found = collect_text(table.table, text, f"customers of {metric.name!r}")
    parts = zip(*(found[c].tolist() for c in ("moved", "n", "a", "b")), strict=True)
    return Movements(**{moved: Moved(int(n), float(a), float(b)) for moved, n, a, b in parts})


def _within(table: Table, metric: Metric, period: Period) -> exp.Expr:
    """The metric over the rows of a period."""
    time, after = table.roles()["time"], period.last + timedelta(days=1)
    column = exp.column(time, quoted=True).sql("duckdb")
    days = f"{column} >= CAST('{period.first}' AS TIMESTAMP)"
    days += f" AND {column} < CAST('{after}' AS TIMESTAMP)"
    measure = parse_measure(str(metric.measure), metric.name)
    if metric.condition:
        measure = restricted(measure, parse_predicate(metric.condition, metric.name))
    measure = restricted(measure, parse_predicate(days, metric.name))
    return spelled_out(measure, table.table.columns)
