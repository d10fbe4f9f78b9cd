"""What analysts said of a review's 5-Why answers, put beside the answers in the next report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kpilab.core.finding import Cause, Review, Why
from kpilab.core.values import Message
from kpilab.track.records import ReviewRecord, WhyRecord, spoken
from kpilab.track.store import Store


def annotated(review: Review, store: Store) -> Review:
    """The review with the answers analysts added, rejected or commented on in earlier reviews of
    the same period.

    A note belongs to a cause: kind, subject and segment must agree. Notes never change a number,
    only what stands beside it.
    """
    earlier = [
        r for r in store.reviews(review.case) if r.periods["current"] == review.periods["current"]
    ]
    causes = tuple(
        _annotated(cause, tuple(_notes(cause, earlier, store)), review.labels)
        for cause in review.causes
    )
    return replace(review, causes=causes)


def _notes(cause: Cause, earlier: list[ReviewRecord], store: Store) -> Iterator[WhyRecord]:
    for record in reversed(earlier):
        for old in record.causes:
            if old.id is not None and (old.kind, old.subject, old.where) == (
                cause.kind,
                cause.subject,
                cause.where,
            ):
                yield from (
                    why
                    for why in store.whys(old.id)
                    if why.rejected or why.comments or not why.question
                )


def _annotated(
    cause: Cause, notes: tuple[WhyRecord, ...], labels: Mapping[str, Mapping[str, str]]
) -> Cause:
    chain = tuple(
        _with(why, [n for n in notes if n.question == spoken(why.question, labels)])
        for why in cause.why
    )
    added = dict.fromkeys(n.answer["en"] for n in notes if not n.question)
    by_hand = tuple(
        Why(Message("why.by_hand_q"), Message("why.by_hand", {"why": text})) for text in added
    )
    return replace(cause, why=chain + by_hand)


def _with(why: Why, notes: list[WhyRecord]) -> Why:
    comments = tuple(dict.fromkeys(c for note in notes for c in note.comments))
    answer = why.answer
    if any(note.rejected for note in notes):
        answer = Message("why.rejected", {"said": answer})
    if comments:
        answer = Message("why.commented", {"said": answer, "comments": comments})
    return replace(why, answer=answer)
