"""What only the log lost is put back, once, into every number that a later step reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.case import Case, Grain, Metric
from kpilab.core.table import Facts, Table
from kpilab.core.values import EVERYWHERE, Effect, Period, Where
from kpilab.engine.column import marked
from kpilab.engine.metrics import BUCKET, PERIOD, UNITS, Cut, measure
from kpilab.engine.rootcause.cells import PERIODS, Cells
from kpilab.questions.periods import span
from kpilab.stats.data.loss import refilled
from kpilab.verdict.evidence import Evidence, Loss
from kpilab.verdict.tuned import FED_BY_THE_LOG, LEAST_SEEN

A_DAY = timedelta(days=1)
ROWS = Metric("rows", "", measure="count(*)")


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """Puts what the log lost into any daily measurement of its own table, and of tables that the
    log feeds.

    The rows of the place on the lost days count as the mean of the same weekdays around; see
    `refilled`. Numerator and denominator are put back each on its own. Segments sum to the total.
    """

    case: Case
    losses: tuple[Loss, ...]

    def __call__(
        self,
        frame: pd.DataFrame,
        metrics: Sequence[Metric],
        periods: Mapping[str, Period],
        cut: Cut,
    ) -> pd.DataFrame:
        """A daily measurement with the lost rows in it."""
        for loss in self.losses:
            frame = _joined(frame, self.lost(loss, metrics, cut), metrics, periods, cut.by)
        return frame

    def lost(self, loss: Loss, metrics: Sequence[Metric], cut: Cut) -> pd.DataFrame:
        """What the loss took from the parts of metrics of one table:
        a row per lost day and value of `cut.by`."""
        table = self.case.tables[metrics[0].table]
        place = _place(loss, table, cut.where)
        fed = self._fed(loss, table, metrics) if place is not None else []
        if place is None or not fed:
            return pd.DataFrame()
        found = measure(table, metrics, self._days(), Cut("day", cut.by, place))
        if not cut.by:
            return self._missing(loss, found, fed)
        parts = []
        for _, rows in found.groupby([*map(marked, cut.by)], dropna=False):
            missing = self._missing(loss, rows, fed)
            parts.append(missing.assign(**{d: rows[d].iloc[0] for d in map(marked, cut.by)}))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _fed(self, loss: Loss, table: Table, metrics: Sequence[Metric]) -> list[str]:
        """Columns of parts that the log feeds: all of its own; of counts,
        those that fell short with it."""
        names = _parts(metrics)
        if table.name == loss.table:
            return names
        place = _place(loss, table, EVERYWHERE)
        least = self._share(loss, table)
        if place is None or least is None:
            return []
        rows = measure(table, metrics, self._days(), Cut("day", where=place))
        gone = self._missing(loss, rows, names)[names].sum()
        usual = gone + rows.loc[_within(rows, loss.days), names].sum()
        return [n for n in names if usual[n] > 0 and gone[n] / usual[n] >= FED_BY_THE_LOG * least]

    def _share(self, loss: Loss, table: Table) -> float | None:
        """How much of a table that the log feeds is missing on the lost days;
        None where that cannot be seen."""
        if set(loss.where.values) <= set(table.dimensions_named):
            return loss.share
        rows = measure(self.case.tables[loss.table], [ROWS], {"all": loss.days})["rows"].sum()
        share = loss.rows / (loss.rows + rows)
        return share if share >= LEAST_SEEN else None

    def _missing(self, loss: Loss, rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
        """What is missing of each column on each lost day."""
        days = pd.DatetimeIndex(sorted({pd.Timestamp(d) for p in self._days().values() for d in p}))
        found = (
            rows.assign(day=pd.to_datetime(rows[BUCKET]))
            .groupby("day")[names]
            .sum()
            .reindex(days, fill_value=0.0)
        )
        lost, now = _within(days, loss.days), _within(days, self.case.current)
        series, weekday = found.to_numpy(float), days.dayofweek.to_numpy().astype(np.int64)
        missing = refilled(series, weekday, lost, now.astype(np.int64)) - series
        return pd.DataFrame(missing[lost], columns=names).assign(**{BUCKET: days[lost].date})

    def _days(self) -> dict[str, Period]:
        """All days that are looked at."""
        whole = span(self.case)
        return (
            {name: self.case.periods[name] for name in PERIODS}
            if whole == self.case.current
            else {"all": whole}
        )


def repaired(case: Case, cells: Cells, evidence: Evidence) -> tuple[Cells, Evidence]:
    """Cells that carry what the losses took, and the losses with what each took from the goal."""
    if not evidence.losses:
        return cells, evidence
    repair, known, logged = Repair(case, evidence.losses), [], cells.totals
    for loss in repair.losses:
        before = cells.value(case.goal.metric, "current")
        for table in cells.days:
            cells = _put_back(case, cells, repair, loss, table)
        took = before - cells.value(case.goal.metric, "current")
        low, high = sorted((took * loss.least, took * loss.most))
        known.append(replace(loss, goal=Effect(took, low, high, case.goal.metric)))
    return replace(cells, as_logged=logged, restore=repair), replace(evidence, losses=tuple(known))


def _put_back(case: Case, cells: Cells, repair: Repair, loss: Loss, table: str) -> Cells:
    """Totals, days and segments of one table with what one loss took from them."""
    metrics = [m for m in case.metrics.values() if m.table == table and m.name not in cells.refused]
    lost = repair.lost(loss, metrics, Cut("day"))
    if lost.empty:
        return cells
    periods = {name: case.periods[name] for name in PERIODS}
    adding = [m for m in metrics if m.per is None]
    rest = [m for m in metrics if m.per is not None]
    days = cells.days[table]
    counted = (
        days
        if not rest
        else days.merge(measure(case.tables[table], rest, periods, Cut("day")), how="outer")
    )
    totals = _totals(cells.totals, counted, lost, metrics, periods)
    cube = cells.cubes[table]
    if cells.dimensions[table]:
        cube = _segments(case, cells, loss, table, adding, lost)
    return replace(
        cells,
        totals=totals,
        days={**cells.days, table: _joined(days, lost, adding, periods, ())},
        cubes={**cells.cubes, table: cube},
        buckets={
            **cells.buckets,
            **{m.name: _bucket(cells.buckets[m.name], m, counted, lost) for m in rest},
        },
    )


def _bucket(
    frame: pd.DataFrame, metric: Metric, days: pd.DataFrame, lost: pd.DataFrame
) -> pd.DataFrame:
    """The weeks or months of a metric, each grown as the sum of its days."""
    frame = frame.copy()
    first = pd.to_datetime(frame[BUCKET])
    for column in (c for c in _parts([metric]) if c in lost.columns):
        found, missing = (_per_bucket(rows, column, metric.per) for rows in (days, lost))
        grown = 1 + missing.reindex(found.index, fill_value=0.0) / found.where(found != 0)
        frame[column] = frame[column] * first.map(grown).fillna(1.0)
    return frame


def _per_bucket(rows: pd.DataFrame, column: str, grain: Grain | None) -> pd.Series:
    starts = pd.to_datetime(rows[BUCKET]).dt.to_period(UNITS[grain or "day"]).dt.start_time
    return rows.groupby(starts)[column].sum()


def _totals(
    totals: pd.DataFrame,
    days: pd.DataFrame,
    lost: pd.DataFrame,
    metrics: Sequence[Metric],
    periods: Mapping[str, Period],
) -> pd.DataFrame:
    """Period values grown as the sums of their days:
    what does not add up (distinct users) grows in proportion."""
    totals = totals.copy()
    for name, period in periods.items():
        gone = lost[_within(lost, period)]
        counted = days[days[PERIOD] == name]
        for column in (c for c in _parts(metrics) if c in lost.columns):
            missing, found = float(gone[column].sum()), float(counted[column].sum())
            known = float(totals[column].to_dict()[name])
            totals.loc[name, column] = known * (1 + missing / found) if found else missing
    for metric in metrics:
        totals[metric.name] = _value(totals, metric)
    return totals


def _segments(
    case: Case, cells: Cells, loss: Loss, table: str, metrics: Sequence[Metric], lost: pd.DataFrame
) -> pd.DataFrame:
    """The cube with the lost amounts on it, dealt out as the place's other days of the period
    are."""
    cube, by = cells.cubes[table], cells.dimensions[table]
    place = _place(loss, case.tables[table], EVERYWHERE) or EVERYWHERE
    columns = [c for c in _parts(metrics) if c in lost.columns]
    added = []
    for name in PERIODS:
        gone = lost.loc[_within(lost, case.periods[name]), columns].sum()
        others = _others(case.periods[name], loss.days) or _others(
            case.periods[PERIODS[name == PERIODS[0]]], loss.days
        )
        if not others or not gone.any():
            continue
        usual = measure(case.tables[table], metrics, others, Cut(by=by, where=place))
        usual = usual.groupby([*map(marked, by)], dropna=False)[columns].sum()
        dealt = usual / usual.sum().where(lambda s: s != 0) * gone
        added.append(dealt.reset_index().assign(**{PERIOD: name}))
    return _summed([cube, *added], [PERIOD, *map(marked, by)], metrics) if added else cube


def _joined(
    frame: pd.DataFrame,
    lost: pd.DataFrame,
    metrics: Sequence[Metric],
    periods: Mapping[str, Period],
    by: tuple[str, ...],
) -> pd.DataFrame:
    """A daily measurement with the lost amounts on their days, also on those without a row."""
    if lost.empty:
        return frame
    inside = [
        lost[_within(lost, period)].assign(**{PERIOD: name}) for name, period in periods.items()
    ]
    return _summed([frame, *inside], [PERIOD, BUCKET, *map(marked, by)], metrics).sort_values(
        BUCKET, kind="stable"
    )


def _summed(
    frames: Sequence[pd.DataFrame], keys: list[str], metrics: Sequence[Metric]
) -> pd.DataFrame:
    """Frames of parts summed by their keys, and the metrics' values anew."""
    stacked = pd.concat([f for f in frames if len(f)], ignore_index=True)
    if BUCKET in keys:
        stacked[BUCKET] = pd.to_datetime(stacked[BUCKET]).astype(frames[0][BUCKET].dtype)
    summed = (
        stacked.groupby(keys, dropna=False, sort=False)[_parts(metrics)]
        .sum(min_count=1)
        .reset_index()
    )
    for metric in metrics:
        if not metric.is_ratio:
            summed[f"{metric.name}:den"] = 1.0
        summed[metric.name] = _value(summed, metric)
    return summed


