"""review.json: the review as plain data, in the form of the public contract."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from kpilab.core.finding import Cause, DataIssue, Finding, GoalChange
from kpilab.core.result import Result
from kpilab.core.values import Effect, Period, Where
from kpilab.report.words import Words

Json = dict[str, object]
NAMES = re.compile(r"^(?:(view|param)_\d+|(data)-[0-9a-f]+)$")
DIGITS = 12
PLACES = 15


def document(words: Words, charts: Mapping[str, Json], created: str) -> Json:
    """The review as in review.json; keys in the contract's order, missing values None.

    Args:
        words: the review and its language.
        charts: Vega-Lite spec per finding id.
        created: when it was made; the only field that changes between equal runs.
    """
    review = words.review
    return {
        "kpilab": 1,
        "case": review.case,
        "title": review.title,
        "language": words.lang,
        "version": review.version,
        "created": created,
        "periods": {name: plain(period) for name, period in review.periods.items()},
        "answer": review.answer,
        "detectable": plain(review.detectable),
        "goal": _goal(review.goal)
        | {"fell": review.fell, "unit": review.units.get(review.goal.metric, "")},
        "bridge": [
            {
                "label": words.say(r.label),
                "cause": r.cause,
                "amount": plain(r.amount),
                "interval": _ends(r),
            }
            for r in review.bridge
        ],
        "causes": [_cause(c, words) for c in review.causes],
        "gains": [_cause(c, words) for c in review.gains],
        "findings": [_finding(f, words, charts.get(f.id)) for f in review.findings],
        "not_examined": [
            {"step": report.step, "reason": words.say(reason)}
            for report in review.steps
            for reason in report.not_examined
        ],
        "data_quality": [_issue(i, words) for i in review.issues],
        "rejected": [_cause(c, words) for c in review.rejected],
        "settings": plain(dict(sorted(review.settings.items()))),
    }


def to_text(data: Json) -> str:
    """JSON text; equal data give equal bytes."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def main_result(finding: Finding) -> Result | None:
    """The result whose table and chart stand for the finding."""
    if not finding.evidence:
        return None
    return finding.evidence[finding.chart or 0]


def _goal(goal: GoalChange) -> Json:
    keys = ("metric", "baseline", "expected", "logged", "current", "change", "change_pct", "gap")
    like = ("change_like", "change_like_pct")
    history = goal.history
    return {key: plain(getattr(goal, key)) for key in (*keys, *like)} | {
        "interval": _ends(goal),
        "history": None if history is None else plain(history.value),
        "history_interval": _ends(history),
    }


def _cause(cause: Cause, words: Words) -> Json:
    effect = cause.effect
    return {
        "kind": cause.kind,
        "alternatives": list(cause.alternatives),
        "falsification": words.say(cause.falsification) or None,
        "subject": cause.subject,
        "where": plain(cause.where.plain()),
        "except": plain(cause.where.plain_without()),
        "actors": list(cause.actors),
        "period": plain(cause.period),
        "effect": plain(effect.value if effect else None),
        "effect_pct": plain(cause.effect_pct),
        "effect_on": cause.effect_on,
        "interval": _ends(effect),
        "confidence": plain(cause.confidence),
        "step": cause.step,
        "statement": words.say(cause.statement),
        "findings": list(cause.findings),
        "against": list(cause.against),
        "why": [f"{words.say(w.question)} {words.say(w.answer)}" for w in cause.why],
        "action": words.say(cause.action),
    }


def _finding(finding: Finding, words: Words, chart: Json | None) -> Json:
    result = main_result(finding)
    return {
        "id": finding.id,
        "step": finding.step,
        "verdict": finding.verdict,
        "subject": finding.subject,
        "where": plain(finding.where.plain()),
        "except": plain(finding.where.plain_without()),
        "actors": list(finding.actors),
        "period": plain(finding.period),
        "effect": plain(finding.effect.value if finding.effect else None),
        "unit": finding.effect.unit if finding.effect else "",
        "interval": _ends(finding.effect),
        "p": plain(finding.p),
        "q": plain(finding.q),
        "strength": finding.strength,
        "statement": words.say(finding.statement),
        "notes": [words.say(note) for result in finding.evidence for note in result.notes],
        "table": [] if result is None else records(result.table),
        "chart": chart,
    }


def _issue(issue: DataIssue, words: Words) -> Json:
    return {
        "table": issue.table,
        "column": issue.column,
        "where": plain(issue.where.plain()),
        "period": plain(issue.period),
        "rows": plain(issue.rows),
        "effect": plain(issue.effect.value if issue.effect else None),
        "interval": _ends(issue.effect),
        "statement": words.say(issue.statement),
    }


def _ends(holder: object) -> list[object] | None:
    low, high = getattr(holder, "low", None), getattr(holder, "high", None)
    return None if low is None and high is None else [plain(low), plain(high)]


def records(table: pd.DataFrame) -> list[Json]:
    """One mapping per row, columns in order, missing values None."""
    columns = [str(c) for c in table.columns]
    return [
        dict(zip(columns, (plain(v) for v in row), strict=True))
        for row in table.itertuples(index=False, name=None)
    ]


def plain(value: object) -> object:
    """The JSON form of a value: NaN, NaT and infinities become None, dates ISO text.

    Numbers have 12 digits and, unless they are smaller than that, 15 places: what follows depends
    on the order in which threads add up, and on how the numeric libraries were built.
    """
    if value is None or isinstance(value, str | bool) or type(value) is int:
        return str(value) if isinstance(value, str) else value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float | Decimal):
        return _digits(float(value)) if math.isfinite(value) else None
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Period):
        return [value.first.isoformat(), value.last.isoformat()]
    if isinstance(value, Effect):
        return {"value": plain(value.value), "interval": _ends(value), "unit": value.unit}
    if isinstance(value, Where):
        return plain(value.plain())
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return [plain(v) for v in sorted(value, key=str)]
    if isinstance(value, Iterable):
        return [plain(v) for v in value]
    return str(value)


def _digits(value: float) -> float:
    short = float(f"{value:.{DIGITS}g}")
    return round(short, PLACES) or short


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def steady(spec: Json) -> Json:
    """The spec with its views, parameters and data numbered from 1,
    so that equal charts are equal bytes."""
    text = json.dumps(
        {k: v for k, v in spec.items() if k != "datasets"}, ensure_ascii=False, allow_nan=False
    )
    names = list(dict.fromkeys(_own_names(json.loads(text))))
    new = {name: f"{_kind(name)}_{k}" for k, name in enumerate(names, 1)}
    if new:
        text = re.sub(
            rf"\b(?:{'|'.join(sorted(new, key=len, reverse=True))})\b",
            lambda m: new[m.group()],
            text,
        )
    sets = spec.get("datasets")
    data = (
        {new.get(name, name): plain(rows) for name, rows in sets.items()}
        if isinstance(sets, dict)
        else {}
    )
    return json.loads(text) | ({"datasets": data} if data else {})


def _kind(name: str) -> str:
    """What a name stands for; `data_1` is a name that Vega gives itself."""
    return "rows" if name.startswith("data-") else name.split("_")[0]


def _own_names(node: object) -> Iterable[str]:
    """Names that Altair gave itself, in order of appearance."""
    if isinstance(node, dict):
        name = node.get("name")
        if isinstance(name, str) and NAMES.match(name):
            yield name
        for value in node.values():
            yield from _own_names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _own_names(value)
