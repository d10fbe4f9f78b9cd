"""Localise: which few combinations of dimensions carry a deviation?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.cube import Cube, cube_of
from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, Where, fraction
from kpilab.engine.column import DEN0, DEN1, NUM0, SIDES, own
from kpilab.engine.door.dimensions import called
from kpilab.engine.rootcause.comparison import Comparison, compared
from kpilab.engine.rootcause.leaves import MOST_VALUES
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.rootcause.localise import Element, Known, Located, locate
from kpilab.stats.rootcause.localise.cuboids import crossed
from kpilab.stats.rootcause.selection import unselected
from kpilab.stats.tail import critical

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Facts
    from kpilab.core.values import Period

MATERIAL = 0.05
STRAY = 0.01  # share of all amounts that may be negative by chance; they count as nothing
COLUMNS = ["where", "expected", "actual", "contribution", "low", "high", "share", "change",
    "change_low", "change_high",
           "corrected", "size", "leaves", "p", "equivalent"]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LocaliseResult(Result):
    """Answer of `localise`.

    Attributes:
        table: one row per combination found, strongest evidence first; columns `where` (Where; what
            it is `without` stayed as expected and is not counted), `expected`, `actual` (amounts;
            for a rate the numerator, and what it would be at the expected rate), `contribution`
            (actual − expected), `low`, `high` (its interval), `share` (of the whole deviation; NaN
            if that is 0), `change` (relative to the size of what was expected, −1 and up where
            nothing is negative; NaN when nothing was expected),
            `change_low`, `change_high`, `corrected` (`change` without the winner's curse), `size`
            (share of the size of all that was expected), `leaves` (how many), `p` (chance of such a
            find anywhere in the search when nothing happened, at most), `equivalent` (tuple of
            other combinations that hold nearly the same leaves).
        expected, actual: totals over the cube.
        noise: "counts" or "relative": which noise the cube carries.
        level: confidence level of the intervals.
        across: the two dimensions that say most about the places found, as the columns of `cells`
            are called; empty where only one has several values.
        cells: one row per pair of their values; columns of both dimensions ("name (by)" for one
            that is called like another column), `expected`, `actual`, `score`
            (actual − expected, in standard errors).
        everywhere: relative change of all that lies outside of the places, with its interval, where
            it moved as a whole; None where that is within noise.
        visible: share of the whole that a value must hold at least for a fall of a fifth in it to
            be found; above 1 where no value could.
    """

    expected: float
    actual: float
    noise: str
    level: float
    across: tuple[str, ...]
    cells: pd.DataFrame
    everywhere: Effect | None
    visible: float
    kind: ClassVar[str] = "localise"

    @property
    def headline(self) -> Message:
        gap = self.actual - self.expected
        if self.table.empty and self.everywhere is not None:
            change = self.everywhere
            values = {"gap": gap, "change": change.value, "low": change.low, "high": change.high}
            return Message("localise.everywhere", values)
        if self.table.empty:
            return Message("localise.nothing", {"gap": gap})
        first = self.table.iloc[0]
        values = {
            "where": first["where"],
            "change": float(first["change"]),
            "contribution": float(first["contribution"]),
        }
        values |= {
            "interval": Effect(first["contribution"], float(first["low"]), float(first["high"])),
            "more": len(self.table) - 1,
        }
        return Message(
            "localise.found" if len(self.table) == 1 else "localise.found_several", values
        )

    @property
    def places(self) -> tuple[Where, ...]:
        """The combinations found, strongest first."""
        return tuple(self.table["where"])


@keywords("localise")
def localise(
    facts: Facts | ir.Table | pd.DataFrame,
    *,
    dimensions: Sequence[str] = (),
    measure: str | None = None,
    numerator: str | None = None,
    denominator: str | None = None,
    expected: str | tuple[str, str] | None = None,
    periods: tuple[Period, Period] | None = None,
    deepest: int | None = None,
    alpha: float = 0.05,
    level: float = 0.95,
    material: float | None = None,
) -> LocaliseResult:
    """Find the smallest set of dimension combinations that carries a deviation from what was
    expected.

    The cube's leaves (finest combinations) are compared with their expectation. Every combination
    of up to `deepest` dimensions is a candidate; one is taken when a shift of most of it is a
    shorter description than noise, the length of naming it included: evidence belongs to the whole
    of a place, not to each of its leaves. How noise shrinks with size is fitted to the leaves that
    are left, as is a move of everything, which makes no places. A value that is new is compared
    with the values it replaced.

    Args:
        facts: facts with a time column and `periods` (a plain frame: its column `date`); or one row
            per leaf (or finer) with an `expected` column.
        dimensions: columns to search; default: those the facts name.
        measure: column that adds up, which may be negative (profit); or
        numerator, denominator: columns of a rate; the numerator is compared at the denominator's
            present size.
        expected: column with the expected amount; for a rate the pair (numerator, denominator) of
            the reference.
        periods: baseline and current; the baseline is scaled to the length of the current period.
        deepest: most dimensions in one combination; default all.
        alpha: chance of finding anything at all where nothing happened.
        level: confidence level of the intervals.
        material: share of what all places carry together that a place must carry to be named, 0 up
            to 1; default .05 for a rate and between two periods, where volume makes any small
            difference certain, and 0 against a forecast.

    Returns:
        LocaliseResult with one row per combination; none when nothing stands out beyond noise.

    Raises:
        BadInput: unknown columns, neither or both of measure and numerator, negative denominators,
            nothing expected anywhere, or no dimension.

    Note:
        Segments were chosen because they stood out: `corrected` gives the change without that
            advantage.

    Example:
        >>> shops = [str(k) for k in range(100)]
        >>> cube = pd.DataFrame({"app": ["a", "b"] * 50, "shop": shops, "was": 100.0})
        >>> cube["now"] = cube["was"].where(cube["app"] == "a", 40.0)
        >>> found = localise(cube, dimensions=["app", "shop"], measure="now", expected="was")
        >>> [place.plain() for place in found.places]
        [{'app': 'b'}]
    """
    fraction(alpha, "localise(alpha=)")
    fraction(level, "localise(level=)")
    question = Comparison(measure, numerator, denominator, expected, periods)
    leaves, names = compared(facts, tuple(dimensions), question)
    ratio = periods[1].days / periods[0].days if periods else None
    frame, notes = _checked(leaves.frame)
    cube = cube_of(frame, names, rate=question.rate, ratio=ratio)
    least = _material(material, question)
    known = Known(cube.spread, cube.least, cube.sampled, least)
    found = locate(cube.codes, *cube.searched, known, alpha=alpha, deepest=deepest)
    told = (*_all_but(found), *found.elements)
    rows = [_row(element, cube, found, level, alpha) for element in told]
    grouped = leaves.grouped.items()
    notes += tuple(
        Message("localise.grouped", {"dimension": d, "values": n, "kept": MOST_VALUES})
        for d, n in grouped
    )
    notes += (Message("door.left_out", {"rows": leaves.missing}),) if leaves.missing else ()
    notes += cube.notes
    notes += (Message("localise.minor", {"places": found.minor, "share": least}),) * (
        found.minor > 0
    )
    notes += (Message("localise.selected"),) if rows else ()
    notes += (Message("localise.equivalent"),) if any(row["equivalent"] for row in rows) else ()
    everywhere = _everywhere(cube, found, level)
    notes += _said(everywhere, found)
    totals = float(cube.expected.sum()), float(cube.actual.sum())
    noise = "counts" if found.counts else "relative"
    table = pd.DataFrame(rows, columns=COLUMNS)
    return LocaliseResult(
        table,
        *totals,
        noise,
        level,
        *_cells(cube, found),
        everywhere=everywhere,
        visible=found.visible,
        notes=notes,
    )


def _material(asked: float | None, question: Comparison) -> float:
    """Share of what all places carry that each must carry."""
    if asked is None:
        return MATERIAL if question.rate or question.periods is not None else 0.0
    if not 0 <= asked < 1:
        raise BadInput(f"material is {asked}", "localise(material=)", "give a share from 0 up to 1")
    return float(asked)


def _all_but(found: Located) -> tuple[Element, ...]:
    """Everything but what stayed as expected, as a place."""
    whole = found.everywhere
    if whole is None or not whole.spared:
        return ()
    cost = sum(e.cost for e in whole.spared)
    left = tuple((e.dims, e.values) for e in whole.spared)
    return (Element((), (), whole.gain - cost, cost, whole.leaves, (), left),)


def _everywhere(cube: Cube, found: Located, level: float) -> Effect | None:
    """Change of what lies outside of the places; of the hits where their misses were searched."""
    whole = found.everywhere
    if whole is None:
        return None
    base = abs(float(cube.expected[whole.leaves].sum()))
    if base == 0:
        return None
    change = (whole.gap if cube.whole is None else -whole.gap) / base
    half = critical(level, found.noise.df) * whole.error / base
    return Effect(change, max(change - half, cube.lowest), change + half)


def _said(everywhere: Effect | None, found: Located) -> tuple[Message, ...]:
    """That the rest moved as well; and what a search that found nothing could have found."""
    if everywhere is not None:
        rest = Message("localise.rest", {"change": everywhere.value})
        return (rest,) if found.elements and not _all_but(found) else ()
    if found.elements:
        return ()
    return (
        Message("localise.visible", {"share": found.visible})
        if found.visible <= 1
        else Message("localise.blind"),
    )


def _checked(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """Amounts that can be searched: a stray few negative ones count as nothing; where there are
    many they are meant (profit), but no denominator is."""
    columns = [c for c in SIDES if c in frame]
    amounts = frame[columns].to_numpy(float)
    below = -float(amounts[amounts < 0].sum())
    share = below / max(float(np.abs(amounts).sum()), 1e-300)
    if share > STRAY and any((frame[c] < 0).any() for c in (DEN0, DEN1) if c in frame):
        raise BadInput(
            "some denominators are negative",
            "localise(denominator=, expected=)",
            "divide by what is counted or sold, not by a balance",
        )
    reference = DEN0 if DEN0 in frame else NUM0
    if not (frame[reference] != 0).any():
        raise BadInput(
            "nothing was expected anywhere",
            "localise(expected=, periods=)",
            "choose a baseline with data",
        )
    if below == 0:
        return frame, ()
    if share > STRAY:
        return frame, (Message("localise.signed", {"share": share}),)
    frame = frame.copy()
    frame[columns] = frame[columns].clip(lower=0)
    return frame, (Message("localise.negative", {"share": share}),)


def _row(
    element: Element, cube: Cube, found: Located, level: float, alpha: float
) -> dict[str, object]:
    expected, actual = (v[element.leaves] for v in (cube.expected, cube.actual))
    before, now = float(expected.sum()), float(actual.sum())
    mean = np.mean([v[element.leaves] for v in cube.searched], axis=0)
    error = float(np.sqrt(found.noise.variance(mean, cube.spread[element.leaves]).sum()))
    half, gap, whole = (
        critical(level, found.noise.df) * error,
        now - before,
        float(cube.actual.sum() - cube.expected.sum()),
    )
    seen = (
        unselected(gap / error, float(np.sqrt(2 * (element.cost - np.log(alpha)))))
        if error
        else 0.0
    )
    base = abs(before) if before else np.nan
    return {
        "where": cube.where((element.dims, element.values), element.without),
        "expected": before,
        "actual": now,
        "contribution": gap,
        "low": gap - half,
        "high": gap + half,
        "share": gap / whole if whole else np.nan,
        "change": gap / base,
        "change_low": max((gap - half) / base, cube.lowest),
        "change_high": (gap + half) / base,
        "corrected": seen * error / base,
        "size": float(np.abs(expected).sum() / np.abs(cube.expected).sum()),
        "leaves": len(element.leaves),
        "p": float(np.exp(-element.gain)),
        "equivalent": tuple(cube.where(other) for other in element.equivalent),
    }


def _cells(cube: Cube, found: Located) -> tuple[tuple[str, ...], pd.DataFrame]:
    """The two dimensions named most prominently by what was found (else those with fewest values),
    and their cells."""
    named = [d for e in found.elements for dims, _ in ((e.dims, ()), *e.without) for d in dims]
    several = [
        d
        for d in np.argsort([len(v) for v in cube.values], kind="stable")
        if len(np.unique(cube.codes[d])) > 1
    ]
    pair = list(dict.fromkeys([*named, *several]))[:2]
    if len(pair) < 2:
        return (), pd.DataFrame(columns=["expected", "actual", "score"], dtype=float)
    texts = [np.unique([str(v) for v in cube.values[d]], return_inverse=True) for d in pair]
    places = tuple(place[cube.codes[d]] for d, (_, place) in zip(pair, texts, strict=True))
    variance = found.noise.variance(np.mean(cube.searched, axis=0), cube.spread)
    occurs, (expected, actual, squared) = crossed(places, (cube.expected, cube.actual, variance))
    gap, error = actual - expected, np.sqrt(squared)
    score = np.divide(gap, error, out=np.full(len(gap), np.nan), where=error > 0)
    ours = {own(f"by{d}"): cube.names[d] for d in pair}
    names = {
        d: pd.Series(text[k], dtype="str")
        for d, (text, _), k in zip(ours, texts, occurs, strict=True)
    }
    cells = called(
        pd.DataFrame(names | {"expected": expected, "actual": actual, "score": score}), ours
    )
    return tuple(cells.columns[:2]), cells
