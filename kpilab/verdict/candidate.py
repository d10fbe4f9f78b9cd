"""A candidate: what one kind of cause would say, before the whole review weighs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kpilab.core.finding import Cause, Finding, StepReport
from kpilab.core.result import Result
from kpilab.core.values import Effect

Kind = TypeVar("Kind", bound=Result)


@dataclass(frozen=True, slots=True)
class Fix:
    """What undoing a cause would do inside the formula: take `amount` out of the current value of `node`.

    Attributes:
        node: a leaf of the metric tree.
        amount: how far the cause moved the node's current value, with interval (negative: it lowered it).
    """

    node: str
    amount: Effect


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A possible cause.

    Attributes:
        cause: as it would be said; effect and confidence are filled in when the review is weighed.
        p: chance of such evidence when nothing is wrong, corrected for the search inside its own kind; None when
            the kind's own rule decides and `cause.confidence` stands.
        fix: for causes inside the formula.
        rate_effect: relative change of the node that the cause made (0.1 = +10 %), for precedence.
    """

    cause: Cause
    p: float | None
    fix: Fix | None = None
    rate_effect: float | None = None


def results(reports: Sequence[StepReport], kind: type[Kind]) -> list[tuple[Finding, Kind]]:
    """All results of one class in the evidence, each with its finding."""
    return [(f, r) for report in reports for f in report.findings for r in f.evidence if isinstance(r, kind)]


def numbered(step: str, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings with ids `step.1`, `step.2`, …"""
    return tuple(replace(f, id=f"{step}.{k}") for k, f in enumerate(findings, 1))
