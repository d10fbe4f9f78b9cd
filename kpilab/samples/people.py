"""Who comes, when, and in which segment: the sessions of a sample world."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.plan import Plan, Shift

RAMP = (0.16, 0.31, 0.45, 0.60, 0.75, 0.90)
NEW_DAYS = 14


def sessions(plan: Plan, rng: np.random.Generator) -> pd.DataFrame:
    """One row per session, in time order.

    Columns: `day` (number), `second` (of the day), `user` (number), one per dimension
    including the rollout's and `user_type` (text), `actor` (number), `signup` (first
    session of somebody who signed up), `fake` (a bought sign-up).
    """
    counts = rng.poisson(_expected_per_day(plan, rng))
    rows = _returning(plan, counts, rng) if plan.industry.repeat else _passing(plan, counts, rng)
    rows["second"] = rng.uniform(8 * 3600, 22 * 3600, len(rows))
    rows = rows.sort_values(["day", "second"], kind="stable", ignore_index=True)
    rows["signup"] = (rows["arrived"] >= 0) & ~rows["user"].duplicated()
    dim, old, new = plan.industry.rollout
    rows[dim] = np.where(rng.random(len(rows)) < _rolled_out(plan)[rows["day"]], new, old)
    rows["actor"] = rng.integers(1, plan.industry.actors + 1, len(rows))
    return rows


def market_course(plan: Plan) -> np.ndarray:
    """The market's level per day, 1 = baseline: a fall is complete after a week."""
    days = plan.calendar.days
    fall = np.clip((np.arange(2 * days) - days + 1) / 7, 0, 1)
    return 1 - plan.market * fall


def weekday_factors(plan: Plan) -> np.ndarray:
    """Factor of each day; the first day of a world is a Monday."""
    return np.array(plan.weekday)[np.arange(2 * plan.calendar.days) % 7]


def _expected_per_day(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    noise = rng.lognormal(0, 0.018, 2 * plan.calendar.days)
    return plan.industry.per_day * plan.size * weekday_factors(plan) * market_course(plan) * noise


def _rolled_out(plan: Plan) -> np.ndarray:
    """Share of the new version per day."""
    share = np.zeros(2 * plan.calendar.days)
    start = plan.calendar.rollout
    share[start : start + len(RAMP)] = RAMP
    share[start + len(RAMP) :] = RAMP[-1]
    return share


def _segments(
    plan: Plan, n: int, shift: Shift | None, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Dimension values of `n` people; each dimension leans a little on the first one."""
    drawn: dict[str, np.ndarray] = {}
    first = np.zeros(n, int)
    for dim, shares in plan.level.items():
        values, p = np.array(list(shares)), np.array(list(shares.values()))
        if shift is not None and shift.dim == dim:
            p = np.where(
                values == shift.value, shift.share, p * (1 - shift.share) / (1 - shift.before)
            )
        tilted = p * plan.lean[dim]
        edges = (tilted / tilted.sum(axis=1, keepdims=True)).cumsum(axis=1)
        codes = (rng.random(n)[:, None] > edges[first, :-1]).sum(axis=1)
        first = first if drawn else codes
        drawn[dim] = values[codes]
    return drawn


def _passing(plan: Plan, counts: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Every session is somebody else (a lead, a machine order)."""
    day = np.repeat(np.arange(len(counts)), counts)
    before = int((day < plan.calendar.days).sum())
    parts = [
        _segments(plan, before, None, rng),
        _segments(plan, len(day) - before, plan.shift, rng),
    ]
    drawn = {dim: np.concatenate([part[dim] for part in parts]) for dim in plan.level}
    rows = pd.DataFrame(
        {"day": day, "user": np.arange(len(day)), "arrived": -1, "fake": False, **drawn}
    )
    rows["user_type"] = np.where(rng.random(len(rows)) < 0.4, *plan.industry.kinds)
    return rows


def _returning(plan: Plan, counts: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Users who come back, unequally often; some arrive during the eight weeks."""
    days = len(counts)
    joins = rng.poisson(
        0.053 * plan.industry.per_day * plan.size * weekday_factors(plan) * market_course(plan)
    )
    old = int(6.0 * plan.industry.per_day * plan.size)
    arrived = np.concatenate([np.full(old, -1), np.repeat(np.arange(days), joins)])
    people = pd.DataFrame(
        {"arrived": arrived, "fake": False, **_segments(plan, len(arrived), None, rng)}
    )
    people["weight"] = rng.gamma(1.15, 1.0, len(people)) + 0.02
    day = np.repeat(np.arange(days), np.maximum(counts - joins, 0))
    user = np.concatenate([_pick(plan, people, day, rng), np.arange(old, len(people))])
    day = np.concatenate([day, arrived[old:]])
    people, user, day = _with_bought(plan, people, user, day, int(joins.sum()), rng)
    rows = people.drop(columns="weight").iloc[user].reset_index(drop=True)
    rows.insert(0, "day", day)
    rows.insert(1, "user", user)
    is_new = (rows["arrived"] >= 0) & (rows["day"] - rows["arrived"] < NEW_DAYS)
    rows["user_type"] = np.where(is_new, *plan.industry.kinds)
    return rows


def _pick(
    plan: Plan, people: pd.DataFrame, day: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A user for each session, by weight, among those who have arrived."""
    arrived, user = people["arrived"].to_numpy(), np.empty(len(day), int)
    for later in (False, True):
        todo = np.flatnonzero((day >= plan.calendar.days) == later)
        edges = _weights(plan, people, later).cumsum()
        while len(todo):
            user[todo] = np.searchsorted(edges, rng.random(len(todo)) * edges[-1], side="right")
            todo = todo[arrived[user[todo]] > day[todo]]
    return user


def _weights(plan: Plan, people: pd.DataFrame, later: bool) -> np.ndarray:
    weight = people["weight"].to_numpy()
    shift = plan.shift
    if shift is None or not later:
        return weight
    inside = (people[shift.dim] == shift.value).to_numpy()
    usual = weight[inside].sum() / weight.sum()
    return weight * np.where(inside, shift.share / usual, (1 - shift.share) / (1 - usual))


def _with_bought(
    plan: Plan,
    people: pd.DataFrame,
    user: np.ndarray,
    day: np.ndarray,
    joins: int,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Adds bought sign-ups: one session each, swelling over the first ten days of the current
    period."""
    if plan.signups is None:
        return people, user, day
    days = plan.calendar.days
    swell = np.clip((np.arange(days) + 3) / 10, 0, 1)
    bought = rng.poisson(plan.signups.extra * joins / 2 * swell / swell.sum())
    first = np.repeat(np.arange(days, 2 * days), bought)
    more = pd.DataFrame(
        {"arrived": first, "fake": True, **_segments(plan, len(first), None, rng), "weight": 0.0}
    )
    more[plan.industry.signup_dim] = plan.signups.value
    numbers = np.arange(len(people), len(people) + len(first))
    people = pd.concat([people, more], ignore_index=True)
    return people, np.concatenate([user, numbers]), np.concatenate([day, first])
