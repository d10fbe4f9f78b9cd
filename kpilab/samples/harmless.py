"""Worlds in which nothing is wrong, though something happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from kpilab.samples.draw import draw, honest_trial
from kpilab.samples.industries import INDUSTRIES
from kpilab.samples.plan import Plan, Trial


def nothing(rng: np.random.Generator, size: float) -> Plan:
    """Days differ, a version is rolled out, and that is all."""
    return replace(draw(rng, size=size), trial=None)


def honest_experiment(rng: np.random.Generator, size: float) -> Plan:
    """A test that was planned, run and read as it should be."""
    plan = draw(rng, size=size, trades=tuple(t for t in INDUSTRIES if t.repeat))
    return replace(plan, trial=honest_trial(plan))


def winning_experiment(rng: np.random.Generator, size: float) -> Plan:
    """A test whose variant is better for good, and was shipped: the goal gains from it."""
    plan = draw(rng, size=size, trades=tuple(t for t in INDUSTRIES if t.repeat))
    step = int(np.argmin(plan.industry.rates)) + 1
    return replace(plan, trial=Trial("winner", step, lift=float(rng.uniform(0.18, 0.28))))


def reworded_definition(rng: np.random.Generator, size: float) -> Plan:
    """A department writes its definition anew and counts as before."""
    return replace(draw(rng, size=size), reworded=True)


def market_wiggle(rng: np.random.Generator, size: float) -> Plan:
    """The market's weeks differ more than usual, around the same level."""
    return replace(draw(rng, size=size), wiggle=float(rng.uniform(0.01, 0.025)))


HARMLESS: Mapping[str, Callable[[np.random.Generator, float], Plan]] = {
    "nothing": nothing,
    "honest_experiment": honest_experiment,
    "winning_experiment": winning_experiment,
    "reworded_definition": reworded_definition,
    "market_wiggle": market_wiggle,
}
