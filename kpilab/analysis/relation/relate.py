"""Relate: do a KPI and the goal move together, and with what lag?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.door.frames import dated
from kpilab.engine.door.frames import series as on_days
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.relation.axis import Axis, Calendar, axis, calendar_terms, peaks
from kpilab.stats.relation.related import LEAST_RHO, Question, relation_tests
from kpilab.stats.series import rising

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame, Values

Verdict = Literal["related", "unrelated", "inconclusive"]
WORTH = 26


@dataclass(frozen=True, slots=True, eq=False)
class RelateResult(Result):
    """Answer of `relate`.

    Attributes:
        table: one row per lag; columns `lag` (periods by which the KPI leads the goal), `rho`
            (correlation of what is new in each series), `low`, `high` (interval, simultaneous over
            the lags), `critical` (size from which on a lag counts).
        verdict: related; unrelated (a relation of `least` or more is ruled out at every lag); or
            inconclusive (neither: the series are too short or too noisy).
        lag, rho, low, high: the strongest lag.
        p: p-value of "not related", corrected for the lags.
        detectable: smallest correlation that would have been found with 80 % power.
        naive: Pearson correlation of the series as they are, for comparison only.
        grain: day, week, month or quarter. periods: number of periods.
        least: smallest correlation that would matter. level: confidence level.
        series: `date`, `kpi`, `goal` as given (for the chart). names: of KPI and goal.
    """

    verdict: Verdict
    lag: int
    rho: float
    low: float
    high: float
    p: float
    detectable: float
    naive: float
    grain: str
    periods: int
    least: float
    level: float
    series: pd.DataFrame
    names: tuple[str, str]
    kind: ClassVar[str] = "relate"

    @property
    def headline(self) -> Message:
        values = {
            "kpi": self.names[0], "goal": self.names[1], "lag": self.lag, "rho": self.rho,
            "low": self.low,
            "high": self.high, "p": self.p, "detectable": self.detectable, "least": self.least,
            "periods": self.periods, "grain": Message(f"relate.grain_{self.grain}"),
            "first": int(self.table["lag"].min()), "last": int(self.table["lag"].max()),
        }  # fmt: skip
        if self.verdict != "related":
            return Message(f"relate.{self.verdict}", values)
        if self.lag < 0:
            return Message("relate.related_behind", values | {"lag": -self.lag})
        return Message("relate.related_lag" if self.lag else "relate.related_now", values)


@keywords("relate")
def relate(
    kpi: Values,
    goal: Values,
    *,
    lags: Sequence[int] | None = None,
    calendar: str | Calendar | None = None,
    given: Frame | None = None,
    least: float = LEAST_RHO,
    level: float = 0.95,
) -> RelateResult:
    """Test whether a KPI and the goal are related, honestly about trend, season and chance.

    Both series are differenced, freed of calendar terms, trend and their own past; what is new in
    one is correlated with what is new in the other, `lags` periods later. Logarithms are taken of a
    series whose changes grow with its level, and a note says so. "Not found" is not
    "unrelated": that is said only when a relation of `least` or more is ruled out at every lag
    looked at.

    Args:
        kpi, goal: one value per period, indexed by date (daily, weekly, monthly or quarterly,
            without gaps). Only periods that both have are used; a missing or infinite value is a
            gap.
        lags: periods by which the KPI leads (negative: the goal leads), decided before looking;
            0 to 4 below 52 periods, else 0 to 8.
        calendar: country code whose holidays are taken out, or a `Calendar` that names shocks that
            hit both: a shared shock that is not named looks like a relation.
        given: further series to hold constant (a benchmark, other drivers), same dates.
        least: smallest correlation that would matter, between 0 and 1.
        level: confidence level, 0 < level < 1; the test uses 1 - level.

    Returns:
        RelateResult with one row per lag.

    Raises:
        BadInput: no dates, no lags, a constant series, fewer than 12 common periods, a gap, a
            period twice, or a driver in `given` that does not cover the periods.

    Note:
        Relation is not cause, and what is tested is a straight one at the lags looked at: a goal
        that leads, a longer delay, a U-shape or an effect spread over many periods may be called
        unrelated. Ends of months and quarters are taken out where the goal follows them. Below 26
        periods the result is nearly always inconclusive, and says so.

    Example:
        >>> weeks = pd.date_range("2024-01-01", periods=60, freq="7D")
        >>> noise = np.random.default_rng(1).normal(size=61)
        >>> relate(pd.Series(noise[1:], weeks), pd.Series(noise[:-1], weeks)).lag
        1
    """
    fraction(level, "relate(level=)")
    fraction(least, "relate(least=)")
    if lags is not None and not len(lags):
        raise BadInput(
            "no lags",
            "relate(lags=)",
            "give at least one, e.g. (0, 1, 2), or leave the argument out",
        )
    frame, ax = _aligned(kpi, goal)
    readings = calendar_terms(ax, calendar)
    question = Question(
        ax.season, _given(given, frame), readings, peaks(ax), None if lags is None else tuple(lags),
        1 - level, least,
    )  # fmt: skip
    tests = relation_tests(frame["kpi"].to_numpy(), frame["goal"].to_numpy(), question)
    low, high = tests.cross.bounds(1 - level)
    table = pd.DataFrame(
        {
            "lag": tests.cross.lags, "rho": tests.cross.rho[0], "low": low[0], "high": high[0],
            "critical": tests.cross.critical(1 - level)[0],
        }
    )  # fmt: skip
    # one of the three by construction
    verdict: Verdict = str(tests.verdict[0])  # type: ignore[assignment]
    if not verdict:
        raise BadInput(
            "nothing is left of a series after calendar and trend",
            "relate",
            "give a series that varies",
        )
    notes = (
        (Message("relate.short", {"periods": len(frame), "worth": WORTH}),)
        if len(frame) < WORTH
        else ()
    )
    values = frame[["kpi", "goal"]].to_numpy(float).T
    logs = (rising(values) != values).any(axis=1)
    if logs.any():
        named = tuple(n for n, taken in zip(_names(kpi, goal), logs, strict=True) if taken)
        notes += (Message("relate.logs", {"names": named}),)
    return RelateResult(
        table, verdict, int(tests.lag[0]), float(tests.rho[0]), float(tests.low[0]),
        float(tests.high[0]),
        float(tests.p[0]), float(tests.detectable[0]), float(frame["kpi"].corr(frame["goal"])),
        ax.grain,
        len(frame), least, level, frame.rename_axis("date").reset_index(), _names(kpi, goal),
        notes=notes,
    )  # fmt: skip


def _names(kpi: Values, goal: Values) -> tuple[str, str]:
    return str(getattr(kpi, "name", None) or "KPI"), str(getattr(goal, "name", None) or "goal")


def _aligned(kpi: Values, goal: Values) -> tuple[pd.DataFrame, Axis]:
    both = {"kpi": on_days(kpi, "relate(kpi)"), "goal": on_days(goal, "relate(goal)")}
    frame = pd.concat(both, axis=1, join="inner").sort_index()
    first, last = frame["kpi"].first_valid_index(), frame["goal"].last_valid_index()
    frame = frame.loc[first:last].dropna()
    ax = axis(frame.index.to_numpy(), "relate(kpi, goal)")
    for name in ("kpi", "goal"):
        if frame[name].nunique() < 2:
            raise BadInput(
                f"series {name!r} never changes", f"relate({name})", "a constant cannot be related"
            )
    return frame, ax


def _given(given: Frame | None, frame: pd.DataFrame) -> np.ndarray:
    if given is None:
        return np.empty((len(frame), 0))
    driver = dated(given, "relate(given=)").reindex(frame.index)
    missing = driver.columns[driver.isna().any()]
    if len(missing):
        raise BadInput(
            f"driver {missing[0]!r} does not cover every period",
            "relate(given=)",
            "extend or drop it",
        )
    return driver.to_numpy(float)
