"""What became of a review's causes, and what analysts put beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kpilab.core.values import EVERYWHERE, Message, Where


@dataclass(frozen=True, slots=True)
class Pinned:
    """A finding an analyst added to the review.

    Attributes:
        said: language -> sentence.
        author: who added it; "" where nobody said.
        day: when.
    """

    said: Mapping[str, str]
    author: str
    day: date


@dataclass(frozen=True, slots=True)
class Deed:
    """An action on a cause: what, by whom, until when, and its state (open, late, done, dropped).

    `cause` is the place of the cause among those of the review, from 0.
    """

    cause: int
    what: str
    owner: str
    state: str
    due: date | None = None
    done_on: date | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A cause of the review before, and whether it is gone."""

    state: str
    reason: Message
    kind: str
    subject: str
    where: Where = EVERYWHERE


@dataclass(frozen=True, slots=True)
class Loop:
    """Pinned findings, actions and former causes, as the store knows them."""

    pinned: tuple[Pinned, ...] = ()
    deeds: tuple[Deed, ...] = ()
    past: tuple[Past, ...] = ()


NO_LOOP = Loop()
