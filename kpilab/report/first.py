"""What the first screen says: the KPIs, the goal's course, and what each step came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kpilab.core.finding import Finding, StepReport
from kpilab.core.result import Result
from kpilab.report.words import Words
from kpilab.show.format import quantity, signed_percent

# How alike the sum of the days and the goal must be for the goal to be a sum.
SUM = 0.02
RANKS = ("randomised", "compared", "tested", "described")


@dataclass(frozen=True, slots=True)
class Standing:
    """A KPI or the goal against its target, in words; `reached` is None without a target."""

    name: str
    owner: str
    current: str
    target: str
    change: str
    reached: bool | None


@dataclass(frozen=True, slots=True)
class Line:
    """What a step came to, in one line; `finding` carries it."""

    step: str
    state: str
    text: str
    finding: str | None = None
    more: int = 0


def standings(words: Words) -> list[Standing]:
    """The KPIs with owner, target and whether it was reached; the goal comes last."""
    result = _found(words, "attainment")
    if result is None:
        return []
    goal = words.review.goal
    rows = result.table.to_dict("records")
    held = [_standing(words, row) for row in rows[1:]]
    planned = goal.expected != goal.baseline
    own = rows[0] | {"target": goal.expected if planned else float("nan")}
    own["reached"] = own["reached"] if own["reached"] is not None else goal.gap >= 0
    return [*held, _standing(words, own)]


def reached(words: Words) -> tuple[int, int]:
    """How many KPIs reached their target, of how many that have one."""
    known = [s.reached for s in standings(words)[:-1] if s.reached is not None]
    return sum(known), len(known)


def course(words: Words) -> tuple[Result, float | None] | None:
    """The goal's course, and its target by the day where there is one and the goal is a sum."""
    result = _found(words, "expected")
    days: pd.DataFrame | None = getattr(result, "course", None)
    if result is None or days is None or len(days) < 2:
        return None
    goal, now = words.review.goal, days[days["period"] == "current"]
    if goal.expected == goal.baseline or not len(now) or not goal.logged:
        return result, None
    if abs(now["value"].sum() / goal.logged - 1) < SUM:
        return result, goal.expected / len(now)
    return result, goal.expected if abs(now["value"].mean() / goal.logged - 1) < SUM else None


def lines(words: Words) -> Iterator[Line]:
    """One line per step: what is wrong there, else what was ruled out."""
    for report in words.review.steps:
        if report.findings:
            yield _line(words, report)
        elif report.not_examined:
            yield Line(report.step, "none", words.say(report.not_examined[0]))


def folded(report: StepReport) -> tuple[list[Finding], list[Finding]]:
    """The findings of a step that are told, and the fine ones, which are folded."""
    return (
        [f for f in report.findings if f.verdict != "fine"],
        [f for f in report.findings if f.verdict == "fine"],
    )


def _line(words: Words, report: StepReport) -> Line:
    counts = Counter(f.verdict for f in report.findings)
    state = next(s for s in ("trouble", "unclear", "fine", "info") if counts[s])
    chosen = [f for f in report.findings if f.verdict == state]
    if report.step == "trust" and state == "fine":
        return Line("trust", state, words.text("trust_fine", checks=counts["fine"]), chosen[0].id)
    best = min(chosen, key=lambda f: (f.effect is None, RANKS.index(f.strength)))
    return Line(report.step, state, words.say(best.statement), best.id, len(chosen) - 1)


def _standing(words: Words, row: Mapping[Any, Any]) -> Standing:
    metric, lang = str(row["metric"]), words.lang
    unit, target = words.review.units.get(metric, ""), row["target"]
    share = metric in words.review.shares
    known = row["reached"]
    return Standing(
        words.name(metric),
        "" if pd.isna(row["owner"]) else str(row["owner"]).replace("_", " "),
        quantity(_number(row["current"]), unit, lang, share=share),
        "" if _number(target) is None else quantity(_number(target), unit, lang, share=share),
        "" if _number(row["change"]) is None else signed_percent(_number(row["change"]), lang),
        None if _number(target) is None or known is None or known != known else bool(known),
    )


def _number(value: object) -> float | None:
    return None if value is None or value != value else float(str(value))


def _found(words: Words, kind: str) -> Result | None:
    """The first result of a kind behind a finding."""
    for finding in words.review.findings:
        for result in finding.evidence:
            if result.kind == kind:
                return result
    return None
