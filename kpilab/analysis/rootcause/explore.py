"""Explore: any metric by any two dimensions and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.engine.column import marked, own
from kpilab.engine.door.dimensions import called
from kpilab.engine.door.values import label
from kpilab.engine.holes import holes
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    from kpilab.core.case import Case, Grain

GRAINS = ("day", "week", "month")
ORDERS = ("size", "value", "change", "name")


@dataclass(frozen=True, slots=True, eq=False)
class ExploreResult(Result):
    """Answer of `explore`.

    Attributes:
        table: one row per period, bucket and combination of values that has rows, values in the
            order asked for; columns `period` (its name), `date` (first day of the bucket, if a
            grain was asked for), the dimensions (text; "(missing)" where empty), `value` (of the
            metric; NaN where undefined), `numerator`, `denominator` (of a ratio; the value and 1
            otherwise).
        metric, by, grain, where: as asked.
    """

    metric: str
    by: tuple[str, ...]
    grain: Grain | None
    where: Where
    kind: ClassVar[str] = "explore"

    @property
    def headline(self) -> Message:
        values = {
            "metric": self.metric,
            "by": self.by or None,
            "where": self.where or None,
            "rows": len(self.table),
        }
        return Message("explore.shown" if len(self.table) else "explore.nothing", values)


def explore(
    case: Case,
    metric: str,
    *,
    by: Sequence[str] = (),
    grain: Grain | None = None,
    where: Where = EVERYWHERE,
    periods: Sequence[str] | Mapping[str, Period] = ("baseline", "current"),
    order: Literal["size", "value", "change", "name"] = "size",
) -> ExploreResult:
    """Measure a metric as the case defines it, by up to two dimensions and over time.

    Args:
        case: metrics, tables and periods.
        metric: name of a metric of the case.
        by: up to two dimensions of its table.
        grain: "day", "week" or "month" for a course over time; None for one value per period.
        where: only rows of this segment.
        periods: names of the case's periods, or periods of your own by name.
        order: of the values of a dimension: by "size" (the largest denominator or amount first),
            "value" (the highest of the last period), "change" from the first period to the last
            (the largest fall first), or "name".

    Returns:
        ExploreResult.

    Raises:
        BadInput: an unknown metric, dimension, grain, period or order, more than two dimensions, or
            a change asked of one period.

    Example:
        >>> found = explore(case, "revenue", by=["platform"], grain="week")
        >>> found.table.shape
        (24, 6)
    """
    if metric not in case.metrics:
        raise unknown("metric", metric, case.metrics, "explore, argument 'metric'")
    found = case.metrics[metric]
    table = case.tables[found.table]
    for dimension in by:
        if dimension not in table.dimensions_named:
            raise unknown("dimension", dimension, table.dimensions_named, f"table {found.table!r}")
    if len(by) > 2:
        raise BadInput(f"{len(by)} dimensions", "explore, argument 'by'", "choose up to two")
    if grain is not None and grain not in GRAINS:
        raise unknown("grain", grain, GRAINS, "explore, argument 'grain'")
    if order not in ORDERS:
        raise unknown("order", order, ORDERS, "explore, argument 'order'")
    if order == "change" and len(periods) < 2:
        what = "one period has no change to order by"
        raise BadInput(what, "explore, argument 'order'", "give two periods, or another order")
    if not periods:
        raise BadInput("no period", "explore, argument 'periods'", "name one of the case's")
    own_spans = periods if isinstance(periods, Mapping) else {}
    for name in periods:
        if name not in case.periods and name not in own_spans:
            raise unknown("period", name, case.periods, "explore, argument 'periods'")
    spans = {name: own_spans.get(name) or case.periods[name] for name in periods}
    frame = measure(table, [found], spans, Cut(grain, tuple(by), where))
    ours = {own(f"by{k}"): d for k, d in enumerate(by)}
    columns = {"period": frame[PERIOD]} | ({"date": frame[BUCKET]} if grain else {})
    columns |= {o: label(frame[marked(d)], f"explore(by=), column {d!r}") for o, d in ours.items()}
    parts = {"numerator": frame[f"{metric}:num"], "denominator": frame[f"{metric}:den"]}
    shown = pd.DataFrame(columns | {"value": frame[metric]} | parts)
    ranks = {o: _ranks(shown, o, order, list(spans)) for o in ours}
    shown = shown.sort_values(
        list(columns), key=lambda c: c.map(ranks[str(c.name)]) if c.name in ranks else c,
        ignore_index=True,
    )  # fmt: skip
    notes = tuple(n for span in spans.values() for n in holes(table, found, span, where))
    return ExploreResult(called(shown, ours), metric, tuple(by), grain, where, notes=notes)


def _ranks(table: pd.DataFrame, dimension: str, order: str, periods: list[str]) -> dict[str, int]:
    """Value -> its rank in the order asked for; names decide between equals."""
    if order == "name":
        return {value: rank for rank, value in enumerate(sorted(table[dimension].unique()))}
    ratio = bool((table["denominator"] != 1).any())
    size = (table["denominator"] if ratio else table["value"].abs()).groupby(table[dimension]).sum()

    def of(period: str) -> pd.Series:
        rows = table[table["period"] == period]
        sums = rows.groupby(dimension)[["numerator", "denominator"]].sum()
        return sums["numerator"] / sums["denominator"] if ratio else sums["numerator"]

    score = -size if order == "size" else -of(periods[-1])
    if order == "change":
        score = of(periods[-1]).sub(of(periods[0]), fill_value=None if ratio else 0.0)
    score = score.reindex(sorted(size.index)).sort_values(kind="stable")
    return {value: rank for rank, value in enumerate(score.index)}
