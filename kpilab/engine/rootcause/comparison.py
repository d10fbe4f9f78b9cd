"""Comparison: amounts of today beside those they are compared with,
per finest combination of dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
import pandas as pd

from kpilab.core.table import Facts, Table
from kpilab.engine.column import DEN0, NUM0, NUM1, own
from kpilab.engine.days import day_of, inside
from kpilab.engine.rootcause.bins import frame_bins, table_bins
from kpilab.engine.rootcause.coded_leaves import coded_sums
from kpilab.engine.rootcause.distinct import Distinct, shared
from kpilab.engine.rootcause.frame_leaves import (
    amounts,
    amounts_between,
    frame_sums,
    is_plain,
    within,
)
from kpilab.engine.rootcause.leaves import Leaves, between, sums
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular


class Rate(NamedTuple):
    """Columns of a rate.

    Attributes:
        numerator, denominator: what is divided by what, each summed.
    """

    numerator: str | None = None
    denominator: str | None = None


Metric = str | Distinct | tuple[str, str]  # what adds up, or numerator and denominator
HOLED = own("holed")  # rows of a combination that are left out
TIME = "date"  # column that tells the day in a plain frame, as in `Facts`


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which columns are compared; see `kpilab.localise`."""

    measure: str | Distinct | None
    numerator: str | None
    denominator: str | None
    expected: Metric | None
    periods: tuple[Period, Period] | None

    def __post_init__(self) -> None:
        rate = self.numerator is not None and self.denominator is not None
        if (self.measure is None) != rate or (self.numerator is None) != (self.denominator is None):
            raise BadInput(
                (
                    f"measure is {self.measure!r}, numerator {self.numerator!r}, denominator "
                    f"{self.denominator!r}"
                ),
                "localise(measure=)",
                "give a column that adds up, or the pair (numerator, denominator) of a rate",
            )
        if (self.expected is None) == (self.periods is None):
            raise BadInput(
                "nothing, or two things, to compare with",
                "localise(expected=, periods=)",
                "give either the expected column(s), or the baseline and the current period",
            )
        if self.expected is not None and isinstance(self.expected, str) == rate:
            raise BadInput(
                f"expected is {self.expected!r}",
                "localise(expected=)",
                "give one column for a measure, and the pair (numerator, denominator) for a rate",
            )

    @property
    def name(self) -> str:
        """How the metric is called: by its column, or both of them."""
        return str(self.measure) if self.measure else f"{self.numerator} / {self.denominator}"

    @property
    def rate(self) -> bool:
        """Whether a rate is compared, not an amount."""
        return self.numerator is not None

    def now(self) -> dict[str, str]:
        if self.measure is not None:
            return {own("num"): str(self.measure)}
        return {own("num"): str(self.numerator), own("den"): str(self.denominator)}

    def columns(self) -> dict[str, str]:
        """Name of the sum -> column: `NUM1` (`DEN1`),
        and `NUM0` (`DEN0`) where the reference has its own."""
        expected = self.expected or ()
        names = expected if isinstance(expected, tuple) else (str(expected),)
        reference = dict(zip((NUM0, DEN0), names, strict=False))
        return {f"{k}1": c for k, c in self.now().items()} | reference


def comparisons(
    measure: Metric | Rate | None,
    metrics: Sequence[Metric],
    expected: Metric | Sequence[Metric] | None,
    periods: tuple[Period, Period] | None,
) -> list[Comparison]:
    """One per metric; where none is named, of the measure."""
    if not metrics:
        one = (None, *_pair(measure)) if isinstance(measure, tuple) else (measure, None, None)
        return [Comparison(*one, None if expected is None else _columns(expected), periods)]
    if measure is not None:
        raise BadInput(
            "one metric, and several",
            "localise(measure=, metrics=)",
            "name all of them in metrics",
        )
    single = isinstance(expected, str | Distinct)
    sides = [expected] if single else list(expected or [None] * len(metrics))
    if isinstance(metrics, str) or len(sides) != len(metrics):
        raise BadInput(
            f"expected is {expected!r}, metrics is {metrics!r}",
            "localise(metrics=, expected=)",
            "give two lists, with one entry of `expected` for each metric",
        )
    found = []
    for metric, side in zip(metrics, sides, strict=True):
        columns, reference = _columns(metric), None if side is None else _columns(side)
        if isinstance(columns, tuple):
            found.append(Comparison(None, *columns, reference, periods))
        else:
            found.append(Comparison(columns, None, None, reference, periods))
    return list(dict.fromkeys(found))


def _pair(metric: Sequence[str | None]) -> tuple[str | None, str | None]:
    if len(metric) != 2:
        raise BadInput(
            f"measure is {metric!r}",
            "localise(measure=)",
            "name a column that adds up, or the pair (numerator, denominator) of a rate",
        )
    return metric[0], metric[1]


def _columns(metric: object) -> Metric:
    """A column, the number of its values, or a pair of columns."""
    if isinstance(metric, str | Distinct):
        return metric
    parts = list(metric) if isinstance(metric, Sequence) else []
    if len(parts) == 2 and isinstance(parts[0], str) and isinstance(parts[1], str):
        return parts[0], parts[1]
    raise BadInput(
        f"{metric!r} is no metric",
        "localise(metrics=, expected=)",
        "name a column that adds up, or the pair (numerator, denominator) of a rate",
    )


