"""Like with like: what the history says of the goal, the rows it has in the bridge, and what the
review would have seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kpilab.analysis.rootcause.expected import ExpectedResult
from kpilab.core.case import Case
from kpilab.core.finding import Answer, BridgeRow, DataIssue, Finding, GoalChange, HistoryForecast
from kpilab.core.values import Effect, Message
from kpilab.stats.core.change import Change
from kpilab.stats.distributions import student
from kpilab.verdict.tuned import ALPHA, OLD_NEWS, USUAL

NO_MORE_THAN_ROUNDING = 1e-9
POWER = 0.8  # by the case format: the chance with which `detectable` would have been named


def of_history(case: Case, goal: GoalChange, past: ExpectedResult) -> Iterator[Finding]:
    """The goal against its history; a target beyond what growth ever gave; breaks before."""
    history = goal.history
    if history is None:
        return
    said = Finding(
        "",
        "goal",
        "info",
        past.headline,
        subject=goal.metric,
        period=case.current,
        evidence=(past,),
    )
    # Without a history the baseline is all there is: the change from it is told once, by itself.
    yield _judged(case, said, goal, history) if history.windows else said
    yield from _target(case, goal, history)
    yield from _before(case, past)


def _judged(case: Case, said: Finding, goal: GoalChange, history: HistoryForecast) -> Finding:
    """With how far the goal is off its history, and whether that is for the worse."""
    p = chance(history, goal.current)
    verdict = "info"
    if p is not None and p < USUAL:
        verdict = "trouble" if case.is_loss(goal.current - history.value) else "fine"
    effect = Effect(goal.current - history.value, *_off(goal, history), goal.metric)
    return replace(said, verdict=verdict, effect=effect, p=p, strength="tested")


def chance(history: HistoryForecast, value: float) -> float | None:
    """Chance of a value so far off what the history says; None where no noise can be told."""
    if not history.error > 0:
        return None
    return 2 * float(student.sf(abs(history.off(value)), history.df))


def _off(goal: GoalChange, history: HistoryForecast) -> tuple[float | None, float | None]:
    if history.low is None or history.high is None:
        return None, None
    return goal.current - history.high, goal.current - history.low


def _target(case: Case, goal: GoalChange, history: HistoryForecast) -> Iterator[Finding]:
    """A target that the history hardly ever gives is said as such; it is no cause."""
    target = case.goal.target
    if target is None or not history.windows or not history.error > 0:
        return
    better = case.metrics[goal.metric].better == "up"
    beyond = history.off(target) if better else -history.off(target)
    reach = float(student.sf(beyond, history.df))
    if reach < USUAL:
        values = {"goal": goal.metric, "target": target, "history": history.value}
        values |= {"low": history.low, "high": history.high, "chance": reach}
        said = Message("goal.target_beyond", values)
        yield Finding("", "goal", "info", said, subject=goal.metric)


def _before(case: Case, past: ExpectedResult) -> Iterator[Finding]:
    """Breaks of level and days without anything before the current period, of the goal and of its
    drivers: the latest of each."""
    for name in past.changed:
        runs = [p for p in past.stopped.get(name, ()) if p.last < case.baseline.first]
        for days in runs[-OLD_NEWS:]:
            said = Message("goal.stopped", {"metric": name, "period": days})
            yield Finding("", "goal", "unclear", said, subject=name, period=days)
        for day, size in past.changed[name][-OLD_NEWS:]:
            said = Message("goal.level_changed", {"metric": name, "day": day, "change": size})
            yield Finding("", "goal", "info", said, subject=name)


def days_missing(case: Case, goal: GoalChange, past: ExpectedResult) -> Iterator[DataIssue]:
    """Runs of days on which nothing of the goal came, in either period, with what usual days would
    have held where it is the current one."""
    should = goal.history.value if goal.history is not None else goal.baseline
    for days in past.stopped.get(goal.metric, ()):
        if days.last < case.current.first and not days.common(case.baseline):
            continue
        held = should * days.days / case.current.days if days.first in case.current else None
        values = {"metric": goal.metric, "period": days, "held": held}
        effect = None if held is None else Effect(-held, unit=goal.metric)
        table = case.metrics[goal.metric].table
        said = Message("goal.days_missing", values)
        yield DataIssue(table, said, period=days, effect=effect)


def history_rows(goal: GoalChange) -> list[BridgeRow]:
    """Calendar, season and trend: from the baseline to what the history says."""
    if goal.history is None:
        return []
    parts = [(k, getattr(goal.history, k)) for k in ("calendar", "season", "trend")]
    least = NO_MORE_THAN_ROUNDING * abs(goal.baseline)
    return [BridgeRow(Message(f"bridge.{k}"), amount) for k, amount in parts if abs(amount) > least]


def noise_of(goal: GoalChange) -> float | None:
    """Half width of the interval of what is left unexplained: that of the history where the bridge
    starts from it, else that of the change."""
    low, high = goal.low, goal.high
    if goal.history is not None and goal.history.windows and goal.history.low is not None:
        low, high = goal.history.low, goal.history.high
    return None if low is None or high is None else (high - low) / 2


def moved_alone(
    past: ExpectedResult, now: Mapping[str, float], caused: Mapping[str, float]
) -> Iterator[tuple[str, Effect, float]]:
    """Each driver's own movement against its history beyond what causes made of it, with p."""
    for name, history in past.forecasts.items():
        if name not in now or not history.error > 0:
            continue
        own = now[name] - history.value - caused.get(name, 0.0)
        half = float(student.ppf(1 - USUAL / 2, history.df)) * history.error
        p = 2 * float(student.sf(abs(own) / history.error, history.df))
        yield name, Effect(own, own - half, own + half, name), p


