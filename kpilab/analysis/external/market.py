"""Market: is it us, or everybody?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Benchmark
from kpilab.core.values import Effect, Message, Period, fraction
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import day, label, names, number
from kpilab.errors import BadInput, unknown
from kpilab.stats.core.change import change
from kpilab.stats.core.contrast import Placebo, against_history
from kpilab.stats.core.dependence import long_run
from kpilab.stats.core.level import Window
from kpilab.stats.distributions import student
from kpilab.stats.external.factor import detrend, hit_alone, loadings
from kpilab.stats.rounding import still

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpilab.engine.door.frames import Frame

Cause = Literal["market", "own", "both", "neither", "unclear"]
PRIOR_BETA, PRIOR_SD = 1.0, 0.5
LEAST_HISTORY = 26
LEAST_STUCK = 4  # dates of both periods on which one value is no chance
LEAST_DATES = 2  # of each period, for a noise of our own series
DAYS_OF_WEEK, DAYS_OF_MONTH = 5, 20  # between two dates, from which on they are weeks and months


@dataclass(frozen=True, slots=True, eq=False)
class MarketResult(Result):
    """Answer of `market`.

    Attributes:
        table: one row per series, `market` (the common movement) and our own among them; columns
            `series` (str), `role` (own, market, peer, remainder), `change` (relative change of the
            period means of the logarithm, 0.1 = +10 %), `low`, `high` (interval; what is usual in
            the history lies inside when it holds zero), `p` (no more than usual), `weight` (share
            in the market index).
        market: relative change of the market, with interval.
        own: relative change of our own series.
        explained: relative change of our own that the market accounts for (beta times the market).
        remainder: relative change of our own beyond the market.
        beta: how much our own moves when the market moves by 1, estimated on the history before the
            current period and shrunk towards 1 (normal, sd 0.5).
        beta_history: the same without shrinkage; its interval says how much the history knows.
        share: share of our own change that the market explains; NaN when our own change
            is no larger than usual.
        market_p, remainder_p: p-values of "no more than usual". own_p: of no change of our own
            series.
        cause: market, own (beyond the market), both, neither, or unclear (history too short).
        weeks: periods of history used.
        level: confidence level.
        series: aligned log index of market and own, one row per date (for the chart).
    """

    market: Effect
    own: Effect
    explained: Effect
    remainder: Effect
    beta: Effect
    beta_history: Effect
    share: Effect
    market_p: float
    own_p: float
    remainder_p: float
    cause: Cause
    weeks: int
    level: float
    series: pd.DataFrame
    kind: ClassVar[str] = "market"

    @property
    def headline(self) -> Message:
        values = {
            "market": self.market.value, "low": self.market.low, "high": self.market.high,
            "own": self.own.value,
            "explained": self.explained.value, "remainder": self.remainder.value,
            "p": self.market_p,
            "remainder_p": self.remainder_p, "weeks": self.weeks,
        }  # fmt: skip
        return Message(f"market.{self.cause}", values)


def market(
    benchmark: Benchmark | Frame,
    *,
    baseline: Period,
    current: Period,
    own: str | None = None,
    peers: Sequence[str] = (),
    level: float = 0.95,
) -> MarketResult:
    """How much did the market move, and how much of our own change does that explain?

    The market is the common movement of the peers: their logarithms, averaged with weights inverse
    to each one's noise, which the history before the current period tells. A change counts only if
    it is larger than the changes between equal windows usually are in that history (placebo in
    time).

    Args:
        benchmark: one row per date and series; our own series and at least one peer, same dates,
            positive values; ideally a year of history before the current period.
        baseline, current: the periods compared; a date belongs to the period that contains it.
        own: name of our series; taken from the Benchmark role when not given.
        peers: names of the peers; all other series when not given.
        level: confidence level of the intervals.

    Returns:
        MarketResult with one row per series, one for the market, one for what is left of ours.

    Raises:
        BadInput: unknown series, a date twice for one series, values that are not positive, no date
            of a period, or no peer that reaches into the current period.

    Note:
        A peer that ends early, never changes, is our own series again, or (of three or more) moved
        away from all the others by more than it ever did, is left out and named in `notes`. With
        fewer than 12 comparable windows in the history nothing is tested and the cause is
        "unclear".
    """
    fraction(level, "market(level=)")
    role = _role(benchmark)
    wide = _wide(role)
    own, peers = _names(role, wide, own, tuple(peers))
    base, now = _window(wide, baseline, "baseline"), _window(wide, current, "current")
    peers, notes = _others(wide, own, peers)
    wide, peers, said = _usable(wide, own, peers, base | now)
    notes += said
    base, now = _window(wide, baseline, "baseline"), _window(wide, current, "current")
    peers, said = _telling(wide, peers, base, now)
    notes += said
    history = np.arange(len(wide)) < np.flatnonzero(now)[0]
    logs = np.log(wide[[own, *peers]].to_numpy(float))
    weights, common, noise = loadings(logs[history][:, 1:])
    index = logs[:, 1:] @ weights
    moved, ours = against_history(index, base, now), against_history(logs[:, 0], base, now)
    own_change, own_p = _own(wide[own], base, now, ours, level)
    raw, raw_error = _beta(logs[history], common)
    beta, beta_error = _shrunk(raw, raw_error)
    left = against_history(logs[:, 0] - beta * index, base, now)
    # Detrended, autocorrelated weeks are worth about one in five: beta's interval keeps its level
    # with t, not z.
    z = float(student.ppf(0.5 + level / 2, max(history.sum() / 5, 3)))
    windows = 1 / base.sum() + 1 / now.sum()
    measured = float(np.sqrt(np.sum(weights**2 * noise) * windows))
    explained = beta * moved.change
    explained_error = float(np.hypot(beta_error * moved.change, beta * measured))
    # The remainder is not known better than beta is: add what an error in beta would move.
    left = Placebo(left.change, float(np.hypot(left.error, beta_error * moved.change)), left.df)
    weeks = int(history.sum())
    if weeks < LEAST_HISTORY:
        notes += (Message("market.short_history", {"weeks": weeks, "least": LEAST_HISTORY}),)
    return MarketResult(
        _table((own, *peers), logs, weights, (own_change, own_p), (moved, left), (base, now),
            level),
        market=_relative(moved, level), own=own_change, remainder=_relative(left, level),
        explained=_ends(explained, z * explained_error, relative=True),
        beta=_ends(beta, z * beta_error), beta_history=_ends(raw, z * raw_error),
        share=_share(explained, z * explained_error, ours.change, own_p < 1 - level),
        market_p=moved.p, own_p=own_p, remainder_p=left.p, cause=_cause(moved, left, 1 - level),
        weeks=weeks, level=level, notes=notes,
        series=pd.DataFrame({"date": wide.index, "own": logs[:, 0], "market": index, "base": base,
            "now": now}),
    )  # fmt: skip


def _role(benchmark: Benchmark | Frame) -> Benchmark:
    """The role of a plain table: its columns `date`, `series` and `value`."""
    if isinstance(benchmark, Benchmark):
        return benchmark
    columns = {"date": ("date", day), "series": ("series", label), "value": ("value", number)}
    # wraps frames
    return Benchmark(frame(benchmark, columns, "market(benchmark)"))  # type: ignore[arg-type]


def _wide(role: Benchmark) -> pd.DataFrame:
    """One row per date, one column per series; a missing or infinite value is none."""
    columns = {
        "date": (role.time, day),
        "series": (role.series, label),
        "value": (role.value, number),
    }
    long, _left = known(frame(role.table, columns, f"table {role.name!r}"))
    twice = long[long.duplicated(["date", "series"])]
    where = f"table {role.name!r}"
    if len(twice):
        row = twice.iloc[0]
        raise BadInput(
            f"series {row['series']!r} has two values on {row['date'].date()}",
            where,
            "keep one row per date and series",
        )
    if (long["value"] <= 0).any():
        row = long[long["value"] <= 0].iloc[0]
        raise BadInput(
            f"series {row['series']!r} is {row['value']} on {row['date'].date()}",
            where,
            "give values above zero",
        )
    return long.pivot(index="date", columns="series", values="value").sort_index()


def _names(
    role: Benchmark, wide: pd.DataFrame, own: str | None, peers: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    where = f"table {role.name!r}, column {role.series!r}"
    own = own if own is not None else role.own
    if own is None:
        raise BadInput(
            "our own series is not named", "market(own=)", f"name one of {sorted(wide.columns)}"
        )
    (own,), peers = names([own]), tuple(names(peers or role.peers))
    peers = peers or tuple(c for c in wide.columns if c != own)
    for name in (own, *peers):
        if name not in wide.columns:
            raise unknown("series", name, wide.columns, where)
    if not peers:
        raise BadInput(
            "there is no peer beside our own series", where, "add at least one series of the market"
        )
    return own, peers


def _window(wide: pd.DataFrame, period: Period, name: str) -> np.ndarray:
    days = pd.DatetimeIndex(wide.index).normalize()
    inside = (days >= pd.Timestamp(period.first)) & (days <= pd.Timestamp(period.last))
    if not inside.any():
        first, last = days[0].date(), days[-1].date()
        raise BadInput(
            f"no date of the benchmark lies in {period}",
            f"market({name}=)",
            f"choose days within {first}..{last}",
        )
    return np.asarray(inside)


def _others(
    wide: pd.DataFrame, own: str, peers: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Message, ...]]:
    """Peers that are not our own series again, times a number: those would explain whatever it
    does."""
    ratio = wide[list(peers)].div(wide[own], axis=0)
    copies = tuple(p for p in peers if not still(wide[p]) and still(ratio[p]))
    if len(copies) == len(peers):
        raise BadInput(
            f"peer {copies[0]!r} is our own series {own!r} again",
            "market(benchmark)",
            "give series of others",
        )
    notes = (Message("market.copies", {"peers": copies}),) if copies else ()
    return tuple(p for p in peers if p not in copies), notes


def _usable(
    wide: pd.DataFrame, own: str, peers: tuple[str, ...], needed: np.ndarray
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[Message, ...]]:
    """Series that cover both periods, gaps of their common history filled;
    what was done is noted."""
    covered = [p for p in (own, *peers) if wide.loc[needed, p].notna().all()]
    missing = tuple(p for p in peers if p not in covered)
    if own not in covered or len(covered) < 2:
        short = own if own not in covered else missing[0]
        # dates index the table
        last = pd.Timestamp(wide[short].last_valid_index()).date()  # type: ignore[arg-type]
        raise BadInput(
            f"series {short!r} does not cover both periods (last value {last})",
            "benchmark",
            "extend the series, or choose periods that it covers",
        )
    known = wide[covered].interpolate(limit_area="inside").dropna()
    gaps = int(wide.loc[known.index, covered].isna().to_numpy().sum())
    notes = [Message("market.peer_left_out", {"peers": missing})] if missing else []
    notes += [Message("market.gaps", {"gaps": gaps})] if gaps else []
    return known, tuple(p for p in covered if p != own), tuple(notes)


def _telling(
    wide: pd.DataFrame, peers: tuple[str, ...], base: np.ndarray, now: np.ndarray
) -> tuple[tuple[str, ...], tuple[Message, ...]]:
    """Peers that tell of a market: those that move, and were not hit by something of their own."""
    before = ~now & (np.arange(len(wide)) < np.flatnonzero(now)[0])
    both = base | now
    stuck = [
        p for p in peers
        if still(wide.loc[before, p]) or (both.sum() >= LEAST_STUCK and still(wide.loc[both, p]))
    ]  # fmt: skip
    moving = tuple(p for p in peers if p not in stuck)
    if not moving:
        raise BadInput(
            f"peer {peers[0]!r} never changes", "market(benchmark)", "give peers that move"
        )
    notes = [Message("market.stuck", {"peers": tuple(stuck)})] if stuck else []
    alone = hit_alone(np.log(wide[list(moving)].to_numpy(float)), base, now)
    hit = tuple(moving[k] for k in alone)
    notes += [Message("market.hit_alone", {"peers": hit})] if hit else []
    left = tuple(p for p in moving if p not in hit)
    notes += [Message("market.one_peer", {"peer": left[0]})] if len(left) == 1 else []
    return left, tuple(notes)


def _beta(history: np.ndarray, common: float) -> tuple[float, float]:
    """Slope of our own on the market, freed of the peers' noise;
    error allows for autocorrelation."""
    clean = detrend(history)
    own, peers = clean[:, 0], clean[:, 1:].mean(axis=1)
    if common <= 0 or len(history) < 12:
        return PRIOR_BETA, 10 * PRIOR_SD
    n = clean.shape[1] - 1
    if n == 1:  # its noise cannot be told from the market: taken to be as large as our own
        common = max(common - float(np.var(own - peers)) / 2, common / 2)
    beta = float(np.mean(own * peers)) / common
    shared = (
        peers**2 if n == 1 else ((n * peers) ** 2 - (clean[:, 1:] ** 2).sum(axis=1)) / (n * (n - 1))
    )
    influence = (own * peers - beta * shared) / common
    variance = max(long_run(influence).variance, float(np.mean(influence**2)))
    return beta, float(np.sqrt(variance / len(influence)))


def _shrunk(beta: float, error: float) -> tuple[float, float]:
    known, prior = 1 / error**2, 1 / PRIOR_SD**2
    return (beta * known + PRIOR_BETA * prior) / (known + prior), float(1 / np.sqrt(known + prior))


def _own(
    series: pd.Series, base: np.ndarray, now: np.ndarray, usual: Placebo, level: float
) -> tuple[Effect, float]:
    """Change of our own series and its p, as everywhere;
    by its history where a period holds too few dates."""
    days = pd.DatetimeIndex(series.index)
    steps = float(np.median(np.diff(days) / np.timedelta64(1, "D")))
    grain = "day" if steps < DAYS_OF_WEEK else "week" if steps < DAYS_OF_MONTH else "month"
    code = days.dayofweek if grain == "day" else np.zeros(len(days))
    before, after = (Window.of(series[part], None, np.asarray(code)[part]) for part in (base, now))
    found = change(before, after, grain=grain)
    if min(before.days, after.days) < LEAST_DATES or not found.error > 0:
        return _relative(usual, level), usual.p
    return Effect.known(found.relative, *found.relative_ends(level)), found.p


def _relative(moved: Placebo, level: float) -> Effect:
    return _ends(moved.change, moved.half(level), relative=True)


def _ends(value: float, half: float, *, relative: bool = False) -> Effect:
    ends = np.array([value, value - half, value + half])
    value, low, high = (float(e) for e in (np.expm1(ends) if relative else ends))
    return Effect(value, None if low != low else low, None if high != high else high)


def _share(explained: float, half: float, ours: float, moved: bool) -> Effect:
    if not moved:
        return Effect(float("nan"))
    low, high = sorted([(explained - half) / ours, (explained + half) / ours])
    return Effect(explained / ours, low, high)


def _cause(moved: Placebo, left: Placebo, alpha: float) -> Cause:
    if not moved.df:
        return "unclear"
    if moved.p < alpha:
        return "both" if left.p < alpha else "market"
    return "own" if left.p < alpha else "neither"


def _table(
    names: tuple[str, ...],
    logs: np.ndarray,
    weights: np.ndarray,
    ours: tuple[Effect, float],
    main: tuple[Placebo, Placebo],
    windows: tuple[np.ndarray, np.ndarray],
    level: float,
) -> pd.DataFrame:
    """One row per series; `names` are our own and the peers."""
    single = [against_history(logs[:, k], *windows) for k in range(1, len(names))]
    judged = [ours, *((_relative(c, level), c.p) for c in (*main, *single))]
    return pd.DataFrame(
        {
            "series": [names[0], "market", "remainder", *names[1:]],
            "role": ["own", "market", "remainder", *["peer"] * len(single)],
            "change": [e.value for e, _ in judged],
            "low": [np.nan if e.low is None else e.low for e, _ in judged],
            "high": [np.nan if e.high is None else e.high for e, _ in judged],
            "p": [p for _, p in judged],
            "weight": [np.nan, 1.0, np.nan, *map(float, weights)],
        }
    )
