"""What a driver made of the goal is told once: by the bridge, once it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from kpilab.analysis.rootcause.drivers import DriversResult
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
RESTS = ("bridge.mix_gain", "bridge.mix_loss")


def amounts(rows: Sequence[BridgeRow], goal: str, nodes: Mapping[int, str]) -> dict[str, Effect]:
    """What each whole driver made of the goal by the bridge.

    Args:
        rows: of the bridge.
        goal: its metric.
        nodes: driver of each cause of the rows.
    """
    whole = {
        str(row.label.values[ROWS[row.label.key]]): Effect(row.amount, row.low, row.high, goal)
        for row in rows
        if row.label.key in ROWS
    }
    return {**_sums(rows, goal, nodes), **whole}


def told_once(reports: Sequence[StepReport], sizes: Mapping[str, Effect]) -> tuple[StepReport, ...]:
    """The reports with the bridge's amount where a finding says what a whole driver made of the
    goal: split over all drivers it would be a little more or less, and read as a contradiction."""
    steps = {"root_cause": _sized, "goal": _split}
    return tuple(
        replace(r, findings=tuple(steps[r.step](f, sizes) for f in r.findings))
        if r.step in steps
        else r
        for r in reports
    )


def _split(finding: Finding, sizes: Mapping[str, Effect]) -> Finding:
    """The split of the goal over its drivers, in sentence, table and chart."""
    told = tuple(
        replace(e, table=_rows(e.table, sizes)) if isinstance(e, DriversResult) else e
        for e in finding.evidence
    )
    split = next((e for e in told if isinstance(e, DriversResult)), None)
    if split is None or finding.statement.key != split.headline.key:
        return finding
    return replace(finding, evidence=told, statement=split.headline)


def _rows(table: pd.DataFrame, sizes: Mapping[str, Effect]) -> pd.DataFrame:
    """The amounts of drivers; the noise of a sum of rows is that of the whole driver."""
    rows = []
    for row in table.to_dict("records"):
        size = sizes.get(str(row["driver"]))
        if size is not None:
            by, ends = size.value - row["contribution"], (size.low, size.high)
            known = (row["contribution_low"] + by, row["contribution_high"] + by)
            ends = known if None in ends else ends
            names = ("contribution", "contribution_low", "contribution_high")
            row |= dict(zip(names, (size.value, *ends), strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=table.columns, index=table.index)


def _sums(rows: Sequence[BridgeRow], goal: str, nodes: Mapping[int, str]) -> dict[str, Effect]:
    """Drivers of which the bridge says a part by causes and the rest by itself."""
    rest = {str(r.label.values["driver"]): r.amount for r in rows if r.label.key in RESTS}
    caused = [(nodes.get(r.cause), r.amount) for r in rows if r.cause is not None]
    return {
        driver: Effect(own + sum(amount for node, amount in caused if node == driver), unit=goal)
        for driver, own in rest.items()
    }


def _sized(finding: Finding, sizes: Mapping[str, Effect]) -> Finding:
    size, own = sizes.get(finding.subject or ""), finding.effect
    if size is None or own is None or own.unit != size.unit or finding.where:
        return finding
    if size.low is None or size.high is None:
        # The noise of a sum of rows is that of the whole driver.
        by = size.value - own.value
        low, high = (None if e is None else e + by for e in (own.low, own.high))
        size = Effect(size.value, low, high, size.unit)
    return replace(finding, effect=size, statement=_with(finding.statement, size.value))


def _with(message: Message, amount: float) -> Message:
    """The message, and those in it, with the amount as what the driver contributed."""
    inner = {k: _with(v, amount) for k, v in message.values.items() if isinstance(v, Message)}
    values = {**message.values, **inner}
    if "contribution" in values:
        values["contribution"] = amount
    return Message(message.key, values)
