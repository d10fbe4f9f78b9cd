"""Localise: which few combinations of dimensions carry a deviation?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.banded import banded
from kpilab.analysis.rootcause.cube import Cube, cube_of
from kpilab.analysis.rootcause.own_counts import by_own_count
from kpilab.analysis.rootcause.places import Places, beside
from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, Where, fraction
from kpilab.engine.column import DEN0, DEN1, NUM0, SIDES
from kpilab.engine.rootcause.comparison import Comparison, Rate, compared, comparisons
from kpilab.engine.rootcause.distinct import Distinct
from kpilab.engine.rootcause.leaves import MOST_VALUES
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.rootcause.localise import Known, locate

if TYPE_CHECKING:
    from kpilab.core.table import Facts
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

MATERIAL = 0.05
STRAY = 0.01  # share of all amounts that may be negative by chance; they count as nothing
COLUMNS = ["where", "metric", "expected", "actual", "contribution", "low", "high", "share",
    "change", "change_low", "change_high", "corrected", "size", "leaves", "p",
    "equivalent"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Search:
    """What `localise` looks for.

    Attributes:
        deepest: most dimensions in one combination; default all.
        alpha: chance of finding anything at all, in any metric, where nothing happened.
        material: share of what all places carry together that a place must carry to be named, 0 up
            to 1; default .05 for a rate and between two periods, where volume makes any small
            difference certain, and 0 against a forecast.
    """

    deepest: int | None = None
    alpha: float = 0.05
    material: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LocaliseResult(Result):
    """Answer of `localise`.

    Attributes:
        table: one row per combination found, strongest evidence first; columns `where` (Where; what
            it is `without` stayed as expected and is not counted), `metric` (the column, or
            numerator and denominator, that moved there), `expected`, `actual` (amounts;
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
        beside: one row per place found and metric asked for; columns `where`, `metric`,
            `expected`, `actual`, `change`, `low`, `high` (interval of the change), `score` (of the
            deviation, in standard errors), `found` (whether it is this metric's place); NaN where
            the metric has no rows there.

    Of several metrics, the figures of a whole cube (`expected` to `visible`, but for `level`) are
    those of the first one in which anything was found, else of the first.
    """

    expected: float
    actual: float
    noise: str
    level: float
    across: tuple[str, ...]
    cells: pd.DataFrame
    everywhere: Effect | None
    visible: float
    beside: pd.DataFrame
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
        metrics = self.beside["metric"].nunique()
        if metrics > 1:
            values = {k: first[k] for k in ("where", "metric")}
            values |= {
                "change": float(first["change"]),
                "more": len(self.table) - 1,
                "metrics": metrics,
            }
            return Message("localise.found_beside", values)
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
        return tuple(dict.fromkeys(self.table["where"]))


@keywords("localise")
def localise(
    facts: Facts | Tabular,
    *,
    dimensions: Sequence[str] = (),
    measure: str | Distinct | tuple[str, str] | Rate | None = None,
    metrics: Sequence[str | Distinct | tuple[str, str]] = (),
    expected: str | tuple[str, str] | Sequence[str | tuple[str, str]] | None = None,
    periods: tuple[Period, Period] | None = None,
    search: Search = Search(),
    level: float = 0.95,
) -> LocaliseResult:
    """Find the smallest set of dimension combinations that carries a deviation from what was
    expected.

    The cube's leaves (finest combinations) are compared with their expectation. Every combination
    of dimensions is a candidate; one is taken when a shift of most of it is a
    shorter description than noise, the length of naming it included: evidence belongs to the whole
    of a place, not to each of its leaves. How noise shrinks with size is fitted to the leaves that
    are left, as is a move of everything, which makes no places. A value that is new is compared
    with the values it replaced.

    Args:
        facts: facts with a time column and `periods` (a plain table: its column `date`); or one row
            per leaf (or finer) with an `expected` column.
        dimensions: columns to search; default: those the facts name. A number with a fraction (a
            price) is cut into bands where its deviation changes, as are whole numbers of many
            values (an age) that show where; a band holds its lower end and not its upper one.
        measure: column that adds up, which may be negative (profit); `Distinct("user")` counts
            each value of a column once in a period, shared among the leaves it was seen in (a place
            whose own count stayed is not named); or the
            pair (numerator, denominator) of a rate, whose numerator is compared at the
            denominator's present size; or
        metrics: several of these at once, each a column that adds up or a pair (numerator,
            denominator): all factors of a formula, say. Each is searched, and every place found is
            shown in all of them (`beside`).
        expected: column with the expected amount; for a rate the pair (numerator, denominator) of
            the reference; for several metrics one of these for each.
        periods: baseline and current; the baseline is scaled to the length of the current period.
        search: how deep, how sure, how small; see `Search`.
        level: confidence level of the intervals.

    Returns:
        LocaliseResult with one row per combination; none when nothing stands out beyond noise.

    Raises:
        BadInput: unknown columns, not one of measure and metrics, negative denominators,
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
    fraction(search.alpha, "localise(search=Search(alpha=))")
    fraction(level, "localise(level=)")
    questions = comparisons(measure, metrics, expected, periods)
    searched, notes = [], ()
    for question in questions:
        cube, said = _cube(facts, tuple(dimensions), question)
        known = Known(cube.spread, cube.least, cube.sampled, _material(search.material, question))
        part = search.alpha / len(questions)
        found = locate(cube.codes, *cube.searched, known, alpha=part, deepest=search.deepest)
        one = Places(question.name, cube, found, part, level)
        if isinstance(question.measure, Distinct) and question.periods is not None:
            one, own = by_own_count(one, facts, question.measure, question.periods)
            said += own
        searched.append(one)
        notes += said
    return _result(searched, notes, level)


def _result(searched: list[Places], notes: tuple[Message, ...], level: float) -> LocaliseResult:
    """What was found in all metrics; the figures of a whole cube are those of one."""
    several = len(searched) > 1
    found: list[list[dict[str, Any]]] = [one.rows() for one in searched]
    rows = [row for mine in found for row in mine]
    if several:
        rows.sort(key=lambda row: row["p"])
    first = next((one for one, mine in zip(searched, found, strict=True) if mine), searched[0])
    notes += _said(rows, sum(one.found.minor for one in searched))
    notes += tuple(note for one in searched for note in one.nested())
    notes += _moved(searched) if several else _beyond(first)
    return LocaliseResult(
        pd.DataFrame(rows, columns=COLUMNS),
        float(first.cube.expected.sum()),
        float(first.cube.actual.sum()),
        "counts" if first.found.counts else "relative",
        level,
        *first.cells(),
        everywhere=first.everywhere(),
        visible=first.found.visible,
        beside=beside(searched, rows),
        notes=tuple(dict.fromkeys(notes)),
    )


def _cube(
    facts: Facts | Tabular, dimensions: tuple[str, ...], question: Comparison
) -> tuple[Cube, tuple[Message, ...]]:
    """The cube of one metric, and what is to be said of it."""
    leaves, names = compared(facts, dimensions, question)
    frame, cuts = banded(leaves, names)
    frame, notes = _checked(frame)
    periods = question.periods
    ratio = periods[1].days / periods[0].days if periods else None
    shared = isinstance(question.measure, Distinct)
    cube = cube_of(frame, names, rate=question.rate, ratio=ratio, shared=shared)
    notes += tuple(
        Message("localise.grouped", {"dimension": d, "values": n, "kept": MOST_VALUES})
        for d, n in leaves.grouped.items()
    )
    notes += (Message("door.left_out", {"rows": leaves.missing}),) if leaves.missing else ()
    return cube, notes + cuts + cube.notes


def _material(asked: float | None, question: Comparison) -> float:
    """Share of what all places carry that each must carry."""
    if asked is None:
        return MATERIAL if question.rate or question.periods is not None else 0.0
    if not 0 <= asked < 1:
        raise BadInput(
            f"material is {asked}",
            "localise(search=Search(material=))",
            "give a share from 0 up to 1",
        )
    return float(asked)


def _said(rows: list[dict[str, object]], minor: int) -> tuple[Message, ...]:
    """What to know about the places found."""
    notes = (Message("localise.minor", {"places": minor}),) if minor else ()
    notes += (Message("localise.selected"),) if rows else ()
    alike = any(row["equivalent"] for row in rows)
    return (*notes, Message("localise.equivalent")) if alike else notes


def _beyond(one: Places) -> tuple[Message, ...]:
    """That the rest moved as well; and what a search that found nothing could have found."""
    found, everywhere = one.found, one.everywhere()
    if everywhere is not None:
        rest = Message("localise.rest", {"change": everywhere.value})
        return (rest,) if found.elements and not one.all_but else ()
    if found.elements:
        return ()
    seen = Message("localise.visible", {"share": found.visible})
    return (seen if found.visible <= 1 else Message("localise.blind"),)


def _moved(searched: list[Places]) -> tuple[Message, ...]:
    """Which of several metrics moved as a whole."""
    whole = {one.metric: one.everywhere() for one in searched if not one.all_but}
    return tuple(
        Message("localise.rest_in", {"metric": metric, "change": change.value})
        for metric, change in whole.items()
        if change is not None
    )


def _checked(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """Amounts that can be searched: a stray few negative ones count as nothing; where there are
    many they are meant (profit), but no denominator is."""
    columns = [c for c in SIDES if c in frame]
    amounts = [frame[c].to_numpy(float) for c in columns]
    below = -sum(float(np.minimum(v, 0.0).sum()) for v in amounts)
    share = below / max(sum(float(np.abs(v).sum()) for v in amounts), 1e-300)
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
