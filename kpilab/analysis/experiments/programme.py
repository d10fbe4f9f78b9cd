"""Programme: we shipped so many winners, so why did the goal not move?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.past import Past
from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, fraction
from kpilab.engine.door.frames import plain
from kpilab.errors import BadInput
from kpilab.stats.distributions import norm
from kpilab.stats.experiments.shrinkage import shrink
from kpilab.stats.proportion import wilson
from kpilab.stats.tail import critical

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

# Fewer tests tell nothing of each other; so many wins make a sum that can be overstated; less than
# this part of it lasts.
FEWEST, WINS, LASTS = 3, 2, 0.5
FEWEST_PAIRS = 4  # tests in which two metrics were both read
NEEDED, KNOWN = (
    ("test", "effect", "error"),
    ("metric", "shipped", "decided", "better", "reach", "verdict", "hypothesis"),
)


@dataclass(frozen=True, slots=True, eq=False)
class ProgrammeResult(Result):
    """Answer of `programme`.

    Attributes:
        table: one row per test, in the order of decision; columns `test`, `metric`, `decided`,
            `shipped` (bool), `effect`, `low`, `high` (as read, relative, up is better), `p`,
            `reach` (share of the goal's units that the test was about), `lasts`, `lasts_low`,
            `lasts_high` (shrunk), `chance` (that the effect is above zero), `stands` (whether the
            decision would be taken again), `why` (srm, novelty, peeking, chance, missed; "" where
            it stands), `hypothesis`.
        wins: number of shipped tests. tests: of all. win_share: their share, with interval.
        claimed: sum of the shipped effects as read, each by its reach. total: the same, shrunk.
        holdout: what a hold-out group showed of all shipped tests together; None without one.
            p_holdout: of "the hold-out shows what was claimed".
        correlations: metrics that move together across tests; `first`, `second`, `tests`,
            `correlation`, `low`, `high`.
        interactions: of a case (`programme_of`): tests that ran on the same units at the same time;
            `first`, `second`, `metric`, `units` (in both), `least`, `most` (the first's effect in
            the second's arms), `p` (of "the same in all of them").
    """

    wins: int
    tests: int
    win_share: Effect
    claimed: Effect
    total: Effect
    holdout: Effect | None
    p_holdout: float
    correlations: pd.DataFrame
    interactions: pd.DataFrame
    level: float
    seed: int
    kind: ClassVar[str] = "programme"

    @property
    def overstated(self) -> bool:
        """Whether the wins do not add up: less than half of what was claimed lasts, beyond
        chance; or the hold-out group shows that little."""
        if self.wins < WINS or not self.claimed.value > 0:
            return False
        most = self.total.high if self.total.high is not None else np.inf
        shrunk = most < self.claimed.value and self.total.value < LASTS * self.claimed.value
        held = self.holdout is not None and self.p_holdout <= 1 - self.level
        less = self.holdout is not None and self.holdout.value < LASTS * self.claimed.value
        return bool(shrunk or (held and less))

    @property
    def gone(self) -> float:
        """Share of the claimed sum that does not last, 0-1."""
        if not self.claimed.value > 0:
            return 0.0
        return float(np.clip(1 - self.total.value / self.claimed.value, 0, 1))

    @property
    def headline(self) -> Message:
        values = {"wins": self.wins, "tests": self.tests, "claimed": self.claimed.value}
        values |= {"total": self.total.value, "low": self.total.low, "high": self.total.high}
        values |= {"gone": self.gone, "holdout": self.holdout.value if self.holdout else None}
        key = "overstated" if self.overstated else "fine" if self.wins else "none"
        return Message(f"programme.{key}", values)

    @property
    def log(self) -> tuple[Message, ...]:
        """What was learnt, a sentence per test."""
        return tuple(_learnt(row) for row in self.table.to_dict("records"))


def programme(
    rows: Frame | Sequence[Past],
    *,
    holdout: Effect | None = None,
    level: float = 0.95,
    seed: int = 1,
) -> ProgrammeResult:
    """Add up what all decided tests achieved together, corrected for the luck of the winners.

    A win was chosen because it looked large, so the sum of the wins promises too much. Every
    effect is shrunk by what all tests, shipped or not, say of how often and how strongly tests
    work; the sum of what was shipped follows, with its interval.

    Args:
        rows: one row per test (and metric, the deciding one first): `test`, `effect` (relative
            change), `error` (its standard error), optional `metric`, `shipped` (a significant gain
            if absent), `decided`, `better` (up, down), `reach` (share of the goal's units it was
            about), `verdict` (of a reanalysis), `hypothesis`.
        holdout: relative effect of all shipped tests together, with interval, as a group that got
            none of them shows it.
        level: confidence level. seed: of the draws behind the intervals.

    Raises:
        BadInput: fewer than three tests, columns that are missing, an error that is not above 0.

    References: Lee & Shen (2018), Winner's curse: bias estimation for total effects of features in
    online controlled experiments.

    Example:
        >>> rows = {"test": list("abcd"), "effect": [0.03, 0.02, 0.0, -0.01], "error": 0.01}
        >>> programme(pd.DataFrame(rows)).wins
        2
    """
    fraction(level, "programme(level=)")
    past = _past(rows, level)
    first = _primary(past)
    if len(first) < FEWEST:
        what = f"too few decided tests for a programme: {len(first)}"
        raise BadInput(what, "programme(rows)", f"give {FEWEST} or more")
    x, s = (np.array([getattr(t, k) for t in first]) for k in ("effect", "error"))
    found = shrink(x, s, level=level, seed=seed)
    weights = np.array([t.reach if t.shipped else 0.0 for t in first])
    wins, size = int((weights > 0).sum()), critical(level)
    spread = float(np.sqrt(((weights * s) ** 2).sum()))
    claimed = float(weights @ x)
    low, high = wilson(wins, len(first), level)
    table = _table(first, level)
    table["lasts"], table["lasts_low"], table["lasts_high"] = found.mean, found.low, found.high
    table["chance"] = found.real
    table["why"] = [_why(row) for row in table.to_dict("records")]
    table["stands"] = table["why"] == ""
    return ProgrammeResult(
        table.drop(columns="verdict"), wins=wins, tests=len(first),
        win_share=Effect(wins / len(first), float(low), float(high)),
        claimed=Effect(claimed, claimed - size * spread, claimed + size * spread),
        total=Effect(*found.total(weights, level)), holdout=holdout,
        p_holdout=_against(holdout, claimed, spread, level),
        correlations=_correlations(past, level),
        interactions=pd.DataFrame(),
        level=level, seed=seed,
    )  # fmt: skip


def _past(rows: Frame | Sequence[Past], level: float) -> list[Past]:
    if isinstance(rows, list | tuple) and all(isinstance(t, Past) for t in rows):
        return list(rows)
    return _given(plain(rows, "programme(rows)"), level)  # type: ignore[arg-type]


def _given(frame: pd.DataFrame, level: float) -> list[Past]:
    """The rows of a table as tests."""
    missing = [c for c in NEEDED if c not in frame.columns]
    if missing:
        raise BadInput(
            f"columns {missing} are missing", "programme(rows)",
            f"give one row per test with {list(NEEDED)}, and {list(KNOWN)} where known",
        )  # fmt: skip
    numbers = frame[["effect", "error"]].apply(pd.to_numeric, errors="coerce")
    effect, error = (numbers[c].to_numpy(dtype=float) for c in ("effect", "error"))
    bad = np.flatnonzero(~(np.isfinite(effect) & np.isfinite(error) & (error > 0)))
    if len(bad):
        raise BadInput(
            f"test {frame['test'].iloc[bad[0]]!r} has no effect with an error above 0",
            "programme(rows)", "give the relative change and its standard error",
        )  # fmt: skip
    return [_one(row, critical(level)) for row in frame.to_dict("records")]


def _one(row: dict[Any, Any], limit: float) -> Past:
    told = {k: row[k] for k in KNOWN if k in row and not _none(row[k])}
    up = 1 if str(told.pop("better", "up")) == "up" else -1
    effect, error = up * float(row["effect"]), float(row["error"])
    decided = told.pop("decided", None)
    told.setdefault("shipped", effect > limit * error)
    day = None if decided is None else pd.Timestamp(decided).date()
    return Past(str(row["test"]), effect, error, decided=day, **told)


def _none(value: object) -> bool:
    return value is None or value != value or value is pd.NaT


def _primary(past: Sequence[Past]) -> list[Past]:
    """The row of each test that decided, in the order of decision."""
    first = dict[str, Past]()
    for test in past:
        first.setdefault(test.test, test)
    return sorted(first.values(), key=lambda t: t.decided or date.max)


def _table(first: Sequence[Past], level: float) -> pd.DataFrame:
    limit = critical(level)
    rows = [
        (t.test, t.metric, t.decided, bool(t.shipped), t.effect, t.effect - limit * t.error,
         t.effect + limit * t.error, float(2 * norm.sf(abs(t.effect / t.error))), t.reach,
         t.verdict, t.hypothesis)
        for t in first
    ]  # fmt: skip
    names = ["test", "metric", "decided", "shipped", "effect", "low", "high", "p", "reach"]
    return pd.DataFrame(rows, columns=pd.Index([*names, "verdict", "hypothesis"]))


def _why(row: dict[Any, Any]) -> str:
    """Why the decision would not be taken again; "" where it would."""
    if row["shipped"] and row["verdict"] not in ("", "fine"):
        return str(row["verdict"])
    if row["shipped"] and row["chance"] < LASTS:
        return "chance"
    return "missed" if not row["shipped"] and row["lasts_low"] > 0 else ""


def _against(holdout: Effect | None, claimed: float, spread: float, level: float) -> float:
    """p-value of "the hold-out shows what was claimed"; NaN without one."""
    if holdout is None:
        return float("nan")
    if holdout.low is None or holdout.high is None or not holdout.high > holdout.low:
        what = "the hold-out's effect has no interval"
        raise BadInput(what, "programme(holdout=)", "give Effect(value, low, high)")
    error = (holdout.high - holdout.low) / (2 * critical(level))
    return float(2 * norm.sf(abs(claimed - holdout.value) / np.hypot(error, spread)))


def _correlations(past: Sequence[Past], level: float) -> pd.DataFrame:
    """Pairs of metrics over the tests that read both; Fisher's interval."""
    wide = pd.DataFrame([(t.test, t.metric, t.effect) for t in past if t.metric])
    names = ["first", "second", "tests", "correlation", "low", "high"]
    rows = []
    if len(wide):
        table = wide.drop_duplicates([0, 1]).pivot(index=0, columns=1, values=2)
        for a, b in combinations(table.columns, 2):
            both = table[[a, b]].dropna()
            if len(both) < FEWEST_PAIRS or not (both.std() > 0).all():
                continue
            r = float(both[a].corr(both[b]))
            z, half = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12)), critical(level)
            half /= np.sqrt(len(both) - 3)
            rows.append((a, b, len(both), r, float(np.tanh(z - half)), float(np.tanh(z + half))))
    return pd.DataFrame(rows, columns=pd.Index(names))


def _learnt(row: dict[Any, Any]) -> Message:
    told = {k: row[k] for k in ("test", "metric", "effect", "low", "high", "lasts", "chance")}
    decision = Message(f"programme.{'shipped' if row['shipped'] else 'kept'}")
    why = Message(f"programme.why_{row['why']}") if row["why"] else None
    hypothesis = row["hypothesis"] or None
    values = {**told, "decision": decision, "why": why, "hypothesis": hypothesis}
    return Message("programme.learnt", values)
