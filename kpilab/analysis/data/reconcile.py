"""Reconcile: do the log and the books tell the same, day by day?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, Period, Where
from kpilab.engine.daily import Measured, daily, on_days
from kpilab.engine.holes import holes
from kpilab.errors import BadInput, unknown
from kpilab.stats.data.agree import agreement
from kpilab.stats.multiplicity import benjamini_hochberg

ALPHA, LEAST_DIFFERENCE, LEAST_DAYS, MOST_SEGMENTS = 0.01, 0.05, 7, 300


@dataclass(frozen=True, slots=True, eq=False)
class ReconcileResult(Result):
    """Answer of `reconcile`.

    Attributes:
        table: one row per segment and day; columns `segment` (text; "" for the whole), `day`,
            `logged`, `books`, `ratio` (logged / books; NaN where the books hold nothing), `usual`
            (median ratio of the segment), `missing` (usual * books - logged; negative when the log
            holds more), `z`, `q` (corrected over days and segments), `differs` (bool: q <= 0.01 and
            at least 5 % off).
        by: dimension it was cut by; None for the whole.
        share: part of what the books hold that is missing in the log on the days that differ (0-1,
            signed).
    """

    by: str | None
    share: float
    kind: ClassVar[str] = "reconcile"

    @property
    def differing(self) -> pd.DataFrame:
        """The days that differ."""
        return self.table[self.table["differs"]]

    @property
    def headline(self) -> Message:
        days = self.differing
        if days.empty:
            return Message("reconcile.agree", {"days": int(self.table["day"].nunique())})
        segments = tuple(s for s in days["segment"].unique() if s)
        values = {
            "days": int(days["day"].nunique()),
            "of": int(self.table["day"].nunique()),
            "share": self.share,
        }
        values["period"] = Period(days["day"].min().date(), days["day"].max().date())
        where = Where({self.by: segments}) if self.by and len(segments) <= 5 else None
        return Message("reconcile.differ", values | {"where": where})


def reconcile(
    logged: Measured, books: Measured, *, period: Period, by: str | None = None
) -> ReconcileResult:
    """Hold a metric of the log against the same thing in the books, per day and segment.

    The two need not be equal: the usual ratio is the median over the days, and a day differs when
    it departs from it by at least 5 % and more than the two usually scatter (corrected over all
    days and segments).

    Args:
        logged, books: metric and table; both additive over days.
        period: days to compare, 7 or more.
        by: a dimension that both tables have; None compares the whole.

    Returns:
        ReconcileResult with one row per segment and day.

    Raises:
        BadInput: a period under 7 days, or a dimension that one of the tables does not have.

    Note: a usual ratio far from 1 is no day that differs: read `usual` for that.
    """
    if period.days < LEAST_DAYS:
        raise BadInput(
            f"period has {period.days} days", "reconcile(period=)", f"give at least {LEAST_DAYS}"
        )
    for side in (logged, books) if by else ():
        if by not in side.table.table.columns:
            raise unknown("dimension", by, side.table.table.columns, f"table {side.table.name!r}")
    left, right = (daily(side, period, by) for side in (logged, books))
    if left.empty and right.empty:
        raise BadInput(
            f"neither side has rows in {period}", "reconcile(period=)", "choose days that have data"
        )
    segments = [""] if by is None else sorted(set(left["segment"]) | set(right["segment"]))
    if len(segments) > MOST_SEGMENTS:
        raise BadInput(
            f"{by!r} has {len(segments)} values",
            "reconcile(by=)",
            f"at most {MOST_SEGMENTS}; choose a coarser one",
        )
    notes = () if by is None else _apart(left, right, by)
    table = pd.concat([_segment(s, left, right, period, by) for s in segments], ignore_index=True)
    table["q"] = benjamini_hochberg(table.pop("p"))
    off = (table["missing"].abs() / (table["usual"] * table["books"])) >= LEAST_DIFFERENCE
    table["differs"] = (table["q"] <= ALPHA) & off
    total = float((table["usual"] * table["books"]).sum())
    missing = float(table.loc[table["differs"], "missing"].sum())
    notes += tuple(n for side in (logged, books) for n in holes(side.table, side.metric, period))
    return ReconcileResult(table, by, missing / total if total else float("nan"), notes=notes)


def _apart(left: pd.DataFrame, right: pd.DataFrame, by: str) -> tuple[Message, ...]:
    """A note that names the segments of one side only.

    Raises:
        BadInput: the sides share none.
    """
    logged, books = set(left["segment"]), set(right["segment"])
    if logged and books and not logged & books:
        raise BadInput(
            f"no value of {by!r} is on both sides: {min(logged)!r} in the log, {min(books)!r} in"
            " the books",
            "reconcile(by=)",
            "write them alike in both tables",
        )
    alone = tuple(sorted(logged ^ books))
    return (
        (Message("reconcile.apart", {"by": by, "segments": alone[:5], "n": len(alone)}),)
        if alone
        else ()
    )


def _segment(
    segment: str, left: pd.DataFrame, right: pd.DataFrame, period: Period, by: str | None
) -> pd.DataFrame:
    sides = [f if by is None else f[f["segment"] == segment] for f in (left, right)]
    logged, books = (on_days(f, period, "value") for f in sides)
    found = agreement(logged, books)
    table = pd.DataFrame(
        {
            "segment": segment,
            "logged": logged,
            "books": books,
            "ratio": logged / books.where(books > 0),
        }
    )
    table["usual"], table["missing"] = found.ratio, found.ratio * books - logged
    table["z"], table["p"] = found.z, found.p
    return table.rename_axis(index="day").reset_index()
