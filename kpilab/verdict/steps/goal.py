"""Step 1, goal review: not the KPI, the business goal. What did we want, get,
and what does the tree say?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from kpilab.analysis.rootcause.attainment import AttainmentResult, attainment
from kpilab.analysis.rootcause.course import adds_up
from kpilab.analysis.rootcause.drivers import DriversResult, drivers, leaf_change
from kpilab.analysis.rootcause.expected import ExpectedResult, expected
from kpilab.analysis.rootcause.like import like_change
from kpilab.core.case import Case, Metric
from kpilab.core.finding import Finding, GoalChange, StepReport
from kpilab.core.values import Effect, Message, Period
from kpilab.engine.metrics import measure
from kpilab.engine.rootcause.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions.drivers import goal_drivers, measured_drivers
from kpilab.questions.series import measured
from kpilab.stats.core.change import Change
from kpilab.verdict.evidence import Evidence, Noted, numbering
from kpilab.verdict.like import chance, days_missing, of_history
from kpilab.verdict.tuned import FORMULA_DEPARTS, USUAL


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """Goal and KPIs against target and baseline;
    the goal's change split over the leaves of its tree."""
    number = numbering("goal")
    _check(case, cells)
    reached = attainment(case, cells)
    moves = _changes(case, cells)
    past = expected(case, cells, moves)
    change = _change(case, cells, reached, past)
    goal = Noted(number(_attained(case, reached, change)), reached)
    evidence = replace(evidence, attainment=goal, goal=change, moved=moves[change.metric])
    silent = list(_unmeasured(case, cells))
    by_history = [number(f) for f in of_history(case, change, past)]
    if by_history:
        evidence = replace(evidence, expected=Noted(by_history[0], past))
    others = (*_unfinished(case), *_year_ago(case, cells, past))
    before = [*by_history, *map(number, others)]
    issues = tuple(days_missing(case, change, past))
    leaves = [case.metrics[leaf] for leaf in case.goal.tree.leaves]
    if len(leaves) < 2:
        if not goal_drivers(case):
            silent.append(Message("goal.no_formula", {"goal": case.goal.metric}))
        return StepReport("goal", (goal.finding, *before), tuple(silent), issues), _of_leaves(
            case, cells, leaves, evidence
        )
    try:
        split = drivers(case, cells)
    except BadInput as error:
        silent.append(Message("goal.not_split", {"goal": case.goal.metric, "why": error.what}))
        return StepReport("goal", (goal.finding, *before), tuple(silent), issues), evidence
    evidence = _of_leaves(case, cells, leaves, evidence)
    said = Finding(
        "",
        "goal",
        "info",
        split.headline,
        subject=case.goal.metric,
        strength="tested",
        evidence=(split,),
    )
    noted = Noted(number(said), split)
    departs = [number(finding) for finding in _departs(case, reached, split)]
    findings = (goal.finding, *before, noted.finding, *departs)
    report = StepReport("goal", findings, tuple(silent), issues)
    return report, replace(evidence, drivers=noted)


def _unfinished(case: Case) -> Iterator[Finding]:
    """That the current period is not over, and what it was held against."""
    for issue in (i for i in case.issues if i.statement.key == "goal.unfinished"):
        yield Finding("", "goal", "info", issue.statement, subject=case.goal.metric)


def _year_ago(case: Case, cells: Cells, past: ExpectedResult) -> Iterator[Finding]:
    """The goal beside the same period of the year before, where the case names it: a sum over as
    many days (weeks, months) as the current period holds."""
    period = case.periods.get("year_ago")
    if period is None or period == case.baseline:
        return
    asked = measured(case, case.goal.metric)
    then = float(
        measure(asked.table, [asked.metric], {"year_ago": period})[case.goal.metric].iloc[0]
    )
    now = cells.value(case.goal.metric, "current")
    values = {"goal": case.goal.metric, "then": then, "now": now, "period": period}
    steps = [_steps(past, days) for days in (period, case.current)]
    alike = steps[0] == steps[1] or not all(steps) or not adds_up(cells, asked.metric)
    like = then if alike else then * steps[1] / steps[0]
    values |= {"like": None if alike else like}
    values |= {"change": (now - like) / abs(like) if like else None}
    yield Finding(
        "",
        "goal",
        "info",
        Message("goal.year_ago", values),
        subject=case.goal.metric,
        period=period,
    )


