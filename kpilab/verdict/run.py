"""`review`: the five steps in order, the causes weighed, the bridge that sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter, sleep
from typing import TypeVar

import kpilab
from kpilab.core.case import Case
from kpilab.core.finding import Cause, GoalChange, Review, StepReport
from kpilab.core.values import Effect, Message
from kpilab.engine.rootcause.cells import PERIODS, Cells, pull
from kpilab.engine.run import ConnectionLost, failures, reconnect
from kpilab.errors import EngineError
from kpilab.questions.series import is_share, units, without
from kpilab.verdict.bridge import Worth, bridge, relative, worth
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.falsify import falsification
from kpilab.verdict.kinds import (
    customers,
    data_loss,
    definition_mismatch,
    driver_decline,
    duplicate_rows,
    everywhere,
    experiment,
    external_decline,
    fabricated_execution,
    local_regression,
    mix_shift,
    programme,
    untracked_leak,
    wrong_kpi,
)
from kpilab.verdict.like import answer, detectable, fell
from kpilab.verdict.once import amounts, told_once
from kpilab.verdict.rank import is_gain, rank
from kpilab.verdict.repair import repaired
from kpilab.verdict.steps import execution, external, goal, relation, root_cause, trust
from kpilab.verdict.tuned import ALPHA, MOST_OF_GAP
from kpilab.verdict.unfinished import finished
from kpilab.verdict.whys import chain

Step = Callable[[Case, Cells, Evidence], tuple[StepReport, Evidence]]
Judge = Callable[[Case, Evidence], list[Candidate]]
Progress = Callable[[str, int, int], None]
T = TypeVar("T")
PAUSE = 1.0  # seconds before a lost connection is opened anew

STEPS: tuple[Step, ...] = (
    goal.examine,
    relation.examine,
    root_cause.examine,
    external.examine,
    execution.examine,
)
JUDGES: tuple[Judge, ...] = (
    data_loss.judge,
    duplicate_rows.judge,
    experiment.judge,
    programme.judge,
    external_decline.judge,
    customers.judge,
    local_regression.judge,
    mix_shift.judge,
    untracked_leak.judge,
    driver_decline.judge,
    everywhere.judge,
    wrong_kpi.judge,
    fabricated_execution.judge,
    definition_mismatch.judge,
)


class Stopped(EngineError):
    """The engine failed in the middle of a review.

    Attributes:
        step: the step it failed in; "data" before the first one, "verdict" after the last.
        finished: the reports of the steps before it.
    """

    def __init__(self, step: str, reason: EngineError, finished: tuple[StepReport, ...]) -> None:
        super().__init__(f"the review stopped in step {step!r}: {reason}")
        self.step = step
        self.finished = finished


def review(
    case: Case, *, steps: Sequence[Step] = STEPS, progress: Progress | None = None
) -> Review:
    """Why did the business not grow? All five steps, the causes that stand, and the bridge to the
    goal.

    The data are examined first, and what only the log lost is put back before the steps read it.
    Each step is given the evidence of the earlier ones and hands it on with its own; causes are
    weighed at the end, over all of it.

    Args:
        case: from `kpilab.open_case`.
        steps: functions (case, cells, evidence) -> (report, evidence), in order; a step of your own
            gives back the evidence it was given, which holds the reports of the earlier steps.
        progress: called with the step's name, steps done, steps in all.

    Returns:
        Review: `causes` best first (an empty tuple means that nothing is wrong beyond noise),
            `bridge`, findings.

    Raises:
        Stopped: the engine failed. Where its server was lost, it was reached anew and the step
            tried once more.

    Example:
        >>> import kpilab
        >>> found = kpilab.review(kpilab.open_case("data/shop"))
        >>> [(cause.kind, cause.subject) for cause in found.causes]
        [('untracked_leak', 'pay_per_place_order')]
    """
    tell = progress or (lambda name, done, total: None)
    total = len(steps) + 2
    tell("data", 0, total)
    evidence = Evidence()
    cells = _tried("data", case, evidence, lambda: pull(case))
    cut = finished(case, cells)
    if cut is not None:
        case, cells = cut, _tried("data", cut, evidence, lambda: pull(cut))
    case = without(case, cells.refused)
    evidence = _taken(trust.examine, case, cells, evidence)
    cells, evidence = _tried("data", case, evidence, lambda: repaired(case, cells, evidence))
    for k, step in enumerate(steps, 1):
        tell(_name(step), k, total)
        evidence = _taken(step, case, cells, evidence)
    tell("verdict", total - 1, total)
    found = _tried("verdict", case, evidence, lambda: _weighed(case, cells, evidence))
    tell("verdict", total, total)
    return found


def _taken(step: Step, case: Case, cells: Cells, evidence: Evidence) -> Evidence:
    """The evidence after a step, its report with the time it took among it."""

    def work() -> Evidence:
        start = perf_counter()
        report, found = step(case, cells, evidence)
        return found.and_report(replace(report, seconds=perf_counter() - start))

    return _tried(_name(step), case, evidence, work)


def _name(step: Step) -> str:
    return step.__module__.rsplit(".", 1)[-1]


def _tried(name: str, case: Case, evidence: Evidence, work: Callable[[], T]) -> T:
    """What `work` gives, at the second try if the connection was lost in the first.

    The whole step is done again, not the query alone: temporary tables it had made went with the
    connection.
    """
    try:
        with failures(name):
            return work()
    except ConnectionLost:
        sleep(PAUSE)
    except EngineError as error:
        raise Stopped(name, error, evidence.reports) from error
    try:
        with failures(name):
            reconnect(table.table for table in case.tables.values())
            return work()
    except EngineError as error:
        raise Stopped(name, error, evidence.reports) from error


def _weighed(case: Case, cells: Cells, evidence: Evidence) -> Review:
    candidates = [c for judge in JUDGES for c in judge(case, evidence)]
    model = worth(case, evidence)
    stated, rejected = rank(case, candidates, evidence.questions, model)
    change = evidence.goal or _unexamined(case, cells)
    gained = [c for c in stated if is_gain(case, c)]
    stated = [c for c in stated if c not in gained]
    rows, effects = bridge(model, change, stated, evidence, gained)
    nodes = {k: c.fix.node for k, c in enumerate(stated) if c.fix is not None}
    sizes = amounts(rows, change.metric, nodes)
    causes = tuple(
        _said(case, candidate, size, change, model, evidence, sizes)
        for candidate, size in zip(stated, effects, strict=True)
    )
    seen = detectable(change, evidence.moved, evidence.questions)
    return Review(
        case=case.name,
        title=case.title,
        language=case.language,
        periods=case.periods,
        goal=change,
        bridge=tuple(rows),
        causes=causes,
        gains=tuple(_said(case, c, c.effect, change, model, evidence, sizes) for c in gained),
        steps=told_once(evidence.reports, sizes),
        labels=case.labels,
        units=units(case),
        shares=_shares(case, cells),
        settings={"floor": case.floor, "alpha": ALPHA, "questions": evidence.questions, "seed": 0},
        version=kpilab.__version__,
        rejected=tuple(c.cause for c in rejected),
        answer=answer(case, change, len(causes), seen),
        detectable=seen,
        fell=fell(case, change),
    )


def _shares(case: Case, cells: Cells) -> tuple[str, ...]:
    """Metrics that are a part of a whole in both periods."""
    known = [n for n in case.metrics if n not in cells.refused and not cells.undefined(n)]
    sides = {n: [cells.value(n, period) for period in PERIODS] for n in known}
    return tuple(n for n in known if is_share(case, n, *sides[n]))


def _unexamined(case: Case, cells: Cells) -> GoalChange:
    """The goal where no step looked at it."""
    name = case.goal.metric
    baseline, current = (cells.value(name, period) for period in PERIODS)
    expected = case.goal.target if case.goal.target is not None else baseline
    return GoalChange(name, baseline, expected, cells.logged(name), current)


def _said(
    case: Case,
    candidate: Candidate,
    size: Effect | None,
    change: GoalChange,
    model: Worth,
    evidence: Evidence,
    sizes: Mapping[str, Effect],
) -> Cause:
    """The cause with its size, its share of the gap in the sentence, and its 5-Why chain."""
    cause = candidate.cause
    if size is not None:
        pct = cause.effect_pct
        if pct is None and candidate.fix is not None:
            pct = relative(model, candidate.fix)
        cause = replace(
            cause, effect=size, effect_pct=pct, statement=_with_size(case, cause, size, change)
        )
    cause = replace(cause, falsification=falsification(case, cause, evidence))
    return replace(cause, why=chain(case, cause, change, evidence, sizes))


def _with_size(case: Case, cause: Cause, size: Effect, change: GoalChange) -> Message:
    """The size in goal units; as a share of the gap only where that says something."""
    part = change.gap < 0 and size.value < 0 and cause.kind != data_loss.KIND
    share = size.value / change.gap if part else None
    share = share if share is not None and share <= MOST_OF_GAP else None
    values = {
        "said": cause.statement,
        "amount": size.value,
        "low": size.low,
        "high": size.high,
        "share": share,
    }
    values |= {"goal": change.metric, "unit": units(case).get(change.metric)}
    share = is_share(case, change.metric, change.baseline, change.current)
    return Message("cause.sized_share" if share else "cause.sized", values)
