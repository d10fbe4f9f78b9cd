"""Timing: is work claimed in a rush at the end of the period, or entered long after it was done?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import Effect, Message, fraction
from kpilab.engine.days import day_of, work
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.stats.execution.rush import rush
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

ALPHA, LATE_DAYS = 0.01, 1


@dataclass(frozen=True, slots=True, eq=False)
class TimingResult(Result):
    """Answer of `timing`.

    Attributes:
        table: one row per actor; columns `actor`, `records`, `late` (records entered more than
            `late_days` days after the work), `share` (0-1), `low`, `high` (Wilson), `after_close`
            (late records entered when the month of the work was over), `median_days` (entry after
            work). Numbers of lateness are NaN without a `recorded` column.
        daily: claimed quantity per day: `day`, `quantity`, `expected` (without the rush), `last`
            (bool).
        ending: quantity on the last days of each month or week as a multiple of the other days,
            with interval.
        p: of `ending` > 1.
    """

    daily: pd.DataFrame
    ending: Effect
    p: float
    kind: ClassVar[str] = "timing"

    @property
    def headline(self) -> Message:
        late = self.table["late"].sum() / max(self.table["records"].sum(), 1)
        values = {"ratio": self.ending.value, "low": self.ending.low, "high": self.ending.high}
        values |= {"late": None if self.table["late"].isna().all() else float(late)}
        return Message(
            "timing.rush" if self.p <= ALPHA and self.ending.value > 1 else "timing.even", values
        )


def timing(
    records: Executions | Tabular,
    *,
    period: Period,
    action: str | None = None,
    every: Literal["week", "month"] = "month",
    last_days: int = 3,
    late_days: int = LATE_DAYS,
    level: float = 0.95,
) -> TimingResult:
    """Compare the last days of each month (or week) with the others, and entry with work.

    Daily quantities are regressed on the weekday, a trend and a term for the last days
    (quasi-Poisson); for `every="week"` the weekday terms are left out. Late are records entered
    more than `late_days` after the work.

    Args:
        records: claims; with `recorded` for late entry. period: 21 days or more. action: None for
            all.
        every: what ends. last_days: how many days count as the end. late_days: grace. level:
            confidence level.

    Raises:
        BadInput: under 21 days, no records, days whose claims are negative in sum, or a period that
            holds no end of a month.
    """
    fraction(level, "timing(level=)")
    records = Executions.of(records)
    if period.days < 21:
        raise BadInput(f"period has {period.days} days", "timing(period=)", "give 21 days or more")
    frame = _daily(records, period, action)
    last = _last(frame["day"], every, last_days)
    if not last.any() or last.all():
        raise BadInput(
            f"no end of a {every} in {period}",
            "timing(every=)",
            'try every="week" or a longer period',
        )
    if not frame["quantity"].any():
        raise BadInput(
            f"nothing was claimed in {period}",
            "timing(period=)",
            "choose other days or another action",
        )
    below = frame.loc[frame["quantity"] < 0, "day"]
    if len(below):
        raise BadInput(
            f"claims add up to less than nothing on {len(below)} of {len(frame)} days, first on "
            f"{below.iloc[0]:%Y-%m-%d}",
            f"table {records.name!r}, column {records.quantity!r}",
            "put what was taken back on the day of the work it belongs to",
        )
    weekday = (
        frame["day"].dt.weekday.to_numpy() if every == "month" else np.zeros(len(frame), dtype=int)
    )
    found = rush(frame["quantity"].to_numpy(), weekday, last, level)
    missing = period.days - len(frame)
    notes = (Message("timing.missing", {"days": missing}),) if missing else ()
    daily = frame.assign(expected=found.expected, last=last)
    ending = Effect(found.ratio, found.low, found.high)
    return TimingResult(
        _late(records, period, action, late_days, level), daily, ending, found.p, notes=notes
    )


def _daily(records: Executions, period: Period, action: str | None) -> pd.DataFrame:
    rows = work(records, period, action)
    by_day = rows.group_by(day=day_of(rows, records.time)).agg(
        quantity=_[records.quantity].sum().cast("float64")
    )
    frame = collect(by_day, "timing")
    if frame.empty:
        raise BadInput(
            f"no records in {period}", "timing(period=)", "choose other days or another action"
        )
    days = pd.date_range(period.first, period.last)
    whole = (
        frame.assign(day=pd.to_datetime(frame["day"]))
        .set_index("day")["quantity"]
        .reindex(days, fill_value=0.0)
    )
    # A day whose quantities are all missing is not known, and no day of nothing.
    return whole.dropna().rename_axis("day").reset_index()


def _last(days: pd.Series, every: str, last_days: int) -> np.ndarray:
    """Whether each day is one of the last of its month or week."""
    left = days.dt.days_in_month - days.dt.day if every == "month" else 6 - days.dt.weekday
    return (left < last_days).to_numpy()


def _late(
    records: Executions, period: Period, action: str | None, late_days: int, level: float
) -> pd.DataFrame:
    rows = work(records, period, action)
    actor = label(rows[records.actor])
    if records.recorded is None:
        counted = collect(rows.group_by(actor=actor).agg(records=_.count()), "timing")
        frame = counted.sort_values("actor", ignore_index=True)
        return frame.assign(
            **dict.fromkeys(("late", "share", "low", "high", "after_close", "median_days"), np.nan)
        )
    done, entered = day_of(rows, records.time), day_of(rows, records.recorded)
    waited = entered.delta(done, unit="day")
    marked = rows.select(
        actor=actor, waited=waited, later=entered.truncate("M") > done.truncate("M")
    ).filter(_.waited.notnull())
    frame = collect(
        marked.group_by("actor").agg(
            records=_.count(),
            late=(_.waited > late_days).sum(),
            after_close=(_.later & (_.waited > late_days)).sum(),
            median_days=_.waited.cast("float64").median(),
        ),
        "timing",
    )
    low, high = wilson(frame["late"], frame["records"], level)
    frame = frame.assign(share=frame["late"] / frame["records"], low=low, high=high)
    columns = ["actor", "records", "late", "share", "low", "high", "after_close", "median_days"]
    return frame.sort_values(["share", "actor"], ascending=[False, True], ignore_index=True)[
        columns
    ]
