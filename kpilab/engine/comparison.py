"""Comparison: amounts of today beside those they are compared with, per finest combination of dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from kpilab.core.table import Facts, Table
from kpilab.engine.frames import amounts, amounts_between, frame_sums, is_plain
from kpilab.engine.leaves import Leaves, between, sums
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period

TIME = "date"  # column that tells the day in a plain frame, as in `Facts`


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which columns are compared; see `kpilab.localise`."""

    measure: str | None
    numerator: str | None
    denominator: str | None
    expected: str | tuple[str, str] | None
    periods: tuple[Period, Period] | None

    def __post_init__(self) -> None:
        rate = self.numerator is not None and self.denominator is not None
        if (self.measure is None) != rate or (self.numerator is None) != (self.denominator is None):
            raise BadInput(
                f"measure is {self.measure!r}, numerator {self.numerator!r}, denominator {self.denominator!r}",
                "localise(measure=, numerator=, denominator=)",
                "give either a measure, or a numerator and a denominator",
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

    def now(self) -> dict[str, str]:
        if self.measure is not None:
            return {"num": self.measure}
        return {"num": str(self.numerator), "den": str(self.denominator)}

    def columns(self) -> dict[str, str]:
        """Name of the sum -> column: `num1` (`den1`), and `num0` (`den0`) where the reference has its own."""
        names = (self.expected,) if isinstance(self.expected, str) else (self.expected or ())
        reference = dict(zip(("num0", "den0"), names, strict=False))
        return {f"{k}1": c for k, c in self.now().items()} | reference


def compared(
    data: Facts | ir.Table | pd.DataFrame, dimensions: tuple[str, ...], question: Comparison
) -> tuple[Leaves, tuple[str, ...]]:
    """Sums per finest combination, a baseline scaled to the length of the current period; and the dimensions."""
    names = tuple(dict.fromkeys(dimensions))
    leaves = _of_frame(data, names, question) if isinstance(data, pd.DataFrame) and names else None
    if leaves is None:
        leaves, names = _of_engine(data, names, question)
    if question.periods is None:
        return leaves, names
    ratio = question.periods[1].days / question.periods[0].days
    scaled = {f"{k}0": leaves.frame[f"{k}0"] * ratio for k in question.now()}
    return Leaves(leaves.frame.assign(**scaled), leaves.grouped), names


def _of_frame(frame: pd.DataFrame, names: tuple[str, ...], question: Comparison) -> Leaves | None:
    """Summed where it is; None for a frame whose columns only an engine reads."""
    columns = question.columns()
    _check_columns(names, columns.values(), list(frame.columns), "cube")
    if not is_plain(frame, names, columns.values(), TIME if question.periods else None):
        return None
    if question.periods is None:
        return frame_sums(frame, names, amounts(frame, columns))
    return frame_sums(frame, names, amounts_between(frame, TIME, question.periods, question.now()))


def _of_engine(
    data: Facts | ir.Table | pd.DataFrame, names: tuple[str, ...], question: Comparison
) -> tuple[Leaves, tuple[str, ...]]:
    if isinstance(data, pd.DataFrame) and question.periods is not None:
        data = Facts(data, dimensions=names)  # type: ignore[arg-type]  # a Table wraps frames itself
    table = data if isinstance(data, Table) else Table(data, name="cube")  # type: ignore[arg-type]  # as above
    names, columns = names or table.dimensions_named, question.columns()
    _check_columns(names, columns.values(), list(table.table.columns), table.name)
    if question.periods is None:
        return sums(table.table, names, {k: table.table[c].cast("float64") for k, c in columns.items()}), names
    if not isinstance(table, Facts):
        raise BadInput(
            "periods need to know which column is the time",
            "localise(periods=)",
            "wrap the table: Facts(table, time=…)",
        )
    return sums(table.table, names, between(table.table, table.time, question.periods, question.now())), names


def _check_columns(names: Sequence[str], columns: Iterable[str], known: list[str], table: str) -> None:
    if not names:
        raise BadInput(
            "no dimension to search", "localise(dimensions=)", "name the columns to break the deviation down by"
        )
    for name in names:
        if name not in known:
            raise unknown("column", name, known, f"table {table!r}, localise(dimensions=)")
    for column in columns:
        if column not in known:
            raise unknown("column", column, known, f"table {table!r}")
