"""SMART: is every KPI specific, measurable, achievable, relevant and time-bound?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.case import Kpi, Metric
from kpilab.core.result import Result
from kpilab.core.values import Message, Period
from kpilab.engine.door.values import share
from kpilab.engine.lineage import sources
from kpilab.engine.metrics import BUCKET, Cut, full_buckets, measure
from kpilab.errors import BadInput
from kpilab.stats.forecast import LEAST, forecast

if TYPE_CHECKING:
    from kpilab.core.table import Table
    from kpilab.core.tree import MetricTree
    from kpilab.engine.door.frames import Values

CRITERIA = ("specific", "measurable", "achievable", "ambitious", "relevant", "time_bound")
LEAST_CHANCE, MOST_CHANCE = 0.1, 0.9
HISTORY = 180  # days looked back
SEASON = {"day": 7, "week": None, "month": None}


@dataclass(frozen=True, slots=True, eq=False)
class SmartResult(Result):
    """Answer of `smart`.

    Attributes:
        table: one row per KPI; columns `kpi`, `owner`, `parent` (what it serves), `at` (company,
            region, store, person; None when not said), `target`, `since`, `chance` (to reach the
            target, 0-1; NaN when not known), and for `specific`, `measurable`, `achievable`,
            `ambitious` (not reached anyway), `relevant`, `time_bound` True, False, or None (cannot
            tell), `missing` (tuple of what to mend: criteria that are False).
    """

    kind: ClassVar[str] = "smart"

    @property
    def headline(self) -> Message:
        failing = tuple(self.table.loc[self.table["missing"].map(len) > 0, "kpi"])
        values = {"kpis": len(self.table), "failing": failing}
        return Message("smart.failing" if failing else "smart.good", values)


def smart(
    kpis: Sequence[Kpi],
    *,
    metrics: Mapping[str, Metric],
    tables: Mapping[str, Table],
    tree: MetricTree | None = None,
    current: Period | None = None,
    chances: Values | None = None,
    related: Mapping[str, bool | None] | None = None,
    past: Mapping[str, pd.DataFrame] | None = None,
) -> SmartResult:
    """Check every KPI against the five criteria, and whether its target asks for anything.

    Specific: it has a definition and an owner. Measurable: its columns exist in its table.
    Achievable: the chance to reach the target is 10 % or more; ambitious: it is 90 % or less, what
    is reached anyway is no target. The chance comes from a forecast of the current period from the
    days before it, calibrated on the series' own past. Relevant: it, or a parent of it, stands in
    the goal's formula, or figures show a relation. Time-bound: it has a target and a day since
    when.

    Args:
        kpis: what teams are measured on. metrics, tables: of the case. tree: the goal's formula.
        current: the period the targets are for; None leaves open whether they are achievable.
        chances: KPI -> chance to reach its target (0-1), where known better than from history.
        related: KPI -> whether it moves with the goal; None: unclear.
        past: KPI -> what `measure` gives at its grain for the days `before` the current period,
            where that is known; the others are measured.

    Raises:
        BadInput: no KPIs, or a chance outside 0-1.
    """
    if not kpis:
        raise BadInput("no KPIs", "smart(kpis=)", "name at least one under `kpis` in case.yml")
    given = share(pd.Series(chances or {}, dtype=object), "smart(chances=)").dropna().to_dict()
    parents = {k.metric: k.parent for k in kpis}
    rows = []
    for kpi in kpis:
        metric = metrics.get(kpi.metric)
        chance: float | None = given.get(kpi.metric)
        if chance is None and current is not None and metric is not None and metric.table in tables:
            known = (past or {}).get(kpi.metric)
            chance = _chance(metric, tables[metric.table], kpi.target, current, known)
        row: dict[str, object] = {
            "kpi": kpi.metric,
            "owner": kpi.owner or (metric.owner if metric else None),
        }
        row |= {"parent": kpi.parent, "at": kpi.level, "target": kpi.target, "since": kpi.since}
        row["chance"] = float("nan") if chance is None else chance
        row["specific"] = metric is not None and row["owner"] is not None
        row["measurable"] = metric is not None and _measurable(metric, tables)
        row["achievable"] = None if chance is None else chance >= LEAST_CHANCE
        row["ambitious"] = None if chance is None else chance <= MOST_CHANCE
        row["relevant"] = _relevant(kpi.metric, parents, tree, (related or {}).get(kpi.metric))
        row["time_bound"] = kpi.target is not None and kpi.since is not None
        row["missing"] = tuple(c for c in CRITERIA if row[c] is False)
        rows.append(row)
    return SmartResult(pd.DataFrame(rows).astype(dict.fromkeys(CRITERIA, object)))


def before(current: Period) -> Period:
    """The days that tell what to expect of the current period."""
    return Period(current.first - timedelta(days=HISTORY), current.first - timedelta(days=1))


def _chance(
    metric: Metric, table: Table, target: float | None, current: Period, rows: pd.DataFrame | None
) -> float | None:
    """Chance to reach the target of the current period, as far as the days before it tell;
    None if they do not."""
    grain, past = metric.per or "day", before(current)
    ahead = len(full_buckets(current, grain))
    if target is None or not ahead or not _measurable(metric, {metric.table: table}):
        return None
    if rows is None:
        rows = measure(table, [metric], {"past": past}, Cut(grain))
    told = pd.DatetimeIndex(pd.to_datetime(rows[BUCKET]))
    known = pd.Series(rows[metric.name].to_numpy(float), told)
    days = pd.DatetimeIndex(full_buckets(past, grain))
    days = days[days >= told.min()] if len(told) else days[:0]
    adds = metric.per is None and not metric.is_ratio
    # Of a total, a day without rows is 0; a day whose value is missing is left out, as the forecast
    # leaves out gaps.
    series = known.reindex(days, fill_value=0.0 if adds else float("nan")).dropna()
    if len(series) < LEAST:
        return None
    found = forecast(series.to_numpy(), ahead, season=SEASON[grain])
    reached = found.attain(target / ahead if adds else target)
    return reached if metric.better == "up" else 1 - reached


def _measurable(metric: Metric, tables: Mapping[str, Table]) -> bool:
    if metric.table not in tables:
        return False
    known = {c.lower() for c in tables[metric.table].table.columns}
    return all(c.lower() in known for c in sources(metric))


def _relevant(
    name: str, parents: Mapping[str, str | None], tree: MetricTree | None, related: bool | None
) -> bool | None:
    if related is not None:
        return related
    if tree is None:
        return None
    seen: set[str] = set()
    at: str | None = name
    while at is not None and at not in seen:
        if at in tree.nodes:
            return True
        seen.add(at)
        at = parents.get(at)
    return None
