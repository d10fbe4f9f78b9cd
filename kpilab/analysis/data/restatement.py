"""Restatement: what changed in figures already reported: rows that arrived late, went,
or were altered?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
from ibis import _

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, Period
from kpilab.engine.daily import Measured
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.keys import Id, joinable, moved
from kpilab.engine.door.labels import label
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Table

SETTLED = 0.9
ROWS = Metric("kpilab_rows", "", measure="count(*)")


@dataclass(frozen=True, slots=True, eq=False)
class RestatementResult(Result):
    """Answer of `restatement`.

    Attributes:
        table: one row per day; columns `day`, `age` (days it was old when the earlier copy was
            taken), `before`, `after` (the metric in each copy), `change`, `share` (change / before;
            NaN from zero), `rows_before`, `rows_after`, `late_share` (part of the day's rows that
            were not yet there, 0-1), `low`, `high` (its Wilson interval), `kind` ("late": rows
            still arrived; "gone": rows went; "restated": figures of a settled day changed; "same"),
            and with a key `late`, `gone`, `altered` (rows; NaN without).
        settled: age in days from which on figures stayed as they were; None if they never did.
        total: change of the metric over all days as a share of the earlier figure; its interval
            spans the change over the settled days alone and that over all days.
        tolerance: changes up to this share are none.
    """

    settled: int | None
    total: Effect
    tolerance: float
    kind: ClassVar[str] = "restatement"

    @property
    def headline(self) -> Message:
        kinds = self.table["kind"]
        values = {"days": len(self.table), "settled": self.settled, "share": self.total.value}
        values |= {
            f"{kind}_days": int((kinds == kind).sum()) for kind in ("late", "gone", "restated")
        }
        if (kinds == "same").all():
            return Message("restatement.same", values)
        hit = self.table[kinds.isin(("restated", "gone"))]
        if hit.empty:
            return Message("restatement.late", values)
        values["period"] = Period(hit["day"].min().date(), hit["day"].max().date())
        return Message("restatement.restated", values)


def restatement(
    earlier: Measured,
    later: Measured,
    *,
    period: Period,
    taken: date | None = None,
    key: str | None = None,
    tolerance: float = 0.005,
) -> RestatementResult:
    """Hold an earlier copy of a table against a later one, day by day.

    The last days of the earlier copy are expected to grow: figures count as settled from the age on
    at which nine in ten older days stayed as they were. A change of a settled day is a restatement.
    With a key every row is followed: rows that came, went, or were altered in any column both
    copies have.

    Args:
        earlier, later: the metric on each copy of the table.
        period: days to compare.
        taken: day on which the earlier copy was taken; None for its last day.
        key: column of the row's id in both copies.
        tolerance: share of a day's figure up to which a change is none.

    Returns:
        RestatementResult with one row per day of the period that either copy holds.

    Raises:
        BadInput: no rows in the period, a tolerance below 0, or a key that one of the copies does
            not have.

    Note: both copies are complete counts, so changes have no sampling error; only shares of rows
    have an interval.
    """
    _check(earlier.table, later.table, key, tolerance)
    table = _days(earlier, period).merge(
        _days(later, period), on="day", how="outer", suffixes=("_before", "_after")
    )
    # A day without rows is nothing; one whose values are all missing is not known.
    for side in ("before", "after"):
        rows = table[f"rows_{side}"] = table[f"rows_{side}"].fillna(0.0)
        table[f"value_{side}"] = table[f"value_{side}"].mask(rows == 0, 0.0)
    unknown_days = table[["value_before", "value_after"]].isna().any(axis=1)
    table = table[~unknown_days].sort_values("day", ignore_index=True)
    notes = (
        (Message("restatement.missing", {"days": int(unknown_days.sum())}),)
        if unknown_days.any()
        else ()
    )
    if table.empty:
        raise BadInput(
            f"no rows in {period}",
            "restatement(period=)",
            "choose days that one of the copies holds",
        )
    last = pd.Timestamp(taken) if taken else table.loc[table["rows_before"] > 0, "day"].max()
    table = _compared(table[table["day"] <= last].reset_index(drop=True), last)
    settled = _settled(table, tolerance)
    table["kind"] = [_kind(row, settled, tolerance) for row in table.to_dict("records")]
    if key is not None:
        table = table.merge(_rows(earlier.table, later.table, key, period), on="day", how="left")
    counts = ["late", "gone", "altered"]
    table = table.reindex(columns=[*table.columns.difference(counts, sort=False), *counts])
    if key is not None:
        table[counts] = table[counts].fillna(0.0)
    return RestatementResult(table, settled, _total(table, settled), tolerance, notes=notes)


def _check(earlier: Table, later: Table, key: str | None, tolerance: float) -> None:
    if tolerance < 0:
        raise BadInput(
            f"tolerance is {tolerance}",
            "restatement(tolerance=)",
            "give a share from 0, e.g. 0.005",
        )
    for table in (earlier, later) if key is not None else ():
        if key not in table.table.columns:
            raise unknown("column", key, table.table.columns, f"table {table.name!r}")


def _days(measured: Measured, period: Period) -> pd.DataFrame:
    """Value and rows per day."""
    found = measure(measured.table, [measured.metric, ROWS], {"all": period}, Cut("day"))
    values = found[measured.metric.name].astype(float)
    return pd.DataFrame(
        {"day": pd.to_datetime(found[BUCKET]), "value": values, "rows": found[ROWS.name]}
    )


def _compared(table: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    table = table.rename(columns={"value_before": "before", "value_after": "after"})
    table["age"] = (last - table["day"]).dt.days
    table["change"] = table["after"] - table["before"]
    table["share"] = table["change"] / table["before"].where(table["before"] != 0)
    late = (table["rows_after"] - table["rows_before"]).clip(lower=0)
    known = table["rows_after"].where(table["rows_after"] > 0)
    table["late_share"] = late / known
    table["low"], table["high"] = wilson(late, known)
    order = ["day", "age", "before", "after", "change", "share", "rows_before", "rows_after"]
    return table[[*order, "late_share", "low", "high"]]


def _moved(table: pd.DataFrame, tolerance: float) -> pd.Series:
    """Whether a day's figure or its rows changed by more than the tolerance."""
    by_value = table["change"].abs() > tolerance * table["before"].abs()
    by_rows = (table["rows_after"] - table["rows_before"]).abs() > tolerance * table["rows_before"]
    return by_value | by_rows


