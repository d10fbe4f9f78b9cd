"""Rows at fault: counted in one query, then described: which days, which segment,
what they hold of a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.breakdown import broken_down
from kpilab.engine.column import column
from kpilab.engine.days import day_of
from kpilab.engine.dialect import one
from kpilab.engine.metrics import measure
from kpilab.engine.run import collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.case import Metric
    from kpilab.core.table import Table
    from kpilab.core.values import Period

MOSTLY, FEW = 0.8, 0.5
Range = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Suspect:
    """Rows that may be at fault: which check, which column,
    and the condition a faulty row meets."""

    check: str
    column: str | None
    condition: ir.BooleanValue


@dataclass(frozen=True, slots=True)
class Faulty:
    """What is known of the faulty rows: how many, from which to which day, in which segment."""

    rows: int
    first: date | None
    last: date | None
    where: Where


def suspects(table: Table, ranges: Mapping[str, Range]) -> list[Suspect]:
    """Conditions that can be told from a row alone: empty cells, values out of range,
    entry before the work."""
    rows, roles = table.table, table.roles()
    # Only the sampled records carry a result of the audit: elsewhere it is empty by design.
    single = [c for role, c in roles.items() if role != "verified"]
    named = list(dict.fromkeys([*single, *table.dimensions_named]))
    found = [Suspect("empty", c, rows[c].isnull()) for c in named]
    for name, (least, most) in ranges.items():
        value = column(rows, name).cast("float64")
        ends = ([value < least] if least is not None else []) + (
            [value > most] if most is not None else []
        )
        found += [Suspect("out_of_range", name, reduce(or_, ends))] if ends else []
    if "recorded" in roles:
        early = day_of(rows, roles["recorded"]) < day_of(rows, roles["time"])
        found.append(Suspect("entered_before", roles["recorded"], early))
    return found


def counted(
    rows: ir.Table, which: Sequence[Suspect], unique: Sequence[str], time: str, most: int
) -> dict[str, Any]:
    """One query: `rows`, `oldest`, `newest` (day), `days`, `distinct` (rows that differ from every
    other in some column; none are read if there are more than `most`), and numbered: `s0` … rows of
    each suspect, `n0` … known and `d0` … distinct values of each column that must not repeat."""
    counts: dict[str, Any] = {"rows": rows.count()}
    counts |= {f"s{k}": one(s.condition).sum() for k, s in enumerate(which)}
    counts |= {f"n{k}": rows[c].count() for k, c in enumerate(unique)}
    counts |= {f"d{k}": rows[c].nunique() for k, c in enumerate(unique)}
    day = _day(rows, time)
    counts |= {"oldest": day.min(), "newest": day.max(), "days": day.nunique()}
    # Of too many rows none is read a second time.
    total: Any = rows.count().as_scalar()
    alike = rows.filter(total <= most).distinct()
    differ = alike.aggregate(distinct=alike.count())
    found = collect_one(rows.agg(**counts).cross_join(differ), "quality")
    # An empty table has no sums.
    return {k: 0 if k not in ("oldest", "newest") and pd.isna(v) else v for k, v in found.items()}


def twice(table: Table, columns: Sequence[str]) -> tuple[Table, ir.BooleanValue]:
    """The table with a mark, and the condition that a row repeats one before it in these
    columns."""
    number = ibis.row_number().over(
        ibis.window(group_by=list(columns), order_by=table.roles()["time"])
    )
    rows = table.table.mutate(kpilab_copy=number)
    known = reduce(or_, [rows[c].notnull() for c in columns])
    return replace(table, table=rows), (column(rows, "kpilab_copy") > 0) & known


def described(table: Table, condition: ir.BooleanValue) -> Faulty:
    """How many rows meet the condition, on which days,
    and the one segment that holds nearly all of them, if any."""
    rows = table.table
    bad, day = _true(condition), _day(rows, table.roles()["time"])
    whole = collect_one(
        rows.agg(
            rows=rows.count(), bad=one(bad).sum(), first=day.min(where=bad), last=day.max(where=bad)
        ),
        "quality",
    )
    days = [None if pd.isna(whole[k]) else pd.Timestamp(whole[k]).date() for k in ("first", "last")]
    return Faulty(
        int(whole["bad"]),
        days[0],
        days[1],
        _segment(table, bad, int(whole["rows"]), int(whole["bad"])),
    )


def _true(condition: ir.BooleanValue) -> Any:
    """The condition, false where it cannot be told."""
    return ibis.coalesce(condition, ibis.literal(False))


def _day(rows: ir.Table, time: str) -> Any:
    return day_of(rows, time)


def _segment(table: Table, bad: Any, rows: int, faulty: int) -> Where:
    """The value of a dimension with four in five of the faulty rows and at most half of all
    rows."""
    if not faulty or not table.dimensions_named:
        return EVERYWHERE
    many = f"SUM(kpilab_bad) >= {MOSTLY * faulty!r} AND COUNT(*) <= {FEW * rows!r}"
    sums = {"bad": "SUM(kpilab_bad)", "n": "COUNT(*)"}
    marked = table.table.mutate(kpilab_bad=one(bad))
    found = broken_down(marked, {}, table.dimensions_named, sums, "quality", many)
    found = found[found["value"].notna()]
    if found.empty:
        return EVERYWHERE
    best = found.sort_values("n", kind="stable").to_dict("records")[0]
    return Where({str(best["dimension"]): best["value"]})


def held(table: Table, metric: Metric, period: Period, condition: ir.BooleanValue) -> float:
    """What the rows that meet the condition hold of a metric:
    its value with them less that without them."""
    without = replace(table, table=table.table.filter(~_true(condition)))
    values = [measure(t, [metric], {"all": period})[metric.name] for t in (table, without)]
    now, clean = (float(v.iloc[0]) if len(v) and not pd.isna(v.iloc[0]) else 0.0 for v in values)
    return now - clean