def _steps(past: ExpectedResult, period: Period) -> int:
    """Days (weeks, months) of the goal's course that begin in a period."""
    first, last = np.datetime64(period.first), np.datetime64(period.last)
    days = past.course["date"].to_numpy()
    return int(((days >= first) & (days <= last)).sum())


def _check(case: Case, cells: Cells) -> None:
    """A goal without a value in one of the periods has not moved by any amount:
    nothing can be said."""
    name = case.goal.metric
    gone = cells.undefined(name)
    if gone:
        said = cells.refused.get(name) or "no row of its table has a value for it"
        what = f"the goal {name!r} is undefined in the {' and the '.join(gone)} period: {said}"
        raise BadInput(
            what, f"case.yml, key metrics.{name}", "mend the metric, or choose periods with data"
        )


def _unmeasured(case: Case, cells: Cells) -> Iterator[Message]:
    """Metrics that have no value: what the engine refused, and what is undefined in a period."""
    for name in case.metrics:
        if name in cells.refused:
            yield Message("goal.refused", {"metric": name, "why": cells.refused[name]})
        elif cells.undefined(name):
            yield Message("goal.undefined", {"metric": name, "periods": cells.undefined(name)})


def _of_leaves(case: Case, cells: Cells, leaves: Sequence[Metric], evidence: Evidence) -> Evidence:
    """Each leaf's current value, and the change of those that add up."""
    now = {m.name: cells.sides(m.name)[1] for m in leaves}
    adding = [m for m in leaves if not m.is_ratio and m.per is None]
    volumes = {m.name: leaf_change(case, cells, m) for m in adding}
    return replace(evidence, now=now, volumes=volumes)


def _attained(case: Case, reached: AttainmentResult, change: GoalChange) -> Finding:
    """The goal's own change; it is trouble where season, calendar and trend do not explain it."""
    goal = reached.table.iloc[0].to_dict()
    better = (goal["change"] > 0) == (case.metrics[change.metric].better == "up")
    history = change.history
    p = chance(history, change.current) if history is not None and history.windows else None
    judged = "info" if goal["p"] > USUAL or (p is not None and p > USUAL and not better) else None
    missed = goal["reached"] == goal["reached"] and not goal["reached"]
    judged = judged or ("info" if better and missed else None)
    return Finding(
        "",
        "goal",
        judged or ("fine" if better else "trouble"),
        reached.headline,
        subject=case.goal.metric,
        period=case.current,
        effect=Effect(change.change_like, *change.like_ends, change.metric),
        p=goal["p"],
        strength="tested",
        evidence=(reached,),
    )


def _changes(case: Case, cells: Cells) -> dict[str, Change]:
    """What the goal and its drivers did between the periods, like with like."""
    names = [case.goal.metric, *case.goal.tree.leaves, *(m.name for m in measured_drivers(case))]
    known = [n for n in dict.fromkeys(names) if not cells.undefined(n)]
    return {n: like_change(case, cells, case.metrics[n]) for n in known}


def _change(
    case: Case, cells: Cells, reached: AttainmentResult, past: ExpectedResult
) -> GoalChange:
    """The same as a value: the one that the verdict, the bridge and the review itself say."""
    goal = reached.table.iloc[0].to_dict()
    base, current = goal["baseline"], goal["current"]
    expected_value = case.goal.target if case.goal.target is not None else base
    logged = current if cells.as_logged is None else cells.logged(case.goal.metric)
    # What the length of a period adds is no noise: the ends are those of the change like with like.
    ends = (
        None if goal[k] != goal[k] else goal[k] * abs(goal["like"]) + goal["like"] - base
        for k in ("low", "high")
    )  # NaN: no noise known
    return GoalChange(
        case.goal.metric, base, expected_value, logged, current, *ends, like=goal["like"],
        history=past.forecasts.get(case.goal.metric),
    )  # fmt: skip


def _departs(case: Case, reached: AttainmentResult, split: DriversResult) -> list[Finding]:
    """What the formula does not reproduce, where that is much."""
    base = reached.table.iloc[0].to_dict()["baseline"]
    if not base or abs(split.unexplained) <= FORMULA_DEPARTS * abs(base):
        return []
    values = {"goal": case.goal.metric, "share": split.unexplained / abs(base)}
    said = Message("goal.formula_departs", values)
    return [Finding("", "goal", "info", said, effect=Effect(split.unexplained))]