def _settled(table: pd.DataFrame, tolerance: float) -> int | None:
    """Smallest age from which on nine in ten days stayed as they were."""
    still = (~_moved(table, tolerance)).groupby(table["age"]).mean().sort_index()
    older = still[::-1].expanding().mean()[::-1]
    fits = older[(older >= SETTLED) & (still == 1)]
    return None if fits.empty else int(fits.index.min())


def _kind(row: dict[Any, Any], settled: int | None, tolerance: float) -> str:
    fewer, more = (
        sign * (row["rows_after"] - row["rows_before"]) > tolerance * row["rows_before"]
        for sign in (-1, 1)
    )
    if fewer:
        return "gone"
    if not more and abs(row["change"]) <= tolerance * abs(row["before"]):
        return "same"
    fresh = settled is None or row["age"] < settled
    return "late" if fresh and more else "restated"


def _rows(earlier: Table, later: Table, key: str, period: Period) -> pd.DataFrame:
    """Rows per day that came, went, or were altered."""
    old, new = _keyed(earlier, key, period), _keyed(later, key, period)
    new = moved(new, old, later.name)
    alike = joinable(Id(new, key, later.name), Id(old, key, earlier.name))
    old, new = (side.mutate(**{key: alike(side[key])}) for side in (old, new))
    shared = [c for c in old.columns if c in new.columns and c != key]
    both = old.inner_join(new, key, rname="{name}_new")
    differs = reduce(or_, [_differ(both[c], both[f"{c}_new"]) for c in shared])
    parts = {
        "late": new.anti_join(old, key),
        "gone": old.anti_join(new, key),
        "altered": both.filter(differs),
    }
    frames = [
        collect(rows.group_by(day=rows["kpilab_day"]).agg(n=_.count()), "restatement").assign(
            what=what
        )
        for what, rows in parts.items()
    ]
    long = pd.concat(frames, ignore_index=True)
    long["day"] = pd.to_datetime(long["day"])
    return long.pivot_table(index="day", columns="what", values="n", aggfunc="sum").reset_index()


def _differ(old: Any, new: Any) -> Any:
    """Whether two cells differ; where one column holds text and the other does not, as text."""
    if old.type().is_string() != new.type().is_string():
        old, new = label(old), label(new)
    return ~old.identical_to(new)


def _keyed(table: Table, key: str, period: Period) -> ir.Table:
    """Rows of the period with a key, and their day."""
    rows = table.table.mutate(kpilab_day=day_of(table.table, table.roles()["time"]))
    return rows.filter(inside(rows["kpilab_day"], period) & rows[key].notnull())


def _total(table: pd.DataFrame, settled: int | None) -> Effect:
    old = table[table["age"] >= settled] if settled is not None else table.head(0)
    shares = [
        float(t["change"].sum() / t["before"].sum()) if t["before"].sum() else 0.0
        for t in (table, old)
    ]
    return Effect(shares[0], min(shares), max(shares), "share")
