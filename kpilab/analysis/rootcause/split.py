"""Split: which values of a dimension gained or lost,
between the baseline and the current period?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Where, fraction
from kpilab.engine.column import marked
from kpilab.engine.door.values import label
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.core.change import change
from kpilab.stats.core.level import Window
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.core.case import Case, Metric

COLUMNS = [
    "segment", "baseline", "current", "change", "contribution", "low", "high", "share", "p", "q",
]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SplitResult(Result):
    """Answer of `split`.

    Attributes:
        table: one row per value, largest loss first; columns `segment` (the value, text),
            `baseline`, `current` (metric there; an amount that adds up is scaled to the length of
            the current period in the baseline), `change` (relative; NaN when the baseline is zero),
            `contribution` (amount gained or lost there; of a rate its numerator beyond the
            baseline's rate), `low`, `high` (its interval, noise from day to day), `share` (of the
            sum of all contributions; NaN if that is zero), `p` (no change there), `q` (the same,
            corrected for all values: Holm).
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
        values: dict[str, object] = {
            "metric": self.metric,
            "dimension": self.dimension,
            "where": self.where or None,
        }
        sure = self.table[self.table["q"] <= 1 - self.level]
        if sure.empty:
            return Message("split.none", values)
        row = sure.iloc[int(sure["contribution"].abs().to_numpy().argmax())].to_dict()
        return Message(
            "split.most",
            values | {k: row[k] for k in ("segment", "contribution", "low", "high", "share")},
        )


@keywords("split")
def split(
    case: Case, metric: str, *, by: str, where: Where = EVERYWHERE, level: float = 0.95
) -> SplitResult:
    """Compare a metric of the current period with the baseline, for each value of one dimension.

    Args:
        case: metrics, tables and periods.
        metric: name of a metric of the case. by: a dimension of its table.
        where: only rows of this segment. level: confidence level of the intervals.

    Returns:
        SplitResult with one row per value that has rows in either period.

    Raises:
        BadInput: an unknown metric or dimension, or a metric that does not add up over days.

    Note:
        One look at one dimension: intervals are those of one value each, `q` counts them all.
        Looking at many dimensions finds something by chance; `localise` pays for the search.
    """
    fraction(level, "split(level=)")
    if metric not in case.metrics:
        raise unknown("metric", metric, case.metrics, "split, argument 'metric'")
    found = case.metrics[metric]
    known = case.tables[found.table].dimensions_named
    if by not in known:
        raise unknown("dimension", by, known, f"table {found.table!r}")
    if found.per is not None:
        raise BadInput(
            f"{metric!r} does not add up over days",
            "split, argument 'metric'",
            "choose another metric",
        )
    table = _table(case, found, by, where, level)
    total = float(table["contribution"].sum())
    table["share"] = table["contribution"] / total if total else float("nan")
    table["q"] = holm(table["p"].to_numpy(float))
    return SplitResult(
        table.sort_values("contribution", ignore_index=True)[COLUMNS],
        metric,
        by,
        where,
        level,
    )


def _table(case: Case, metric: Metric, dimension: str, where: Where, level: float) -> pd.DataFrame:
    periods = {name: case.periods[name] for name in ("baseline", "current")}
    days = measure(case.tables[metric.table], [metric], periods, Cut("day", (dimension,), where))
    days[BUCKET] = pd.to_datetime(days[BUCKET])
    calendar = {
        name: pd.DatetimeIndex(sorted(days.loc[days[PERIOD] == name, BUCKET].unique()))
        for name in periods
    }
    values = label(days[marked(dimension)], f"split(by=), column {dimension!r}")
    rows = [
        _row(metric, calendar, value, block, level)
        for value, block in days.groupby(values.to_numpy())
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(
    metric: Metric,
    calendar: Mapping[str, pd.DatetimeIndex],
    value: object,
    block: pd.DataFrame,
    level: float,
) -> dict[str, object]:
    """One value of the dimension; a day on which only others have rows counts as nothing."""
    before, after = (
        _window(metric, block[block[PERIOD] == name], days) for name, days in calendar.items()
    )
    found, units = change(before, after), float(np.nansum(after.den))
    low, high = found.ends(level)
    scale = 1.0 if metric.is_ratio else units
    named: dict[str, object] = {
        "segment": str(value),
        "baseline": found.before * scale,
        "current": found.after * scale,
    }
    named |= {"change": found.relative, "contribution": found.value * units, "p": found.p}
    return named | {"low": low * units, "high": high * units}


def _window(metric: Metric, rows: pd.DataFrame, known: pd.DatetimeIndex) -> Window:
    """The days of one period in a row; days on which the table holds nothing at all are missing."""
    days = pd.date_range(known[0], known[-1]) if len(known) else known
    found = (
        rows.set_index(BUCKET)[[f"{metric.name}:num", f"{metric.name}:den"]]
        .reindex(known)
        .fillna(0.0)
    )
    num, den = (found[c].reindex(days).to_numpy(float) for c in found)
    return Window.of(
        num, den if metric.is_ratio else np.where(np.isfinite(num), 1.0, np.nan), days.dayofweek
    )
