"""Levels: do the KPIs of company, region, store and person serve each other, or pull apart?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Kpi, Metric
from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.door.frames import plain
from kpilab.engine.door.values import number
from kpilab.errors import BadInput
from kpilab.stats.relation.related import Question, relation_tests

if TYPE_CHECKING:
    from kpilab.core.tree import MetricTree
    from kpilab.engine.door.frames import Frame

ORDER = ("company", "region", "store", "team", "person")
LEAST = 20
SURE = 0.01  # a conflict is a heavy word: chance that any of the pairs is accused wrongly


@dataclass(frozen=True, slots=True, eq=False)
class KpiCascadeResult(Result):
    """Answer of `kpi_cascade`.

    Attributes:
        table: one row per trouble; columns `kpi`, `parent`, `trouble` ("no_parent",
            "unknown_parent", "circle", "upside_down": its level is not below its parent's,
            "no_owner", "no_level", "moves_against": when it gets better its parent gets worse),
            `rho` (correlation behind "moves_against", signed so that below zero means against each
            other; else NaN), `low`, `high` (its interval), `p`.
        chain: one row per KPI; columns `kpi`, `level`, `owner`, `parent`, `serves` (tuple: the way
            up to the goal).
    """

    chain: pd.DataFrame
    kind: ClassVar[str] = "levels"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("levels.fine", {"kpis": len(self.chain)})
        against = self.table[self.table["trouble"] == "moves_against"]
        if len(against):
            row = against.iloc[0]
            return Message(
                "levels.against",
                {"kpi": row["kpi"], "parent": row["parent"], "rho": float(row["rho"])},
            )
        row = self.table.iloc[0]
        trouble = Message(f"levels.{row['trouble']}")
        return Message(
            "levels.trouble", {"n": len(self.table), "kpi": row["kpi"], "trouble": trouble}
        )


def kpi_cascade(
    kpis: Sequence[Kpi],
    *,
    goal: str,
    metrics: Mapping[str, Metric],
    series: Frame | None = None,
    tree: MetricTree | None = None,
    order: Sequence[str] = ORDER,
) -> KpiCascadeResult:
    """Follow every KPI up to the goal, and test whether each moves with its parent.

    The chain is checked for what breaks it (no parent, a circle, a level above its parent's, no
    owner); a KPI that stands in the goal's own formula needs no parent. With series, each KPI's
    news are held against its parent's, freed of trend and season (the test of `relate`, corrected
    for the pairs): a significant movement against each other is a conflict somebody is paid for.

    Args:
        kpis: what people are measured on, with `parent` and `level`. goal: the goal's metric.
            metrics: of the case.
        series: one row per week (indexed by it, or in order), one column per metric, 20 rows or
            more; None: the chain alone. Weeks in which one of a pair is missing are left out of it.
        tree: the goal's formula. order: levels from the top down.

    Returns:
        KpiCascadeResult, one row per trouble.

    Raises:
        BadInput: no KPIs, or a value in the series that is no number.
    """
    if not kpis:
        raise BadInput("no KPIs", "kpi_cascade(kpis)", "name at least one under `kpis` in case.yml")
    known = {k.metric: k for k in kpis}
    rows = [t for kpi in kpis for t in _broken(kpi, known, goal, metrics, tree, order)]
    rows += [] if series is None else _against(kpis, metrics, plain(series, "kpi_cascade(series=)"))
    columns = ["kpi", "parent", "trouble", "rho", "low", "high", "p"]
    chain = [(k.metric, k.level, _owner(k, metrics), k.parent, _way(k, known)) for k in kpis]
    table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[3:], float))
    return KpiCascadeResult(
        table, pd.DataFrame(chain, columns=["kpi", "level", "owner", "parent", "serves"])
    )


def _broken(
    kpi: Kpi, known: Mapping[str, Kpi], goal: str, metrics: Mapping[str, Metric],
    tree: MetricTree | None,
    order: Sequence[str],
) -> Iterator[tuple[str | float | None, ...]]:  # fmt: skip
    nothing = (np.nan,) * 4
    name, parent = kpi.metric, kpi.parent
    if parent is None and name != goal and not (tree is not None and name in tree.nodes):
        yield (name, None, "no_parent", *nothing)
    if parent is not None and parent != goal and parent not in known and parent not in metrics:
        yield (name, parent, "unknown_parent", *nothing)
    if _way(kpi, known)[-1:] == ("…",):
        yield (name, parent, "circle", *nothing)
    above = known.get(parent or "")
    if kpi.level is None:
        yield (name, parent, "no_level", *nothing)
    elif above is not None and {kpi.level, above.level} <= set(order) and _above(kpi, above, order):
        yield (name, parent, "upside_down", *nothing)
    if _owner(kpi, metrics) is None:
        yield (name, parent, "no_owner", *nothing)


def _above(kpi: Kpi, parent: Kpi, order: Sequence[str]) -> bool:
    return order.index(str(kpi.level)) < order.index(str(parent.level))


def _way(kpi: Kpi, known: Mapping[str, Kpi]) -> tuple[str, ...]:
    """Parents up to the last one named; ends with "…" when they run in a circle."""
    way, at = [], kpi.parent
    while at is not None:
        if at in way or at == kpi.metric:
            return (*way, at, "…")
        way.append(at)
        at = known[at].parent if at in known else None
    return tuple(way)


def _owner(kpi: Kpi, metrics: Mapping[str, Metric]) -> str | None:
    found = metrics.get(kpi.metric)
    return kpi.owner or (found.owner if found else None)


def _against(
    kpis: Sequence[Kpi], metrics: Mapping[str, Metric], series: pd.DataFrame
) -> list[tuple[str | float | None, ...]]:
    pairs = [(k.metric, k.parent) for k in kpis if k.parent in series and k.metric in series]
    rows = []
    for name, parent in pairs:
        pair = {
            c: number(series[c], f"kpi_cascade(series=), column {c!r}") for c in (name, str(parent))
        }
        both = pd.DataFrame(pair).sort_index().dropna()
        if len(both) < LEAST or (both.nunique() < 3).any():
            continue
        signs = [-1.0 if metrics[m].better == "down" else 1.0 for m in (name, str(parent))]
        x, y = (both.iloc[:, k].to_numpy(float) * signs[k] for k in (0, 1))
        found = relation_tests(x[None, :], y, Question(lags=(0, 1), alpha=SURE / len(pairs)))
        if str(found.verdict[0]) == "related" and float(found.rho[0]) < 0:
            ends = (float(v[0]) for v in (found.rho, found.low, found.high, found.p))
            rows.append((name, parent, "moves_against", *ends))
    return rows
