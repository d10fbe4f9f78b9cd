"""Spread: did a rate fall in one place, in every segment, or hidden behind a change of mix?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.result import Result
from kpilab.core.values import Message, Where, fraction
from kpilab.engine.column import DEN0, DEN1, NUM0, NUM1, SIDES
from kpilab.engine.door.labels import with_missing
from kpilab.errors import BadInput, unknown
from kpilab.stats.distributions import norm
from kpilab.stats.rootcause.localise import Known, locate

DEEPEST, SWEEPS = 3, 40
# A value counts as new (a release that took over) when it had almost no share and now has a real
# one; a value that had a share of its own before is where traffic moved to.
NEW_BEFORE, NEW_NOW = 0.05, 0.1
PRIOR_UNITS = 20.0
Z95 = 1.96


@dataclass(frozen=True, slots=True, eq=False)
class SegmentSearchResult(Result):
    """Answer of `segment_search`.

    Attributes:
        table: one row per place found, clearest first; columns `where` (Where), `gain` (evidence in
            nats net of the search), `p` (chance of such a change somewhere in noise alone: both
            periods' noise, corrected for all combinations searched), `change` (relative change of
            the rate there), `low`, `high` (its interval), `carried` (part of the whole fall that
            the place carries, may exceed 1), `amount` (numerator beyond the baseline's rates there;
            negative is missing), `share` (part of the expected numerator that the place holds,
            0-1).
        driver: name of the rate.
        amount: numerator beyond what the baseline's rates give for the current denominators
            (negative: missing).
        expected: numerator at the baseline's rates.
        replaced: dimensions in which a new value took over; their baseline is that of the values
            they replaced.
    """

    driver: str
    amount: float
    expected: float
    replaced: tuple[str, ...]
    kind: ClassVar[str] = "spread"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message(
                "spread.none", {"driver": self.driver, "change": self.amount / self.expected}
            )
        row = self.table.iloc[0].to_dict()
        values = {k: row[k] for k in ("where", "change", "low", "high", "carried")}
        return Message("spread.place", {"driver": self.driver, **values})


def segment_search(
    cube: pd.DataFrame,
    *,
    driver: str,
    dimensions: Sequence[str],
    variance: float | None = None,
    alpha: float = 0.05,
) -> SegmentSearchResult:
    """Find the fewest places in which a rate left its baseline.

    Each cell's expected rate is the baseline's: its own, shrunk towards what its dimension values
    would give without interaction. A dimension in which a new value took over (a release) is left
    out of the expectation, so that the new value is held against what it replaced. All combinations
    of up to three dimensions are searched, and corrected for.

    Args:
        cube: one row per combination of dimensions; columns of the dimensions, and `NUM0`, `DEN0`
            (baseline), `NUM1`, `DEN1` (current): numerator and denominator of the rate, none
            negative.
        driver: name of the rate, for messages.
        dimensions: columns to search.
        variance: of the numerator per unit of the denominator, over-dispersion between days
            included; None for that of a count.
        alpha: chance of finding a place in noise alone.

    Returns:
        SegmentSearchResult with one row per place; none when the change is in no particular place.

    Raises:
        BadInput: an unknown dimension, a missing column, no denominator in one of the periods, or a
            baseline of 0.
    """
    fraction(alpha, "segment_search(alpha=)")
    _check(cube, dimensions)
    cube = cube.reset_index(drop=True)
    cube = cube.assign(**{d: with_missing(cube[d]) for d in dimensions if cube[d].isna().any()})
    replaced = tuple(d for d in dimensions if _took_over(cube, d))
    kept = [d for d in dimensions if d not in replaced]
    expected = cube[DEN1].to_numpy(float) * baseline_rate(cube, kept)
    actual = cube[NUM1].to_numpy(float)
    factors = [pd.factorize(cube[d]) for d in dimensions]
    codes = np.array([f[0] for f in factors], dtype=np.intp).reshape(len(dimensions), len(cube))
    known = _noise(cube, expected, variance)
    elements = (
        locate(codes, expected, actual, known, alpha=alpha, deepest=DEEPEST).elements
        if dimensions
        else ()
    )
    total = float(actual.sum() - expected.sum())
    unit = variance if variance is not None else float(expected.sum() / cube[DEN1].sum())
    searched = _combinations(codes)
    rows = []
    for element in elements:
        where = {
            dimensions[d]: factors[d][1][v]
            for d, v in zip(element.dims, element.values, strict=True)
        }
        before = cube[_matches(cube, {d: v for d, v in where.items() if d in kept})][DEN0].sum()
        now = cube.loc[element.leaves, DEN1].sum()
        amounts = (
            float(actual[element.leaves].sum()),
            float(expected[element.leaves].sum()),
            total,
        )
        # The expectation is itself a sample: its noise counts like that of the current period.
        error = float(np.sqrt(unit * (now + now**2 / (before + PRIOR_UNITS))))
        rows.append(
            {"where": Where(where), "gain": element.gain, **_size(*amounts, error, searched)}
        )
        rows[-1]["share"] = amounts[1] / float(expected.sum())
    columns = ["where", "gain", "p", "change", "low", "high", "carried", "amount", "share"]
    return SegmentSearchResult(
        pd.DataFrame(rows, columns=columns),
        driver=driver,
        amount=total,
        expected=float(expected.sum()),
        replaced=replaced,
    )


def _noise(cube: pd.DataFrame, expected: NDArray[np.float64], variance: float | None) -> Known:
    """That of counts out of counts, or as large as it is said to be;
    judged from the cells otherwise."""
    num, den = cube[[NUM0, NUM1]].to_numpy(float), cube[[DEN0, DEN1]].to_numpy(float)
    rate = float(expected.sum() / den[:, 1].sum())
    counted = np.all(num == np.round(num)) and np.all(num <= den)
    if not rate > 0 or not (counted or variance is not None):
        return Known()
    least = variance / rate if variance is not None else max(rate, 1 - rate)
    return Known((1 + den[:, 1] / np.maximum(den[:, 0], PRIOR_UNITS)) / 2, least, sampled=True)


def baseline_rate(cube: pd.DataFrame, dimensions: Sequence[str]) -> NDArray[np.float64]:
    """The baseline's rate of each cell, shrunk towards the product of its dimension values' own
    effects."""
    num, den = cube[NUM0].to_numpy(float), cube[DEN0].to_numpy(float)
    smooth = np.full(len(cube), num.sum() / den.sum())
    codes = [pd.factorize(cube[d])[0] for d in dimensions]
    for _ in range(SWEEPS if codes else 0):
        for code in codes:
            fair, seen = np.bincount(code, den * smooth), np.bincount(code, num)
            smooth = smooth * np.where(fair > 0, seen / np.where(fair > 0, fair, 1.0), 1.0)[code]
    if not codes:
        return smooth
    groups = (
        cube.groupby(list(dimensions), dropna=False)[[NUM0, DEN0]].transform("sum").to_numpy(float)
    )
    return (groups[:, 0] + PRIOR_UNITS * smooth) / (groups[:, 1] + PRIOR_UNITS)


def _took_over(cube: pd.DataFrame, dimension: str) -> bool:
    share = cube.groupby(dimension, dropna=False)[[DEN0, DEN1]].sum()
    share = share / share.sum()
    return bool(
        (
            (share[DEN0] < NEW_BEFORE) & (share[DEN0] < share[DEN1] / 4) & (share[DEN1] > NEW_NOW)
        ).any()
    )


def _combinations(codes: NDArray[np.intp]) -> int:
    """How many places of up to three dimensions hold rows."""
    count = 0
    for depth in range(1, min(DEEPEST, len(codes)) + 1):
        for dims in combinations(range(len(codes)), depth):
            count += len(np.unique(codes[list(dims)], axis=1).T)
    return count


def _matches(cube: pd.DataFrame, where: Mapping[str, object]) -> NDArray[np.bool_]:
    inside = np.ones(len(cube), dtype=bool)
    for dimension, value in where.items():
        inside &= (cube[dimension] == value).to_numpy()
    return inside


def _size(
    actual: float, expected: float, total: float, error: float, searched: int
) -> dict[str, float]:
    """Change of one place with its interval, its chance in noise,
    and what it carries of the whole."""
    amount = actual - expected
    if not expected > 0:
        nan = float("nan")
        return {"p": nan, "change": nan, "low": nan, "high": nan, "carried": nan, "amount": amount}
    p = float(min(1.0, 2 * norm.sf(abs(amount) / error) * searched)) if error > 0 else 1.0
    ends = {"low": (amount - Z95 * error) / expected, "high": (amount + Z95 * error) / expected}
    carried = amount / total if total else float("nan")
    return {"p": p, "change": amount / expected, **ends, "carried": carried, "amount": amount}


def _check(cube: pd.DataFrame, dimensions: Sequence[str]) -> None:
    for column in (*dimensions, *SIDES):
        if column not in cube.columns:
            raise unknown("column", column, cube.columns, "segment_search, argument 'cube'")
    for period, column in (("baseline", DEN0), ("current period", DEN1)):
        if not float(cube[column].sum()) > 0:
            raise BadInput(
                f"no denominator in the {period}",
                "segment_search, argument 'cube'",
                "choose a period with rows",
            )
    if not float(cube[NUM0].sum()) > 0:
        # Nothing is expected anywhere, and no fall from nothing has a place.
        raise BadInput(
            "the rate is 0 in the baseline",
            "segment_search, argument 'cube'",
            "choose a period in which it is not",
        )
