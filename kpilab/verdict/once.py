"""What a driver made of the goal is told once: by the bridge, once it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kpilab.core.finding import BridgeRow, Finding, StepReport
from kpilab.core.values import Effect, Message

# Causes that are a driver's whole movement, and not that of a place or within segments.
WHOLE = ("untracked_leak", "driver_decline")
# Rows of the bridge that are, and what names the driver there.
ROWS = {
    "bridge.untracked_leak": "subject",
    "bridge.driver_decline": "subject",
    "bridge.gain": "driver",
    "bridge.loss": "driver",
}


def told_once(
    reports: Sequence[StepReport], rows: Sequence[BridgeRow], goal: str
) -> tuple[StepReport, ...]:
    """The reports with the bridge's amount where a finding says what a whole driver made of the
    goal: split over all drivers it would be a little more or less, and read as a contradiction."""
    sizes = {
        str(row.label.values[ROWS[row.label.key]]): Effect(row.amount, row.low, row.high, goal)
        for row in rows
        if row.label.key in ROWS
    }
    return tuple(
        replace(r, findings=tuple(_sized(f, sizes) for f in r.findings))
        if r.step == "root_cause"
        else r
        for r in reports
    )


def _sized(finding: Finding, sizes: Mapping[str, Effect]) -> Finding:
    size = sizes.get(finding.subject or "")
    if size is None or finding.effect is None or finding.effect.unit != size.unit or finding.where:
        return finding
    return replace(finding, effect=size, statement=_with(finding.statement, size.value))


def _with(message: Message, amount: float) -> Message:
    """The message, and those in it, with the amount as what the driver contributed."""
    inner = {k: _with(v, amount) for k, v in message.values.items() if isinstance(v, Message)}
    values = {**message.values, **inner}
    if "contribution" in values:
        values["contribution"] = amount
    return Message(message.key, values)
