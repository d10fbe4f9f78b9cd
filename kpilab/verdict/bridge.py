"""The bridge from expected to logged: every cause's amount in goal units, summing exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from kpilab.analysis.rootcause.drivers import DriversResult
from kpilab.analysis.rootcause.expected import ExpectedResult
from kpilab.core.case import Case
from kpilab.core.finding import CLEAR_REST, BridgeRow, GoalChange
from kpilab.core.values import Effect, Message
from kpilab.stats.rootcause.shapley import shapley
from kpilab.verdict.candidate import Candidate, Fix
from kpilab.verdict.evidence import Evidence, Loss
from kpilab.verdict.like import history_rows, moved_alone, noise_of
from kpilab.verdict.tuned import BEYOND_HALF, CLEAR_GAIN

NO_MORE_THAN_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Worth:
    """The goal as the formula gives it, scaled to the goal's own level, with some fixes undone."""

    case: Case
    now: Mapping[str, float]
    scale: float

    def goal(self, fixes: Sequence[Fix]) -> float:
        values = dict(self.now)
        for fix in fixes:
            values[fix.node] -= fix.amount.value
        return self.scale * float(self.case.goal.tree.evaluate(values))


def worth(case: Case, evidence: Evidence) -> Worth:
    """The formula at its current leaves."""
    return Worth(case, evidence.now, evidence.drivers.result.scale if evidence.drivers else 1.0)


def effect(model: Worth, fix: Fix) -> Effect:
    """What one cause alone made of the goal, with the interval of its fix."""
    here = model.goal(())
    ends = [
        here - model.goal((Fix(fix.node, Effect(e)),))
        for e in (fix.amount.low, fix.amount.high)
        if e is not None
    ]
    value = here - model.goal((fix,))
    return Effect(value, min(ends, default=None), max(ends, default=None), model.case.goal.metric)


def relative(model: Worth, fix: Fix) -> float | None:
    """What one cause alone made of the goal, in percent of the goal without it."""
    without = model.goal((fix,))
    return 100 * (model.goal(()) / without - 1) if without else None


def shares(model: Worth, fixes: Sequence[Fix]) -> list[Effect]:
    """Each cause's share of what all together made of the goal; overlapping causes share fairly."""
    if not fixes:
        return []
    none = model.goal(())
    values = shapley(lambda s: none - model.goal([fixes[k] for k in s]), len(fixes))
    alone = [effect(model, fix) for fix in fixes]
    return [_scaled(a, float(v)) for a, v in zip(alone, values, strict=True)]


def bridge(
    model: Worth,
    goal: GoalChange,
    causes: Sequence[Candidate],
    evidence: Evidence,
    gained: Sequence[Candidate] = (),
) -> tuple[list[BridgeRow], list[Effect | None]]:
    """Rows that sum to logged - expected, and each cause's effect in goal units (None outside the
    formula).

    Planned growth, what the history says (calendar, season, trend), the causes, clear moves of
    drivers beyond them, what the formula does not reproduce, what only the log lost, and what is
    left unexplained.
    """
    inside = [(k, c.fix) for k, c in enumerate(causes) if c.fix is not None and c.effect is None]
    sizes = shares(model, [fix for _, fix in inside])
    effects: list[Effect | None] = [None] * len(causes)
    rows: list[BridgeRow] = []
    if goal.expected != goal.baseline:
        rows.append(BridgeRow(Message("bridge.planned"), goal.baseline - goal.expected))
    rows += history_rows(goal)
    for (k, _), size in zip(inside, sizes, strict=True):
        effects[k] = size
        rows.append(BridgeRow(_label(causes[k]), size.value, size.low, size.high, k))
    for k, candidate in enumerate(causes):
        if candidate.effect is not None:
            size = candidate.effect
            effects[k] = size
            rows.append(BridgeRow(_label(candidate), size.value, size.low, size.high, k))
    for candidate in gained:
        if candidate.effect is not None:
            size = candidate.effect
            rows.append(BridgeRow(_gain(candidate), size.value, size.low, size.high))
    if evidence.drivers is not None:
        split = evidence.drivers.result
        acting = [*causes, *gained]
        rows += (
            _gains(split, _caused(acting, effects))
            if evidence.expected is None
            else _alone(model, evidence.expected.result, acting, _only_there(acting, evidence))
        )
        if abs(split.unexplained) > NO_MORE_THAN_ROUNDING * max(abs(goal.baseline), 1.0):
            rows.append(BridgeRow(Message("bridge.formula"), split.unexplained))
    for loss in evidence.losses:
        if loss.goal.value:
            k = _cause_of(loss, causes)
            key = "bridge.lost" if loss.confirmed else "bridge.no_rows"
            said = Message(key, {} if loss.confirmed else {"period": loss.days})
            rows.append(BridgeRow(said, loss.goal.value, loss.goal.low, loss.goal.high, k))
            effects = [loss.goal if j == k else effect for j, effect in enumerate(effects)]
    rest = goal.logged - goal.expected - float(np.sum([r.amount for r in rows]))
    half = _half(goal, gained)
    ends = (None, None) if half is None else (rest - half, rest + half)
    beyond = half is not None and abs(rest) > half
    key = CLEAR_REST if beyond else "bridge.unexplained"
    rows.append(BridgeRow(Message(key), rest, *ends))
    return rows, effects


