"""Rows of the store's tables: nouns to columns and back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from kpilab.core.finding import Cause, Finding, Review
from kpilab.core.values import Period, Where
from kpilab.track.database import Row, Value
from kpilab.track.records import (
    Action,
    CauseRecord,
    FindingRecord,
    ReviewRecord,
    levels,
    period,
    spoken,
)

Labels = Mapping[str, Mapping[str, str]]


def review_row(review: Review, now: str) -> dict[str, Value]:
    goal = review.goal
    keys = (
        "metric",
        "baseline",
        "expected",
        "logged",
        "current",
        "change",
        "change_pct",
        "change_like",
        "change_like_pct",
        "gap",
        "low",
        "high",
    )
    bridge = [
        {
            "label": spoken(r.label, review.labels),
            "cause": r.cause,
            "amount": r.amount,
            "low": r.low,
            "high": r.high,
        }
        for r in review.bridge
    ]
    return {
        "case_name": review.case,
        "title": review.title,
        "language": review.language,
        "version": review.version,
        "made": now,
        "periods": json_text({k: _days(p) for k, p in review.periods.items()}),
        "last_day": str(review.periods["current"].last),
        "labels": json_text({k: dict(v) for k, v in review.labels.items()}),
        "goal": json_text(
            {k: _number(getattr(goal, k)) if k != "metric" else goal.metric for k in keys}
            | {"answer": review.answer, "detectable": review.detectable, "fell": review.fell}
            | {"hidden": review.hidden is not None}
        ),
        "bridge": json_text(bridge),
        "levels": json_text(levels(review)),
    }


def cause_row(cause: Cause, review: int, position: int, labels: Labels) -> dict[str, Value]:
    effect = cause.effect
    whys = [
        {
            "question": spoken(w.question, labels),
            "answer": spoken(w.answer, labels),
            "finding": w.finding,
        }
        for w in cause.why
    ]
    return {
        "review": review,
        "position": position,
        "kind": cause.kind,
        "subject": cause.subject,
        "place": place(cause.where),
        "period": None if cause.period is None else json_text(_days(cause.period)),
        "actors": json_text(list(cause.actors)),
        "effect": _number(effect and effect.value),
        "low": _number(effect and effect.low),
        "high": _number(effect and effect.high),
        "effect_pct": _number(cause.effect_pct),
        "effect_on": cause.effect_on,
        "confidence": float(cause.confidence),
        "said": json_text(spoken(cause.statement, labels)),
        "advice": json_text(spoken(cause.action, labels)),
        "whys": json_text(whys),
    }


def finding_row(
    finding: Finding, review: int | None, case: str, labels: Labels, now: str
) -> dict[str, Value]:
    effect = finding.effect
    return {
        "review": review,
        "case_name": case,
        "name": finding.id,
        "step": finding.step,
        "verdict": finding.verdict,
        "strength": finding.strength,
        "subject": finding.subject,
        "place": place(finding.where),
        "period": None if finding.period is None else json_text(_days(finding.period)),
        "actors": json_text(list(finding.actors)),
        "effect": _number(effect and effect.value),
        "low": _number(effect and effect.low),
        "high": _number(effect and effect.high),
        "unit": effect.unit if effect else "",
        "p": _number(finding.p),
        "q": _number(finding.q),
        "said": json_text(spoken(finding.statement, labels)),
        "made": now,
    }


def to_review(row: Row, causes: tuple[CauseRecord, ...]) -> ReviewRecord:
    return ReviewRecord(
        case=str(row["case_name"]),
        title=str(row["title"]),
        language=str(row["language"]),
        periods={k: period(v) for k, v in _dict(row["periods"]).items()},
        goal=_dict(row["goal"]),
        causes=causes,
        bridge=tuple(listed(row["bridge"])),
        levels={k: (v[0], v[1]) for k, v in _dict(row["levels"]).items()},
        labels=_dict(row["labels"]),
        version=str(row["version"]),
        made=str(row["made"]),
        id=int(row["id"] or 0),
    )


def to_cause(row: Row) -> CauseRecord:
    days = row["period"]
    return CauseRecord(
        kind=str(row["kind"]),
        subject=str(row["subject"]),
        where=_where(row["place"]),
        actors=tuple(listed(row["actors"])),
        period=period(listed(days)) if days else None,
        effect=_float(row["effect"]),
        low=_float(row["low"]),
        high=_float(row["high"]),
        effect_pct=_float(row["effect_pct"]),
        effect_on=str(row["effect_on"]),
        confidence=float(row["confidence"] or 0),
        said=_dict(row["said"]),
        advice=_dict(row["advice"]),
        id=int(row["id"] or 0),
        decision=str(row["decision"] or ""),
    )


def to_finding(row: Row) -> FindingRecord:
    return FindingRecord(
        id=int(row["id"] or 0),
        review=None if row["review"] is None else int(row["review"]),
        case=str(row["case_name"]),
        name=str(row["name"]),
        step=str(row["step"]),
        verdict=str(row["verdict"]),
        strength=str(row["strength"]),
        subject=None if row["subject"] is None else str(row["subject"]),
        where=_where(row["place"]),
        effect=_float(row["effect"]),
        low=_float(row["low"]),
        high=_float(row["high"]),
        unit=str(row["unit"]),
        p=_float(row["p"]),
        q=_float(row["q"]),
        said=_dict(row["said"]),
        made=str(row["made"]),
        author=str(row["author"]),
        pinned=bool(row["pinned"]),
    )


def to_action(row: Row) -> Action:
    return Action(
        id=int(row["id"] or 0),
        case=str(row["case_name"]),
        what=str(row["what"]),
        owner=str(row["owner"]),
        due=_day(row["due"]),
        metric=None if row["metric"] is None else str(row["metric"]),
        where=_where(row["place"]),
        expected=_float(row["expected"]),
        experiment=None if row["experiment"] is None else str(row["experiment"]),
        state=str(row["state"]),  # type: ignore[arg-type]  # the table allows no other
        done_on=_day(row["done_on"]),
        cause=None if row["cause"] is None else int(row["cause"]),
        made=str(row["made"]),
    )


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def listed(text: Value) -> list[Any]:
    return json.loads(str(text))


def place(where: Where) -> str:
    """A segment as JSON: what it holds, and what is taken out."""
    return json_text([where.plain(), where.plain_without()])


def _where(text: Value) -> Where:
    values, without = json.loads(str(text))
    return Where(values, without)


def _dict(text: Value) -> dict[str, Any]:
    return json.loads(str(text))


def _days(period: Period) -> list[str]:
    return [str(period.first), str(period.last)]


def _day(text: Value) -> date | None:
    return None if text is None else date.fromisoformat(str(text))


def _number(value: object) -> float | None:
    """A plain number; None where it is missing or not finite."""
    if value is None or isinstance(value, str):
        return None
    number = float(value)  # type: ignore[arg-type]  # a number of Python or NumPy
    return number if math.isfinite(number) else None


def _float(value: Value) -> float | None:
    return None if value is None else float(value)
