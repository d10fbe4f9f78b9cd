"""From a plan to a finished world: sessions, the log, the books, the work, the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpilab.samples import books, trial, work
from kpilab.samples.funnel import Funnel, funnel, levered
from kpilab.samples.people import sessions
from kpilab.samples.plan import Plan, Rate


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything that happened, and what the tables say about it.

    Attributes:
        sessions, funnel: who came and how far each session got.
        true, events: what happened, and what the log still has of it.
        stopped: look and z at which a test was stopped early; None otherwise.
    """

    plan: Plan
    sessions: pd.DataFrame
    funnel: Funnel
    true: pd.DataFrame
    events: pd.DataFrame
    facts: pd.DataFrame
    benchmark: pd.DataFrame
    executions: pd.DataFrame
    reports: pd.DataFrame
    assignments: pd.DataFrame
    stopped: tuple[int, float] | None


def simulate(plan: Plan, rng: np.random.Generator) -> World:
    """Let the plan happen."""
    rows = sessions(plan, rng)
    shown = trial.exposed(plan.trial, rows, rng) if plan.trial else None
    walked = funnel(plan, rows, shown, rng)
    shown, stopped = _spoilt(plan, shown, rows, walked.reached, rng)
    true = _events(plan, rows, walked.reached, rng)
    events = _lossy(plan, true, rng)
    table = books.facts(plan, events, true)
    return World(
        plan,
        rows,
        walked,
        true,
        events,
        table,
        books.benchmark(plan, true, rng),
        work.executions(plan, rng),
        books.reports(plan, true, table, rng),
        _assignments(plan, shown),
        stopped,
    )


def goal(plan: Plan, events: pd.DataFrame, *, current: bool) -> float:
    """The goal of one period as a log has it."""
    late = events["day"] >= plan.calendar.days
    last = events[(late == current) & (events["event"] == plan.industry.steps[-1])]
    if plan.industry.measured == "amount":
        return float(last["amount"].sum())
    if plan.industry.measured == "count":
        return float(len(last))
    return float(last.groupby(last["day"] // 7)["user_id"].nunique().mean())


def goal_effect(world: World, levers: Sequence[Rate]) -> float:
    """Percent by which these levers move the expected goal of the current period."""
    rest = [rate for rate in world.plan.rates if rate not in levers]
    return 100 * (_expected(world, world.plan.rates) / _expected(world, rest) - 1)


def _expected(world: World, rates: Sequence[Rate]) -> float:
    now = (world.sessions["day"] >= world.plan.calendar.days).to_numpy()
    rows = world.sessions[now]
    chance = levered(world.plan, world.funnel.plain[now], rows, rates).prod(axis=1)
    if world.plan.industry.measured != "weekly":
        return float(chance.sum())
    stays_away = np.log1p(-np.minimum(chance, 0.999))
    once = -np.expm1(
        pd.Series(stays_away)
        .groupby([rows["user"].to_numpy(), (rows["day"] // 7).to_numpy()])
        .sum()
    )
    return float(once.sum())


def _spoilt(
    plan: Plan,
    shown: pd.DataFrame | None,
    rows: pd.DataFrame,
    reached: np.ndarray,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame | None, tuple[int, float] | None]:
    """What went wrong with a test after the fact: lost users, or a look too many."""
    if shown is None or plan.trial is None:
        return None, None
    if plan.trial.kind == "peeking":
        return trial.peeked(plan, plan.trial, shown, rows, reached, rng)
    if plan.trial.kind == "srm":
        shown = trial.without_weak(plan.trial, shown, rows, reached, rng)
    return shown, None


def _events(
    plan: Plan, rows: pd.DataFrame, reached: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """One row per step reached, and one per sign-up."""
    at = np.repeat(np.arange(len(rows)), reached)
    step = np.arange(len(at)) - np.repeat(reached.cumsum() - reached, reached)
    gap = np.clip(rng.normal(320, 170, len(at)), 15, 800) * (step > 0)
    passed = gap.cumsum() - np.repeat((gap.cumsum())[np.flatnonzero(step == 0)], reached)
    second = rows["second"].to_numpy()[at] + passed
    event = np.array(plan.industry.steps)[step]
    if plan.industry.signup:
        joined = np.flatnonzero(rows["signup"])
        at, event = (
            np.concatenate([at, joined]),
            np.concatenate([event, np.full(len(joined), plan.industry.signup)]),
        )
        second = np.concatenate(
            [second, rows["second"].to_numpy()[joined] + rng.uniform(5, 300, len(joined))]
        )
    log = _log(plan, rows, at, event, second)
    if plan.industry.measured == "amount":
        last = (log["event"] == plan.industry.steps[-1]).to_numpy()
        mean = plan.industry.value * rng.lognormal(0, 0.15)
        log["amount"] = np.where(
            last, (mean * rng.lognormal(-0.1, 0.45, len(log))).round(2), np.nan
        )
    return log


def _log(
    plan: Plan, rows: pd.DataFrame, at: np.ndarray, event: np.ndarray, second: np.ndarray
) -> pd.DataFrame:
    """The log in time order, with the segment of each session."""
    dims = [*plan.level, plan.industry.rollout[0], "user_type"]
    day = rows["day"].to_numpy()[at]
    date = pd.Timestamp(plan.calendar.first) + pd.to_timedelta(day, unit="D")
    ts = date + pd.to_timedelta(second.astype(int), unit="s")
    order = np.lexsort((second, day))
    log = pd.DataFrame(
        {"ts": ts, "event": event, "amount": np.nan, "date": date, "day": day, "at": at}
    )
    log = log.iloc[order].reset_index(drop=True)
    taken = rows.iloc[log["at"]].reset_index(drop=True)
    log["user_id"] = np.char.add(
        "u", np.char.zfill(np.arange(rows["user"].max() + 1).astype(str), 6)
    )[taken["user"]]
    log["session_id"] = log.pop("at")
    for dim in dims:
        log[dim] = taken[dim]
    names = np.array([work.name(plan, k) for k in range(plan.industry.actors + 1)])
    log[plan.industry.actor] = names[taken["actor"]]
    return log


def _lossy(plan: Plan, true: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The log after a collector of one segment failed for some days."""
    loss = plan.loss
    if loss is None:
        return true
    hit = (
        (true[loss.dim] == loss.value)
        & (true["day"] >= loss.start)
        & (true["day"] < loss.start + loss.days)
    )
    return true[~(hit & (rng.random(len(true)) < loss.share))].reset_index(drop=True)


def _assignments(plan: Plan, shown: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["user_id", "experiment", "variant", "assigned_at"]
    if shown is None:
        return pd.DataFrame(
            {c: pd.Series(dtype="datetime64[us]" if c == "assigned_at" else "str") for c in columns}
        )
    at = pd.Timestamp(plan.calendar.first) + pd.to_timedelta(
        (shown["at"] * 86400).astype(int), unit="s"
    )
    table = pd.DataFrame({"user_id": [f"u{u:06d}" for u in shown["user"]], "experiment": "exp_1"})
    table["variant"], table["assigned_at"] = shown["variant"].to_numpy(), at.to_numpy()
    return table.sort_values("assigned_at", ignore_index=True)[columns]
