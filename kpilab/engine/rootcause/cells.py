"""The cells: every leaf of the metric tree, per period, by day and by segment, fetched once.

All what-ifs of a review run on these few thousand numbers; the engine is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.case import Case, Metric
from kpilab.core.table import Table
from kpilab.core.values import EVERYWHERE, Period, Where
from kpilab.engine.column import SIDES, marked
from kpilab.engine.daily import beside
from kpilab.engine.expression import rows_summed
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, full_buckets, measure, measure_by
from kpilab.engine.rootcause.buyers import Buyers, buyers
from kpilab.engine.rootcause.recurring import Spread, spread_of_units
from kpilab.engine.run import MAX_ROWS, ConnectionLost, OutOfMemory, collect_one
from kpilab.errors import BadInput, EngineError

PERIODS = ("baseline", "current")
SINCE = date(1900, 1, 1)
WHOLE = Cut("day")
SAME = 1e-6  # sums of many floats differ by less
Array = NDArray[np.float64]
Restore = Callable[[pd.DataFrame, Sequence[Metric], Mapping[str, Period], Cut], pd.DataFrame]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Aggregates of the metrics of a case in the baseline and the current period, and the one door
    to their days.

    Attributes:
        totals: one row per period (index `period`); columns `<metric>`, `<metric>:num`,
            `<metric>:den`.
        days: table name -> one row per period × day (`period`, `bucket`), metrics that add up over
            days.
        series: table name -> the same, one row per day from the first to `until`, as logged; a
            table in which earlier days cannot be read has none.
        until: the last day of the current period.
        buyers: the customers of the case, where it names them.
        cubes: table name -> one row per period × combination of dimensions (`marked`), the same
            metrics.
        dimensions: table name -> dimensions the cube is cut by (rows stay below the fetch limit).
        left_out: table name -> dimensions left out because the cube would be too large.
        buckets: metric that does not add up over days -> one row per period × full week or month.
        as_logged: `totals` before what the log lost was put back; None when nothing was.
        units: rate over what recurs on several days (customers) -> period -> variance of its
            numerator per unit of the denominator, between those units.
        refused: metric -> what the engine said of it; its values are missing.
        tables, metrics: of the case, by name.
        restore: puts into a daily measurement what the log lost; None when nothing was.
    """

    totals: pd.DataFrame
    days: Mapping[str, pd.DataFrame]
    cubes: Mapping[str, pd.DataFrame]
    dimensions: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, tuple[str, ...]]
    buckets: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    units: Mapping[str, Spread] = field(default_factory=dict)
    as_logged: pd.DataFrame | None = None
    refused: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    series: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    until: date = date.min
    buyers: Buyers | None = None
    restore: Restore | None = None

    def logged(self, metric: str) -> float:
        """The metric's current value as the tables say it, before anything lost was put back."""
        totals = self.totals if self.as_logged is None else self.as_logged
        return float(totals[metric].to_dict()["current"])

    def value(self, metric: str, period: str) -> float:
        return float(self.totals[metric].to_dict()[period])

    def between_units(self, metric: str) -> tuple[float, float]:
        """Variances of a rate in both periods by what its denominator counts; 0 where its days say
        all."""
        spread = self.units.get(metric, {})
        before, after = (
            spread[p] / float(self.totals[f"{metric}:den"][p]) if spread.get(p) else 0.0
            for p in PERIODS
        )
        return before, after

    def undefined(self, metric: str) -> tuple[str, ...]:
        """Periods in which the metric has no value: no rows, or a zero denominator."""
        return tuple(period for period in PERIODS if np.isnan(self.value(metric, period)))

    def sides(self, metric: str) -> tuple[float, float]:
        """The metric in the baseline and the current period; where it is undefined, as in the other
        period.

        A rate of nothing has not moved: what moved is the volume it is a rate of.

        Raises:
            BadInput: it is undefined in both.
        """
        before, after = (self.value(metric, period) for period in PERIODS)
        if before != before and after != after:
            what = (
                f"metric {metric!r} is undefined in both periods (no rows, or a zero denominator)"
            )
            raise BadInput(what, "metrics", "choose periods with data, or mend the metric")
        return (after if before != before else before, before if after != after else after)

    def by_day(self, metric: Metric, period: str) -> pd.DataFrame:
        """Columns `BUCKET`, `num`, `den` of one metric,
        one row per day (week, month) that has rows."""
        frame = self.days[metric.table] if metric.per is None else self.buckets[metric.name]
        frame = frame[frame[PERIOD] == period].sort_values(BUCKET)
        return pd.DataFrame(
            {
                BUCKET: frame[BUCKET],
                "num": frame[f"{metric.name}:num"],
                "den": frame[f"{metric.name}:den"],
            }
        ).fillna({"num": 0.0, "den": 0.0})

    def day_arrays(self, metric: Metric, period: str) -> tuple[Array, Array, Array]:
        """Numerators, denominators and weekdays (0 = Monday), one number per day from the first to
        the last known.

        A day without rows is NaN. Of a metric that does not add up over days: one number per full
        week or month, the weekday 0; one without rows counts as nothing.
        """
        rows = self.by_day(metric, period)
        rows = rows.set_index(pd.DatetimeIndex(pd.to_datetime(rows[BUCKET])))[["num", "den"]]
        if metric.per is not None or rows.empty:
            return rows["num"].to_numpy(), rows["den"].to_numpy(), np.zeros(len(rows))
        days = pd.date_range(rows.index[0], rows.index[-1], freq="D")
        rows = rows.reindex(days)
        return rows["num"].to_numpy(), rows["den"].to_numpy(), days.dayofweek.to_numpy(float)

    def months_billed(self, metric: Metric) -> tuple[int, int] | None:
        """See `Buyers.billed`; None for another metric than the customers' amount."""
        of = self.buyers
        return None if of is None or of.amount != metric.name else of.billed

    def daily(
        self,
        metrics: Sequence[Metric],
        periods: Mapping[str, Period],
        where: Where = EVERYWHERE,
    ) -> pd.DataFrame:
        """Metrics of one table per day, as `measure` gives them, what the log lost put back.

        Every step of a review that needs days of other cuts than `days` has asks here, and not the
        table.
        """
        cut = Cut("day", (), where)
        frame = self._known(metrics, periods) if cut == WHOLE else None
        if frame is None:
            frame = measure(self.tables[metrics[0].table], metrics, periods, cut)
        return frame if self.restore is None else self.restore(frame, metrics, periods, cut)

    def daily_by(
        self, metrics: Sequence[Metric], periods: Mapping[str, Period], dimensions: Sequence[str]
    ) -> dict[str, pd.DataFrame]:
        """Metrics of one table per day and value of each dimension, as `daily` gives them, asked
        for together."""
        found = measure_by(self.tables[metrics[0].table], metrics, periods, dimensions)
        if self.restore is None:
            return found
        return {
            d: self.restore(frame, metrics, periods, Cut("day", (d,))) for d, frame in found.items()
        }

    def _known(
        self, metrics: Sequence[Metric], periods: Mapping[str, Period]
    ) -> pd.DataFrame | None:
        """These days, where they were fetched before."""
        series = self.series.get(metrics[0].table)
        columns = [c for m in metrics for c in parts(m)]
        asked = all(self.metrics.get(m.name) == m for m in metrics)
        if series is None or not asked or not set(columns) <= set(series.columns):
            return None
        if max(p.last for p in periods.values()) > self.until:
            return None
        return named_days(series[[PERIOD, BUCKET, *columns]], periods)

    def side_by_side(self, metrics: Sequence[Metric], period: Period) -> pd.DataFrame:
        """Metrics of any tables per day, one column each, indexed by day;
        no value where a table has no rows."""
        return beside(metrics, lambda here: self.daily(here, {"all": period}))

    def by_segment(self, metric: Metric, dimensions: tuple[str, ...]) -> pd.DataFrame:
        """One row per segment: dimensions, and `SIDES` of baseline and current;
        zero where it has no rows."""
        cube = self.cubes[metric.table]
        parts = [(period, part) for period in PERIODS for part in ("num", "den")]
        sums = {
            side: cube[f"{metric.name}:{part}"].where(cube[PERIOD] == period, 0.0)
            for side, (period, part) in zip(SIDES, parts, strict=True)
        }
        keys = [cube[marked(d)].rename(d) for d in dimensions]
        return pd.DataFrame(sums).groupby(keys, dropna=False).sum().reset_index()


