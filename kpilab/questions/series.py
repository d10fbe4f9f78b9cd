"""Metrics as tables and daily series: each on the table, and over the days, that the case says."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

import pandas as pd

from kpilab.core.case import Case, Metric, whole
from kpilab.core.values import EVERYWHERE, Message, Where
from kpilab.engine.daily import Measured, side_by_side, those_measured
from kpilab.engine.expression import parse_measure, summed_columns
from kpilab.engine.metrics import Cut, measure
from kpilab.errors import unknown
from kpilab.questions.periods import span


def declared(case: Case, name: str) -> Metric:
    """The metric of that name.

    Raises:
        BadInput: the case has none.
    """
    if name not in case.metrics:
        raise unknown("metric", name, case.metrics, "argument 'metric'")
    return case.metrics[name]


def measured(case: Case, name: str) -> Measured:
    """A metric with the table it is measured on."""
    metric = declared(case, name)
    return Measured(case.tables[metric.table], metric)


def by_day(case: Case, names: Sequence[str], *, where: Where = EVERYWHERE) -> pd.DataFrame:
    """Metrics day by day, a column each, indexed by day;
    a weekly or monthly metric is measured by the day here."""
    return side_by_side(case.tables, [declared(case, n) for n in names], span(case), where)


def those_by_day(case: Case, names: Sequence[str]) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """`by_day` of those metrics that can be measured, and a note for each that cannot."""
    asked = [declared(case, n) for n in dict.fromkeys(names)]
    frames, notes = those_measured(asked, lambda here: side_by_side(case.tables, here, span(case)))
    return pd.concat(frames, axis=1).sort_index(), notes


def days_of(case: Case, name: str, *, where: Where = EVERYWHERE) -> pd.DataFrame:
    """One metric's parts day by day: columns `bucket`, `<name>:num` and `<name>:den`."""
    found = measured(case, name)
    return measure(found.table, [found.metric], {"all": span(case)}, Cut("day", (), where))


def watched(case: Case) -> tuple[str, ...]:
    """What somebody looks at, the goal left out: KPIs first, then the rest of the dashboard."""
    names = dict.fromkeys((*(k.metric for k in case.kpis), *case.dashboard))
    return tuple(n for n in names if n in case.metrics and n != case.goal.metric)


def changes(case: Case) -> tuple[tuple[date, str], ...]:
    """The change log as pairs of day and text."""
    return tuple((c.date, c.text) for c in case.changes)


def asked_of(case: Case) -> tuple[tuple[str, str, str | None, float | None], ...]:
    """Metric, role, owner and target of the goal, the KPIs, and what else `targets` names,
    in this order."""
    more = {name: whole(target) for name, target in case.targets.items()}
    found = [(case.goal.metric, "goal", None, case.goal.target)]
    found += [
        (k.metric, "kpi", k.owner, more.get(k.metric) if k.target is None else k.target)
        for k in case.kpis
    ]
    named = {name for name, *_ in found}
    return (
        *found,
        *((name, "target", None, target) for name, target in more.items() if name not in named),
    )


def without(case: Case, names: Collection[str]) -> Case:
    """The case with nothing asked about metrics that cannot be measured,
    so that they take no other one with them."""
    if not names:
        return case
    return replace(
        case,
        kpis=tuple(k for k in case.kpis if k.metric not in names),
        dashboard=tuple(n for n in case.dashboard if n not in names),
        targets={n: t for n, t in case.targets.items() if n not in names},
        reconcile=tuple(pair for pair in case.reconcile if not set(pair) & set(names)),
    )


def units(case: Case) -> dict[str, str]:
    """What each metric is counted in: its own `unit`,
    or the case's currency where it sums an amount."""
    found = {}
    for name, metric in case.metrics.items():
        unit = metric.unit or (case.currency if case.currency and _is_amount(case, metric) else "")
        found |= {name: unit} if unit else {}
    return found


def is_share(case: Case, name: str, *values: float) -> bool:
    """Whether a metric is a part of a whole, written in per cent: a rate without a unit or a
    currency whose values lie between 0 and 1."""
    metric = case.metrics[name]
    plain = metric.is_ratio and not metric.unit and not _is_amount(case, metric)
    known = [v for v in values if v == v]
    return plain and bool(known) and all(0 <= v <= 1 for v in known)


def _is_amount(case: Case, metric: Metric) -> bool:
    """Whether a metric sums a column of decimal numbers (counts are whole ones),
    and is no share of another such."""
    kinds = {c.lower(): kind for c, kind in case.tables[metric.table].table.schema().items()}

    def amount(text: str | None) -> bool:
        summed = summed_columns(parse_measure(text, metric.name)) if text else ()
        return any(c.lower() in kinds and not kinds[c.lower()].is_integer() for c in summed)

    return amount(metric.measure) or (amount(metric.numerator) and not amount(metric.denominator))
