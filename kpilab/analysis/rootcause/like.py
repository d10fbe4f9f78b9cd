"""Like with like: the change between periods that may differ in length, with the noise of what
recurs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.course import adds_up
from kpilab.core.values import Period
from kpilab.engine.metrics import BUCKET, measure
from kpilab.stats.calendar import weekdays
from kpilab.stats.core.change import Change, change, period_change
from kpilab.stats.core.level import Window
from kpilab.stats.core.pattern import factors
from kpilab.stats.data.stops import stops

if TYPE_CHECKING:
    from kpilab.core.case import Case, Grain, Metric
    from kpilab.engine.rootcause.cells import Cells

RECURRING = 0.5  # part of the amount before of those who are there in both periods
LEAST_CUSTOMERS = 30
WEEK, MONTH = 7, 28  # days


def like_change(case: Case, cells: Cells, metric: Metric) -> Change:
    """Change of a metric between the periods, like with like. Where they differ in length, a sum
    over days is brought to the length and the weekdays of the current period (invoices of a month,
    to its months), and what is neither sum nor rate is measured over as many days.

    The noise is that of what recurs: of customers, where they make up the metric and most of it
    comes from those of both periods, else of days."""
    found = of_units(cells, metric, _by_days(case, cells, metric))
    return _by_customers(cells, metric, found) or found


def of_units(cells: Cells, metric: Metric, found: Change) -> Change:
    """The change of a rate over what recurs on several days (orders per customer): it varies at
    least as that does, however alike the days are."""
    ends = zip(found.variances, cells.between_units(metric.name), strict=True)
    first, second = (max(v, least) for v, least in ends)
    return replace(found, variances=(first, second)) if np.isfinite(first + second) else found


def _by_customers(cells: Cells, metric: Metric, found: Change) -> Change | None:
    """The change with the noise of its customers; None where they are no units of it."""
    if cells.buyers is None or cells.buyers.amount != metric.name or not found.before:
        return None
    moved = cells.buyers.moved
    if moved.recurring < RECURRING or moved.customers < LEAST_CUSTOMERS:
        return None
    longer = found.before / cells.value(metric.name, "baseline")
    return replace(found, variances=(0.0, moved.variance(longer)), df=moved.customers - 1.0)


def _by_days(case: Case, cells: Cells, metric: Metric) -> Change:
    totals = cells.value(metric.name, "baseline"), cells.value(metric.name, "current")
    if case.baseline.days != case.current.days and totals[0] == totals[0]:
        if adds_up(cells, metric):
            first, second, longer, grain = _windows(case, cells, metric)
            billed = cells.months_billed(metric)
            longer = longer if billed is None else billed[1] / billed[0]
            return change(first, second, grain=grain).scaled(totals[0] * longer, totals[1])
        if metric.per is None and not metric.is_ratio and not metric.cumulative:
            totals = _as_long(case, cells, metric), totals[1]
    first, second = (
        Window.of(*cells.day_arrays(metric, period)) for period in ("baseline", "current")
    )
    return period_change(first, second, totals, per_day=False, grain=metric.per or "day")


def _as_long(case: Case, cells: Cells, metric: Metric) -> float:
    """What does not add up over days (distinct users, an average), over as many days as the current
    period has, up to the last of the baseline."""
    last = case.baseline.last
    days = Period(last - timedelta(days=case.current.days - 1), last)
    found = float(
        measure(cells.tables[metric.table], [metric], {"like": days})[metric.name].iloc[0]
    )
    return found if found == found else cells.value(metric.name, "baseline")


def _windows(case: Case, cells: Cells, metric: Metric) -> tuple[Window, Window, float, Grain]:
    """Both periods day by day over the weights of their weekdays (week by week, where rows are as
    far apart), how much longer the current one is by them, and which of both. A day without rows
    holds nothing, unless more such days follow each other than chance makes."""
    parts: list[pd.Series] = []
    for name in ("baseline", "current"):
        rows, period = cells.by_day(metric, name), case.periods[name]
        days = pd.DatetimeIndex(pd.to_datetime(rows[BUCKET]))
        every = pd.date_range(period.first, period.last)
        parts.append(pd.Series(rows["num"].to_numpy(float), days).reindex(every))
    code = np.concatenate([p.index.to_numpy() for p in parts]).astype("datetime64[D]")
    code, found = weekdays(code), np.concatenate([p.to_numpy() for p in parts])
    at, apart = len(parts[0]), min(np.diff(np.flatnonzero(np.isfinite(found))), default=MONTH)
    if apart == WEEK:
        begins = np.flatnonzero(code == code[np.isfinite(found)][0])
        code, found, at = code[begins], found[begins], int((begins < at).sum())
    values = np.nan_to_num(found)
    for a, b in stops(found, code):
        values[a:b] = np.nan
    levels = [float(np.nanmean(v)) if np.isfinite(v).any() else 0.0 for v in np.split(values, [at])]
    # A week or a month that is told in one row has no weekdays.
    usable = apart < WEEK and min(levels) > 0 and np.nanmin(values) >= 0
    level = np.repeat(levels, [at, len(values) - at])
    weight = factors(values / level, code)[code] if usable else np.ones(len(values))
    first, second = (
        Window.of(values[part], weight[part], code[part]) for part in (slice(at), slice(at, None))
    )
    known = float(np.nansum(first.den))
    longer = float(weight[at:].sum()) / known if known else 1.0
    return first, second, longer, "week" if apart == WEEK else "day"
