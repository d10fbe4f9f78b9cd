"""Sequences: does one event follow another in time, for how many users, and how often?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import ibis
import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, duration, fraction
from kpilab.engine.column import column
from kpilab.engine.events.sessions import whole
from kpilab.engine.events.walks import Path, checked, walk
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period, Where
    from kpilab.engine.door.tables import Tabular

_PLACED = ("t", "place")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of events, and which of them are counted.

    Attributes:
        pairs: (first, then), or several of them; both may be the same event.
        overlapping: count every event `first` that is followed; False counts pairs that share no
            event and do not reach into each other, as ClickHouse's `sequenceCount`: of a user's
            events, the first that is followed makes a pair with the event that follows it, and the
            next pair begins behind that.

    Example:
        >>> from kpilab.events import sequences
        >>> sequences(log, ("visit", "pay")).table["followed"].tolist()
        [4656]
        >>> sequences(log, Pairs(("visit", "pay"), overlapping=False)).table["followed"].tolist()
        [2045]
    """

    pairs: Sequence[tuple[str, str]] | tuple[str, str]
    overlapping: bool = True

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]] | tuple[str, str] | Pairs) -> Pairs:
        return pairs if isinstance(pairs, Pairs) else cls(pairs)

    @property
    def every(self) -> list[tuple[str, str]]:
        """The pairs, one by one."""
        return [self.pairs] if isinstance(self.pairs, tuple) else list(self.pairs)  # type: ignore[list-item]  # a tuple is one pair


@dataclass(frozen=True, slots=True, eq=False)
class SequencesResult(Result):
    """Answer of `sequences`.

    Attributes:
        table: one row per pair asked for; columns `first`, `then` (events), `times` (events
            `first`), `followed` (of them, followed by `then` in time; with
            `Pairs(overlapping=False)` pairs that share no event), `users` (did `first`),
            `users_followed` (of them, at least once followed), `rate` (users_followed / users,
            0-1), `low`, `high` (Wilson), `median_seconds` (from `first` to the next `then` in
            time, over the pairs counted).
        within, after: longest and shortest time between. level: confidence level.
    """

    within: timedelta
    after: timedelta
    level: float
    kind: ClassVar[str] = "sequences"

    @property
    def headline(self) -> Message:
        row = self.table.iloc[0]
        values = {c: row[c] for c in ("first", "then", "rate", "low", "high")}
        return Message("paths.follows", values | {"users": int(row["users"])})


