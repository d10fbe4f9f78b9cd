"""Two reviews side by side: which causes are new, which are gone, which are still open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, Where
from kpilab.errors import BadInput
from kpilab.show.say import catalogue
from kpilab.track.records import CauseRecord, ReviewRecord, from_file
from kpilab.track.store import Store

State = Literal["new", "open", "gone"]
Why = Literal["stated", "not_recovered", "recovered", "not_stated", "first"]
COLUMNS = (
    "state", "why", "kind", "subject", "where", "actors", "old_effect", "old_low", "old_high",
    "new_effect", "new_low",
    "new_high", "old_pct", "new_pct", "unit",
)  # fmt: skip
RECOVERED = (
    0.5  # of the old fall must be made good before a cause that is no longer stated counts as gone
)


@dataclass(frozen=True, slots=True, eq=False)
class CompareResult(Result):
    """Answer of `compare`.

    Attributes:
        table: one row per cause of either review, open ones first; columns `state` ("open", "new",
            "gone"), `why` ("stated": by both reviews; "not_recovered": no further fall, but still
            at the low level; "recovered"; "not_stated": no longer stated, its level unknown;
            "first": new), `kind`, `subject`, `where`, `actors`, `old_effect`, `old_low`,
            `old_high`, `new_effect`, `new_low`, `new_high` (sizes with intervals; NaN where a
            review has none), `old_pct`, `new_pct` (signed percent of what the cause acts on),
            `unit` (goal, or what the percentage is of).
        old, new: the reviews.
    """

    old: ReviewRecord
    new: ReviewRecord
    kind: ClassVar[str] = "compare"

    @property
    def headline(self) -> Message:
        counts = self.table["state"].value_counts()
        values = {state: int(counts.get(state, 0)) for state in ("new", "open", "gone")}
        periods = {"before": self.old.periods["current"], "after": self.new.periods["current"]}
        if self.table.empty:
            return Message("compare.nothing", periods)
        return Message("compare.headline", values | periods)


def compare(old: ReviewRecord, new: ReviewRecord) -> CompareResult:
    """What became of the causes of one review in the next?

    Two causes are the same when kind and subject agree and their segments have something in common.
    A review looks for changes against its own baseline, so a cause nobody mended is not stated
    again: it counts as still open until its subject has made good half of the fall.

    Args:
        old, new: from `Store.reviews`, or `records.from_file`.

    Raises:
        BadInput: they are reviews of different goals.
    """
    if old.goal["metric"] != new.goal["metric"]:
        raise BadInput(
            f"the goals differ: {old.goal['metric']!r} and {new.goal['metric']!r}",
            "compare(old, new)",
            "compare two reviews of one case",
        )
    left = list(new.causes)
    rows = []
    for cause in old.causes:
        again = next((c for c in left if same(cause, c)), None)
        if again is not None:
            left.remove(again)
            rows.append(_row("open", "stated", cause, again))
        else:
            rows.append(_unstated(cause, old, new))
    rows += [_row("new", "first", None, cause) for cause in left]
    order = {"open": 0, "new": 1, "gone": 2}
    rows.sort(key=lambda row: order[str(row["state"])])
    return CompareResult(pd.DataFrame(rows, columns=list(COLUMNS)), old=old, new=new)


def same(one: CauseRecord, other: CauseRecord) -> bool:
    """Kind and subject agree, and the segments have something in common."""
    return (one.kind, one.subject) == (other.kind, other.subject) and _meet(one.where, other.where)


def find(which: str | None, place: str | Path) -> ReviewRecord:
    """A review from its review.json or folder, by its number in a store, or the newest of a store.

    Args:
        which: path, number, or None for the newest.
        place: of the store; opened only where it is needed.

    Raises:
        BadInput: no such file or number, or an empty store.
    """
    if which is not None and not which.isdigit():
        return from_file(Path(which))
    with Store.open(place) as store:
        if which is not None:
            return store.review(int(which))
        newest = store.reviews()[:1]
    if not newest:
        raise BadInput(
            "no review is kept here",
            f"store {str(place)!r}",
            "kpilab review CASE --out DIR --store PLACE",
        )
    return newest[0]


def known(topic: str, name: str) -> Message | str:
    """The label `topic.name` where there is one, else the name: kinds may be the review's own."""
    return Message(f"{topic}.{name}") if f"{topic}.{name}" in catalogue("en") else name


def _meet(one: Where, other: Where) -> bool:
    shared = set(one.values) & set(other.values)
    return all({str(v) for v in one.values[d]} & {str(v) for v in other.values[d]} for d in shared)


def _unstated(cause: CauseRecord, old: ReviewRecord, new: ReviewRecord) -> dict[str, object]:
    before, after = old.levels.get(cause.subject), new.levels.get(cause.subject)
    if before is None or after is None or before[0] == before[1]:
        return _row("gone", "not_stated", cause, None)
    back = (after[1] - before[1]) / (before[0] - before[1])
    return (
        _row("gone", "recovered", cause, None)
        if back >= RECOVERED
        else _row("open", "not_recovered", cause, None)
    )


def _row(
    state: State, why: Why, old: CauseRecord | None, new: CauseRecord | None
) -> dict[str, object]:
    shown = new or old
    sizes = {
        f"{side}_{name}": _number(getattr(cause, name) if cause else None)
        for side, cause in (("old", old), ("new", new))
        for name in ("effect", "low", "high")
    }
    return {
        "state": state,
        "why": why,
        "kind": shown.kind if shown else "",
        "subject": shown.subject if shown else "",
        "where": shown.where if shown and shown.where else None,
        "actors": shown.actors if shown and shown.actors else None,
        **sizes,
        "old_pct": _number(old.effect_pct if old else None),
        "new_pct": _number(new.effect_pct if new else None),
        "unit": shown.effect_on if shown else "",
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
