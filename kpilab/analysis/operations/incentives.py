"""Incentives: what will a tiered bonus cost, whom does it move, and is it fair?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import label, number
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.operations.payout import Tiers, expected, simulate

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

COLUMNS = {"unit": ("unit", label)} | {c: (c, number) for c in ("target", "end", "low", "high")}
OURS = ("unit", "target", "attainment", "payout", "marginal", "moved")
LITTLE = 0.1  # of the strongest incentive: below it a unit has no reason left to try
FAIR = (0.2, 0.8)


@dataclass(frozen=True, slots=True)
class Tier:
    """A step of the bonus: paid in full from `at` on (1 = the target reached, 1.1 = ten per cent
    above)."""

    name: str
    at: float
    bonus: float

    def __post_init__(self) -> None:
        if not (isfinite(self.at) and self.at > 0 and isfinite(self.bonus) and self.bonus >= 0):
            mend = (
                "give a share of the target above 0 and a bonus from 0, e.g. "
                "Tier('reached', 1.0, 500)"
            )
            raise BadInput(f"tier {self.name!r} is paid {self.bonus} from {self.at}", "Tier", mend)


TIERS = (
    Tier("reached", 1.0, 500.0),
    Tier("excellent", 1.1, 900.0),
    Tier("outstanding", 1.25, 1500.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class IncentivesResult(Result):
    """Answer of `incentives`.

    Attributes:
        table: one row per unit, weakest incentive first; columns `unit`, `target`, `attainment`
            (expected, 1 = target), one column per tier with the chance of reaching it (0-1),
            `payout` (expected), `marginal` (expected bonus for one per cent of the target more),
            `moved` (False: out of reach, or safe already).
        tiers: as given.
        cost, cost_low, cost_high: expected payout of all and its 80 % interval. budget: None for
            none.
        within: chance that the payout stays within the budget; None.
        gap: between the largest and the smallest chance of the first tier, 0-1. unfair: units whose
            chance is below 20 or above 80 %.
    """

    tiers: tuple[Tier, ...]
    cost: float
    cost_low: float
    cost_high: float
    budget: float | None
    within: float | None
    gap: float
    unfair: tuple[str, ...]
    kind: ClassVar[str] = "incentives"

    @property
    def headline(self) -> Message:
        values = {
            "cost": self.cost,
            "low": self.cost_low,
            "high": self.cost_high,
            "within": self.within,
        }
        values |= {
            "idle": int((~self.table["moved"]).sum()),
            "units": len(self.table),
            "unfair": len(self.unfair),
        }
        return Message("incentives.cost", values)


@keywords("incentives")
def incentives(
    rows: Frame,
    *,
    tiers: Sequence[Tier] = TIERS,
    budget: float | None = None,
    shared: float = 0.3,
    draws: int = 4000,
    seed: int = 0,
) -> IncentivesResult:
    """Payout, marginal incentive and fairness of a tiered bonus, from where units are expected to
    end.

    Each unit's end is normal around its forecast, as wide as its 80 % interval; `shared` of that
    variance hits all units alike (season, campaign), which widens the cost of all together. A bonus
    moves people where one more result makes a tier notably more likely: neither out of reach nor
    safe.

    Args:
        rows: one row per unit with `unit`, `target`, `end`, `low`, `high` (80 %), as `pace`
            gives. A unit without an end or its interval is left out, and counted in a note.
        tiers: rising thresholds and bonuses. budget: None for none. shared: 0-1. draws, seed: of
            the simulation.

    Returns:
        IncentivesResult, one row per unit.

    Raises:
        BadInput: missing columns, a target that is not above zero, `low` above `high`, no unit with
            a forecast, tiers that do not rise or share a name, `shared` outside 0-1, a budget that
            is no number, or no draws.
    """
    _check(tiers, shared, budget, draws)
    rows = _outlook(rows)
    units, notes = known(rows)
    if units.empty:
        raise BadInput(
            "no unit has a forecast",
            "incentives(rows)",
            "give `end`, `low` and `high` of some units",
        )
    ladder = Tiers(np.array([t.at for t in tiers]), np.array([t.bonus for t in tiers]))
    target = units["target"].to_numpy(float)
    mean = units["end"].to_numpy(float) / target
    # 80 % of a normal distribution lie within 1.2816 standard deviations.
    sd = np.maximum((units["high"] - units["low"]).to_numpy(float) / 2 / 1.2816 / target, 1e-9)
    found = expected(mean, sd, ladder)
    table = pd.DataFrame({"unit": units["unit"], "target": target, "attainment": mean})
    for k, tier in enumerate(tiers):
        table[tier.name] = found.chance[:, k]
    table["payout"], table["marginal"] = found.payout, found.marginal / 100
    strongest = float(table["marginal"].max())
    table["moved"] = (table["marginal"] >= LITTLE * strongest) & (strongest > 0)
    costs = simulate(mean, sd, ladder, shared=shared, draws=draws, seed=seed)
    low, high = np.quantile(costs, [0.1, 0.9])
    table = table.sort_values(["marginal", "unit"], ignore_index=True)
    first = table[tiers[0].name]
    unfair = tuple(table.loc[~first.between(*FAIR), "unit"].astype(str))
    within = None if budget is None else float(np.mean(costs <= budget))
    notes = (Message("incentives.unknown", {"n": len(rows) - len(units)}),) if notes else ()
    return IncentivesResult(
        table, tuple(tiers), float(found.payout.sum()), float(low),
        float(high), budget, within, float(first.max() - first.min()), unfair, notes=notes,
    )  # fmt: skip


def _outlook(outlook: Frame) -> pd.DataFrame:
    """The units as given, each with a target above zero and an interval the right way round."""
    where = "incentives(rows)"
    rows = frame(outlook, COLUMNS, where)
    if rows.empty or not (rows["target"] > 0).all():
        raise BadInput("a target is not above zero", where, "leave units without a target out")
    turned = rows[rows["low"] > rows["high"]]
    if len(turned):
        row = turned.iloc[0]
        what = f"unit {row['unit']!r} has low {row['low']:g} above high {row['high']:g}"
        raise BadInput(what, where, "give the lower end of the interval as `low`")
    return rows


def _check(tiers: Sequence[Tier], shared: float, budget: float | None, draws: int) -> None:
    steps = [(t.at, t.bonus) for t in tiers]
    if not steps or any(a[0] >= b[0] or a[1] >= b[1] for a, b in pairwise(steps)):
        raise BadInput(
            f"tiers {steps}",
            "incentives(tiers=)",
            "let thresholds and bonuses rise from tier to tier",
        )
    names = [t.name for t in tiers]
    if len({*names, *OURS}) < len(names) + len(OURS):
        mend = f"give every tier a name of its own, none of {list(OURS)}"
        raise BadInput(f"tiers are called {names}", "incentives(tiers=)", mend)
    if not 0 <= shared <= 1:
        raise BadInput(
            f"shared is {shared}", "incentives(shared=)", "give a number between 0 and 1, e.g. 0.3"
        )
    if budget is not None and not budget >= 0:
        raise BadInput(
            f"budget is {budget}", "incentives(budget=)", "give a number from 0, or None for none"
        )
    if draws < 1:
        raise BadInput(f"draws is {draws}", "incentives(draws=)", "give at least one, e.g. 4000")