def shortfall(case: Case, goal: GoalChange) -> float:
    """How far the goal is worse than its history, or than the baseline where it has none,
    in percent; 0 where it is better."""
    like = goal.baseline if goal.like is None else goal.like
    should = goal.history.value if goal.history is not None else like
    lost = goal.current - should
    return 100 * abs(lost) / abs(should) if should and case.is_loss(lost) else 0.0


def fell(case: Case, goal: GoalChange) -> bool:
    """Whether the goal is worse than its history beyond noise."""
    if goal.history is not None and goal.history.error > 0:
        p = chance(goal.history, goal.current)
        return p is not None and p < USUAL and case.is_loss(goal.current - goal.history.value)
    low, high = goal.like_ends
    if low is None or high is None:
        return False
    return high < 0 if case.metrics[goal.metric].better == "up" else low > 0


def detectable(goal: GoalChange, moved: Change | None, questions: int) -> float | None:
    """The loss of the goal, in percent of what it should be, that would have been named with chance
    .8 after the correction for all questions; None where no noise is known.

    A loss of everything is seen against the history, one of a place or of a driver also against the
    days of the baseline: the smaller of both noises counts.
    """
    alpha = ALPHA / max(questions, 1)
    known: list[tuple[float, float]] = []
    if goal.history is not None and goal.history.error > 0 and goal.history.value:
        known.append((goal.history.error / abs(goal.history.value), goal.history.df))
    if moved is not None and moved.error > 0 and moved.before:
        known.append((moved.error / abs(moved.before), moved.df))
    seen = [
        float(student.ppf(1 - alpha / 2, df) + student.ppf(POWER, df)) * noise
        for noise, df in known
    ]
    return 100 * min(seen) if seen else None


def answer(case: Case, goal: GoalChange, causes: int, seen: float | None) -> Answer:
    """By the case format: nothing where a loss that matters would have been seen."""
    if causes:
        return "causes"
    matters = max(case.floor, shortfall(case, goal))
    return "nothing" if seen is not None and seen <= matters else "cannot_tell"
