"""Targets: who gets which share of the total, and can he reach it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.column import marked
from kpilab.engine.daily import Measured
from kpilab.engine.door.values import label
from kpilab.engine.holes import holes
from kpilab.engine.metrics import BUCKET, Cut, full_buckets, measure
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.forecast import LEAST, forecast
from kpilab.stats.operations.allotment import allot
from kpilab.stats.operations.shrink import normal

Method = Literal["proportional", "history", "potential"]
YEAR = 52  # weeks
METHODS = ("proportional", "history", "potential")
REACHABLE = 0.1  # smallest chance at which a share still counts as within reach
TOP = "total"


@dataclass(frozen=True, slots=True, eq=False)
class TargetsResult(Result):
    """Answer of `targets`.

    Attributes:
        table: one row per node, from the total down; columns `level` ("total", then the
            dimensions), `unit` (name), `path` (tuple of the names above it and its own), `usual`
            (expected in the horizon if nothing changes), `low`, `high` (80 % interval), `weight`
            (share it would get by the method alone, 0-1), `target`, `chance` (of reaching it, 0-1),
            `capped` (its method share was out of reach and was cut).
        open: part of the total that is within nobody's reach; targets of a level and `open` sum to
            `total`.
        total, weeks, method, least: as asked. levels: the dimensions.
    """

    open: int
    total: int
    weeks: int
    method: str
    least: float
    levels: tuple[str, ...]
    kind: ClassVar[str] = "targets"

    @property
    def headline(self) -> Message:
        leaves = self.table[self.table["level"] == self.levels[-1]]
        values = {
            "total": self.total,
            "units": len(leaves),
            "weeks": self.weeks,
            "capped": int(leaves["capped"].sum()),
        }
        values |= {
            "chance": float(self.table["chance"].iloc[0]),
            "least": float(leaves["chance"].min()),
        }
        if self.open:
            return Message("targets.open", values | {"open": self.open, "limit": self.least})
        return Message("targets.shared", values)

    @property
    def leaves(self) -> pd.DataFrame:
        """The rows of the lowest level: stores, clerks."""
        return self.table[self.table["level"] == self.levels[-1]].reset_index(drop=True)


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """By what a target is shared out.

    Attributes:
        method: "proportional" (past results), "history" (past results drawn towards the siblings'
            mean) or "potential".
        potential: of "potential" alone: customers served, leads.
    """

    method: Method = "history"
    potential: Measured | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown("method", self.method, METHODS, "targets(method=)")
        if (self.method == "potential") != (self.potential is not None):
            what = "method and potential do not fit"
            raise BadInput(what, "Weights(potential=)", "give both, or neither")


@keywords("targets")
def targets(
    measured: Measured,
    total: int,
    *,
    dimensions: Sequence[str],
    period: Period,
    weeks: int,
    method: Method | Weights = "history",
    least: float = REACHABLE,
    where: Where = EVERYWHERE,
) -> TargetsResult:
    """Share a target out from headquarters to region, store and clerk, and say how likely each
    share is reached.

    Weights are set level by level, among the children of one parent: by past results
    (proportional), by past results drawn towards the siblings' mean (history: a lucky month of a
    small store is no standard), or by a potential (customers served, leads). No share is set above
    what is reached with chance `least`, by a forecast that is calibrated on the unit's own past;
    what that cuts off goes to those who have room. Shares are whole numbers, the shares of all
    children sum to the parent's, and what nobody can reach is said (`open`), not hidden.

    Args:
        measured: a total that adds up, and its table. total: what all together should reach in
            `weeks` weeks.
        dimensions: from the top down, e.g. ("region", "store", "clerk"). period: history, 12 full
            weeks or more.
        weeks: horizon.
        method: "history", "proportional" or `Weights("potential", measured)`.
        least: chance below which a share is out of reach.
        where: a segment.

    Returns:
        TargetsResult, one row per node.

    Raises:
        BadInput: an unknown column or method, a ratio, too short a history, a unit without any
            known value, a total that is no whole number.

    Note:
        Rows without a unit's name belong to the unit "(missing)". A week whose values are missing
        counts as the unit's usual week; a note counts such weeks.
    """
    fraction(least, "targets(least=)")
    by = method if isinstance(method, Weights) else Weights(method)
    potential = by.potential
    _check(measured, total, dimensions, period, weeks)
    names = list(dimensions)
    units = _units(measured, names, period, where)
    notes = (
        *units.notes,
        *(n for m in (measured, potential) if m for n in holes(m.table, m.metric, period, where)),
    )
    size = (
        units.weekly.sum(axis=1)
        if potential is None
        else _size(potential, names, period, where, units.paths)
    )
    weight = _weights(units, size, by.method)
    limit = [forecast(series, weeks, season=YEAR).reach(least) * weeks for series in units.weekly]
    shares, left = allot(int(total), weight, limit)
    leaf = _Leaves(units, weight, shares, weight * total > np.floor(limit))
    rows = [_row(TOP, (), leaf, weeks)]
    for depth, name in enumerate(names, 1):
        rows += [
            _row(name, path, leaf, weeks) for path in dict.fromkeys(p[:depth] for p in units.paths)
        ]
    return TargetsResult(
        pd.DataFrame(rows), left, int(total), weeks, by.method, least, tuple(names), notes=notes
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Lowest units: their names from the top down, and their results, unit × week."""

    paths: tuple[tuple[str, ...], ...]
    weekly: np.ndarray
    notes: tuple[Message, ...] = ()

    def under(self, path: tuple[str, ...]) -> list[int]:
        return [k for k, p in enumerate(self.paths) if p[: len(path)] == path]