def _value(frame: pd.DataFrame, metric: Metric) -> pd.Series:
    den = frame[f"{metric.name}:den"]
    return frame[f"{metric.name}:num"] / den.where(den != 0)


def _parts(metrics: Sequence[Metric]) -> list[str]:
    """Columns that are counted: both parts of a rate, the value of what is none."""
    return [
        f"{m.name}:{part}" for m in metrics for part in (("num", "den") if m.is_ratio else ("num",))
    ]


def _within(rows: pd.DataFrame | pd.DatetimeIndex, period: Period) -> NDArray[np.bool_]:
    days = (
        pd.DatetimeIndex(pd.to_datetime(rows[BUCKET])) if isinstance(rows, pd.DataFrame) else rows
    )
    return np.asarray((days >= pd.Timestamp(period.first)) & (days <= pd.Timestamp(period.last)))


def _others(period: Period, lost: Period) -> dict[str, Period]:
    """The days of a period before and after the loss."""
    found = {}
    if period.first < lost.first:
        found["before"] = Period(period.first, min(period.last, lost.first - A_DAY))
    if period.last > lost.last:
        found["after"] = Period(max(period.first, lost.last + A_DAY), period.last)
    return found


def _place(loss: Loss, table: Table, where: Where) -> Where | None:
    """Where the loss and a segment meet; None where they do not, or the table cannot tell.

    Counts without the place's dimension are short as a whole, in every segment they have.
    """
    if not set(loss.where.values) <= set(table.dimensions_named):
        return where if isinstance(table, Facts) else None
    values = dict(where.values)
    for dimension, lost in loss.where.values.items():
        asked = values.get(dimension, lost)
        values[dimension] = tuple(v for v in asked if str(v) in {str(w) for w in lost})
        if not values[dimension]:
            return None
    return Where(values, where.without)
