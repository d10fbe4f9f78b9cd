"""Metrics over time and segment: one query per table, numerator and denominator always together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import ibis
import numpy as np
import pandas as pd

from kpilab.core.case import Grain, Metric
from kpilab.core.table import Table
from kpilab.core.values import EVERYWHERE, Period, Where
from kpilab.engine.column import marked, own
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.door.labels import meets, with_missing
from kpilab.engine.expression import (
    parse_measure,
    parse_predicate,
    quoted,
    restricted,
    spelled_out,
    sql,
)
from kpilab.engine.run import MAX_ROWS, OutOfMemory, collect_text
from kpilab.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

BUCKET = own("bucket")
PERIOD = own("period")
UNITS: Mapping[Grain, Literal["D", "W", "M"]] = {"day": "D", "week": "W", "month": "M"}


@dataclass(frozen=True, slots=True)
class Cut:
    """How a measurement is cut.

    Attributes:
        grain: one row per day, week (Monday first) or month in column `bucket`; None for the whole
            period.
        by: dimensions, each a column called `marked(name)`: a metric may have the name of a
            dimension.
        where: rows outside this segment are left out.
    """

    grain: Grain | None = None
    by: tuple[str, ...] = ()
    where: Where = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Keys:
    """Columns that a query groups by.

    Attributes:
        every: those of each row. each: those of which a row has one, the others are missing there.
    """

    every: tuple[str, ...] = ()
    each: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.every, *self.each, *map(_apart_of, self.each))


def measure(
    table: Table, metrics: Sequence[Metric], periods: Mapping[str, Period], cut: Cut = Cut()
) -> pd.DataFrame:  # a frozen default
    """Values of metrics of one table, per named period and cut.

    One that is cumulative counts from the start of the year in which a period ends; at a grain it
    is what each day, week or month adds. One with its own grain (`per`) is measured per full day,
    week or month, and the mean of those is given; asked for at a grain, every metric is measured
    at that grain.

    Args:
        table: the table all `metrics` are measured on.
        metrics: definitions with checked expressions.
        periods: name -> days; periods may overlap.
        cut: grain, dimensions and filter.

    Returns:
        One row per period × bucket × dimensions that has rows, in order of time. Columns: `period`,
        `bucket` (if a grain was asked for), the dimensions, and for each metric `<name>` (value),
        `<name>:num` and `<name>:den` (numerator and denominator; the value and 1 for a metric that
        is no ratio). NaN where undefined.
    """
    alike: dict[tuple[Grain | None, bool], list[Metric]] = {}
    for metric in metrics:
        since_new_year = metric.cumulative and not cut.grain
        alike.setdefault((cut.grain or metric.per, since_new_year), []).append(metric)
    stacked: list[pd.DataFrame] = []
    for (grain, since_new_year), group in alike.items():
        days = {n: p.year_to_date if since_new_year else p for n, p in periods.items()}
        frames = _fetched(table, group, days, Cut(grain, cut.by, cut.where))
        if grain and not cut.grain:
            frames = {
                name: _mean_of_full(f, group, periods[name], grain, cut.by)
                for name, f in frames.items()
            }
        stacked.append(pd.concat(frames.values(), ignore_index=True))
    joined = stacked[0]
    for frame in stacked[1:]:
        joined = joined.merge(
            frame, on=[PERIOD, *([BUCKET] if cut.grain else []), *map(marked, cut.by)], how="outer"
        )
    return joined


def measure_by(
    table: Table, metrics: Sequence[Metric], periods: Mapping[str, Period],
    dimensions: Sequence[str], grain: Grain = "day",
) -> dict[str, pd.DataFrame]:  # fmt: skip
    """What `measure` gives at a grain by each of the dimensions alone, in one query.

    Args:
        periods: as for `measure`; no day is in two of them.

    Returns:
        Dimension -> columns as of `measure`, in order of time.
    """
    if not dimensions:
        return {}
    rows, ours = _keyed(table, periods, Cut(grain, tuple(dimensions)))
    found = _values(table, metrics, rows, Keys((PERIOD, BUCKET), tuple(ours)))
    frames = {}
    for o, dimension in ours.items():
        here = found[found[_apart_of(o)] == 0].assign(**{marked(dimension): with_missing(found[o])})
        here = here.drop(columns=[*ours, *map(_apart_of, ours)])
        frames[dimension] = here.sort_values(BUCKET, kind="stable", ignore_index=True)
    return frames


def segment(table: Table, where: Where) -> ir.Table:
    """The table's rows inside a segment."""
    met = meets(table.table, where)
    return table.table if met is None else table.table.filter(met)


