"""A plan before anything is planted: trade, dates, traffic, and what is harmless in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from kpilab.samples.industries import INDUSTRIES, SHOP, Industry
from kpilab.samples.plan import Calendar, Plan, Trial

HOME = (0.96, 0.94, 0.95, 0.96, 1.04, 1.08, 1.04)
OFFICE = (1.03, 1.06, 1.05, 1.00, 0.98, 0.95, 0.93)


def draw(
    rng: np.random.Generator, *, size: float, trades: tuple[Industry, ...] = INDUSTRIES
) -> Plan:
    """A random trade with random traffic; half of those whose users return run an honest test."""
    trade = trades[int(rng.integers(len(trades)))]
    plan = _setting(trade, rng, size * rng.uniform(0.95, 1.2))
    test = honest_trial(plan) if trade.repeat and rng.random() < 0.4 else None
    growth = round(float(rng.uniform(0.02, 0.08)), 2) if rng.random() < 0.2 else None
    return replace(plan, trial=test, growth=growth)


def shop_setting(size: float) -> Plan:
    """The bundled shop: the second and third quarter's first month, the same on every machine."""
    plan = _setting(SHOP, np.random.default_rng(20), size * 1.12, first=date(2026, 5, 4))
    return replace(plan, trial=honest_trial(plan), growth=0.05)


def honest_trial(plan: Plan) -> Trial:
    """A test in which B is as good as A."""
    return Trial("honest", len(plan.industry.steps) - 1)


def _setting(
    trade: Industry, rng: np.random.Generator, size: float, first: date | None = None
) -> Plan:
    level = {dim: _shaken(shares, rng) for dim, shares in trade.dims.items()}
    rows = len(next(iter(level.values())))
    lean = {dim: rng.lognormal(0, 0.08, (rows, len(shares))) for dim, shares in level.items()}
    first_dim = next(iter(level))
    lean[first_dim] = np.ones((rows, rows))
    pattern = np.array(HOME if trade.repeat else OFFICE) * rng.lognormal(0, 0.008, 7)
    weekday = tuple(float(f) for f in pattern / pattern.mean())
    monday = date(2025, 1, 6) + timedelta(weeks=int(rng.integers(0, 72)))
    day_sd, user_sd = float(rng.uniform(0.05, 0.085)), float(rng.uniform(0.0, 0.3))
    return Plan(trade, Calendar(first or monday), size, level, lean, weekday, day_sd, user_sd)


def _shaken(shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    p = np.array(list(shares.values())) * rng.lognormal(0, 0.06, len(shares))
    return {value: float(s) for value, s in zip(shares, p / p.sum(), strict=True)}
