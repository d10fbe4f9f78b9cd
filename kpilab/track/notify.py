"""Push: the verdict in short, into the team's chat or mailbox;
addresses are secrets and never shown."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from kpilab.core.values import Effect, Message
from kpilab.errors import BadInput, KpilabError, Problem, extra, several
from kpilab.show.format import interval, number, signed, signed_percent
from kpilab.show.say import sentence
from kpilab.track.compare import known
from kpilab.track.records import CauseRecord, ReviewRecord, told

if TYPE_CHECKING:
    from apprise import NotifyBase

ENVIRONMENT = "KPILAB_NOTIFY_URLS"
MOST_CAUSES = 3


class NotSent(KpilabError):
    """A message did not arrive everywhere."""


def addresses() -> tuple[str, ...]:
    """Where messages go: from the environment variable KPILAB_NOTIFY_URLS, else from the keyring if
    there is one.

    One or several addresses between blanks or new lines, each in the form Apprise reads. In the
    keyring they stand under service "kpilab", name "notify_urls".
    """
    text = os.environ.get(ENVIRONMENT, "")
    if not text.strip() and find_spec("keyring") is not None:
        # A machine without a keyring service raises an error that is a RuntimeError.
        with suppress(RuntimeError):
            text = import_module("keyring").get_password("kpilab", "notify_urls") or ""
    return tuple(text.split())


def notify(title: str, body: str, *, to: Sequence[str] | None = None) -> int:
    """Send a message to every address; how many there are.

    Args:
        title, body: plain text.
        to: addresses; those of `addresses` if None.

    Raises:
        BadInput: no address, or one that is none; it is named by its kind and place in the list
            alone.
        NotSent: a service did not take the message.
    """
    urls = addresses() if to is None else tuple(to)
    if not urls:
        mend = f"put addresses into the environment variable {ENVIRONMENT}, or into the keyring"
        raise BadInput("nowhere to send to", "notify", mend)
    with _silent():
        services = [_service(url) for url in urls]
        error = several(
            Problem(
                f"address {k} ({_kind(url)}) is none that can be used",
                ENVIRONMENT,
                "see Apprise's list of forms",
            )
            for k, (url, service) in enumerate(zip(urls, services, strict=True), 1)
            if service is None
        )
        if error:
            raise error
        failed = [
            f"{k} ({_kind(url)})"
            for k, (url, service) in enumerate(zip(urls, services, strict=True), 1)
            if not _sent(service, title, body)
        ]
    if failed:
        raise NotSent(f"the message did not reach address {', '.join(failed)} of {len(urls)}")
    return len(urls)


def short(review: ReviewRecord, lang: str | None = None) -> tuple[str, str]:
    """Title and text of a review's verdict, short enough for a chat.

    Args:
        review: from `Store.reviews`, or `records.from_file`.
        lang: "en" or "zh"; the review's own language if None.
    """
    lang = lang or review.language
    causes = review.causes[:MOST_CAUSES]
    more = len(review.causes) - len(causes)
    lines = [_goal(review, lang), *(_line(k, c, review, lang) for k, c in enumerate(causes, 1))]
    lines += [sentence(Message("notify.more", {"n": more}), lang)] if more else []
    lines += [] if causes else [sentence(_without_cause(review), lang)]
    title = Message("notify.title", {"title": review.title, "period": review.periods["current"]})
    return sentence(title, lang), "\n".join(lines)


def _goal(review: ReviewRecord, lang: str) -> str:
    goal = review.goal
    pct = goal.get("change_like_pct", goal.get("change_pct"))
    values = {
        "metric": review.name(str(goal["metric"]), lang),
        "baseline": number(_float(goal["baseline"]), lang),
        "current": number(_float(goal["current"]), lang),
        "share": None if pct is None else signed_percent(float(str(pct)) / 100, lang),
        "gap": signed(_float(goal["gap"]), lang) if goal["expected"] != goal["baseline"] else None,
    }
    return sentence(Message("notify.goal", values), lang)


def _line(rank: int, cause: CauseRecord, review: ReviewRecord, lang: str) -> str:
    size = None
    if cause.effect is not None:
        ends = (
            interval(Effect(cause.effect, cause.low, cause.high), lang)
            if cause.low is not None
            else None
        )
        size = Message("notify.size", {"amount": signed(cause.effect, lang), "ends": ends})
    elif cause.effect_pct is not None:
        size = signed_percent(cause.effect_pct / 100, lang)
    values = {
        "rank": rank,
        "kind": known("kind", cause.kind),
        "subject": review.name(cause.subject, lang),
        "where": cause.where if cause.where else None,
        "size": size,
        "confidence": cause.confidence,
        "advice": told(cause.advice, lang) or None,
    }
    return sentence(Message("notify.cause", values), lang)


def _without_cause(review: ReviewRecord) -> Message:
    """What a review without a cause comes to."""
    goal = review.goal
    low, high, change, like = (
        _float(goal.get(k)) for k in ("low", "high", "change", "change_like")
    )
    if goal.get("fell"):
        return Message("notify.fell")
    shift = 0.0 if like is None or change is None else like - change
    if low is not None and high is not None and not low + shift <= 0 <= high + shift:
        return Message("notify.unexplained")
    if goal.get("hidden"):
        return Message("notify.hidden")
    if goal.get("answer") == "cannot_tell":
        seen = _float(goal.get("detectable"))
        return Message("notify.cannot_tell", {"detectable": None if seen is None else seen / 100})
    return Message("notify.calm")


def _float(value: object) -> float | None:
    return None if value is None else float(str(value))


def _service(url: str) -> NotifyBase | None:
    with extra("notify"):
        from apprise import Apprise  # loaded here: it brings a hundred services along

    # a service or None
    return Apprise.instantiate(url, suppress_exceptions=True)  # type: ignore[return-value]


def _sent(service: NotifyBase | None, title: str, body: str) -> bool:
    from apprise import Apprise

    one = Apprise()
    return (
        service is not None
        and one.add(service)
        and bool(one.notify(title=title, body=body, body_format="text"))
    )


def _kind(url: str) -> str:
    """The kind of service, the only part of an address that is no secret."""
    scheme = url.partition("://")[0]
    return (
        f"{scheme}://…" if "://" in url and scheme.isalnum() and len(scheme) < 16 else "no service"
    )


@contextmanager
def _silent() -> Generator[None]:
    """Nothing is logged meanwhile: the library's own words may hold an address."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
