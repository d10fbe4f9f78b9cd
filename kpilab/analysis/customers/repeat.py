"""Repeat: how many new customers order again, how soon, and where not as usual?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.customers.stand_out import Parts, View, inside, stand_out
from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, Facts
from kpilab.core.values import EVERYWHERE, Message, Period, Where, duration, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.history import history
from kpilab.engine.customers.repeats import Repeats, ordered, repeats, waits
from kpilab.errors import BadInput
from kpilab.stats.customers.survival import curve
from kpilab.stats.customers.usual import Sums
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

COLUMNS = ["where", "customers", "again", "rate", "rate_low", "rate_high", "expected",
           "effect", "low", "high", "p", "q"]  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class RepeatResult(Result):
    """Answer of `repeat`.

    Attributes:
        table: one row per segment judged, the most telling first; columns `where`, `customers` (new
            in the current period), `again` (of them, who ordered on a second day as far as they
            are followed), `rate` (their share), `rate_low`, `rate_high` (Wilson), `expected` (the
            share that the segment's former windows and the other segments let expect of customers
            followed as long), `effect`, `low`, `high` (second orders beyond what is expected), `p`,
            `q` (corrected for the search).
        places: rows of the segments that stand out.
        curve: one row per `where` (everywhere, and each of the places), `period` (current, or
            before: the windows before it) and `day` since the first order; `risk` (customers still
            followed, without a second order), `rate` (share who ordered again by then), `low`,
            `high`; customers not followed so long are taken out when they were last seen.
        days: how long customers are followed at most.
        searched: how many segments were judged. placebos: former contrasts behind the errors.
        level: confidence level.
    """

    places: pd.DataFrame
    curve: pd.DataFrame
    days: int
    searched: int
    placebos: int
    level: float
    kind: ClassVar[str] = "repeat"

    @property
    def headline(self) -> Message:
        if not self.places.empty:
            return place(self.places.iloc[0], self.days)
        now = self.curve[self.curve["period"] == "current"].dropna(subset="rate")
        if now.empty:
            return Message("repeat.none")
        row = now.iloc[-1]
        values = {"rate": float(row["rate"]), "low": float(row["low"]), "high": float(row["high"])}
        told = "repeat.usual" if self.placebos else "repeat.rate"
        return Message(told, values | {"days": int(row["day"])})


def place(row: pd.Series, days: int) -> Message:
    """One place in a sentence."""
    values = {"where": row["where"], "customers": int(row["customers"]), "again": int(row["again"]),
              "rate": float(row["rate"]), "expected": float(row["expected"]),
              "p": float(row["q"]), "days": days}  # fmt: skip
    return Message("repeat.fewer" if row["effect"] < 0 else "repeat.more", values)


def repeat(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    current: Period,
    by: Sequence[str] = (),
    customers: Entities | Tabular | None = None,
    within: timedelta | str = "90d",
    level: float = 0.95,
) -> RepeatResult:
    """Tell how many of those who ordered for the first time in a period ordered again, how soon,
    and in which segments fewer or more did than usual.

    An order is a day with an amount above zero. The new customers of the current period are held
    against those of former windows of the same length, each followed as long as the customers who
    came as late in the current period are, so that nobody is worse for being young: a segment
    against its own former windows and the course of the others. Rows after the period tell more: it
    is best asked about when `within` has passed since.

    Args:
        facts, customer, amount, by, customers, level: as for `churn`.
        current: the days of the first orders.
        within: how long a customer is followed at most; whole days.

    Returns:
        RepeatResult with one row per segment.

    Raises:
        BadInput: a column that is not there, an amount that does not add up over customers, or
            nobody followed for a day.

    Note:
        Without a table of customers the earliest window holds old customers who look new; it is
        left out.
    """
    fraction(level, "repeat(level=)")
    days = max(1, duration(within, "repeat(within=)").days)
    people = None if customers is None else Entities.of(customers)
    found = amounts(Facts.of(facts), amount, customer, by if people is None else ())
    last = max(current.last, min(found.span[1], current.last + timedelta(days=days)))
    if not current.first < last:
        what = f"nobody who came in {current} is followed for a day up to {last}"
        raise BadInput(what, "repeat(current=)", "ask about an earlier period")
    past = history(found, current, people, by, last)
    told = repeated(repeats(past, days), days, level)
    return replace(told, notes=(*told.notes, *found.left_out(last)))


def repeated(found: Repeats, days: int, level: float) -> RepeatResult:
    """The answer from when each new customer ordered."""
    past, leaves = found.past, _likely(ordered(found, days))
    seen = stand_out(leaves, tuple(past.by), "n", AGAIN, level, past.windows.a_year)
    now = leaves[leaves["window"] == 0]
    told = [_told(t, now, level) for t in (seen.table, seen.places)]
    wheres = [EVERYWHERE, *[w for w in seen.places["where"] if w]]
    drawn = pd.concat([_curve(found, w, level) for w in wheres], ignore_index=True)
    said = {"segments": seen.searched, "placebos": seen.placebos}
    notes = [Message("churn.history" if seen.placebos else "churn.no_history", said)]
    most = (past.seen.last - past.windows.current.first).days
    if most < days:
        notes.append(Message("repeat.short", {"days": most, "within": days}))
    if not past.dated:
        notes.append(Message("acquisition.first_amount"))
    return RepeatResult(
        told[0], told[1], drawn, min(days, most), seen.searched, seen.placebos, level,
        notes=tuple(notes),
    )  # fmt: skip


def _likely(leaves: pd.DataFrame) -> pd.DataFrame:
    """With as many as order again of all who are followed as long."""
    total = leaves.groupby("bin")[["n", "again"]].transform("sum")
    share = total["again"] / total["n"]
    return leaves.assign(likely=leaves["n"] * share, squares=leaves["n"] * share**2)


def _again(x: Parts) -> Sums:
    # Customers followed for different times vary less than as many with one chance: in all as much
    # as so many customers would.
    with np.errstate(all="ignore"):
        worth = np.nan_to_num(x["likely"] ** 2 / x["squares"])
    return Sums.of_counts(x["again"], x["likely"], worth)


AGAIN = (View("again", _again),)


def _told(table: pd.DataFrame, now: pd.DataFrame, level: float) -> pd.DataFrame:
    """The rows with counts and shares of the current period."""
    sums = ["n", "again", "likely"]
    rows = [now.loc[inside(now, w), sums].sum().to_numpy(float) for w in table["where"]]
    n, again, likely = np.array(rows).reshape(-1, 3).T
    with np.errstate(all="ignore"):
        rate, expected = again / n, table["expected"].to_numpy(float) * likely / n
    low, high = wilson(again, n, level)
    found = table.assign(customers=n.astype(int), again=again.astype(int), rate=rate,
                         rate_low=low, rate_high=high, expected=expected)  # fmt: skip
    return found[COLUMNS]


def _curve(found: Repeats, where: Where, level: float) -> pd.DataFrame:
    """The share of a segment's new customers who ordered again, day by day, now and before."""
    rows, parts = waits(found, where), []
    for now, name in ((False, "before"), (True, "current")):
        part = rows[rows["now"] == now].set_index("day")
        if part.empty:
            continue
        part = part.reindex(range(int(part.index.max()) + 1), fill_value=0)
        drawn = curve(part["again"].to_numpy(float), part["ended"].to_numpy(float), level)
        parts.append(pd.DataFrame({
            "period": name, "day": part.index.to_numpy(), "risk": drawn.risk,
            "rate": drawn.rate, "low": drawn.low, "high": drawn.high,
        }))  # fmt: skip
    columns = ["period", "day", "risk", "rate", "low", "high"]
    whole = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    whole.insert(0, "where", [where] * len(whole))
    return whole