def compared(
    data: Facts | Tabular, dimensions: tuple[str, ...], question: Comparison
) -> tuple[Leaves, tuple[str, ...]]:
    """Sums per finest combination, a baseline scaled to the length of the current period;
    and the dimensions."""
    names = tuple(dict.fromkeys(dimensions))
    if isinstance(question.measure, Distinct):
        data, names = _once(data, names, question, question.measure)
    leaves = _of_frame(data, names, question) if isinstance(data, pd.DataFrame) and names else None
    if leaves is None:
        leaves, names = _of_engine(data, names, question)
    if question.periods is None:
        return leaves, names
    ratio = question.periods[1].days / question.periods[0].days
    scaled = {f"{k}0": leaves.frame[f"{k}0"] * ratio for k in question.now()}
    return replace(leaves, frame=leaves.frame.assign(**scaled)), names


def _of_frame(frame: pd.DataFrame, names: tuple[str, ...], question: Comparison) -> Leaves | None:
    """Summed where it is; None for a frame whose columns only an engine reads."""
    columns = question.columns()
    _check_columns(names, columns.values(), list(frame.columns), "cube")
    frame, edges = frame_bins(frame, names)
    if not is_plain(frame, names, columns.values(), TIME if question.periods else None):
        return None
    values = amounts(frame, columns)
    holed = ~np.isfinite(np.sum([*values.values()], axis=0))
    if question.periods is not None:
        values = amounts_between(frame, TIME, question.periods, question.now())
        holed &= within(frame, TIME, question.periods)
    if holed.any():
        values = {name: np.where(holed, 0.0, amount) for name, amount in values.items()} | {
            HOLED: holed.astype(float)
        }
    return replace(_without_holes(frame_sums(frame, names, values)), edges=edges)


def _without_holes(leaves: Leaves) -> Leaves:
    """Without combinations of which a period is known by nothing but rows that were left out:
    that is no fall to 0."""
    if HOLED not in leaves.frame:
        return leaves
    if not (holed := leaves.frame[HOLED] > 0).any():
        return replace(leaves, frame=leaves.frame.drop(columns=HOLED))
    amounts = [c for c in (NUM0, NUM1) if c in leaves.frame]
    blank = holed & (leaves.frame[amounts] == 0).any(axis=1)
    kept = leaves.frame[~blank].drop(columns=HOLED).reset_index(drop=True)
    return replace(leaves, frame=kept, missing=int(leaves.frame[HOLED].sum()))


def _once(
    data: Facts | Tabular, names: tuple[str, ...], question: Comparison, measure: Distinct
) -> tuple[Facts, tuple[str, ...]]:
    facts = data if isinstance(data, Facts) else Facts.of(data)
    names = names or facts.dimensions_named
    _check_columns(names, [measure.column], list(facts.table.columns), facts.name)
    return shared(facts, measure, names, question.periods), names


def _of_engine(
    data: Facts | Tabular, names: tuple[str, ...], question: Comparison
) -> tuple[Leaves, tuple[str, ...]]:
    if isinstance(data, Table):
        table = data
    elif question.periods is None:
        table = Table(data, name="cube")  # type: ignore[arg-type]  # a Table takes whatever holds one
    else:
        table = Facts.of(data)
    names, columns = names or table.dimensions_named, question.columns()
    _check_columns(names, columns.values(), list(table.table.columns), table.name)
    rows, edges = table_bins(table.table, names)
    missing: Any = ibis.or_(*[rows[c].isnull() for c in columns.values()])
    if question.periods is None:
        asked = {k: _known(rows[c].cast("float64"), missing) for k, c in columns.items()}
        found = _leaves(rows, names, asked | {HOLED: missing.cast("float64")})
        return replace(_without_holes(found), edges=edges), names
    if not isinstance(table, Facts):
        raise BadInput(
            "periods need to know which column is the time",
            "localise(periods=)",
            "wrap the table: Facts(table, time=…)",
        )
    asked = {
        k: _known(v, missing)
        for k, v in between(rows, table.time, question.periods, question.now()).items()
    }
    day = day_of(rows, table.time)
    compared_days: Any = ibis.or_(*[inside(day, p) for p in question.periods])
    asked[HOLED] = (missing & compared_days).cast("float64")
    return replace(_without_holes(_leaves(rows, names, asked)), edges=edges), names


def _leaves(rows: ir.Table, names: tuple[str, ...], asked: Mapping[str, ir.Value]) -> Leaves:
    return coded_sums(rows, names, asked) or sums(rows, names, asked)


def _known(amount: Any, missing: Any) -> ir.Value:
    """The amount of a row, 0 in a row that is left out."""
    return missing.ifelse(ibis.literal(0.0), amount)


def _check_columns(
    names: Sequence[str], columns: Iterable[str], known: list[str], table: str
) -> None:
    if not names:
        raise BadInput(
            "no dimension to search",
            "localise(dimensions=)",
            "name the columns to break the deviation down by",
        )
    for name in names:
        if name not in known:
            raise unknown("column", name, known, f"table {table!r}, localise(dimensions=)")
    for column in columns:
        if column not in known:
            raise unknown("column", column, known, f"table {table!r}")
