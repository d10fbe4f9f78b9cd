"""What the customers of two periods did to an amount: who is there in one of them only, who bought
more, who less. The parts sum to the change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis

from kpilab.engine.column import own
from kpilab.engine.customers.amounts import WHO, amounts
from kpilab.engine.run import collect

if TYPE_CHECKING:
    from kpilab.core.case import Metric
    from kpilab.core.table import Table
    from kpilab.core.values import Period

BEFORE, NOW = own("before"), own("now")


@dataclass(frozen=True, slots=True)
class Moved:
    """Customers with one movement, and the amount they had before and have now; `squares` are the
    sums over customers of before², before × now and now²."""

    customers: int = 0
    before: float = 0.0
    now: float = 0.0
    squares: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def change(self) -> float:
        return self.now - self.before


@dataclass(frozen=True, slots=True)
class Movements:
    """Customers by what they did between two periods.

    Attributes:
        came: without an amount in the baseline. gone: without one in the current period.
        more, less: with one in both. same: unchanged. nobody: rows of no customer.
    """

    came: Moved = field(default_factory=Moved)
    gone: Moved = field(default_factory=Moved)
    more: Moved = field(default_factory=Moved)
    less: Moved = field(default_factory=Moved)
    same: Moved = field(default_factory=Moved)
    nobody: Moved = field(default_factory=Moved)

    @property
    def recurring(self) -> float:
        """Part of the amount before of customers who have one now as well, 0-1."""
        stayed = (self.more, self.less, self.same)
        whole = sum(m.before for m in (*stayed, self.gone, self.nobody))
        return sum(m.before for m in stayed) / whole if whole > 0 else 0.0

    @property
    def customers(self) -> int:
        return sum(m.customers for m in (self.came, self.gone, self.more, self.less, self.same))

    def variance(self, longer: float) -> float:
        """Of the change, had other customers like these come: the sum of the squares of what each
        changed by, its amount before taken `longer` times."""
        parts = (self.came, self.gone, self.more, self.less, self.same)
        before, both, now = (sum(m.squares[k] for m in parts) for k in range(3))
        return max(now - 2 * longer * both + longer**2 * before, 0.0)


def movements(
    table: Table, metric: Metric, customer: str, baseline: Period, current: Period
) -> Movements:
    """An amount by what its customers did; one query.

    Args:
        metric: a sum or count of rows of the table. customer: the column that says whose a row is.

    Raises:
        BadInput: a metric that does not add up over customers.
    """
    found = amounts(table, metric, customer).of([WHO], {BEFORE: baseline, NOW: current})
    each: Any = found.filter((found[BEFORE] != 0) | (found[NOW] != 0))
    moved = ibis.cases(
        (each[WHO].isnull(), "nobody"), (each[BEFORE] == 0, "came"), (each[NOW] == 0, "gone"),
        (each[NOW] > each[BEFORE], "more"), (each[NOW] < each[BEFORE], "less"), else_="same",
    )  # fmt: skip
    a, b = (each[side].cast("float64") for side in (BEFORE, NOW))
    rows = each.group_by(moved=moved).agg(
        n=each.count(), a=a.sum(), b=b.sum(), aa=(a * a).sum(), ab=(a * b).sum(), bb=(b * b).sum()
    )
    told = collect(rows, f"customers of {metric.name!r}")
    return Movements(
        **{
            str(row["moved"]): Moved(
                int(row["n"]),
                float(row["a"]),
                float(row["b"]),
                (float(row["aa"]), float(row["ab"]), float(row["bb"])),
            )
            for row in told.to_dict("records")
        }
    )
