"""What left its history as a whole, in nearly every segment: a volume, a rate that the goal is made
of, or the goal itself. Rates of a formula are told by their own falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpilab.core.case import Case
from kpilab.core.finding import Cause, GoalChange, HistoryForecast
from kpilab.core.values import Effect, Message
from kpilab.stats.distributions import student
from kpilab.verdict.bridge import effect, worth
from kpilab.verdict.candidate import Candidate, Fix, percent
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.kinds import (
    customers,
    driver_decline,
    external_decline,
    place,
    untracked_leak,
)
from kpilab.verdict.placed import Placed
from kpilab.verdict.tuned import ALPHA, HALF, LARGE, NEARLY_ALL, USUAL


@dataclass(frozen=True, slots=True)
class Move:
    """A metric beyond its history and all that is known.

    Attributes:
        metric: its name. own: beyond; half: of its interval. usual: by its history.
        p: two-sided.
    """

    metric: str
    own: float
    half: float
    usual: float
    p: float

    @property
    def change(self) -> float:
        return self.own / self.usual


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """Leaves of a formula that add up, each by itself; else the clearest of what the goal is made
    of, and the goal where none of that is clear."""
    moves = _moves(case, evidence)
    found = [(m, _candidate(case, evidence, m, len(moves))) for m in moves]
    known = [(m, c) for m, c in found if c is not None]
    if customers.was_pulled(evidence):
        known = [(m, c) for m, c in known if case.metrics[m.metric].is_ratio or m.own >= 0]
    inside = [c for m, c in known if m.metric != case.goal.metric and m.metric in evidence.now]
    beside = [(m, c) for m, c in known if m.metric not in evidence.now]
    clear = [(m, c) for m, c in beside if (c.corrected or 0.0) <= ALPHA]
    whole = [c for m, c in known if m.metric == case.goal.metric]
    if evidence.drivers is not None:
        return inside
    return [min(clear, key=lambda pair: pair[0].p)[1]] if clear else whole


def _moves(case: Case, evidence: Evidence) -> list[Move]:
    if evidence.expected is None:
        return []
    result = evidence.expected.result
    now = dict(zip(result.table["metric"], result.table["current"], strict=True))
    told = set() if case.goal.metric in evidence.now else {case.goal.metric}
    if evidence.drivers is not None:
        told |= set(evidence.now) - set(evidence.volumes)
    moves = (
        _move(now[name] - _caused(case, evidence, name), name, history)
        for name, history in result.forecasts.items()
        if name not in told and history.windows and history.error > 0 and history.value > 0
    )
    return [m for m in moves if m.usual + m.own > 0]


def _move(value: float, name: str, history: HistoryForecast) -> Move:
    own = value - history.value
    half = float(student.ppf(1 - USUAL / 2, history.df)) * history.error
    p = 2 * float(student.sf(abs(own) / history.error, history.df))
    return Move(name, own, half, history.value, p)


def _candidate(case: Case, evidence: Evidence, move: Move, tests: int) -> Candidate | None:
    subject = _subject(case, evidence, move)
    if subject is None or evidence.expected is None:
        return None
    leaf = move.metric in evidence.now
    fix = Fix(move.metric, _around(move.own, move.half, move.metric)) if leaf else None
    size = effect(worth(case, evidence), fix) if fix else _worth(case, evidence.grown, move)
    kind = driver_decline.KIND if subject in case.watched else untracked_leak.KIND
    values: dict[str, object] = {"driver": subject, "metric": move.metric, "change": move.change}
    half = move.half / move.usual
    values |= {"low": move.change - half, "high": move.change + half}
    cause = Cause(
        kind,
        subject,
        "root_cause",
        Message("cause.everywhere", values),
        0.0,
        period=case.current,
        effect=size,
        effect_pct=percent(size, evidence.goal.current if evidence.goal else 0.0),
        effect_on=case.goal.metric,
        findings=(evidence.expected.finding.id,),
        action=Message(f"action.{kind}", values),
    )
    return Candidate(cause, move.p, fix, effect=size, corrected=min(1.0, move.p * tests / HALF))


def _around(value: float, half: float, unit: str) -> Effect:
    return Effect(value, value - half, value + half, unit)


def _worth(case: Case, grown: pd.DataFrame, move: Move) -> Effect:
    """What a driver beside the formula made of the goal."""
    whole = grown[(grown["driver"] == move.metric) & (grown["dimension"] == "")]
    value = float(whole["worth"].iloc[0]) * move.own / (move.usual + move.own)
    return _around(value, abs(value * move.half / move.own), case.goal.metric)


def _caused(case: Case, evidence: Evidence, name: str) -> float:
    """What is already known to have moved a metric: places or their customers, and the market."""
    goal = name == case.goal.metric
    clear = _clear(evidence)
    placed = [
        p.found.effect if goal else p.node for p in clear if goal or p.found.driver.name == name
    ]
    places = sum(size.value for size in placed if size is not None)
    told = [s.signal.effect for s in evidence.signals if customers.corrected(evidence, s) < ALPHA]
    amounts = [size.value for size in told if goal and size.unit in ("", name)]
    # Places and the customers in them are two views of one loss: the larger one is taken.
    return max((places, *amounts), key=abs) + _of_market(case, evidence, name)


def _of_market(case: Case, evidence: Evidence, name: str) -> float:
    """What the market made of a metric: of a volume beside the formula (visits, where the goal is
    their income) the same part as of the goal."""
    fixes = [
        c.fix
        for c in external_decline.judge(case, evidence)
        if c.fix is not None and (c.p is None or c.p < ALPHA)
    ]
    own = sum(fix.amount.value for fix in fixes if fix.node == name)
    beside = evidence.grown[evidence.grown["driver"] == name]
    past, goal = evidence.expected, evidence.goal
    if own or past is None or goal is None or list(beside["kind"].iloc[:1]) != ["volume"]:
        return own
    moved = sum(fix.amount.value for fix in fixes if fix.node == case.goal.metric)
    without = goal.current - moved
    return moved / without * past.result.forecasts[name].value if without > 0 else 0.0


def _clear(evidence: Evidence) -> list[Placed]:
    """Places that are causes by themselves."""
    return [p for p in evidence.places if place.corrected(evidence, p) < ALPHA]


def _subject(case: Case, evidence: Evidence, move: Move) -> str | None:
    """Which driver moved, in nearly all segments and in each large one: the metric itself, or of
    the goal's own the one that moved as much. None where it is not everywhere."""
    grown, beyond = evidence.grown, float(np.log1p(move.change))
    goal = move.metric == case.goal.metric and move.metric not in set(grown["driver"])
    mine = grown if goal else grown[grown["driver"] == move.metric]
    if mine.empty:
        return move.metric if move.metric in evidence.now else None
    if any(p.found.driver.name == move.metric for p in _clear(evidence)) and not goal:
        return None
    whole = mine[mine["dimension"] == ""].set_index("driver")
    moved = pd.Series(beyond, index=whole.index)
    if goal and evidence.goal is not None:
        usual = _growth(case, evidence.goal) - beyond
        moved = whole["growth"] - np.where(whole["kind"] == "volume", usual, 0.0)
    name = str((moved * np.sign(beyond)).idxmax())
    values = mine[(mine["driver"] == name) & (mine["dimension"] != "")]
    usual_there = float(whole["growth"][name]) - float(moved[name])
    along = (values["growth"] - usual_there) * np.sign(beyond) > 0
    held = values.groupby("dimension")["share"].sum()
    weight = values["share"].where(along, 0.0).groupby(values["dimension"]).sum()
    everywhere = (weight >= NEARLY_ALL * held).all() and along[values["share"] > LARGE].all()
    return name if everywhere else None


def _growth(case: Case, goal: GoalChange) -> float:
    """Log growth of the goal between the periods, by the day."""
    before, after = goal.baseline / case.baseline.days, goal.current / case.current.days
    return float(np.log(after / before)) if before > 0 and after > 0 else 0.0