def named_days(series: pd.DataFrame, periods: Mapping[str, Period]) -> pd.DataFrame:
    """The days of each period, as `measure` gives them."""
    days = pd.to_datetime(series[BUCKET])
    inside = {
        name: series[days.between(pd.Timestamp(p.first), pd.Timestamp(p.last))]
        for name, p in periods.items()
    }
    return pd.concat([f.assign(**{PERIOD: n}) for n, f in inside.items()], ignore_index=True)


def pull(case: Case) -> Cells:
    """Fetch the cells of all metrics of a case: three queries per table, and two that count."""
    periods = {name: case.periods[name] for name in PERIODS}
    totals: list[pd.DataFrame] = []
    days, cubes, buckets, dimensions, left_out = {}, {}, {}, {}, {}
    refused: dict[str, str] = {}
    units: dict[str, Spread] = {}
    series: dict[str, pd.DataFrame] = {}
    for name, table in case.tables.items():
        metrics = [m for m in case.metrics.values() if m.table == name]
        if not metrics:
            continue
        found, faults = _totals(table, metrics, periods)
        refused |= faults
        totals.append(found)
        adding = [m for m in metrics if m.per is None and m.name not in refused]
        if adding:
            whole = _series(table, adding, case.current.last)
            series |= {} if whole is None else {name: whole}
            days[name] = (
                measure(table, adding, periods, WHOLE)
                if whole is None
                else named_days(whole, periods)
            )
            recurring = [m for m in adding if _recurs(m, found, days[name])]
            units |= spread_of_units(table, recurring, periods) if recurring else {}
            kept, dropped = _affordable(table)
            dimensions[name], left_out[name] = kept, dropped
            cubes[name] = (
                measure(table, adding, periods, Cut(by=kept)) if kept else days[name].head(0)
            )
        per = [m for m in metrics if m.per and m.name not in refused]
        buckets |= {
            m.name: _full(measure(table, [m], periods, Cut(m.per)), m, periods) for m in per
        }
    return Cells(
        pd.concat(totals, axis=1).reindex(list(PERIODS)),
        days,
        cubes,
        dimensions,
        left_out,
        buckets,
        units,
        refused=refused,
        tables=case.tables,
        metrics=case.metrics,
        series=series,
        until=case.current.last,
        buyers=buyers(case, refused),
    )


