"""Priority: whose records should be checked first? An order for the audit, never a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import Message
from kpilab.engine.column import column
from kpilab.engine.days import day_of, work
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.stats.execution.outlying import outlying

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

LATE_DAYS, JUST_ABOVE, LEAST_ACTORS, FIRST = 1, 0.015, 3, 3
SIGNALS = ("untraced", "just_above", "round", "repeated", "late")


@dataclass(frozen=True, slots=True, eq=False)
class PriorityResult(Result):
    """Answer of `priority`.

    Attributes:
        table: one row per actor, first to check first; columns `actor`, `records`, `claimed`, the
            signals `untraced` (1 - traces per claim against the colleagues' median, mean over the
            traces), `just_above` (share of records at the target or up to 1.5 % above), `round`
            (share of multiples of 5), `repeated` (share that repeats another record), `late` (share
            entered more than a day later), each NaN where the table cannot tell, `score` (sum of
            how far each signal lies above the colleagues, in robust standard errors, each at most
            5), and `weight` (for `sample(weights=)`: 1 for the usual actor, more for a higher
            score).
        signals: those that could be computed.
    """

    signals: tuple[str, ...]
    kind: ClassVar[str] = "priority"

    @property
    def headline(self) -> Message:
        values = {"actors": len(self.table), "signals": len(self.signals)}
        first = self.table[self.table["score"] > 0].head(FIRST)
        if first.empty:
            return Message("priority.alike", values)
        return Message("priority.first", values | {"first": tuple(first["actor"].astype(str))})

    @property
    def weights(self) -> pd.Series:
        """Weight per actor, as `audit_sample` takes it."""
        return self.table.set_index("actor")["weight"]


def priority(
    records: Executions | Tabular, *, period: Period, action: str | None = None
) -> PriorityResult:
    """Order the actors by how far their records differ from those of their colleagues.

    Each signal is a share per actor, held against the median of the colleagues with the spread
    between them and the noise of the actor's own number of records. Only what lies above the
    colleagues counts. The score orders; it tests nothing, and a high one often has a harmless
    reason (another district, another sensor).

    Args:
        records: work as claimed. period: days to look at. action: which action; None for all.

    Returns:
        PriorityResult with one row per actor.

    Raises:
        BadInput: fewer than three actors with records in the period.
    """
    records = Executions.of(records)
    rows = work(records, period, action)
    rows = rows.filter(rows[records.actor].notnull() & rows[records.quantity].notnull())
    counts = collect(_counts(records, rows), "priority").sort_values("actor", ignore_index=True)
    if len(counts) < LEAST_ACTORS:
        raise BadInput(
            f"{len(counts)} actors have records in {period}",
            "priority(period=)",
            "colleagues are the measure: 3 or more",
        )
    table, n = counts[["actor", "records", "claimed"]].copy(), counts["records"].to_numpy(float)
    for signal in SIGNALS:
        table[signal] = (
            _untraced(counts, len(records.evidence)) if signal == "untraced" else counts[signal]
        )
    known = tuple(s for s in SIGNALS if table[s].notna().any())
    above = np.array([outlying(table[s].to_numpy(float), n) for s in known]).reshape(
        len(known), len(table)
    )
    table["score"] = above.sum(0)
    table["weight"] = 1 + table["score"] / 5
    return PriorityResult(
        table.sort_values(["score", "actor"], ascending=[False, True], ignore_index=True), known
    )


def _counts(records: Executions, rows: ir.Table) -> ir.Table:
    """Per actor: records, claimed, and of the records that can tell the share with each signal,
    traces per claim."""
    quantity = column(rows, records.quantity).cast("float64")
    keys = [
        records.actor,
        records.time,
        records.action,
        records.quantity,
        *records.evidence,
        *records.logged,
    ]
    number: Any = ibis.row_number().over(ibis.window(group_by=list(dict.fromkeys(keys))))
    again = number > 0
    nothing = ibis.null("float64")
    rows = rows.mutate(
        who=rows[records.actor].cast("string"),
        claim=quantity,
        again=again.cast("float64"),
        even=((quantity % 5 == 0) & (quantity > 0)).cast("float64"),
        close=_close(records, rows, quantity) if records.target else nothing,
        waited=_late(records, rows) if records.recorded else nothing,
        **{f"t{k}": rows[c].cast("float64") for k, c in enumerate(records.evidence)},
    )
    return rows.group_by(actor=rows["who"]).agg(
        records=_.count(),
        claimed=_.claim.sum(),
        repeated=_.again.mean(),
        round=_.even.mean(),
        just_above=_.close.mean(),
        late=_.waited.mean(),
        **{
            f"t{k}": _[f"t{k}"].sum() / _.claim.sum(where=_[f"t{k}"].notnull())
            for k in range(len(records.evidence))
        },
    )


def _close(records: Executions, rows: ir.Table, quantity: Any) -> Any:
    target = column(rows, str(records.target)).cast("float64")
    return ((quantity >= target) & (quantity <= target * (1 + JUST_ABOVE)) & (target > 0)).cast(
        "float64"
    )


def _late(records: Executions, rows: ir.Table) -> Any:
    entered: Any = day_of(rows, str(records.recorded))
    return (entered.delta(day_of(rows, records.time), unit="day") > LATE_DAYS).cast("float64")


def _untraced(counts: pd.DataFrame, traces: int) -> pd.Series:
    """Traces per claim against the colleagues' median, as a share missing."""
    ratios = pd.DataFrame({k: counts[f"t{k}"].astype(float) for k in range(traces)})
    ratios = ratios.where(np.isfinite(ratios))  # nothing claimed
    medians = ratios.median()
    return (1 - ratios[medians.index[medians > 0]] / medians[medians > 0]).mean(axis=1)
