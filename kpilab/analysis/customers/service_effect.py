"""Service effect: what did customers do after they met something (a late delivery, a defect)?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.case import Metric
from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import Message, duration, fraction
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.exposed import BACK, VIEWS, Contrast, contrast, exposed
from kpilab.errors import BadInput, unknown
from kpilab.stats.tail import critical, two_sided

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

LEAST = 12  # customers who met it, of fewer nothing is said
UNLIKE = 0.05  # p of the stretches before, below which both were not alike


@dataclass(frozen=True, slots=True, eq=False)
class ServiceEffectResult(Result):
    """Answer of `service_effect`.

    Attributes:
        table: one row per view and stretch; columns `view` (amount: per customer; again: share who
            ordered), `stretch` (0: the days after; 1, 2 …: as many days before, where nothing had
            happened yet), `actual` (of those who met it), `expected` (of the comparable), `effect`,
            `low`, `high`, `p`; those of the days after are grown by how far the stretches before
            are from nothing.
        met: customers who met it and are followed. matched: of them, those with comparable ones.
        others: orders compared with.
        total: amount that all matched brought more or less in the days after; its ends `low`,
            `high`.
        unlike: whether those who met it were other customers before as well.
        days: after. level: confidence level.
    """

    met: int
    matched: int
    others: int
    total: float
    low: float
    high: float
    unlike: bool
    days: int
    amount: str
    level: float
    kind: ClassVar[str] = "service_effect"

    @property
    def headline(self) -> Message:
        told = self.table[self.table["stretch"] == 0].to_dict("records")
        rows = {str(r["view"]): r for r in told}
        row, again = rows["amount"], rows["again"]
        if row["p"] != row["p"]:
            return Message("service_effect.none", {"met": self.met})
        values = {c: float(row[c]) for c in ("actual", "expected", "effect", "low", "high")}
        values |= {"met": self.matched, "days": self.days, "again": float(again["actual"]),
                   "usual": float(again["expected"])}  # fmt: skip
        first = min(told, key=lambda r: float(r["p"]) if r["p"] == r["p"] else 2.0)
        if not len(VIEWS) * first["p"] <= 1 - self.level:
            return Message("service_effect.usual", values)
        down = float(first["effect"]) < 0
        return Message("service_effect.less" if down else "service_effect.more", values)


def service_effect(
    facts: Facts | Tabular,
    met: str,
    *,
    customer: str,
    amount: str | Metric,
    within: timedelta | str = "90d",
    strata: str | None = None,
    level: float = 0.95,
) -> ServiceEffectResult:
    """Compare what customers did after they first met something with what comparable customers did
    after an order of the same month.

    Comparable are orders of customers who had not met it by then, in the same month, with as many
    orders in the two stretches before (none, one, two, more) and of the same value of `strata`. The
    same contrast in the stretches before, where nothing had happened yet, tells how unlike such
    customers are anyway: the interval grows by it.

    Args:
        facts: rows with a time, the longer before and after the better.
        met: column that is true (or above zero) in rows at which the customer met it; for what is
            met between orders, the order before it.
        customer, amount, level: as for `churn`. within: how long customers are followed; as many
            days are looked at before. strata: a dimension within whose values they are compared.

    Returns:
        ServiceEffectResult with one row per view and stretch.

    Raises:
        BadInput: a column that is not there or is no truth, or an amount that does not add up over
            customers.

    Note:
        Who meets it may be another kind of customer in ways that former orders do not show. Rows in
        which `met` is missing are left out. Others who meet it later within the days after count as
        they are, which makes the effect look smaller.
    """
    fraction(level, "service_effect(level=)")
    days = max(1, duration(within, "service_effect(within=)").days)
    table = Facts.of(facts)
    found = amounts(table, amount, customer, [strata] if strata else ())
    if met not in table.table.columns:
        raise unknown("column", met, table.table.columns, f"table {table.name!r}")
    kind = table.table[met].type()
    if not (kind.is_boolean() or kind.is_numeric()):
        what = f"column {met!r} holds {kind}, no truth"
        raise BadInput(what, "service_effect(met)", "give true and false, or 1 and 0")
    rows = exposed(found, met, days, strata)
    seen = {v: [contrast(rows, k, v) for k in range(BACK)] for v in VIEWS}
    told = pd.concat([_rows(v, seen[v], level) for v in VIEWS], ignore_index=True)
    now = seen["amount"][0]
    row = told.iloc[0]
    unlike = any(_unlike(seen[v]) for v in VIEWS)
    result = ServiceEffectResult(
        told, now.met, now.matched, now.others, now.matched * float(row["effect"]),
        now.matched * float(row["low"]), now.matched * float(row["high"]), unlike, days,
        found.metric.name, level,
        notes=_notes(now, unlike, seen),
    )  # fmt: skip
    return replace(result, notes=(*result.notes, *found.left_out(rows.last)))


def _before(seen: list[Contrast]) -> np.ndarray:
    """How many standard errors the stretches before are from nothing, as far as they tell."""
    return np.array([c.effect / c.error for c in seen[1:] if c.matched >= LEAST and c.error > 0])


def _unlike(seen: list[Contrast]) -> bool:
    """Whether the stretches before, taken together, say that both were not alike."""
    z = _before(seen)
    return bool(len(z)) and two_sided(float(z.sum() / np.sqrt(len(z)))) < UNLIKE / len(VIEWS)


def _rows(view: str, seen: list[Contrast], level: float) -> pd.DataFrame:
    """One row per stretch; the days after with the error grown by the stretches before."""
    z = _before(seen)
    scale = float(np.sqrt(max(1.0, (z**2).mean()))) if len(z) else 1.0
    rows = []
    for k, one in enumerate(seen):
        error = one.error * (1.0 if k else scale) if one.matched >= LEAST else float("nan")
        half = critical(level) * error
        p = two_sided(one.effect / error) if error > 0 else float("nan")
        rows.append([view, k, one.actual, one.expected, one.effect, one.effect - half,
                     one.effect + half, p])  # fmt: skip
    names = ["view", "stretch", "actual", "expected", "effect", "low", "high", "p"]
    return pd.DataFrame(rows, columns=names)


def _notes(now: Contrast, unlike: bool, seen: dict[str, list[Contrast]]) -> tuple[Message, ...]:
    placebos = len(_before(seen["amount"]))
    notes = []
    if now.matched:
        said = {"matched": now.matched, "met": now.met, "others": now.others}
        notes.append(Message("service_effect.matched", said))
    key = "unlike" if unlike else "alike" if placebos else "no_history"
    return (*notes, Message(f"service_effect.{key}", {"placebos": placebos}))
