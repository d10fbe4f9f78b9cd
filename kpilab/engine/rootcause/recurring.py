"""Noise of rates whose denominator counts somebody once who is there on many days: orders per
customer, buyers among visitors. Their days say little of them, their units do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kpilab.engine.column import own
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.expression import counted_once, quoted
from kpilab.engine.metrics import PERIOD, inside, spelled
from kpilab.engine.run import collect_text

if TYPE_CHECKING:
    from kpilab.core.case import Metric
    from kpilab.core.table import Table
    from kpilab.core.values import Period

Spread = Mapping[str, float]  # period -> variance of the numerator per unit of the denominator


def spread_of_units(
    table: Table, metrics: Sequence[Metric], periods: Mapping[str, Period]
) -> dict[str, Spread]:
    """How far the units of each rate are from the rate, per period; one query per column of units.

    Args:
        table: the table all `metrics` are measured on.
        metrics: those that are no rate over distinct values of a column of the table are left out.
        periods: name -> days, none in two of them.

    Returns:
        Metric -> period -> mean square of numerator - rate * denominator over its units; divided by
        the denominator of any part of the rows it is the variance of the rate there.
    """
    groups: dict[str, list[Metric]] = {}
    for metric in metrics:
        unit = counted_once(metric.denominator) if metric.denominator else None
        if unit in table.table.columns:
            groups.setdefault(str(unit), []).append(metric)
    return {
        metric.name: spread
        for unit, here in groups.items()
        for metric, spread in zip(here, _asked(table, here, periods, unit), strict=True)
    }


def _asked(
    table: Table, metrics: Sequence[Metric], periods: Mapping[str, Period], unit: str
) -> list[dict[str, float]]:
    rows = inside(table, periods)
    quote = "`" if dialect_of(engine_name(rows)) == "spark" else '"'
    keys = f"{quoted(PERIOD, quote)}, {quoted(unit, quote)}"
    each, sums = [quoted(PERIOD, quote)], [quoted(PERIOD, quote)]
    for k, metric in enumerate(metrics):
        for part, text in spelled(metric, rows).items():
            each.append(f"1.0 * COALESCE({text}, 0) AS {own(f'{part}{k}')}")
        n, d = own(f"num{k}"), own(f"den{k}")
        squares = {"n": n, "d": d, "nn": f"{n} * {n}", "nd": f"{n} * {d}", "dd": f"{d} * {d}"}
        sums += [f"SUM({text}) AS {own(f'{name}{k}')}" for name, text in squares.items()]
    units = f"SELECT {', '.join(each)} FROM rows_read GROUP BY {keys}"
    select = f"SELECT {', '.join(sums)} FROM ({units}) AS units GROUP BY {quoted(PERIOD, quote)}"
    found = collect_text(rows, select, f"units {unit!r} of table {table.name!r}")
    told = {str(row[PERIOD]): row for row in found.to_dict("records")}
    return [{p: _square(row, k) for p, row in told.items()} for k in range(len(metrics))]


def _square(row: Mapping[Any, Any], k: int) -> float:
    n, d, nn, nd, dd = (float(row[own(f"{name}{k}")]) for name in ("n", "d", "nn", "nd", "dd"))
    rate = n / d if d else 0.0
    return max(nn - 2 * rate * nd + rate**2 * dd, 0.0) / d if d else 0.0
