"""Split: which values of a dimension gained or lost, between the baseline and the current period?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Where
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.errors import BadInput, unknown
from kpilab.stats.daywise import moved

if TYPE_CHECKING:
    from kpilab.core.case import Case, Metric

COLUMNS = ["segment", "baseline", "current", "change", "contribution", "low", "high", "share"]


@dataclass(frozen=True, slots=True, eq=False)
class SplitResult(Result):
    """Answer of `split`.

    Attributes:
        table: one row per value, largest loss first; columns `segment` (the value, text), `baseline`, `current`
            (metric there; an amount that adds up is scaled to the length of the current period in the baseline),
            `change` (relative; NaN when the baseline is zero), `contribution` (amount gained or lost there; of a rate
            its numerator beyond the baseline's rate), `low`, `high` (its interval, noise from day to day), `share`
            (of the sum of all contributions; NaN if that is zero).
        metric, dimension, where: as asked.
        level: confidence level of the interval.
    """

    metric: str
    dimension: str
    where: Where
    level: float
    kind: ClassVar[str] = "split"

    @property
    def headline(self) -> Message:
        values: dict[str, object] = {"metric": self.metric, "dimension": self.dimension, "where": self.where or None}
        sure = self.table[(self.table["low"] > 0) | (self.table["high"] < 0)]
        if sure.empty:
            return Message("split.none", values)
        row = sure.iloc[int(sure["contribution"].abs().to_numpy().argmax())].to_dict()
        return Message("split.most", values | {k: row[k] for k in ("segment", "contribution", "low", "high", "share")})


def split(case: Case, metric: str, *, dimension: str, where: Where = EVERYWHERE, level: float = 0.95) -> SplitResult:
    """Compare a metric of the current period with the baseline, for each value of one dimension.

    Args:
        case: metrics, tables and periods.
        metric: name of a metric of the case. dimension: a dimension of its table.
        where: only rows of this segment. level: confidence level of the intervals.

    Returns:
        SplitResult with one row per value that has rows in either period.

    Raises:
        BadInput: an unknown metric or dimension, or a metric that does not add up over days.

    Note:
        One look at one dimension; looking at many finds something by chance. `localise` pays for the search.
    """
    if metric not in case.metrics:
        raise unknown("metric", metric, case.metrics, "split, argument 'metric'")
    found = case.metrics[metric]
    known = case.tables[found.table].dimensions_named
    if dimension not in known:
        raise unknown("dimension", dimension, known, f"table {found.table!r}")
    if found.per is not None:
        raise BadInput(f"{metric!r} does not add up over days", "split, argument 'metric'", "choose another metric")
    table = _table(case, found, dimension, where, level)
    total = float(table["contribution"].sum())
    table["share"] = table["contribution"] / total if total else float("nan")
    return SplitResult(table.sort_values("contribution", ignore_index=True)[COLUMNS], metric, dimension, where, level)


def _table(case: Case, metric: Metric, dimension: str, where: Where, level: float) -> pd.DataFrame:
    periods = {name: case.periods[name] for name in ("baseline", "current")}
    days = measure(case.tables[metric.table], [metric], periods, Cut("day", (dimension,), where))
    days[BUCKET] = pd.to_datetime(days[BUCKET]).dt.date
    rows = [_row(metric, case, value, block, level) for value, block in days.groupby(dimension, dropna=False)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(metric: Metric, case: Case, value: object, block: pd.DataFrame, level: float) -> dict[str, object]:
    """One value of the dimension; a day without rows counts as nothing."""
    sides = []
    for name in ("baseline", "current"):
        days = block[block[PERIOD] == name].set_index(BUCKET).reindex(list(case.periods[name]))
        num = days[f"{metric.name}:num"].fillna(0).to_numpy(float)
        den = days[f"{metric.name}:den"].fillna(0 if metric.is_ratio else 1).to_numpy(float)
        sides.append((num, den))
    (n0, d0), (n1, d1) = sides
    amount, low, high = moved(sides[0], sides[1], level)
    scale = 1.0 if metric.is_ratio else float(d1.sum())
    before = n0.sum() / d0.sum() * scale if d0.sum() else float("nan")
    now = n1.sum() / d1.sum() * scale if d1.sum() else float("nan")
    change = now / before - 1 if before else float("nan")
    named: dict[str, object] = {"segment": str(value), "baseline": before, "current": now, "change": change}
    return named | {"contribution": amount, "low": low, "high": high}
