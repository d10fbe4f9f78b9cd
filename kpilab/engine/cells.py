"""The cells: every leaf of the metric tree, per period, by day and by segment, fetched once.

All what-ifs of a review run on these few thousand numbers; the engine is not asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.case import Case, Metric
from kpilab.core.table import Table
from kpilab.core.values import Period
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, full_buckets, measure
from kpilab.engine.run import MAX_ROWS, collect_one
from kpilab.errors import BadInput

PERIODS = ("baseline", "current")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Aggregates of the metrics of a case in the baseline and the current period.

    Attributes:
        totals: one row per period (index `period`); columns `<metric>`, `<metric>:num`, `<metric>:den`.
        days: table name -> one row per period × day (`period`, `bucket`), metrics that add up over days.
        cubes: table name -> one row per period × combination of dimensions, the same metrics.
        dimensions: table name -> dimensions the cube is cut by (rows stay below the fetch limit).
        left_out: table name -> dimensions left out because the cube would be too large.
        buckets: metric that does not add up over days -> one row per period × full week or month.
        as_logged: `totals` before what the log lost was put back; None when nothing was.
    """

    totals: pd.DataFrame
    days: Mapping[str, pd.DataFrame]
    cubes: Mapping[str, pd.DataFrame]
    dimensions: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, tuple[str, ...]]
    buckets: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    as_logged: pd.DataFrame | None = None

    def logged(self, metric: str) -> float:
        """The metric's current value as the tables say it, before anything lost was put back."""
        totals = self.totals if self.as_logged is None else self.as_logged
        return float(totals[metric].to_dict()["current"])

    def value(self, metric: str, period: str) -> float:
        return float(self.totals[metric].to_dict()[period])

    def by_day(self, metric: Metric, period: str) -> pd.DataFrame:
        """Columns `bucket`, `num`, `den` of one metric, one row per day (week, month) that has rows."""
        frame = self.days[metric.table] if metric.per is None else self.buckets[metric.name]
        frame = frame[frame[PERIOD] == period].sort_values("bucket")
        return pd.DataFrame(
            {"bucket": frame["bucket"], "num": frame[f"{metric.name}:num"], "den": frame[f"{metric.name}:den"]}
        ).fillna({"num": 0.0, "den": 0.0})

    def day_arrays(self, metric: Metric, period: str) -> tuple[Array, Array, Array]:
        """Numerators, denominators and weekdays (0 = Monday), one number per day from the first to the last known.

        A day without rows is NaN. Of a metric that does not add up over days: one number per full week or month, the
        weekday 0; one without rows counts as nothing.
        """
        rows = self.by_day(metric, period)
        rows = rows.set_index(pd.DatetimeIndex(pd.to_datetime(rows["bucket"])))[["num", "den"]]
        if metric.per is not None or rows.empty:
            return rows["num"].to_numpy(), rows["den"].to_numpy(), np.zeros(len(rows))
        days = pd.date_range(rows.index[0], rows.index[-1], freq="D")
        rows = rows.reindex(days)
        return rows["num"].to_numpy(), rows["den"].to_numpy(), days.dayofweek.to_numpy(float)

    def by_segment(self, metric: Metric, dimensions: tuple[str, ...]) -> pd.DataFrame:
        """One row per segment: `num0`, `den0`, `num1`, `den1` of baseline and current; zero where it has no rows."""
        cube = self.cubes[metric.table]
        sums = {
            f"{part}{k}": cube[f"{metric.name}:{part}"].where(cube[PERIOD] == period, 0.0)
            for k, period in enumerate(PERIODS)
            for part in ("num", "den")
        }
        return pd.DataFrame(sums).groupby([cube[d] for d in dimensions], dropna=False).sum().reset_index()


def pull(case: Case) -> Cells:
    """Fetch the cells of all metrics of a case: three queries per table."""
    periods = {name: case.periods[name] for name in PERIODS}
    totals: list[pd.DataFrame] = []
    days, cubes, buckets, dimensions, left_out = {}, {}, {}, {}, {}
    for name, table in case.tables.items():
        metrics = [m for m in case.metrics.values() if m.table == name]
        if not metrics:
            continue
        totals.append(measure(table, metrics, periods).set_index(PERIOD))
        adding = [m for m in metrics if m.per is None]
        if adding:
            days[name] = measure(table, adding, periods, Cut("day"))
            kept, dropped = _affordable(table)
            dimensions[name], left_out[name] = kept, dropped
            cubes[name] = measure(table, adding, periods, Cut(by=kept)) if kept else days[name].head(0)
        buckets |= {m.name: _full(measure(table, [m], periods, Cut(m.per)), m, periods) for m in metrics if m.per}
    return Cells(pd.concat(totals, axis=1).reindex(list(PERIODS)), days, cubes, dimensions, left_out, buckets)


def _full(frame: pd.DataFrame, metric: Metric, periods: Mapping[str, Period]) -> pd.DataFrame:
    """Every full week (or month) of each period, nothing where it has no rows."""
    parts = []
    for name, period in periods.items():
        full = pd.DatetimeIndex(full_buckets(period, metric.per or "day"))
        rows = frame[frame[PERIOD] == name]
        rows = rows.set_index(pd.DatetimeIndex(pd.to_datetime(rows[BUCKET])))
        numbers = rows[[f"{metric.name}:num", f"{metric.name}:den"]].reindex(full).fillna(0.0)
        if not metric.is_ratio:
            numbers[f"{metric.name}:den"] = 1.0
        parts.append(numbers.rename_axis(BUCKET).reset_index().assign(**{PERIOD: name}))
    return pd.concat(parts, ignore_index=True)


def _affordable(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Dimensions whose combinations stay below the fetch limit; the ones with most values go first."""
    names = list(table.dimensions_named)
    if not names:
        return (), ()
    counts = collect_one(table.table.agg([table.table[d].nunique().name(d) for d in names]), "cells")
    kept, size = [], 2.0
    for name in sorted(names, key=lambda d: counts[d]):
        if size * max(counts[name], 1) <= MAX_ROWS * 4:
            kept.append(name)
            size *= max(counts[name], 1)
    while kept:
        keys = table.table.select(kept).distinct()
        if 2 * collect_one(keys.agg(n=keys.count()), "cells")["n"] <= MAX_ROWS:
            break
        kept.pop()
    return tuple(d for d in names if d in kept), tuple(d for d in names if d not in kept)


def formula_value(case: Case, cells: Cells, period: str) -> float:
    """The goal as its formula gives it from the leaves."""
    values = {leaf: cells.value(leaf, period) for leaf in case.goal.tree.leaves}
    missing = [leaf for leaf, value in values.items() if value != value]
    if missing:
        raise BadInput(
            f"metric {missing[0]!r} is undefined in the {period} period (no rows, or a zero denominator)",
            f"metrics {missing}",
            "choose a period with data, or mend the metric",
        )
    return float(case.goal.tree.evaluate(values))
