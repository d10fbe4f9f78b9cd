"""Lifetime: how many are customers still, and how many orders will they make?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Message, duration, fraction
from kpilab.engine.customers.buyers import buyers
from kpilab.engine.door.dimensions import aside, called
from kpilab.errors import BadInput
from kpilab.stats.customers.alive import (
    Array,
    Buyers,
    Fit,
    Model,
    alive,
    drawn,
    excess,
    expected,
    fitted,
    totals,
)

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

DRAWS, LEAST = 200, 50
NAMES: dict[Model, tuple[str, ...]] = {
    "bg_nbd": ("r", "alpha", "a", "b"),
    "pareto_nbd": ("r", "alpha", "s", "beta"),
}


@dataclass(frozen=True, slots=True, eq=False)
class LifetimeResult(Result):
    """Answer of `lifetime`.

    Attributes:
        table: one row per segment; columns those of `by`, `customers`, `orders` (days with a
            purchase, the first ones left out), `alive` (customers expected to be one still),
            `expected` (orders within the time ahead), `low`, `high` (its interval: how well the
            model is known, and chance).
        parameters: of the model, by name; times in weeks.
        likelihood: its logarithm at the maximum.
        ahead: the time looked ahead. level: confidence level. seed: of the draws.
    """

    parameters: dict[str, float]
    likelihood: float
    ahead: timedelta
    level: float
    seed: int
    kind: ClassVar[str] = "lifetime"

    @property
    def headline(self) -> Message:
        sums = self.table[["customers", "alive", "expected"]].sum()
        values = {c: float(v) for c, v in zip(sums.index, sums, strict=True)}
        return Message("lifetime.expected", values | {"days": self.ahead.days})


def lifetime(
    facts: Facts | Tabular,
    *,
    customer: str,
    until: date,
    ahead: timedelta | str = "90d",
    by: Sequence[str] = (),
    model: Model = "bg_nbd",
    level: float = 0.95,
    seed: int = 0,
) -> LifetimeResult:
    """Estimate who is a customer still, where no contract says so, and how many orders are to come.

    While a customer, each buys at a rate of its own; after a purchase (BG/NBD), or at any time
    (Pareto/NBD), each stops with a chance of its own. Purchases of one day are one.

    Args:
        facts: one row per purchase. customer: column that says whose a row is.
        until: last day that counts. ahead: time looked ahead. by: dimensions told apart; the model
            is that of all.
        model, level, seed: as said.

    Returns:
        LifetimeResult with one row per segment.

    Raises:
        BadInput: a column that is not there, or fewer than 50 customers.

    Note:
        A customer without a second purchase is alive for sure under BG/NBD, which is why its share
        is no rate of retention. Neither knows a season.

    References: Fader, Hardie, Lee (2005), "Counting your customers" the easy way.
    """
    fraction(level, "lifetime(level=)")
    if model not in NAMES:
        raise BadInput(f"model is {model!r}", "lifetime(model=)", f"use one of {list(NAMES)}")
    length = duration(ahead, "lifetime(ahead=)")
    facts, ours = aside(Facts.of(facts), by)
    kinds = buyers(facts, customer, until, list(ours))
    if kinds.empty or kinds["n"].sum() < LEAST:
        what = f"{int(kinds['n'].sum())} customers are too few"
        raise BadInput(what, f"table {facts.name!r}", f"give at least {LEAST}, before {until}")
    alike = Buyers(*(kinds[c].to_numpy(float) for c in ("x", "last", "age", "n")))
    fit = fitted(alike, model)
    weeks = length.total_seconds() / 604800
    told = kinds.assign(
        customers=kinds["n"], orders=kinds["n"] * kinds["x"], alive=alive(fit, alike) * alike.n,
        expected=expected(fit, alike, weeks) * alike.n,
    )  # fmt: skip
    sums = ["customers", "orders", "alive", "expected"]
    keys = list(ours) or [pd.Series(0, index=told.index)]
    table = told.groupby(keys, sort=True)[sums].sum().reset_index(drop=not by)
    groups = told.groupby(keys, sort=True).ngroup()
    low, high = _ends(fit, alike, weeks, groups, level, seed)
    parameters = dict(zip(NAMES[model], (float(v) for v in fit.values), strict=True))
    table = called(table.assign(low=low, high=high), ours)
    return LifetimeResult(table, parameters, fit.likelihood, length, level, seed)


def _ends(
    fit: Fit, alike: Buyers, weeks: float, groups: pd.Series, level: float, seed: int
) -> tuple[Array, Array]:
    """Interval of the orders of each group: of the model, and of what chance makes of it.

    Customers alike in what was seen differ in what was not: some have left, and each has a rate of
    its own. Their orders vary by more than as many independent events would.
    """
    rng, group = np.random.default_rng(seed), groups.to_numpy()
    each = [expected(fit, alike, weeks, values) for values in drawn(fit, DRAWS, rng)]
    mean = np.array([np.bincount(group, e * alike.n) for e in np.nan_to_num(each)])
    more = np.bincount(group, excess(fit, alike, weeks) * alike.n)
    seen = totals(mean.astype(float), more.astype(float), rng)
    low, high = np.quantile(seen, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high
