"""How far each session gets: rates that differ by segment, user and day, and the levers on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpilab.samples.plan import Plan, Rate, Trial

# Segments differ by about a tenth of the rate, so more on the logit scale where the rate is high.
SEGMENT_SD, MOST_SD = 0.10, 0.6
HALF_LIFE = 1.4


@dataclass(frozen=True, slots=True, eq=False)
class Funnel:
    """Chance and outcome of each step per session.

    Attributes:
        plain: chance of each step before any lever, sessions x (steps - 1).
        chance: the same with all levers.
        reached: number of steps reached, 1 … number of steps.
    """

    plain: np.ndarray
    chance: np.ndarray
    reached: np.ndarray


def funnel(
    plan: Plan, rows: pd.DataFrame, trial: pd.DataFrame | None, rng: np.random.Generator
) -> Funnel:
    """Walk every session through the steps."""
    plain = _plain(plan, rows, rng)
    if trial is not None and plan.trial is not None and plan.trial.lift:
        plain[:, plan.trial.step - 1] *= _lift(plan.trial, rows, trial)
    chance = levered(plan, plain, rows, plan.rates)
    if plan.signups is not None:
        chance[rows["fake"].to_numpy(), 1:] *= 0.03
    passed = rng.random(chance.shape) < chance
    return Funnel(plain, chance, 1 + np.cumprod(passed, axis=1).sum(axis=1))


def levered(plan: Plan, plain: np.ndarray, rows: pd.DataFrame, rates: Sequence[Rate]) -> np.ndarray:
    """Chances under the given levers."""
    chance = plain.copy()
    for rate in rates:
        chance[inside(rows, rate), rate.step - 1] *= rate.factor
    return np.clip(chance, 0.0, 0.985)


def inside(rows: pd.DataFrame, rate: Rate) -> np.ndarray:
    """Which sessions a lever reaches."""
    hit = (rows["day"] >= rate.start).to_numpy()
    for dim, value in rate.where.items():
        hit = hit & (rows[dim] == value).to_numpy()
    return hit


def _plain(plan: Plan, rows: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Logit-additive chances: trade, dimension values, user, day."""
    days, users = 2 * plan.calendar.days, int(rows["user"].max()) + 1
    columns = []
    for step, rate in enumerate(plan.industry.rates, 1):
        logit = (
            rng.normal(0, plan.user_sd, users)[rows["user"]]
            + rng.normal(0, plan.day_sd, days)[rows["day"]]
        )
        sd = min(MOST_SD, SEGMENT_SD / (1 - rate))
        for dim, shares in plan.level.items():
            effect = rng.normal(0, sd, len(shares))
            if (step, dim) not in plan.even:
                logit = logit + rows[dim].map(dict(zip(shares, effect, strict=True))).to_numpy(
                    float
                )
        logit = logit + rng.normal(0, sd) * (rows["user_type"] == plan.industry.kinds[0]).to_numpy()
        columns.append(1 / (1 + np.exp(-(logit + np.log(rate / (1 - rate)) + rng.normal(0, 0.12)))))
    return np.column_stack(columns)


def _lift(test: Trial, rows: pd.DataFrame, trial: pd.DataFrame) -> np.ndarray:
    """Factor per session of B's users: a novelty halves every 1.4 days,
    a real gain stays and is shipped to all."""
    user, at = rows["user"], rows["day"] + rows["second"] / 86400
    shown = trial.set_index("user")
    age = at - user.map(shown["at"])
    treated = user.map(shown["variant"]).eq("B") & (age >= 0)
    if test.kind == "winner":
        return np.where(treated | (rows["day"] > test.start + test.days), 1 + test.lift, 1.0)
    return np.where(treated, 1 + test.lift * 0.5 ** (age.fillna(99) / HALF_LIFE), 1.0)
