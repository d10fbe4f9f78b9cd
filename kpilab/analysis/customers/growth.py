"""Growth accounting: what did the customers do to an amount?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Message, Period, fraction
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import Amounts, amounts
from kpilab.engine.customers.growth import MONTH, MOVED, REGULAR, grown
from kpilab.engine.door.dimensions import called
from kpilab.errors import BadInput
from kpilab.stats.proportion import wilson
from kpilab.stats.tail import critical

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

MOVEMENTS = ("new", "back", "expanded", "kept", "contracted", "paused", "left", "nobody")
STAYED, GONE = ("expanded", "kept", "contracted"), ("paused", "left")
GAINED, LOST = ("new", "back", "expanded"), ("contracted", *GONE)
MOMENTS = ("bb", "bn", "nn", "less", "bl", "ll")
RATES, ENDS = ("net", "gross", "stayed", "quick"), ("", "_low", "_high")
ORDER = own("order")


@dataclass(frozen=True, slots=True, eq=False)
class GrowthResult(Result):
    """Answer of `growth`.

    Attributes:
        table: one row per segment and movement; columns those of `by`, `movement` (new: first
            amount after the baseline; back: had one before it, none in it; expanded, contracted,
            kept: more, less, as much as before; paused, left: none in the current period, by the
            rule in `notes`; nobody: rows of no customer), `customers`, `before`, `now` (their
            amounts), `change` (now − before), `low`, `high` (its interval over customers).
        months: the same from month to month; columns those of `by`, `month` (first day),
            `movement`, `customers`, `before`, `now`, `change`. Who left in a month had nothing up
            to the end of the current period; of the last months that is not known yet.
        rates: one row per segment; for each of `net` (what the baseline's customers spend now, as
            a share of what they spent), `gross` (the same, what they spend more left out),
            `stayed` (share of them with an amount now) and `quick` (gained by lost amount) the
            estimate and its ends `<rate>_low`, `<rate>_high`; NaN without customers or losses.
        contract: whether the amounts are regular invoices.
        gap: days without an amount after which a customer with few gaps has left; NaN if nobody
            stopped.
        level: confidence level.
    """

    months: pd.DataFrame
    rates: pd.DataFrame
    contract: bool
    gap: float
    level: float
    amount: str
    kind: ClassVar[str] = "growth"

    @property
    def headline(self) -> Message:
        sums = self.table.groupby("movement")[["before", "now", "change"]].sum()
        sums = sums.reindex(MOVEMENTS, fill_value=0.0)
        were = sums.loc[[*STAYED, *GONE]]
        net = _over(were["now"].sum(), were["before"].sum())
        values: dict[str, object] = {m: float(sums["change"][m]) for m in MOVEMENTS}
        said = {"amount": self.amount, "change": float(sums["change"].sum()), "net": net}
        return Message("growth.change", values | said)


def growth(
    facts: Facts | Tabular,
    *,
    customer: str,
    amount: str | Metric,
    baseline: Period,
    current: Period,
    by: Sequence[str] = (),
    level: float = 0.95,
) -> GrowthResult:
    """Split the change of an amount by what the customers did: who came, stayed, spent more or
    less, paused, left, came back.

    The parts sum to the change. Without a contract nobody says when a customer has left: here, who
    had an amount in the baseline, none in the current period, and at its end has been silent for
    longer than the 95th percentile of the customer's own gaps (with fewer than four gaps, of those
    of all customers who stopped). A customer with amounts in several segments is counted in each.

    Args:
        facts: rows with a time.
        customer: column that says whose a row is; rows without one are nobody's.
        amount: column that is summed, or a metric that is a sum or count of rows.
        baseline, current: periods compared; the baseline ends before the current one begins.
        by: dimensions whose values are told apart.
        level: confidence level; the intervals take the customers as drawn.

    Returns:
        GrowthResult with one row per segment and movement that occurs.

    Raises:
        BadInput: a column that is not there, an amount that does not add up over customers, no row
            in either period, or periods that overlap.
    """
    fraction(level, "growth(level=)")
    found = amounts(Facts.of(facts), amount, customer, by)
    return accounted(found, baseline, current, level)


def accounted(found: Amounts, baseline: Period, current: Period, level: float) -> GrowthResult:
    """The answer from the amounts by customer."""
    after(baseline, current, "growth")
    told = grown(found, baseline, current)
    if told.moved.empty:
        where = f"table {found.metric.table!r}, growth(baseline=, current=)"
        raise BadInput("no amount lies in either period", where, "choose periods with rows")
    ours, names = {c: d for d, c in found.by.items()}, {MOVED: "movement", MONTH: "month"}
    table = _table(told.moved.rename(columns=names), tuple(ours), level)
    months = _months(told.months.rename(columns=names), tuple(ours))
    return GrowthResult(
        called(table.drop(columns=list(MOMENTS)), ours), months=called(months, ours),
        rates=called(_rates(table, tuple(ours), level), ours),
        contract=told.regular >= REGULAR, gap=told.gap, level=level, amount=found.metric.name,
        notes=(*_notes(told.regular, told.gap), *found.left_out(current.last)),
    )  # fmt: skip


def after(baseline: Period, current: Period, asks: str) -> None:
    """Refuse periods that overlap or stand in the wrong order."""
    if baseline.last >= current.first:
        what = f"the baseline ends {baseline.last}, the current period begins {current.first}"
        hint = "let the baseline end before the current period begins"
        raise BadInput(what, f"{asks}(baseline=, current=)", hint)


def _notes(share: float, gap: float) -> tuple[Message, ...]:
    notes = [Message("growth.contract" if share >= REGULAR else "growth.orders", {"share": share})]
    if gap == gap:
        notes.append(Message("growth.left_rule", {"days": gap}))
    return tuple(notes)


def _ordered(found: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Rows by segment, movements as they are told, with their change."""
    order = found["movement"].map({m: k for k, m in enumerate(MOVEMENTS)})
    found = found.assign(**{ORDER: order}, change=found["now"] - found["before"])
    return found.sort_values([*keys, ORDER]).drop(columns=ORDER).reset_index(drop=True)