def _fetched(
    table: Table, metrics: Sequence[Metric], periods: Mapping[str, Period], cut: Cut
) -> dict[str, pd.DataFrame]:
    """The raw numerators and denominators per period:
    in one query where no day is in two periods."""
    if _apart(periods.values()):
        found = _queried(table, metrics, periods, cut)
        frames = {name: found[found[PERIOD] == name].reset_index(drop=True) for name in periods}
    else:
        frames = {
            name: _queried(table, metrics, {name: period}, cut) for name, period in periods.items()
        }
    if cut.grain or cut.by:
        return frames
    return {
        name: _of_nothing(table, metrics, name) if frame.empty else frame
        for name, frame in frames.items()
    }


def _apart(periods: Iterable[Period]) -> bool:
    """Whether no day lies in two of the periods."""
    ordered = sorted(periods, key=lambda p: p.first)
    return all(before.last < after.first for before, after in pairwise(ordered))


def _queried(
    table: Table, metrics: Sequence[Metric], periods: Mapping[str, Period], cut: Cut
) -> pd.DataFrame:
    """One query: a row per period × key that has rows."""
    rows, ours = _keyed(table, periods, cut)
    keys = Keys((PERIOD, *([BUCKET] if cut.grain else []), *ours))
    found = _values(table, metrics, rows, keys)
    found = found.assign(**{o: with_missing(found[o]) for o in ours if found[o].isna().any()})
    found = found.rename(columns={o: marked(d) for o, d in ours.items()})
    return found.sort_values(BUCKET, kind="stable") if cut.grain else found


def _keyed(
    table: Table, periods: Mapping[str, Period], cut: Cut
) -> tuple[ir.Table, dict[str, str]]:
    """The rows with their period, bucket and dimensions, which the query numbers, as engines cut
    long names off."""
    rows = inside(table, periods, cut.where)
    named = {}
    if cut.grain:
        time = rows[table.roles()["time"]]
        named[BUCKET] = time.cast("timestamp").truncate(UNITS[cut.grain]).cast("date")
    ours = {own(f"by{k}"): d for k, d in enumerate(cut.by)}
    return rows.mutate(**named, **{o: rows[d] for o, d in ours.items()}), ours


def inside(table: Table, periods: Mapping[str, Period], where: Where = EVERYWHERE) -> ir.Table:
    """Rows of a segment in any of the periods, which share no day; `PERIOD` says in which."""
    rows = segment(table, where)
    time = rows[table.roles()["time"]]
    within = {
        name: (time >= ibis.timestamp(str(p.first)))
        & (time < ibis.timestamp(str(p.last + timedelta(days=1))))
        for name, p in periods.items()
    }
    named = ibis.cases(*[(days, ibis.literal(name)) for name, days in within.items()])
    return rows.filter(ibis.or_(*within.values())).mutate(**{PERIOD: named})


def _of_nothing(table: Table, metrics: Sequence[Metric], period: str) -> pd.DataFrame:
    """What the metrics are over no rows: a sum is unknown, a count is zero."""
    frame = _values(table, metrics, table.table.limit(0), Keys())
    frame.insert(0, PERIOD, period)
    return frame


def _values(table: Table, metrics: Sequence[Metric], rows: ir.Table, keys: Keys) -> pd.DataFrame:
    names = f"metrics {[m.name for m in metrics]} of table {table.name!r}"
    limit = MAX_ROWS * max(1, len(keys.each))
    try:
        frame = collect_text(rows, _select(metrics, keys, rows), names, limit)
    except OutOfMemory:
        if len(metrics) == 1:
            raise
        # Each count of distinct users holds a table of them: half of the metrics, half of the
        # tables.
        middle = len(metrics) // 2
        first, second = (
            _values(table, part, rows, keys) for part in (metrics[:middle], metrics[middle:])
        )
        return (
            first.merge(second, on=[*keys.names], how="outer")
            if keys.names
            else pd.concat([first, second], axis=1)
        )
    for metric in metrics:
        num, den = f"{metric.name}:num", f"{metric.name}:den"
        frame[num] = _finite(frame[num])
        frame[den] = _finite(frame[den]) if metric.is_ratio else 1.0
        frame[metric.name] = frame[num] / frame[den].where(frame[den] != 0)
    return frame


