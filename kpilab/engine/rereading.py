"""The three queries of a rereading: first hits by day, hits by segment, moments by age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations_with_replacement

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis import _

from kpilab.engine.breakdown import broken_down
from kpilab.engine.dialect import one
from kpilab.engine.run import collect_text

# First day of each age class, in days since assignment; the last class is open.
AGES = (0, 1, 2, 3, 5, 7, 10, 14, 21)


def first_hits(who: ir.Table, events: ir.Table) -> ir.Table:
    """Units by variant, day of assignment and day of their first hit (null: none)."""
    first = events.filter(_.hit).group_by("unit").agg(hit=_.time.min().date())
    rows = who.left_join(first, "unit").select("variant", "hit", day=_.since.date())
    return rows.group_by("variant", "day", "hit").agg(units=_.count())


def segment_counts(who: ir.Table, events: ir.Table, dimensions: Sequence[str], until: date) -> pd.DataFrame:
    """Units and units with a hit up to `until`, by variant and each dimension's value at their first event.

    Columns: variant, dimension, value, units, hits; the rows with an empty `dimension` count all units.
    """
    end = ibis.timestamp(str(until + timedelta(days=1)))
    values = {f"d{k}": _[d].cast("string").argmin(_.time) for k, d in enumerate(dimensions)}
    seen = events.group_by("unit").agg(hit=(_.hit & (_.time < end)).max(), **values)
    rows = who.left_join(seen, "unit").select("variant", *values, hit=one(_.hit))
    sums = {"units": "COUNT(*)", "hits": "SUM(hit)"}
    found = broken_down(rows, {"variant": rows["variant"]}, list(values), sums, "rereading")
    # Named only here: a dimension may be called as one of the columns above.
    found["dimension"] = found["dimension"].replace(dict(zip(values, dimensions, strict=True)))
    return found.astype({"units": "int64", "hits": "int64"})


def classes(longest: int) -> tuple[tuple[int, int], ...]:
    """First day and the day after the last of every age class that units of `longest` days can reach."""
    return tuple((low, high) for low, high in zip(AGES, (*AGES[1:], 10**6), strict=True) if low <= longest)


def age_moments(events: ir.Table, until: date, longest: int) -> pd.DataFrame:
    """Sums and cross-products, per variant, of active days and days with a hit in each age class of a unit.

    Columns: variant, units, `n0`… (active days), `y0`… (days with a hit), `a0`… (ages), `n0_y3`… (products).
    """
    ages = classes(longest)
    rows = events.filter(_.time < ibis.timestamp(str(until + timedelta(days=1))))
    rows = rows.mutate(age=_.time.date().delta(_.since.date(), unit="day"))
    daily = rows.group_by("unit", "variant", "age").agg(hit=one(_.hit.max()))
    inside = [one((_.age >= low) & (_.age < high)) for low, high in ages]
    sums = {f"n{k}": m.sum() for k, m in enumerate(inside)}
    sums |= {f"y{k}": (m * _.hit).sum() for k, m in enumerate(inside)}
    sums |= {f"a{k}": (m * _.age).sum() for k, m in enumerate(inside)}
    unit = daily.group_by("unit", "variant").agg(**sums)
    names = [f"{c}{k}" for c in "ny" for k in range(len(ages))]
    moments = [f"SUM({n}) AS {n}" for n in sums]
    moments += [f"SUM({a} * {b}) AS {a}_{b}" for a, b in combinations_with_replacement(names, 2)]
    text = f"SELECT variant, COUNT(*) AS units, {', '.join(moments)} FROM rows_read GROUP BY variant"
    return collect_text(unit, text, "rereading")