def _table(found: pd.DataFrame, by: tuple[str, ...], level: float) -> pd.DataFrame:
    """The movements in order, each change with its interval over customers."""
    found = _ordered(found, by)
    nobody = found["movement"] == "nobody"
    found["customers"] = found["customers"].where(~nobody, 0).astype("int64")
    # How many have a movement varies as well: the variance of a sum over a random number.
    half = critical(level) * np.sqrt((found["nn"] - 2 * found["bn"] + found["bb"]).clip(lower=0))
    half = half.mask(nobody)
    found["low"], found["high"] = found["change"] - half, found["change"] + half
    ours = [*by, "movement", "customers", "before", "now", "change", "low", "high"]
    return found[[*ours, *MOMENTS]]


def _months(found: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    months = found["month"].astype("int64")
    first = pd.to_datetime({"year": months // 12, "month": months % 12 + 1, "day": 1})
    found = _ordered(found.assign(month=first), [*by, "month"])
    return found[[*by, "month", "movement", "customers", "before", "now", "change"]]


def _rates(table: pd.DataFrame, by: tuple[str, ...], level: float) -> pd.DataFrame:
    groups = table.groupby(list(by), sort=True) if by else [((), table)]
    rows = [[*key, *_of_segment(part, level)] for key, part in groups]
    return pd.DataFrame(rows, columns=[*by, *(f"{r}{e}" for r in RATES for e in ENDS)])


def _of_segment(part: pd.DataFrame, level: float) -> list[float]:
    """The rates of one segment with their ends; the delta method over customers."""
    z = critical(level)
    sums = part.groupby("movement").sum(numeric_only=True).reindex(MOVEMENTS, fill_value=0.0)
    were, stay = sums.loc[[*STAYED, *GONE]].sum(), sums.loc[[*STAYED]].sum()
    net, gross = (_over(were[top], were["before"]) for top in ("now", "less"))
    spread = (
        _spread(net, were["nn"], were["bn"], were["bb"]),
        _spread(gross, were["ll"], were["bl"], were["bb"]),
    )
    found = _ends(net, z * _over(spread[0], were["before"]))
    found += _ends(gross, z * _over(spread[1], were["before"]))
    stayed = _over(stay["customers"], were["customers"])
    low, high = wilson([stay["customers"]], [were["customers"]], level)
    return [*found, stayed, float(low[0]), float(high[0]), *_quick(sums, z)]


def _quick(sums: pd.DataFrame, z: float) -> list[float]:
    """Gained by lost amount; the interval is that of its logarithm."""
    square = sums["nn"] - 2 * sums["bn"] + sums["bb"]
    gained, lost = sums.loc[[*GAINED], "change"].sum(), -sums.loc[[*LOST], "change"].sum()
    if not (gained > 0 and lost > 0):
        return [_over(gained, lost), float("nan"), float("nan")]
    error = np.sqrt(square[[*GAINED]].sum() / gained**2 + square[[*LOST]].sum() / lost**2)
    return [gained / lost, *(float(gained / lost * np.exp(s * z * error)) for s in (-1, 1))]


def _spread(ratio: float, tt: float, tb: float, bb: float) -> float:
    """Root of the summed squares of top − ratio · bottom over customers."""
    return float(np.sqrt(max(tt - 2 * ratio * tb + ratio**2 * bb, 0.0)))


def _over(top: float, bottom: float) -> float:
    return float(top / bottom) if bottom > 0 else float("nan")


def _ends(value: float, half: float) -> list[float]:
    return [value, value - half, value + half]
