"""Causes inside the formula: a driver's fall as a candidate with its fix."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Effect, Message, Period
from kpilab.verdict.candidate import Candidate, Fix
from kpilab.verdict.evidence import Fall


def candidate(kind: str, case: Case, now: Mapping[str, float], fall: Fall) -> Candidate:
    """A fall as a candidate of one kind; its size in goal units is filled in with the bridge.

    Args:
        kind: of cause.
        case: its current period and goal.
        now: current values of the drivers.
        fall: what happened to one of them.
    """
    values = {
        "driver": fall.driver,
        "where": fall.where,
        "change": fall.change.value,
        "low": fall.change.low,
        "high": fall.change.high,
        "goal": case.goal.metric,
        "dimension": fall.dimension,
    }
    cause = Cause(
        kind,
        fall.driver,
        "root_cause",
        Message(f"cause.{kind}", values),
        0.0,
        where=fall.where,
        period=Period(fall.since, case.current.last) if fall.since else case.current,
        effect_on=case.goal.metric,
        findings=(fall.finding,) if fall.finding else (),
        action=Message(f"action.{kind}", values),
    )
    fix = Fix(fall.driver, _amount(now[fall.driver], fall))
    return Candidate(cause, fall.p, fix, fall.change.value, outside=fall.outside)


def _amount(now: float, fall: Fall) -> Effect:
    """How far the fall moved the driver's current value: without it,
    it would stand at current / (1 + change)."""

    def moved(change: float | None) -> float:
        change = max(min(change if change is not None else fall.change.value, 0.0), -0.99)
        return now - now / (1 + change)

    return Effect(
        moved(fall.change.value), moved(fall.change.low), moved(fall.change.high), fall.driver
    )
