"""Correlate: which of these series move together? The first thing an analyst types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.door.frames import dated
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.questions.series import those_by_day
from kpilab.stats.multiplicity import benjamini_hochberg
from kpilab.stats.relation.axis import Calendar, axis, calendar_terms, peaks
from kpilab.stats.relation.related import LEAST_RHO, Question, relation_tests

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

DEFAULT_LAGS = (-2, -1, 0, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class CorrelateResult(Result):
    """Answer of `correlate`.

    Attributes:
        table: one row per pair; columns `first`, `second`, `lag` (periods by which `first` leads),
            `rho` (correlation of what is new in each), `low`, `high` (interval, corrected for the
            lags), `p` (corrected for the lags), `q` (corrected for the pairs as well), `verdict`
            (related, unrelated, inconclusive), `naive` (Pearson correlation of the series as they
            are).
        names: the series, in the order given.
        lags: the lags looked at. level: confidence level.
        left_out: names of series that never change.
    """

    names: tuple[str, ...]
    lags: tuple[int, ...]
    level: float
    left_out: tuple[str, ...]
    kind: ClassVar[str] = "correlate"

    @property
    def headline(self) -> Message:
        related = self.table[self.table["verdict"] == "related"]
        fooled = int(
            ((self.table["naive"].abs() > 0.5) & (self.table["verdict"] != "related")).sum()
        )
        values = {"pairs": len(self.table), "related": len(related), "fooled": fooled}
        if not len(related):
            return Message("correlate.none", values)
        best = related.sort_values("q").iloc[0]
        return Message(
            "correlate.some",
            values | {"first": best["first"], "second": best["second"], "rho": float(best["rho"])},
        )


@keywords("correlate")
def correlate(
    frame: Frame | Case,
    *,
    metrics: Sequence[str] = (),
    lags: Sequence[int] = DEFAULT_LAGS,
    calendar: str | Calendar | None = None,
    least: float = LEAST_RHO,
    level: float = 0.95,
) -> CorrelateResult:
    """Relations among all columns of a table, honest about trend, season, lags and how many were
    looked at.

    The test of each pair is that of `relate`; pairs are corrected together (Benjamini-Hochberg).

    Args:
        frame: one row per period, indexed by date, one numeric column per series (at least two); or
            a case, whose metrics are then measured per day from the first day of its baseline to
            the last of its current period.
        metrics: names of the columns or metrics to look at; all if empty.
        lags: periods by which the first of a pair leads; negative ones too.
        calendar: country code whose holidays are taken out, or a `Calendar` with shocks that hit
            several series.
        least: smallest correlation that would matter.
        level: confidence level.

    Returns:
        CorrelateResult with one row per pair.

    Raises:
        BadInput: no dates, a day twice, no lags, fewer than 12 periods, a gap, fewer than two
            series that change.

    Example:
        >>> weeks = pd.date_range("2024-01-01", periods=60, freq="7D")
        >>> frame = pd.DataFrame(np.random.default_rng(1).normal(size=(60, 3)), weeks, list("abc"))
        >>> correlate(frame).table.shape
        (3, 10)
    """
    fraction(level, "correlate(level=)")
    fraction(least, "correlate(least=)")
    if not len(lags):
        raise BadInput("no lags", "correlate(lags=)", f"give at least one, e.g. {DEFAULT_LAGS}")
    chosen, refused = _chosen(frame, metrics)
    numbers, left_out = _usable(chosen)
    ax = axis(numbers.index.to_numpy(), "correlate(frame)")
    names = tuple(str(c) for c in numbers.columns)
    first, second = np.array(list(combinations(range(len(names)), 2))).T
    values = numbers.to_numpy(float).T
    question = Question(
        ax.season, None, calendar_terms(ax, calendar), peaks(ax), tuple(lags), 1 - level,
        least,
    )  # fmt: skip
    tests = relation_tests(values[first], values[second], question)
    q = benjamini_hochberg(tests.p)
    verdict = np.where(
        (tests.verdict == "related") & (q >= 1 - level), "inconclusive", tests.verdict
    )
    table = pd.DataFrame(
        {
            "first": np.array(names)[first], "second": np.array(names)[second], "lag": tests.lag,
            "rho": tests.rho,
            "low": tests.low, "high": tests.high, "p": tests.p, "q": q, "verdict": verdict,
            "naive": np.corrcoef(values)[first, second],
        }
    )  # fmt: skip
    notes = (*([Message("correlate.left_out", {"names": left_out})] if left_out else []), *refused)
    return CorrelateResult(table, names, tuple(int(k) for k in lags), level, left_out, notes=notes)


def _chosen(
    frame: Frame | Case, metrics: Sequence[str]
) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """The series asked for, by day, and a note for each that cannot be measured."""
    if not isinstance(frame, Case):
        rows = dated(frame, "correlate(frame)")
        _check_names(metrics, rows.columns)
        return rows[list(metrics)] if metrics else rows, ()
    _check_names(metrics, frame.metrics)
    return those_by_day(frame, list(metrics or frame.metrics))


def _check_names(metrics: Sequence[str], known: Iterable[object]) -> None:
    for name in metrics:
        if name not in list(known):
            raise unknown("metric", name, known, "correlate, argument 'metrics'")


def _usable(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Columns that change; names of the constant and empty ones."""
    constant = tuple(str(c) for c in frame.columns if frame[c].nunique() < 2)
    numbers = frame[[c for c in frame.columns if str(c) not in constant]]
    gaps = numbers.columns[numbers.isna().any()]
    if len(gaps):
        day = numbers.index[numbers[gaps[0]].isna()][0].date()
        raise BadInput(
            f"series {gaps[0]!r} has no value on {day}",
            "correlate(frame)",
            "fill the gap or drop the series",
        )
    if numbers.shape[1] < 2:
        raise BadInput(
            f"only {numbers.shape[1]} numeric series changes",
            "correlate(frame)",
            "give at least two columns that vary",
        )
    return numbers, constant