def _series(table: Table, metrics: Sequence[Metric], until: date) -> pd.DataFrame | None:
    """The whole course by day; None where earlier days hold what the engine cannot read."""
    try:
        return measure(table, metrics, {"all": Period(SINCE, until)}, WHOLE)
    except (ConnectionLost, OutOfMemory):
        raise
    except EngineError:
        return None


def _recurs(metric: Metric, totals: pd.DataFrame, days: pd.DataFrame) -> bool:
    """Whether the days of a rate's denominator sum to more than that of the period."""
    if not metric.is_ratio:
        return False
    den = f"{metric.name}:den"
    return bool(days[den].sum() > totals[den].sum() * (1 + SAME))


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


def _totals(
    table: Table, metrics: list[Metric], periods: Mapping[str, Period]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Each metric per period, and what the engine said of those it could not measure.

    A value it cannot read fails a whole query: the metrics are then asked one by one, and only
    those concerned fail.
    """
    try:
        return _with_empty_sums(
            table, metrics, periods, measure(table, metrics, periods).set_index(PERIOD)
        ), {}
    except (ConnectionLost, OutOfMemory):
        raise
    except EngineError as error:
        if len(metrics) == 1:
            missing = pd.DataFrame(
                dict.fromkeys(parts(metrics[0]), np.nan), index=pd.Index(PERIODS, name=PERIOD)
            )
            return missing, {metrics[0].name: str(error)}
    alone = [_totals(table, [m], periods) for m in metrics]
    return pd.concat([frame for frame, _ in alone], axis=1), {
        k: v for _, faults in alone for k, v in faults.items()
    }


def parts(metric: Metric) -> tuple[str, str, str]:
    """Columns of a measured metric."""
    return metric.name, f"{metric.name}:num", f"{metric.name}:den"


def _with_empty_sums(
    table: Table, metrics: list[Metric], periods: Mapping[str, Period], totals: pd.DataFrame
) -> pd.DataFrame:
    """A sum over no row is 0, as a count is; one over missing values alone stays missing."""
    for metric in metrics:
        gone = totals.index[totals[metric.name].isna()]
        counted = (
            rows_summed(metric.measure)
            if metric.measure and metric.per is None and len(gone)
            else None
        )
        if counted is not None:
            asked = {str(name): periods[str(name)] for name in gone}
            rows = measure(table, [replace(metric, measure=counted)], asked).set_index(PERIOD)
            empty = rows.index[rows[metric.name] == 0]
            totals.loc[empty, [metric.name, f"{metric.name}:num"]] = 0.0
    return totals


def _affordable(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Dimensions whose combinations stay below the fetch limit;
    the ones with most values go first."""
    names = tuple(table.dimensions_named)
    if not names or _few(table, names):
        return names, ()
    counts = collect_one(
        table.table.agg([table.table[d].nunique().name(d) for d in names]), "cells"
    )
    kept, size = [], 2.0
    for name in sorted(names, key=lambda d: counts[d]):
        if size * max(counts[name], 1) <= MAX_ROWS * 4:
            kept.append(name)
            size *= max(counts[name], 1)
    while kept and not _few(table, kept):
        kept.pop()
    return tuple(d for d in names if d in kept), tuple(d for d in names if d not in kept)


def _few(table: Table, names: Sequence[str]) -> bool:
    """Whether the combinations of these can be fetched for both periods."""
    keys = table.table.select(list(names)).distinct()
    return 2 * collect_one(keys.agg(n=keys.count()), "cells")["n"] <= MAX_ROWS
