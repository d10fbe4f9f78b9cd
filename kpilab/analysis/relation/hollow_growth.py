"""Surge: did a KPI jump in one place while nothing downstream of it moved?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Effect, Message, Period, Where, fraction
from kpilab.engine.door.frames import frame
from kpilab.engine.door.values import count, day, label
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.core.contrast import Growth, growth, hollowness, not_following
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

LEAST_DAYS = 7


@dataclass(frozen=True, slots=True, eq=False)
class HollowGrowthResult(Result):
    """Answer of `hollow_growth`.

    Attributes:
        table: one row per segment searched, and one for the total (dimension and value ""); columns
            `dimension`, `value`, `before`, `now` (KPI per day), `change` (relative), `low`, `high`,
            `beyond` (relative change beyond the rest of the same dimension; NaN for the total),
            `jump` (p of no rise there beyond the rest), `p` (largest of: `jump`, some downstream
            count followed), `q` (the same, corrected for all segments: Holm).
        downstream: one row per downstream count in the segment found; columns `series`, `change`,
            `low`, `high`, `follows` (its log growth as a share of the KPI's, beyond the rest), `p`
            (that it follows).
        where: the segment with the hollow jump (everywhere when the rest jumped as well); None
            without one.
        change: relative change of the KPI there (NaN without a jump). total: the same over all
            segments.
        q: corrected p-value of the jump found, or the smallest of all without one.
        rose: the KPI's total rose (uncorrected, one-sided).
        level: confidence level.
    """

    downstream: pd.DataFrame
    where: Where | None
    change: Effect
    total: Effect
    q: float
    rose: bool
    level: float
    kind: ClassVar[str] = "surge"

    @property
    def headline(self) -> Message:
        best = float(self.downstream["change"].max()) if len(self.downstream) else None
        values = {
            "where": self.where, "change": self.change.value, "low": self.change.low,
            "high": self.change.high,
            "total": self.total.value, "q": self.q, "best": best, "segments": len(self.table) - 1,
        }  # fmt: skip
        if self.where is not None:
            return Message("surge.hollow", values)
        return Message("surge.followed" if self.rose else "surge.none", values)


@keywords("hollow_growth")
def hollow_growth(
    rows: Frame,
    *,
    kpi: str,
    downstream: Sequence[str],
    baseline: Period,
    current: Period,
    level: float = 0.95,
    follows: float = 0.5,
) -> HollowGrowthResult:
    """Find the segment in which a KPI jumped while the counts downstream of it did not follow.

    Growth from the baseline to the current period is compared with that of the rest of the same
    dimension; over-dispersion and autocorrelation come from the days. A segment counts when the KPI
    rose there, beyond the rest, and every downstream count surely grew by less than `follows` times
    as much (in logarithms, beyond the rest): so a roll-out that moves everything to a new value is
    no jump. All segments of all dimensions are searched, and corrected for.

    Args:
        rows: one row per day, dimension and value; columns `day`, `dimension`, `value`, the KPI
            and the downstream counts. Each dimension splits the same total; days without a row
            count as zero. A day on which a count is missing is left out whole, and counted in a
            note.
        kpi: column of the KPI's daily count.
        downstream: columns of what the KPI ought to lead to.
        baseline, current: the periods compared, at least 7 days each.
        level: confidence level; the tests use 1 - level.
        follows: share of the KPI's log growth from which on a count is said to follow, 0 to 1.

    Returns:
        HollowGrowthResult with one row per segment and one for the total.

    Raises:
        BadInput: a missing column, no downstream count, too few days, or no row of a period.

    Note:
        Overlapping dimensions see the same jump; the segment that stands out most is named.
    """
    fraction(level, "hollow_growth(level=)")
    rows = _rows(rows, kpi, downstream)
    notes = _check(rows, baseline, current)
    days, now = _calendar(baseline, current, rows)
    weekday = days.dayofweek.to_numpy().astype(np.int64)
    segments, cube = _cube(rows, days)
    segments, cube = _with_total(segments, cube)
    rest = _rest(segments, cube)
    inside, outside = (_growths(c, now, weekday) for c in (cube, rest))
    # The total has no rest: it is compared with standing still.
    beyond = [_beyond(i, o, len(segments) - 1) for i, o in zip(inside, outside, strict=True)]
    flat = np.max([not_following(beyond[0], b, follows) for b in beyond[1:]], axis=0)
    jump = np.maximum(inside[0].rise(), beyond[0].rise())
    p = np.maximum(jump, flat)
    q = holm(p)
    found = _found(q, beyond, outside, follows, 1 - level)
    table = _table(segments, cube[:, 0], now, inside[0], beyond[0], (jump, p, q), level)
    steps = _steps(found, inside, beyond, list(downstream), follows, level)
    total = len(segments) - 1
    where = None if found is None else EVERYWHERE
    if found is not None and found != total:
        where = Where({str(segments["dimension"].iat[found]): (segments["value"].iat[found],)})
    return HollowGrowthResult(
        table, steps, where,
        change=Effect(float("nan")) if found is None else _effect(inside[0], found, level),
        total=_effect(inside[0], total, level), q=float(q.min() if found is None else q[found]),
        rose=bool(inside[0].rise()[total] < 1 - level), level=level, notes=notes,
    )  # fmt: skip


def _rows(counts: Frame, kpi: str, downstream: Sequence[str]) -> pd.DataFrame:
    """Day, dimension, value, and the counts as 0 (the KPI), 1 …;
    `holed` on days on which one of them is missing."""
    if not downstream:
        raise BadInput(
            "no downstream count is named",
            "hollow_growth(downstream=)",
            "name what the KPI ought to lead to",
        )
    keys = {"day": ("day", day), "dimension": ("dimension", label), "value": ("value", label)}
    amounts = {f"c{k}": (c, count) for k, c in enumerate((kpi, *downstream))}
    rows = frame(counts, keys | amounts, "hollow_growth(rows)")
    rows = rows[rows["day"].notna()]
    return rows.assign(holed=rows["day"].isin(rows.loc[rows[[*amounts]].isna().any(axis=1), "day"]))


def _check(rows: pd.DataFrame, baseline: Period, current: Period) -> tuple[Message, ...]:
    """A note on the days left out; enough of them are there."""
    left = 0
    for name, period in (("baseline", baseline), ("current", current)):
        if period.days < LEAST_DAYS:
            raise BadInput(
                f"{name} has {period.days} days",
                f"hollow_growth({name}=)",
                f"give at least {LEAST_DAYS} days",
            )
        inside = rows[rows["day"].between(pd.Timestamp(period.first), pd.Timestamp(period.last))]
        if inside.empty:
            raise BadInput(
                f"no row lies in {period}",
                f"hollow_growth({name}=)",
                "choose days that the counts cover",
            )
        holed = inside.loc[inside["holed"], "day"].nunique()
        if period.days - holed < LEAST_DAYS:
            raise BadInput(
                f"counts are missing on {holed} of {period.days} days",
                f"hollow_growth({name}=)",
                "fill them in at the source",
            )
        left += holed
    return (Message("surge.days_left_out", {"days": left}),) if left else ()


def _calendar(
    baseline: Period, current: Period, rows: pd.DataFrame
) -> tuple[pd.DatetimeIndex, np.ndarray]:
    first = pd.date_range(baseline.first, baseline.last)
    last = pd.date_range(current.first, current.last)
    days, now = pd.DatetimeIndex([*first, *last]), np.repeat([False, True], [len(first), len(last)])
    whole = ~days.isin(rows.loc[rows["holed"], "day"])
    return days[whole], now[whole]


def _cube(rows: pd.DataFrame, days: pd.DatetimeIndex) -> tuple[pd.DataFrame, np.ndarray]:
    """Segments, and their counts as segment × column × day."""
    columns = [c for c in rows.columns if c not in ("day", "dimension", "value", "holed")]
    wide = rows.pivot_table(
        index=["dimension", "value"], columns="day", values=columns, aggfunc="sum"
    ).sort_index()
    wide = wide.reindex(columns=pd.MultiIndex.from_product([columns, days])).fillna(0)
    return wide.index.to_frame(index=False), wide.to_numpy(float).reshape(
        len(wide), len(columns), len(days)
    )


def _with_total(segments: pd.DataFrame, cube: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """The same with the total as last row (each dimension adds up to it)."""
    first = (segments["dimension"] == segments["dimension"].iat[0]).to_numpy()
    whole = pd.DataFrame({"dimension": [""], "value": [""]})
    return pd.concat([segments, whole], ignore_index=True), np.concatenate(
        [cube, cube[first].sum(axis=0)[None]]
    )


def _rest(segments: pd.DataFrame, cube: np.ndarray) -> np.ndarray:
    """For each segment, the counts of all other values of its dimension."""
    sums = {
        d: cube[(segments["dimension"] == d).to_numpy()].sum(axis=0)
        for d in segments["dimension"].unique()
    }
    return np.stack([sums[d] for d in segments["dimension"]]) - cube


def _growths(cube: np.ndarray, now: np.ndarray, weekday: np.ndarray) -> list[Growth]:
    return [growth(cube[:, k], now, weekday) for k in range(cube.shape[1])]


def _beyond(inside: Growth, outside: Growth, total: int) -> Growth:
    gap = inside.minus(outside)
    log, error = gap.log.copy(), gap.error.copy()
    log[total], error[total] = inside.log[total], inside.error[total]
    return Growth(inside.changes, log, error, gap.df)


def _found(
    q: np.ndarray, beyond: list[Growth], outside: list[Growth], follows: float, alpha: float
) -> int | None:
    """Row of the segment that stands out most; the last row means everywhere, None nowhere."""
    total = len(q) - 1
    if not (q < alpha).any():
        return None
    hollow = np.min([hollowness(beyond[0], b, follows) for b in beyond[1:]], axis=0)
    best = int(np.argmax(np.where(q[:total] < alpha, hollow[:total], -np.inf)))
    if not q[best] < alpha:
        return total
    # The rest is hollow too: then it is not this segment that jumped.
    rest = [not_following(outside[0], o, follows)[best] for o in outside[1:]]
    return total if q[total] < alpha and max(*rest, outside[0].rise()[best]) < alpha else best


def _steps(
    found: int | None,
    inside: list[Growth],
    beyond: list[Growth],
    names: list[str],
    follows: float,
    level: float,
) -> pd.DataFrame:
    """The downstream counts in the segment found."""
    columns = ["series", "change", "low", "high", "follows", "p"]
    if found is None:
        return pd.DataFrame(columns=columns)
    rows = []
    for name, own, gap in zip(names, inside[1:], beyond[1:], strict=True):
        change = _effect(own, found, level)
        share = gap.log[found] / beyond[0].log[found]
        p = not_following(beyond[0], gap, follows)[found]
        rows.append((name, change.value, change.low, change.high, float(share), float(p)))
    return pd.DataFrame(rows, columns=columns)


def _table(
    segments: pd.DataFrame, kpi: np.ndarray, now: np.ndarray, own: Growth, beyond: Growth,
    tests: tuple[np.ndarray, np.ndarray, np.ndarray], level: float,
) -> pd.DataFrame:  # fmt: skip
    jump, p, q = tests
    low, high = np.array([c.relative_ends(level) for c in own.changes]).T
    more = np.expm1(beyond.log)
    more[-1] = np.nan
    return segments.assign(
        before=kpi[:, ~now].mean(axis=1), now=kpi[:, now].mean(axis=1),
        change=[c.relative for c in own.changes], low=low, high=high, beyond=more, jump=jump, p=p,
        q=q,
    )  # fmt: skip


def _effect(g: Growth, k: int, level: float) -> Effect:
    low, high = g.changes[k].relative_ends(level)
    return Effect.known(g.changes[k].relative, low, high)