def _finite(column: pd.Series) -> pd.Series:
    """Numbers; what an engine made infinite (an amount over zero) is undefined."""
    found = pd.to_numeric(column).astype(float)
    return found.where(np.isfinite(found))


def _select(metrics: Sequence[Metric], keys: Keys, rows: ir.Table) -> str:
    """Numerators and denominators per key as SQL: expressions are parsed and checked,
    names quoted."""
    dialect = dialect_of(engine_name(rows))
    quote = "`" if dialect == "spark" else '"'
    every, each = ([quoted(k, quote) for k in names] for names in (keys.every, keys.each))
    selected = [*every, *each]
    # GROUPING is 0 where a row is about that key.
    apart = [quoted(_apart_of(k), quote) for k in keys.each]
    selected += [f"GROUPING({k}) AS {a}" for k, a in zip(each, apart, strict=True)]
    for metric in metrics:
        for part, text in spelled(metric, rows).items():
            selected.append(f"{text} AS {quoted(f'{metric.name}:{part}', quote)}")
    sets = ", ".join(f"({', '.join([*every, k])})" for k in each)
    by = f"GROUPING SETS ({sets})" if each else ", ".join(every)
    return f"SELECT {', '.join(selected)} FROM rows_read{f' GROUP BY {by}' if by else ''}"


def _apart_of(key: str) -> str:
    """Column that is 0 in the rows of a key that is cut by alone."""
    return f"{key}_apart"


def spelled(metric: Metric, rows: ir.Table) -> dict[str, str]:
    """Numerator (`num`) and denominator (`den`, of a ratio) of a metric as checked SQL."""
    condition = parse_predicate(metric.condition, metric.name) if metric.condition else None
    parts = {"num": metric.measure or metric.numerator, "den": metric.denominator}
    dialect, found = dialect_of(engine_name(rows)), dict[str, str]()
    for part, text in parts.items():
        if text is not None:
            expression = restricted(parse_measure(text, metric.name), condition)
            found[part] = sql(spelled_out(expression, rows.columns), dialect)
    return found


def full_buckets(period: Period, grain: Grain) -> list[date]:
    """First days of the days, weeks (Monday first) or months that lie wholly inside the period."""
    if grain == "day":
        return list(period)
    starts = {
        d - timedelta(days=d.weekday()) if grain == "week" else d.replace(day=1) for d in period
    }
    ends = {s: s + timedelta(days=6) if grain == "week" else _month_end(s) for s in starts}
    return sorted(s for s in starts if s >= period.first and ends[s] <= period.last)


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _mean_of_full(
    frame: pd.DataFrame,
    metrics: Sequence[Metric],
    period: Period,
    grain: Grain,
    by: tuple[str, ...],
) -> pd.DataFrame:
    full = full_buckets(period, grain)
    if not full:
        raise BadInput(
            f"period {period} holds no full {grain}",
            f"metrics {[m.name for m in metrics]}, key 'per'",
            f"choose a period of at least one {grain}",
        )
    inside = frame[pd.to_datetime(frame[BUCKET]).dt.date.isin(full)]
    numbers = [f"{m.name}:{part}" for m in metrics for part in ("num", "den")]
    # A bucket without rows counts as nothing, so the mean is over all full buckets.
    keys = [PERIOD, *map(marked, by)]
    total = (
        inside.groupby(keys, dropna=False)[numbers].sum().reset_index()
        if len(inside)
        else frame.head(0)[[*keys, *numbers]]
    )
    for metric in metrics:
        num, den = f"{metric.name}:num", f"{metric.name}:den"
        total[num] = total[num] / len(full)
        total[den] = total[den] / len(full) if metric.is_ratio else 1.0
        total[metric.name] = total[num] / total[den].where(total[den] != 0)
    return total