@keywords("sequences")
def sequences(
    log: EventLog | Tabular,
    pairs: list[tuple[str, str]] | tuple[str, str] | Pairs,
    *,
    within: timedelta | str = "7d",
    at_least: timedelta | str = timedelta(0),
    adjacent: bool = False,
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> SequencesResult:
    """Does A, then B, within a time, occur?

    An event A counts as followed when an event B of the same user comes later by `at_least` or more
    and at most `within` (both included); an event is never followed by itself, nor by another of
    its name at the same moment. With `adjacent`, B must be the very next event.

    Args:
        log: events. pairs: (first, then), or several of them; both may be the same event. `Pairs`
            counts those that do not overlap.
        within, at_least: longest and shortest time between. adjacent: nothing else between.
        where, period: only events of this segment, of these days. level: confidence level.

    Returns:
        SequencesResult, one row per pair.

    Raises:
        BadInput: an unknown event, a bad duration, or `at_least` longer than `within`.

    Example:
        >>> print(sequences(log, ("add_to_cart", "pay"), within="1h").summary())
        53.3 % of the 2,664 users who did add_to_cart did pay in time (95 % interval 51.4 % to
        55.2 %).
        Rows of the table: 1.
    """
    fraction(level, "sequences(level=)")
    log = EventLog.of(log)
    asked, apart = Pairs.of(pairs).every, not Pairs.of(pairs).overlapping
    longest = duration(within)
    shortest = at_least if at_least == timedelta(0) else duration(at_least, "at_least")
    if not isinstance(shortest, timedelta) or shortest > longest:
        raise BadInput(
            f"at_least {at_least!r} is longer than within {within!r}", "sequences", "swap them"
        )
    rows = walk(log, Path(unit="user"), where=where, period=period)
    if not asked:
        raise BadInput(
            "no pair of events",
            "sequences, argument 'pairs'",
            "name two events: ('search', 'purchase')",
        )
    checked(log, [name for pair in asked for name in pair])
    limits = (whole(shortest), whole(longest))
    found = [
        _counted(_marked(rows, *pair, limits, adjacent), apart).assign(first=pair[0], then=pair[1])
        for pair in asked
    ]
    table = pd.concat(found, ignore_index=True)
    table["rate"] = table["users_followed"] / table["users"].where(table["users"] > 0)
    table["low"], table["high"] = wilson(table["users_followed"], table["users"], level)
    order = [
        "first",
        "then",
        "times",
        "followed",
        "users",
        "users_followed",
        "rate",
        "low",
        "high",
        "median_seconds",
    ]
    return SequencesResult(table[order], longest, shortest, level)


def _marked(
    rows: ir.Table, first: str, then: str, limits: tuple[int, int], adjacent: bool
) -> ir.Table:
    """One row per event `first`: `wait` until the `then` that follows it, its place `end`, and
    whether it is a `hit`, in time."""
    low, high = limits
    low = max(low, 1) if first == then else low  # of two at one moment none is the second
    order = ibis.window(group_by="unit", order_by="place")
    here = column(rows, "event") == then
    if adjacent:
        ahead = {c: here.ifelse(rows[c], ibis.null("int64")).lead().over(order) for c in _PLACED}
    else:
        # Of one moment, only rows that stand behind (by name) are later; a wait above zero looks
        # along time itself.
        later = ibis.window(group_by="unit", order_by=ibis.desc("place"), preceding=(None, 1))
        window = (
            ibis.range_window(group_by="unit", order_by="t", following=(low, None))
            if low
            else later
        )
        others = {c: here.ifelse(rows[c], ibis.null("int64")) for c in _PLACED}
        ahead = {c: value.min().over(window) for c, value in others.items()}
    marked = rows.mutate(wait=ahead["t"] - rows["t"], end=ahead["place"])
    marked = marked.filter(marked["event"] == first)
    wait = column(marked, "wait")
    return marked.mutate(hit=((wait >= low) & (wait <= high)).fill_null(False))


def _counted(marked: ir.Table, apart: bool) -> pd.DataFrame:
    """One row: how often, and for how many users, the first event is followed."""
    counts = collect(_followed(marked), "sequences")
    if not apart:
        return counts
    hits = marked.filter(column(marked, "hit")).select("unit", "place", "end", "wait")
    kept = _apart(collect(hits, "sequences"))
    return counts.assign(followed=len(kept), median_seconds=kept["wait"].median() / 1e6)


def _apart(hits: pd.DataFrame) -> pd.DataFrame:
    """Of pairs from `place` to `end`, for each user the first, then the first behind it, and so
    on. No engine's windows can tell: each depends on the one before."""
    hits = hits.sort_values(["unit", "place"])
    unit = pd.factorize(hits["unit"])[0].astype("int64")
    place, end = (hits[c].to_numpy("int64") for c in ("place", "end"))
    span = int(end.max(initial=0)) + 1
    # Behind the last pair of a user comes the first of the next.
    behind = np.searchsorted(unit * span + place, unit * span + end, side="right").tolist()
    kept, k = [], 0
    while k < len(behind):
        kept.append(k)
        k = behind[k]
    return hits.iloc[kept]


def _followed(marked: ir.Table) -> ir.Table:
    """One row: how often, and for how many users, the first event is followed."""
    people = marked.group_by("unit").agg(
        times=marked.count(), followed=column(marked, "hit").cast("int64").sum()
    )
    hits = marked.filter(column(marked, "hit"))
    waits = hits.aggregate(
        median_seconds=(column(hits, "wait").cast("float64") / 1e6).quantile(0.5)
    )
    times, followed = column(people, "times"), column(people, "followed")
    counts = people.aggregate(
        times=times.sum().fill_null(0), followed=followed.sum().fill_null(0),
        users=people.count(), users_followed=(followed > 0).cast("int64").sum().fill_null(0),
    )  # fmt: skip
    return counts.cross_join(waits)
