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
from kpilab.stats.execution.density import Bunching, excess_above
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
            (value; 1 where claims are measured in multiples of the threshold), `values` (claims in
            the window), `found`, `expected` (claims in the bin just above), `excess`, `low`,
            `high`, `p`, `jump_p` (two-sided p of a jump of the density at the threshold, a second
            opinion of less power; NaN for whole numbers), `p_adjusted` (Holm), `bunched` (bool).
        histogram: per threshold and bin: `threshold`, `start`, `end`, `found`, `fitted`.
        level: confidence level of the interval.
    """

    histogram: pd.DataFrame
    level: float
    kind: ClassVar[str] = "bunching"

    @property
    def headline(self) -> Message:
        hit = self.table[self.table["bunched"]]
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

    Whole-number claims against one fixed threshold are binned by one unit, with the threshold as
    the bin's first value; otherwise claims are divided by their threshold and binned by an eighth
    of their spread. The test is a Poisson regression on a polynomial, calibrated by parametric
    bootstrap.

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
        values, at, width = _scaled(claims)
        found = excess_above(values, at, width=width, level=level, seed=seed)
        if found is None:
            skipped.append(name)
            continue
        shown = float(at + 0.5) if width else at
        jump = None if width else density_jump(values, at)
        rows.append(_row(name, shown, found) | {"jump_p": jump.p if jump else float("nan")})
        bins.append(_bins(name, found))
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


def _scaled(claims: pd.DataFrame) -> tuple[np.ndarray, float, float | None]:
    """Values, threshold and bin width; whole numbers get bins of one unit around each number."""
    whole = bool((claims["claim"] % 1 == 0).all()) and claims["at"].nunique() == 1
    if whole:
        return (
            np.repeat(claims["claim"].to_numpy(), claims["n"]),
            float(claims["at"].iloc[0]) - 0.5,
            1.0,
        )
    return np.repeat((claims["claim"] / claims["at"]).to_numpy(), claims["n"]), 1.0, None


def _row(name: str, at: float, found: Bunching) -> dict[str, object]:
    keys = ("values", "found", "expected", "excess", "low", "high", "p")
    return {"threshold": name, "at": at} | {k: getattr(found, k) for k in keys}


def _bins(name: str, found: Bunching) -> pd.DataFrame:
    edges = {"start": found.edges[:-1], "end": found.edges[1:]}
    return pd.DataFrame(edges | {"found": found.counts, "fitted": found.fitted}).assign(
        threshold=name
    )
