"""What the store knows about a review: pinned findings, actions on its causes, and whether the
causes of the review before are gone."""

from __future__ import annotations

from datetime import date

from kpilab.core.finding import Cause, Review
from kpilab.core.loop import Deed, Loop, Past, Pinned
from kpilab.core.values import EVERYWHERE, Message
from kpilab.track.compare import compare
from kpilab.track.records import Action, CauseRecord, ReviewRecord
from kpilab.track.store import Store


def loop(review: Review, store: Store, saved: ReviewRecord, *, today: date | None = None) -> Loop:
    """What stands beside a review that was saved as `saved`.

    Args:
        review: as it was computed.
        store: where it was saved.
        saved: its record.
        today: the day on which actions are late; the present one if None.
    """
    records = store.reviews(review.case)
    return Loop(
        pinned=tuple(
            Pinned(f.said, f.author, date.fromisoformat(f.made[:10]))
            for f in reversed(store.findings(review.case))
            if f.pinned and (f.review is None or f.review == saved.id or _of(f.review, saved,
                records))
        ),
        deeds=tuple(_deeds(review, store, records, today or date.today())),
        past=_past(records, saved),
    )  # fmt: skip


def _of(id: int, saved: ReviewRecord, records: tuple[ReviewRecord, ...]) -> bool:
    """Whether a finding was pinned to a review of the same period."""
    pinned = next((r for r in records if r.id == id), None)
    return pinned is not None and pinned.periods["current"] == saved.periods["current"]


def _deeds(
    review: Review, store: Store, records: tuple[ReviewRecord, ...], today: date
) -> list[Deed]:
    """The actions on causes that are those of the review."""
    causes = {c.id: c for r in records for c in r.causes if c.id is not None}
    found = []
    for action in store.actions(review.case):
        record = causes.get(action.cause) if action.cause is not None else None
        at = next((k for k, c in enumerate(review.causes) if record and _same(record, c)), None)
        if at is not None:
            found.append(_deed(at, action, today))
    return found


def _same(record: CauseRecord, cause: Cause) -> bool:
    return (record.kind, record.subject, record.where) == (cause.kind, cause.subject, cause.where)


def _deed(at: int, action: Action, today: date) -> Deed:
    state = "late" if action.late(today) else action.state
    return Deed(at, action.what, action.owner, state, action.due, action.done_on)


def _past(records: tuple[ReviewRecord, ...], saved: ReviewRecord) -> tuple[Past, ...]:
    """The causes of the latest review of an earlier period, and what became of them."""
    start = saved.periods["current"].first
    before = [
        r for r in records
        if r.periods["current"].last < start and r.goal["metric"] == saved.goal["metric"]
    ]  # fmt: skip
    if not before:
        return ()
    rows = compare(before[0], saved).table.to_dict("records")
    return tuple(
        Past(
            str(r["state"]),
            Message(f"compare.{r['why']}"),
            str(r["kind"]),
            str(r["subject"]),
            r["where"] or EVERYWHERE,
        )
        for r in rows
        if r["state"] != "new"
    )
