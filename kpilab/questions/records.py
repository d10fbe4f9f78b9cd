"""Records of work as questions: whose table, which actions,
and the KPI that is measured on them."""

from __future__ import annotations

from kpilab.core.case import Case, Metric
from kpilab.core.table import Executions
from kpilab.engine.expression import compared, parse_measure, parse_predicate
from kpilab.engine.run import collect


def actions(table: Executions) -> tuple[str, ...]:
    """What was claimed in a table of records, in alphabetical order."""
    rows = table.table.select(action=table.table[table.action]).distinct()
    return tuple(sorted(str(a) for a in collect(rows, "actions")["action"].dropna()))


def kpi_of(case: Case, action: str) -> str:
    """The KPI metric measured on the records of an action;
    the action's own name if there is none."""
    records = case.of_kind(Executions)
    measured = [m for m in case.metrics.values() if m.table in records]
    named = [m.name for m in measured if m.name == action or action in _chosen(m, records[m.table])]
    kpis = {k.metric for k in case.kpis}
    return next(iter([*named, *(m.name for m in measured if m.name in kpis), action]))


def _chosen(metric: Metric, table: Executions) -> set[str]:
    """Actions that a metric's expressions name."""
    parsed = [
        parse_measure(text, metric.name) for text in (metric.measure, metric.numerator) if text
    ]
    parsed += [parse_predicate(metric.condition, metric.name)] if metric.condition else []
    pairs = [pair for tree in parsed for pair in compared(tree)]
    return {value for column, value in pairs if column.lower() == table.action.lower()}
