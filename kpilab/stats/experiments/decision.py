"""From read-outs to a decision: ship, don't, keep running, or the test is invalid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ship", "stop", "continue", "invalid"]
Reason = Literal[
    "checks",
    "gain",
    "harm",
    "guardrail",
    "guardrail_open",
    "no_effect",
    "not_yet",
    "late",
    "unread",
]

# Share of units whose data are not in: above the first "no effect" is not said, above the second
# nothing but harm is.
MOST_LATE, MOST_WAITED = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """One metric of one treatment as the decision sees it.

    Attributes:
        role: primary, secondary or guardrail. gain: +1 better, -1 worse, 0 neither, after
            correction.
        safe: a guardrail shown to be no worse than its margin.
    """

    role: str
    gain: int
    safe: bool = True


def decide(
    checks: Sequence[bool],
    metrics: Sequence[Judged],
    finished: bool,
    *,
    late: float = 0.0,
    unread: bool = False,
) -> tuple[Verdict, Reason]:
    """The decision and the reason for it.

    Args:
        checks: whether each validity check that can spoil the test is in trouble.
        metrics: all metrics of the best treatment. finished: the planned end (or the only look) is
            reached.
        late: share of the units whose data are not all in. unread: whether a primary metric could
            not be tested.
    """
    if any(checks):
        return "invalid", "checks"
    guards = [m for m in metrics if m.role == "guardrail"]
    primary = [m for m in metrics if m.role == "primary"]
    if any(m.gain < 0 for m in guards):
        return "stop", "guardrail"
    if any(m.gain < 0 for m in primary):
        return "stop", "harm"
    if late > MOST_WAITED:
        return "continue", "late"
    if any(m.gain > 0 for m in primary):
        unsafe = any(not m.safe for m in guards)
        return ("continue", "guardrail_open") if unsafe else ("ship", "gain")
    if unread:
        return "continue", "unread"
    if finished:
        return ("continue", "late") if late > MOST_LATE else ("stop", "no_effect")
    return "continue", "not_yet"
