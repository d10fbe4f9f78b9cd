"""The 5-Why chain of a cause: goal, driver, place, time, entry of the change log;
each answer has its number."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.core.case import Case, Change
from kpilab.core.finding import Cause, GoalChange, Why
from kpilab.core.values import Effect, Message
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.tuned import NEAR


def chain(
    case: Case, cause: Cause, goal: GoalChange, evidence: Evidence, sizes: Mapping[str, Effect]
) -> tuple[Why, ...]:
    """Questions and answers from the goal down to the change log, as far as the numbers carry.

    Args:
        case, cause, goal, evidence: of the review.
        sizes: what drivers made of the goal by the bridge.
    """
    links = [_goal(goal, evidence)]
    inside = cause.kind in (
        "local_regression",
        "mix_shift",
        "untracked_leak",
        "driver_decline",
        "external_decline",
    )
    if inside:
        links += _driver(cause, evidence, sizes)
    links.append(
        Why(
            Message(f"why.{cause.kind}_q", {"subject": cause.subject}),
            cause.statement,
            _first(cause),
        )
    )
    links += _behind(cause, evidence)
    if inside and cause.subject not in case.watched:
        links.append(
            Why(
                Message("why.unwatched_q", {"subject": cause.subject}),
                Message("why.unwatched", {"subject": cause.subject}),
            )
        )
    near = changes_near(case, cause)
    if near:
        entries = tuple(Message("why.entry", {"day": c.date, "text": c.text}) for c in near)
        links.append(Why(Message("why.changes_q"), Message("why.changes", {"entries": entries})))
    return tuple(links)


def _behind(cause: Cause, evidence: Evidence) -> list[Why]:
    """What else moved where the driver moved, and that the rest did not."""
    links = []
    for placed in evidence.places:
        if placed.finding in cause.findings:
            for moved in placed.behind[:2]:
                values = {"metric": moved.name, "before": moved.before, "after": moved.after}
                question = Message("why.behind_q")
                links.append(Why(question, Message("why.behind", values), placed.finding))
    if cause.falsification is not None:
        links.append(Why(Message("why.rest_q"), cause.falsification, _first(cause)))
    return links


def changes_near(case: Case, cause: Cause) -> tuple[Change, ...]:
    """Entries of the change log within three days of the trouble's start: candidates,
    not causes."""
    if cause.period is None:
        return ()
    return tuple(c for c in case.changes if abs(c.date - cause.period.first) <= NEAR)


def _goal(goal: GoalChange, evidence: Evidence) -> Why:
    finding = evidence.attainment.finding.id if evidence.attainment else None
    values = {
        "goal": goal.metric,
        "change": goal.change_like,
        "share": (goal.change_like_pct or 0.0) / 100,
        "gap": None if goal.expected == goal.baseline else goal.gap,
    }
    return Why(Message("why.goal_q", {"goal": goal.metric}), Message("why.goal", values), finding)


def _driver(cause: Cause, evidence: Evidence, sizes: Mapping[str, Effect]) -> list[Why]:
    if evidence.drivers is None:
        return []
    finding, split = evidence.drivers.finding, evidence.drivers.result
    # A place may be named by the rate behind the driver that moved there.
    moved = (p.found.driver.name for p in evidence.places if p.finding in cause.findings)
    name = next(moved, cause.subject)
    rows = split.table[split.table["driver"] == name].to_dict("records")
    if not rows:
        return []
    values = {k: rows[0][k] for k in ("driver", "change", "low", "high", "contribution")} | {
        "goal": split.goal
    }
    if name in sizes:
        values["contribution"] = sizes[name].value
    return [
        Why(
            Message("why.driver_q", {"goal": split.goal}), Message("why.driver", values), finding.id
        )
    ]


def _first(cause: Cause) -> str | None:
    return cause.findings[0] if cause.findings else None
