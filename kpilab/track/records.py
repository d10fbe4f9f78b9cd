"""What the store remembers of a review: plain nouns, with the sentences in every language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from kpilab.core.finding import Review
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.errors import BadInput
from kpilab.show.say import LANGUAGES, sentence

Said = Mapping[str, str]
State = Literal["open", "done", "dropped"]
STATES: tuple[State, ...] = ("open", "done", "dropped")


@dataclass(frozen=True, slots=True)
class WhyRecord:
    """One answer of a 5-Why chain, and what analysts said of it.

    Attributes:
        question, answer: language -> sentence; an answer added by hand has no question.
        finding: the finding that carries the number.
        rejected: somebody rejected it. comments: notes in the order they were made.
    """

    question: Said
    answer: Said
    finding: str | None = None
    rejected: bool = False
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CauseRecord:
    """A cause as a review stated it; the fields are those of review.json.

    Attributes:
        id: in the store; None when it was read from a file.
        said, advice: language -> sentence: the statement, and what to do next.
        decision: the last decision made on it; "" for none.
    """

    kind: str
    subject: str
    where: Where = EVERYWHERE
    actors: tuple[str, ...] = ()
    period: Period | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    effect_pct: float | None = None
    effect_on: str = ""
    confidence: float = 0.0
    said: Said = field(default_factory=dict)
    advice: Said = field(default_factory=dict)
    id: int | None = None
    decision: str = ""


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """A review as it was saved.

    Attributes:
        goal: metric, baseline, expected, logged, current, change, change_pct, change_like,
            change_like_pct, gap, low, high (of `change`), answer, detectable, fell.
        bridge: label (language -> text), cause, amount, low, high per row.
        levels: metric -> (baseline, current), of every metric the review compared.
        made: when it was saved, ISO time. id: None when it was read from a file.
    """

    case: str
    title: str
    language: str
    periods: Mapping[str, Period]
    goal: Mapping[str, object]
    causes: tuple[CauseRecord, ...] = ()
    bridge: tuple[Mapping[str, object], ...] = ()
    levels: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    version: str = ""
    made: str = ""
    id: int | None = None

    def name(self, metric: str, lang: str) -> str:
        """The metric's label."""
        known = self.labels.get(metric, {})
        return known.get(lang) or known.get("en") or metric


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding of a saved review, or one that was pinned on its own."""

    id: int
    review: int | None
    case: str
    name: str
    step: str
    verdict: str
    strength: str
    subject: str | None
    where: Where
    effect: float | None
    low: float | None
    high: float | None
    unit: str
    p: float | None
    q: float | None
    said: Said
    made: str
    author: str = ""
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """What an action should move.

    Attributes:
        metric, where: what should move, and in which segment only (everywhere when empty).
        expected: relative change hoped for, 0.05 = +5 %; None when nobody said.
        experiment: name of the A/B test that shows its effect; None for none.
    """

    metric: str | None = None
    where: Where = EVERYWHERE
    expected: float | None = None
    experiment: str | None = None


NO_AIM = Aim()


@dataclass(frozen=True, slots=True)
class Action:
    """Something to be done about a cause.

    Attributes:
        what: in the words of whoever wrote it.
        metric, where: what should move, and in which segment only (everywhere when empty).
        expected: relative change hoped for, 0.05 = +5 %; None when nobody said.
        experiment: name of the A/B test that shows its effect; None for none.
        done_on: first day on which it was in effect.
        cause: id of the cause it answers; None for none.
    """

    id: int
    case: str
    what: str
    owner: str
    due: date | None = None
    metric: str | None = None
    where: Where = EVERYWHERE
    expected: float | None = None
    experiment: str | None = None
    state: State = "open"
    done_on: date | None = None
    cause: int | None = None
    made: str = ""

    def late(self, today: date) -> bool:
        """Still open after its due day."""
        return self.state == "open" and self.due is not None and self.due < today


def spoken(message: Message | None, labels: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """A message in every language, metrics called by their labels; nothing for none."""
    return (
        {}
        if message is None
        else {lang: sentence(_labelled(message, labels, lang), lang) for lang in LANGUAGES}
    )


def told(said: Said, lang: str) -> str:
    """The sentence in a language, or in the one there is."""
    return said.get(lang) or next(iter(said.values()), "")


def levels(review: Review) -> dict[str, tuple[float, float]]:
    """Values of both periods of every metric that a table of the review compares."""
    found = {review.goal.metric: (float(review.goal.baseline), float(review.goal.current))}
    for finding in review.findings:
        for result in finding.evidence:
            rows = (
                result.table.to_dict("records")
                if {"baseline", "current"} <= set(result.table.columns)
                else []
            )
            found |= _levels(rows)
    return found


def from_file(path: Path) -> ReviewRecord:
    """A review from its review.json (or the folder that holds it).

    Raises:
        BadInput: no such file, or not a review.
    """
    file = path / "review.json" if path.is_dir() else path
    try:
        data = json.loads(file.read_text("utf-8"))
        return _from_json(data)
    except OSError as error:
        mend = "give a review.json, its folder, or the number of a saved review"
        raise BadInput(f"no review at {str(path)!r}", str(error.filename or file), mend) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{file.name} is no review: {type(error).__name__} {error}",
            str(file),
            "give a file that kpilab wrote",
        ) from None


def _from_json(data: Mapping[str, Any]) -> ReviewRecord:
    lang = str(data.get("language", "en"))
    low, high = data["goal"].get("interval") or (None, None)
    goal: dict[str, Any] = {k: v for k, v in data["goal"].items() if k != "interval"}
    goal |= {"low": low, "high": high, **{k: data.get(k) for k in ("answer", "detectable")}}
    rows = [row for finding in data.get("findings", ()) for row in finding.get("table") or ()]
    return ReviewRecord(
        case=str(data["case"]),
        title=str(data.get("title", data["case"])),
        language=lang,
        periods={name: period(days) for name, days in data["periods"].items()},
        goal=goal,
        causes=tuple(_cause(c, lang) for c in data["causes"]),
        bridge=tuple(dict(row) for row in data.get("bridge", ())),
        levels={str(goal["metric"]): (float(goal["baseline"]), float(goal["current"]))}
        | _levels(rows),
        version=str(data.get("version", "")),
        made=str(data.get("created", "")),
    )


def _cause(data: Mapping[str, Any], lang: str) -> CauseRecord:
    low, high = data.get("interval") or (None, None)
    days = data.get("period")
    return CauseRecord(
        kind=str(data["kind"]),
        subject=str(data["subject"]),
        where=Where(data.get("where") or {}, data.get("except") or {}),
        actors=tuple(data.get("actors") or ()),
        period=period(days) if days else None,
        effect=data.get("effect"),
        low=low,
        high=high,
        effect_pct=data.get("effect_pct"),
        effect_on=str(data.get("effect_on") or ""),
        confidence=float(data.get("confidence") or 0),
        said={lang: str(data.get("statement") or "")},
        advice={lang: str(data.get("action") or "")},
    )


def period(days: object) -> Period:
    """A period from its two ISO days."""
    first, last = days  # type: ignore[misc]  # a pair, or the caller's error
    return Period(date.fromisoformat(str(first)), date.fromisoformat(str(last)))


def _levels(rows: list[dict[Any, Any]]) -> dict[str, tuple[float, float]]:
    """From rows of tables with a metric (or driver) and its value in both periods."""
    found = {}
    for row in rows:
        name = row.get("metric") or row.get("driver")
        pair: list[Any] = [row.get("baseline"), row.get("current")]
        if isinstance(name, str) and all(isinstance(v, int | float) and v == v for v in pair):
            found[name] = (float(pair[0]), float(pair[1]))
    return found


def _labelled(message: Message, labels: Mapping[str, Mapping[str, str]], lang: str) -> Message:
    return Message(message.key, {k: _label(v, labels, lang) for k, v in message.values.items()})


def _label(value: object, labels: Mapping[str, Mapping[str, str]], lang: str) -> object:
    if isinstance(value, Message):
        return _labelled(value, labels, lang)
    if isinstance(value, tuple | list):
        return tuple(_label(v, labels, lang) for v in value)
    known = labels.get(value) if isinstance(value, str) else None
    return value if known is None else known.get(lang) or known.get("en") or value
