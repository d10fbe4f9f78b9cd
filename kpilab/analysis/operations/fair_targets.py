"""Fair targets: what may be asked of each machine or store,
given what it is and how little is known about it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.column import marked
from kpilab.engine.daily import Measured, on_days
from kpilab.engine.door.values import label
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.core.level import Window
from kpilab.stats.core.rate import variances
from kpilab.stats.operations.shrink import normal

LEAST_DAYS = 5


@dataclass(frozen=True, slots=True, eq=False)
class FairTargetsResult(Result):
    """Answer of `fair_targets`.

    Attributes:
        table: one row per unit, lowest first; columns `unit`, `group` ("" without `within`),
            `days`, `value` (its own figure), `level` (drawn towards its group: what it can really
            do), `low`, `high`, `own` (how much of `level` is its own figure, 0-1), `target` (NaN
            without `aim`), `plain` (the same aim for all, for comparison).
        mean: of all units together. aim: target for all together; None.
        confidence: of the intervals.
    """

    mean: float
    aim: float | None
    confidence: float
    kind: ClassVar[str] = "fair"

    @property
    def headline(self) -> Message:
        low, high = self.table["level"].min(), self.table["level"].max()
        values = {
            "units": len(self.table),
            "least": float(low),
            "most": float(high),
            "aim": self.aim,
        }
        return Message("fair.spread", values)


@keywords("fair_targets")
def fair_targets(
    measured: Measured,
    *,
    by: str,
    period: Period,
    strata: str | None = None,
    aim: float | None = None,
    where: Where = EVERYWHERE,
    level: float = 0.95,
) -> FairTargetsResult:
    """Targets adjusted for what units are: empirical Bayes on their own figures.

    The figure of each unit (a ratio of sums over the days) is drawn towards the mean of its group,
    the more so the less it is known; a lucky week of a small store is then no new standard. Targets
    share the aim in proportion to these levels, so that all together reach it when everybody
    reaches his own.

    Args:
        measured: a ratio metric and its table. by: the unit. period: days looked at.
        strata: dimension whose values are groups of like units (machine type, store format); None
            for one group.
        aim: what all together should reach; None for no targets. where: a segment. level:
            confidence level.

    Returns:
        FairTargetsResult, one row per unit.

    Raises:
        BadInput: an unknown column, a metric that is no ratio, or fewer than 5 days of every unit.

    References:
        Efron and Morris (1975), Data analysis using Stein's estimator.
    """
    fraction(level, "fair_targets(level=)")
    if aim is not None and not np.isfinite(aim):
        raise BadInput(
            f"aim is {aim}", "fair_targets(aim=)", "give a number, or None for no targets"
        )
    known = measured.table.table.columns
    for name in (by, strata):
        if name is not None and name not in known:
            raise unknown("column", name, known, f"table {measured.table.name!r}")
    if not measured.metric.is_ratio:
        raise BadInput(
            f"{measured.metric.name!r} is no ratio",
            "fair_targets(measured)",
            "give it numerator and denominator",
        )
    units = _units(measured, by, strata, period, where)
    parts = [_levels(group, level) for _, group in units.groupby("group")]
    table = pd.concat(parts, ignore_index=True)
    weight = table["den"] / table["den"].sum()
    mean = float((weight * table["value"]).sum())
    scale = float("nan") if aim is None else aim / float((weight * table["level"]).sum())
    table["target"], table["plain"] = table["level"] * scale, float("nan") if aim is None else aim
    table = table.sort_values("level", ignore_index=True)
    columns = ["unit", "group", "days", "value", "level", "low", "high", "own", "target", "plain"]
    return FairTargetsResult(table[columns], mean, aim, level)


def _units(
    measured: Measured, by: str, within: str | None, period: Period, where: Where
) -> pd.DataFrame:
    cut = Cut("day", (by, within) if within else (by,), where)
    rows = measure(measured.table, [measured.metric], {"all": period}, cut)
    num, den = (rows[f"{measured.metric.name}:{part}"] for part in ("num", "den"))
    groups = (
        label(rows[marked(within)], f"fair_targets(strata=), column {within!r}") if within else ""
    )
    named = {
        "unit": label(rows[marked(by)], f"fair_targets(by=), column {by!r}"),
        "group": groups,
        "day": rows[BUCKET],
    }
    rows = pd.DataFrame({**named, "num": num, "den": den})
    rows = rows[(rows["den"] > 0) & rows["num"].notna()]
    known = {
        (str(unit), group): part.assign(day=pd.to_datetime(part["day"]))
        for (unit, group), part in rows.groupby(["unit", "group"])
        if part["day"].nunique() >= LEAST_DAYS
    }
    if not known:
        raise BadInput(
            f"no unit with {LEAST_DAYS} days", "fair_targets(period=)", "choose a longer period"
        )
    return pd.DataFrame([
        {"unit": unit, "group": group, "days": len(part), "den": float(part["den"].sum()),
         "window": Window.of(*(on_days(part, period, c) for c in ("num", "den")))}
        for (unit, group), part in known.items()
    ])  # fmt: skip


def _levels(group: pd.DataFrame, level: float) -> pd.DataFrame:
    group = group.assign(
        value=[w.rate for w in group["window"]],
        variance=np.maximum(variances(list(group["window"])), 1e-12),
    )
    # A unit of few days estimates its own noise badly: the noise is shared too, per denominator.
    noise = np.average(group["variance"] * group["den"], weights=group["days"]) / group["den"]
    found = normal(group["value"], (group["variance"] + noise) / 2, level)
    return group.assign(level=found.value, low=found.low, high=found.high, own=found.own)