@dataclass(frozen=True, slots=True, eq=False)
class _Leaves:
    units: _Units
    weight: np.ndarray
    shares: np.ndarray
    capped: np.ndarray


def _check(
    history: Measured, total: int, levels: Sequence[str], period: Period, weeks: int
) -> None:
    known = history.table.table.columns
    for name in levels:
        if name not in known:
            raise unknown("column", name, known, f"table {history.table.name!r}")
    if history.metric.is_ratio or history.metric.per is not None:
        raise BadInput(
            f"{history.metric.name!r} does not add up", "targets(measured)", "share out a total"
        )
    if not levels or not isfinite(total) or total != int(total) or total < 0 or weeks < 1:
        raise BadInput(
            f"total {total}, weeks {weeks}, levels {list(levels)}",
            "targets",
            "give whole numbers above 0",
        )
    if len(full_buckets(period, "week")) < LEAST:
        raise BadInput(
            f"{period} has few full weeks", "targets(period=)", f"give {LEAST} weeks or more"
        )


def _units(history: Measured, names: list[str], period: Period, where: Where) -> _Units:
    """Results per full week: none in a week without rows,
    its usual week where rows are there but no value."""
    found = measure(
        history.table, [history.metric], {"all": period}, Cut("week", tuple(names), where)
    )
    weeks = pd.to_datetime(full_buckets(period, "week"))
    found[BUCKET] = pd.to_datetime(found[BUCKET])
    series, missing = {}, 0
    for path, group in found.groupby(
        [label(found[marked(n)], f"targets(dimensions=), column {n!r}") for n in names]
    ):
        weekly = group.set_index(BUCKET)[history.metric.name].reindex(weeks, fill_value=0.0)
        missing += int(weekly.isna().sum())
        if weekly.isna().all():
            mend = "fill the values in, or leave the unit out with `where`"
            raise BadInput(f"unit {path[-1]!r} has no known value", "targets(measured)", mend)
        series[tuple(str(part) for part in path)] = weekly.fillna(weekly.mean()).to_numpy(float)
    if not series:
        raise BadInput("no results in the history", "targets(period=)", "choose another period")
    notes = (Message("targets.missing", {"weeks": missing}),) if missing else ()
    return _Units(tuple(series), np.array(list(series.values())), notes)


def _size(
    potential: Measured,
    names: list[str],
    period: Period,
    where: Where,
    paths: tuple[tuple[str, ...], ...],
) -> np.ndarray:
    found = measure(
        potential.table, [potential.metric], {"all": period}, Cut(None, tuple(names), where)
    )
    keys = zip(
        *(label(found[marked(n)], f"Weights(potential=), column {n!r}") for n in names), strict=True
    )
    known = dict(zip(keys, found[potential.metric.name].astype(float), strict=True))
    return np.array([known.get(p, 0.0) for p in paths])


def _weights(units: _Units, size: np.ndarray, method: str) -> np.ndarray:
    """Share of each leaf: the product of its ancestors' shares among their siblings."""
    weight = np.ones(len(units.paths))
    for depth in range(1, len(units.paths[0]) + 1):
        for parent in dict.fromkeys(p[: depth - 1] for p in units.paths):
            children = dict.fromkeys(units.paths[k][:depth] for k in units.under(parent))
            inside = [units.under(child) for child in children]
            values = np.array([float(size[k].sum()) for k in inside])
            if method == "history":
                values = _drawn(np.array([units.weekly[k].sum(axis=0) for k in inside]))
            parts = (
                values / values.sum() if values.sum() > 0 else np.full(len(values), 1 / len(values))
            )
            for k, part in zip(inside, parts, strict=True):
                weight[k] *= part
    return weight


def _drawn(series: np.ndarray) -> np.ndarray:
    """Weekly means of siblings, drawn towards their common mean by as much as chance could have
    moved them."""
    means = series.mean(axis=1)
    # Counts scatter in proportion to their mean; one common factor is steadier than each unit's own
    # variance.
    factor = float(series.var(axis=1, ddof=1).sum() / max(float(means.sum()), 1e-12))
    variance = np.maximum(factor * np.maximum(means, means.mean() / 10) / series.shape[1], 1e-12)
    return np.maximum(normal(means, variance).value, 0.0)


def _row(level: str, path: tuple[str, ...], leaf: _Leaves, weeks: int) -> dict[str, object]:
    inside = leaf.units.under(path)
    found = forecast(leaf.units.weekly[inside].sum(axis=0), weeks, season=YEAR)
    target = int(leaf.shares[inside].sum())
    return {
        "level": level,
        "unit": path[-1] if path else "",
        "path": path,
        "usual": found.mean * weeks,
        "low": found.mean_low * weeks,
        "high": found.mean_high * weeks,
        "weight": float(leaf.weight[inside].sum()),
        "target": target,
        "chance": found.attain(target / weeks),
        "capped": bool(leaf.capped[inside].any()),
    }