def _half(goal: GoalChange, gained: Sequence[Candidate]) -> float | None:
    """Half width of the interval of what is left: stated gains are known no better than theirs."""
    noise = noise_of(goal)
    sizes = [c.effect for c in gained if c.effect is not None]
    own = [(e.high - e.low) / 2 for e in sizes if e.low is not None and e.high is not None]
    return None if noise is None else hypot(noise, *own)


def _caused(causes: Sequence[Candidate], effects: Sequence[Effect | None]) -> dict[str, Effect]:
    """What the causes and gains together made of the goal through each leaf."""
    found: dict[str, Effect] = {}
    for k, candidate in enumerate(causes):
        size = effects[k] if k < len(effects) else candidate.effect
        if candidate.fix is not None and size is not None:
            node = candidate.fix.node
            known = found.get(node)
            found[node] = size if known is None else Effect(known.value + size.value)
    return found


def _only_there(causes: Sequence[Candidate], evidence: Evidence) -> set[str]:
    """Leaves that moved with a stated place alone: its size holds what they did."""
    said = {f for c in causes for f in c.cause.findings}
    return {name for p in evidence.places if p.finding in said for name in p.only_here}


def _alone(
    model: Worth, past: ExpectedResult, causes: Sequence[Candidate], known: set[str]
) -> list[BridgeRow]:
    """Clear moves of drivers against their own history, beyond the causes that act on them; a gain
    of mix beside a fall within segments is arithmetic, and always clear."""
    caused: dict[str, float] = {}
    for fix in (c.fix for c in causes if c.fix is not None):
        caused[fix.node] = caused.get(fix.node, 0.0) + fix.amount.value
    mixed = {c.fix.node for c in causes if c.fix is not None and c.cause.kind == "mix_shift"}
    rows = []
    for driver, own, p in moved_alone(past, model.now, caused):
        if driver in known:
            continue
        beyond = own.low is not None and abs(own.value) > (own.value - own.low) * BEYOND_HALF
        hides = driver in mixed and own.value * caused[driver] < 0
        if p < CLEAR_GAIN or hides or (driver in caused and beyond):
            size = effect(model, Fix(driver, own))
            way = "gain" if size.value > 0 else "loss"
            key = f"bridge.mix_{way}" if driver in caused else f"bridge.{way}"
            said = Message(key, {"driver": driver})
            rows.append(BridgeRow(said, size.value, size.low, size.high))
    return rows


def _cause_of(loss: Loss, causes: Sequence[Candidate]) -> int | None:
    """Which cause says a loss."""
    said = (loss.table, loss.where, loss.days)
    return next(
        (
            k
            for k, c in enumerate(causes)
            if (c.cause.subject, c.cause.where, c.cause.period) == said
        ),
        None,
    )


def _gains(split: DriversResult, caused: Mapping[str, Effect]) -> list[BridgeRow]:
    """Clear gains of drivers: what a driver's own movement has beyond the causes that act on it."""
    rows = []
    for row in split.table.to_dict("records"):
        driver = str(row["driver"])
        cause = caused.get(driver)
        own = row["contribution"] - (cause.value if cause else 0.0)
        half = (row["contribution_high"] - row["contribution_low"]) / 2
        if own > half * BEYOND_HALF and (row["p"] < CLEAR_GAIN or cause is not None):
            key = "bridge.mix_gain" if cause is not None else "bridge.gain"
            rows.append(BridgeRow(Message(key, {"driver": driver}), own, own - half, own + half))
    return rows


def _label(candidate: Candidate) -> Message:
    cause = candidate.cause
    values = {"subject": cause.subject, "where": cause.where if cause.where else None}
    return Message(f"bridge.{cause.kind}", values)


def _gain(candidate: Candidate) -> Message:
    values = {"subject": candidate.cause.subject, "where": candidate.cause.where or None}
    return Message("bridge.place_gain", values)


def _scaled(alone: Effect, value: float) -> Effect:
    factor = value / alone.value if alone.value else 1.0
    scaled = alone.scaled(abs(factor))
    return Effect(value, scaled.low, scaled.high, alone.unit)
