"""Moments of a metric by the days since a unit's assignment: running totals per unit first,
then sums over units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.engine.column import own
from kpilab.engine.experiments.exposure import AT, SINCE, UNIT, VARIANT, beside_units, measured_by
from kpilab.engine.experiments.intake import unit_column
from kpilab.engine.run import collect_one, collect_text

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from kpilab.core.table import Assignments, EventLog, Facts
    from kpilab.core.trial import Outcome

    Array = NDArray[np.float64]

# First day of each age class, in days since assignment; the last class is open.
AGES = (0, 1, 2, 3, 5, 7, 10, 14, 21)
AGE = own("age")


def classes(longest: int) -> tuple[tuple[int, int], ...]:
    """First day and the day after the last of every age class that units of `longest` days can
    reach."""
    return tuple(
        (low, high) for low, high in zip(AGES, (*AGES[1:], 10**6), strict=True) if low <= longest
    )


@dataclass(frozen=True, slots=True, eq=False)
class AgeMoments:
    """By metric: one row per variant and number of days observed (`seen`), with `units` and the
    sums over them of `y` (the metric, by age class), of `n` (a ratio's denominator) and of their
    products. `shares` are the metrics that are told as shares of the units."""

    frames: Mapping[str, pd.DataFrame]
    shares: frozenset[str] = frozenset()

    def arm(self, metric: str, variant: str) -> tuple[Array, Array, Array, Array, Array] | None:
        """By age class: n, y, products of both (stacked), unit-days and ages; None for an unknown
        variant.

        Without a denominator n is the number of days observed, the same for all units of a row.
        """
        rows = self.frames[metric]
        rows = rows[rows["variant"].astype(str) == variant]
        if not len(rows):
            return None
        ages = classes(10**6)[: _size(rows)]
        size, units = len(ages), rows["units"].to_numpy(dtype=float)
        low, high = np.array(ages, dtype=float).T
        days = np.clip(rows["seen"].to_numpy(dtype=float)[:, None] - low, 0, high - low)
        age = (units[:, None] * days * (low + (days - 1) / 2)).sum(axis=0)
        y, yy = _sums(rows, "y"), _products(rows, "y", "y")
        if "n0" in rows.columns:
            n, nn, ny = (
                _sums(rows, "n").sum(axis=0),
                _products(rows, "n", "n"),
                _products(rows, "n", "y"),
            )
        else:
            n, nn, ny = units @ days, (days.T * units) @ days, days.T @ y
        products = np.block([[nn, ny], [ny.T, yy]]).reshape(2 * size, 2 * size)
        return n, y.sum(axis=0), products, units @ days, age


def _size(rows: pd.DataFrame) -> int:
    return sum(f"y{k}" in rows.columns for k in range(len(AGES)))


def _sums(rows: pd.DataFrame, name: str) -> Array:
    return rows[[f"{name}{k}" for k in range(_size(rows))]].to_numpy(dtype=float)


def _products(rows: pd.DataFrame, a: str, b: str) -> Array:
    size = range(_size(rows))
    pairs = [
        [f"{a}{i}_{b}{j}" if a != b or i <= j else f"{a}{j}_{b}{i}" for j in size] for i in size
    ]
    return np.array([[float(rows[name].sum()) for name in line] for line in pairs])


def age_moments(
    rows: ir.Table,
    who: Assignments,
    log: EventLog | Facts,
    metrics: Sequence[Outcome],
    *,
    window: int | None,
) -> AgeMoments:
    """Collect the moments by age of every metric, one query each.

    Args:
        rows: the units compared. who, log: where they come from, and what they did as far as it
            counts.
        metrics: with SQL aggregates, taken per unit and day; only primary ones, and no quantiles,
            are collected.
        window: days that are measured.
    """
    end = collect_one(
        log.table.aggregate(_[log.time].cast("timestamp").max().date().name("end")), "experiment"
    )["end"]
    units = rows.select(UNIT, VARIANT, SINCE)
    joined = beside_units(log, units, unit_column(who, log)).filter(_[AT] >= _[SINCE])
    joined = joined.mutate(**{AGE: _[AT].date().delta(_[SINCE].date(), unit="day")})
    seen = 1 - _[SINCE].date().delta(ibis.date(str(end)[:10]), unit="day")
    units = units.mutate(seen=ibis.least(seen, window) if window else seen)
    kept = [m for m in metrics if m.role == "primary" and m.kind != "quantile"]
    longest = collect_one(units.aggregate(_.seen.max().name("longest")), "experiment")["longest"]
    ages = classes(int(longest or 1) - 1)
    shares = frozenset(m.name for m in kept if m.kind == "proportion")
    return AgeMoments({m.name: _one(joined, log, units, m, ages) for m in kept}, shares)


def _one(
    joined: ir.Table,
    log: EventLog | Facts,
    units: ir.Table,
    metric: Outcome,
    ages: Sequence[tuple[int, int]],
) -> pd.DataFrame:
    """Sums and products by variant for one metric."""
    wanted = {"y": metric.value} | ({"n": metric.per} if metric.per else {})
    parts = [measured_by(log, c, text) for c, text in wanted.items()]
    daily = joined.alias("aged").sql(
        f"SELECT {UNIT}, {AGE}, {', '.join(parts)} FROM aged GROUP BY {UNIT}, {AGE}",
        dialect="duckdb",
    )
    sums = {
        f"{c}{k}": _[c].cast("float64").sum(where=(_[AGE] >= low) & (_[AGE] < high))
        for c in wanted
        for k, (low, high) in enumerate(ages)
    }
    wide = units.left_join(daily.group_by(UNIT).agg(**sums), UNIT)
    wide = wide.select("seen", variant=_[VARIANT], **{c: _[c].fill_null(0.0) for c in sums})
    names = [f"{c}{k}" for c in sorted(wanted) for k in range(len(ages))]
    sums = ["COUNT(*) AS units", *(f"SUM({n}) AS {n}" for n in names)]
    sums += [f"SUM({a} * {b}) AS {a}_{b}" for a, b in combinations_with_replacement(names, 2)]
    text = f"SELECT variant, seen, {', '.join(sums)} FROM rows_read GROUP BY variant, seen"
    return collect_text(wide, text, "experiment")
