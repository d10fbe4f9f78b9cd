"""Next split: which dimension, if any, should the next «why?» be asked along?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Effect, Message, Where, fraction
from kpilab.engine.door.frames import frame, known, plain
from kpilab.engine.door.values import label, names, number
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.distributions import variance_ratio
from kpilab.stats.multiplicity import holm
from kpilab.stats.rootcause.localise.counts import counted
from kpilab.stats.rootcause.localise.evidence import count_evidence
from kpilab.stats.rootcause.localise.expected import at_old_rates
from kpilab.stats.rootcause.localise.fewleaves import few_leaves
from kpilab.stats.rootcause.localise.noise import FEW_LEAVES, fit_noise
from kpilab.stats.tail import critical

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

Array = NDArray[np.float64]
LARGE = 1e6
KNOWN = 1e6  # degrees of freedom from which the noise counts as known
AMOUNTS = ("num0", "num1", "den0", "den1")
COLUMNS = [
    "dimension",
    "value",
    "expected",
    "actual",
    "contribution",
    "low",
    "high",
    "share",
    "p",
    "q",
]


@dataclass(frozen=True, slots=True, eq=False)
class NextSplitResult(Result):
    """Answer of `next_split`.

    Attributes:
        table: one row per dimension, best first; columns `dimension`, `value` (the one that
            deviates most, both from its expectation and from the rest), `expected`, `actual` (its
            amounts), `contribution` (actual − expected), `low`, `high` (its interval), `share` (of
            the whole deviation; NaN if that is 0), `p` (chance of values as uneven if all had moved
            alike), `q` (corrected for the dimensions looked at).
        where: the filters in force, kept at every level.
        alpha: level below which a split is proposed.
        level: confidence level of the intervals.
    """

    where: Where
    alpha: float
    level: float
    kind: ClassVar[str] = "nextsplit"

    @property
    def best(self) -> Where | None:
        """The filters with the proposed value added;
        None when no split explains the change beyond noise."""
        if self.table.empty or self.table["q"].to_numpy(float)[0] > self.alpha:
            return None
        first = self.table.iloc[0]
        return Where(
            {**self.where.values, str(first["dimension"]): first["value"]}, self.where.without
        )

    @property
    def headline(self) -> Message:
        if self.best is None:
            return Message("nextsplit.nothing", {"where": self.where})
        first = self.table.iloc[0]
        values = {"dimension": first["dimension"], "value": first["value"], "p": float(first["q"])}
        gap = Effect(float(first["contribution"]), float(first["low"]), float(first["high"]))
        return Message("nextsplit.best", values | {"contribution": gap.value, "interval": gap})


@keywords("next_split")
def next_split(
    rows: Frame,
    *,
    dimensions: Sequence[str],
    where: Where = EVERYWHERE,
    alpha: float = 0.05,
    level: float = 0.95,
) -> NextSplitResult:
    """Propose the dimension along which a change differs most, or none.

    For each dimension not yet fixed, values are tested for having moved alike (likelihood ratio on
    effective counts, noise judged from the finest combinations), and the tests are corrected for
    how many dimensions were looked at. For a rate, values that are new are compared with those they
    replaced.

    Args:
        rows: one row per finest combination: the dimensions and `num0`, `num1`; for a rate also
            `den0`, `den1`. A row in which one of these is missing is left out, and counted in a
            note; a value without a name is "(missing)".
        dimensions: columns to choose from.
        where: filters in force; only rows inside are looked at.
        alpha: chance of proposing a split where all moved alike.
        level: confidence level of the intervals.

    Returns:
        NextSplitResult with one row per dimension.

    Raises:
        BadInput: unknown columns, or no rows under the filters.
    """
    fraction(alpha, "next_split(alpha=)")
    fraction(level, "next_split(level=)")
    rows, column, notes = _rows(rows, dimensions, where)
    free = [d for d in dimensions if d not in where.values and rows[column[d]].nunique() > 1]
    coded = [pd.factorize(rows[column[d]], sort=True) for d in free]
    codes = np.array([code for code, _ in coded], dtype=np.intp).reshape(len(free), len(rows))
    expected, actual, spread, least = _amounts(rows, codes)
    unit = 1.0 if least else _unit(expected, actual)
    expected, actual = expected * unit, actual * unit
    mean = (expected + actual) / 2
    few = not least and len(mean) < FEW_LEAVES
    noise = (few_leaves if few else fit_noise)(expected, actual, spread, least=least)
    weight, variance = noise.weights(np.maximum(mean, 1e-12), spread), noise.variance(mean, spread)
    whole, wide, found = float((actual - expected).sum()), critical(level, noise.df), []
    for d, (code, values) in zip(free, coded, strict=True):
        fair, seen, f, v, noisy = (
            np.bincount(code, x, len(values)).astype(float)
            for x in (expected * weight, actual * weight, expected, actual, variance)
        )
        alike = fair * (seen.sum() / max(fair.sum(), 1e-300))
        evidence, others = count_evidence(alike, seen), max(int((alike + seen > 0).sum()) - 1, 1)
        p = float(variance_ratio.sf(2 * evidence.sum() / others, others, min(noise.df, KNOWN)))
        k = int(np.argmax(np.minimum(evidence, count_evidence(fair, seen))))
        gap, half = v[k] - f[k], wide * float(np.sqrt(noisy[k]))
        amounts = np.array([f[k], v[k], gap, gap - half, gap + half]) / unit
        found.append((d, values[k], *amounts, gap / whole if whole else np.nan, p))
    table = pd.DataFrame(found, columns=COLUMNS[:-1])
    table["q"] = holm(table["p"].to_numpy(float))
    return NextSplitResult(
        table.sort_values(["q", "p"], ignore_index=True), where, alpha, level, notes=notes
    )


def _rows(
    segments: Frame, dimensions: Sequence[str], where: Where
) -> tuple[pd.DataFrame, dict[str, str], tuple[Message, ...]]:
    """Rows under the filters with known amounts; the column of each dimension;
    a note on rows left out."""
    given = plain(segments, "next_split(rows)")
    column = {
        d: f"d{k}"
        for k, d in enumerate(dict.fromkeys((*dimensions, *where.values, *where.without)))
    }
    amounts = [c for c in AMOUNTS if c in given.columns or c in AMOUNTS[:2]]
    asked = {ours: (d, label) for d, ours in column.items()} | {c: (c, number) for c in amounts}
    rows = frame(given, asked, "next_split(rows)")
    keep = np.ones(len(rows), dtype=bool)
    for d, values in where.values.items():
        keep &= rows[column[d]].isin(names(values)).to_numpy()
    if where.without:
        keep &= ~np.all(
            [rows[column[d]].isin(names(v)).to_numpy() for d, v in where.without.items()], axis=0
        )
    inside, notes = known(rows[keep])
    if inside.empty:
        raise BadInput(
            "no rows under these filters", "next_split(where=)", "take one of the filters away"
        )
    return inside, column, notes


def _amounts(frame: pd.DataFrame, codes: NDArray[np.intp]) -> tuple[Array, Array, Array, float]:
    """Expected and actual amounts, spread and least dispersion of their noise;
    for a rate at the old rate."""
    num0, num1 = frame["num0"].to_numpy(float), frame["num1"].to_numpy(float)
    counts = counted(num0) and counted(num1)
    if "den0" not in frame:
        return num0, num1, np.ones(len(frame)), 1.0 if counts else 0.0
    den0, den1 = frame["den0"].to_numpy(float), frame["den1"].to_numpy(float)
    expected, spread, _ = at_old_rates(codes, num0, den0, num1, den1)
    share = float(num1.sum() / den1.sum()) if den1.sum() > 0 else 0.5
    return expected, num1, spread, max(1 - share, 0.0) if counts and share <= 1 else 0.0


def _unit(expected: Array, actual: Array) -> float:
    """What amounts that count no single things are multiplied by: their own unit says nothing, and
    a leaf is never small."""
    size = expected + actual
    return LARGE / float(np.median(size[size > 0])) if (size > 0).any() else 1.0
