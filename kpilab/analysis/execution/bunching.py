"""Bunching: do more claims land just above the target, or a bonus tier,
than the rest of the distribution explains?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import Message, fraction
from kpilab.engine.days import work
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.stats.execution.density import Bunching, Stratum, excess_above, ratios, whole_numbers
from kpilab.stats.execution.jump import density_jump
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

ALPHA = 0.05
COLUMNS = ["threshold", "at", "values", "found", "expected", "excess", "low", "high", "p", "jump_p"]


@dataclass(frozen=True, slots=True, eq=False)
class BunchingResult(Result):
    """Answer of `bunching`.

    Attributes:
        table: one row per threshold (target and tiers); columns `threshold` (column name), `at`
            (value; 1 where claims are measured in multiples of the threshold, 0 where whole numbers
            are counted from thresholds of several sizes), `values` (claims in the window), `found`,
            `expected` (claims in the bin just above), `excess`, `low`, `high`, `p`, `jump_p`
            (two-sided p of a jump of the density at the threshold, a second opinion of less power;
            NaN for whole numbers), `p_adjusted` (Holm), `bunched` (bool).
        histogram: per threshold and bin: `threshold`, `start`, `end`, `found`, `fitted`.
        level: confidence level of the interval.
    """

    histogram: pd.DataFrame
    level: float
    kind: ClassVar[str] = "bunching"

    @property
    def headline(self) -> Message:
        hit = self.table[self.table["bunched"]]
        if self.table.empty:
            return Message("bunching.untested")
        if hit.empty:
            return Message("bunching.smooth", {"thresholds": len(self.table)})
        row = hit.sort_values("p").iloc[0]
        values = {k: float(row[k]) for k in ("excess", "low", "high", "expected", "p_adjusted")}
        return Message(
            "bunching.bunched", values | {"threshold": row["threshold"], "found": int(row["found"])}
        )


def bunching(
    records: Executions | Tabular,
    *,
    period: Period,
    action: str | None = None,
    level: float = 0.95,
    seed: int = 1,
) -> BunchingResult:
    """Hold the count of claims just above each threshold against a smooth density of all other
    claims.

    Whole-number claims are binned by units (of an eighth of their spread, if that is more), counted
    from their own threshold, like thresholds together; multiples of 5, 10, 50 … may be as frequent
    as they are elsewhere. Other claims are divided by their threshold and binned by an eighth of
    their spread. The test is a Poisson regression on a polynomial, calibrated by parametric
    bootstrap; claims too alike for it are bunched where most of them reach their threshold exactly.

    Args:
        records: claims with a target or tiers.
        period: days to look at.
        action: which action; None for all records.
        level: confidence level. seed: of the bootstrap.

    Returns:
        BunchingResult; thresholds with too few claims around them are left out and noted.

    Raises:
        BadInput: records without target and tiers, or no claims in the period.

    Note: bunching says that claims gather there, not why: people also work towards a target
    honestly.
    """
    fraction(level, "bunching(level=)")
    records = Executions.of(records)
    names = [*([records.target] if records.target else []), *records.tiers]
    if not names:
        raise BadInput(
            "no target and no tiers",
            f"table {records.name!r}",
            "name the column of the target or tiers",
        )
    rows, bins, skipped = [], [], []
    for name in names:
        claims = _claims(records, name, period, action)
        if claims.empty:
            raise BadInput(
                f"no claims with {name!r} in {period}",
                "bunching(period=)",
                "choose other days or action",
            )
        strata, at, jump_p = _scaled(claims)
        found = excess_above(strata, level=level, seed=seed)
        if found is None:
            skipped.append(name)
            continue
        rows.append(_row(name, at, found) | {"jump_p": jump_p})
        bins.append(_bins(name, at, found))
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["p_adjusted"] = holm(table["p"])
    table["bunched"] = table["p_adjusted"] <= ALPHA
    notes = (Message("bunching.too_few", {"thresholds": tuple(skipped)}),) if skipped else ()
    histogram = pd.concat(bins, ignore_index=True) if bins else pd.DataFrame()
    return BunchingResult(table, histogram, level, notes=notes)


def _claims(
    records: Executions, threshold: str, period: Period, action: str | None
) -> pd.DataFrame:
    """How often each claim occurs beside each value of the threshold."""
    rows = work(records, period, action)
    rows = rows.select(
        claim=rows[records.quantity].cast("float64"), at=rows[threshold].cast("float64")
    )
    return collect(
        rows.filter(_.claim.notnull() & (_.at > 0)).group_by(["claim", "at"]).agg(n=_.count()),
        "bunching",
    )


def _scaled(claims: pd.DataFrame) -> tuple[list[Stratum], float, float]:
    """Claims in bins around their threshold, where it is shown, and p of a jump of the density."""
    claim, at, n = (claims[c].to_numpy(float) for c in ("claim", "at", "n"))
    if (claim % 1 == 0).all():
        shown = float(at[0]) if len(np.unique(at)) == 1 else 0.0
        return whole_numbers(claim, at, n), shown, float("nan")
    values = np.repeat(claim / at, n.astype(int))
    jump = density_jump(values, 1.0)
    return ratios(values), 1.0, jump.p if jump else float("nan")


def _row(name: str, at: float, found: Bunching) -> dict[str, object]:
    keys = ("values", "found", "expected", "excess", "low", "high", "p")
    return {"threshold": name, "at": at} | {k: getattr(found, k) for k in keys}


def _bins(name: str, at: float, found: Bunching) -> pd.DataFrame:
    edges = {"start": at + found.edges[:-1], "end": at + found.edges[1:]}
    return pd.DataFrame(edges | {"found": found.counts, "fitted": found.fitted}).assign(
        threshold=name
    )
