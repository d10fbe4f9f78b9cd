"""Heaping: are figures rounded, repeated, or otherwise made up at a desk?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import Message, fraction
from kpilab.engine.days import day_of, work
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.stats.execution.digits import benford_applies, benford_counts, leading_digits
from kpilab.stats.execution.digits import heaping as round_numbers
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

STEPS, ALPHA = (5, 10), 0.01


@dataclass(frozen=True, slots=True, eq=False)
class HeapingResult(Result):
    """Answer of `heaping`.

    Attributes:
        table: one row per check; columns `check` ("multiples_5", "multiples_10", "digits",
            "repeats"), `values` (figures looked at), `found`, `expected` (share, 0-1; for leading
            digits the mean absolute deviation and 0; for repeats the share of records that repeat
            another one and NaN), `low`, `high` (interval of a share), `p` (NaN where nothing is
            tested), `stands_out` (bool, p corrected by Holm <= 0.01).
        repeats: records that agree in every column but the id; columns `actor`, `day`, `action`,
            `quantity`, `times`.
    """

    repeats: pd.DataFrame
    kind: ClassVar[str] = "heaping"

    @property
    def headline(self) -> Message:
        hit = self.table[self.table["stands_out"]]
        if hit.empty:
            digits = (self.table["check"] == "digits").any()
            key = "heaping.none_digits" if digits else "heaping.none"
            return Message(key, {"values": int(self.table["values"].max())})
        row = hit.sort_values("p").iloc[0]
        values = {"check": Message(f"heaping.{row['check']}"), "found": float(row["found"])}
        return Message(
            "heaping.found", values | {"expected": float(row["expected"]), "p": float(row["p"])}
        )


def heaping(
    records: Executions | Tabular, *, period: Period, action: str | None = None, level: float = 0.95
) -> HeapingResult:
    """Look for rounded figures, leading digits off Benford's law, and records entered twice.

    Multiples of 5 and 10 are held against the whole numbers around them. Benford's law is only
    tried on 500 or more amounts over three orders of magnitude; a note says where it is not
    applicable. Repeats are records that agree in actor, day, action, quantity and every trace:
    counted, not tested.

    Args:
        records: claims. period: days to look at. action: which action; None for all. level: of the
            intervals.

    Returns:
        HeapingResult with one row per check that could be made.

    Raises:
        BadInput: no records in the period.
    """
    fraction(level, "heaping(level=)")
    records = Executions.of(records)
    frame = _counts(records, period, action)
    if frame.empty:
        raise BadInput(
            f"no records in {period}", "heaping(period=)", "choose other days or another action"
        )
    rows, notes = _rounding(frame, level), []
    values = np.repeat(frame["quantity"].to_numpy(), frame["n"])
    if benford_applies(values):
        digits = leading_digits(values)
        law = benford_counts(np.bincount(digits, minlength=10)[1:])
        rows.append(
            _row("digits", law.values, law.deviation, 0.0, float("nan"), float("nan"), law.p)
        )
    else:
        notes.append(Message("heaping.no_benford"))
    if len(frame) == 1 and len(values) > 1:
        notes.append(Message("heaping.constant"))
    repeats = _repeats(records, period, action)
    extra = float((repeats["times"] - 1).sum()) / len(values)
    rows.append(_row("repeats", len(values), extra, *[float("nan")] * 4))
    table = pd.DataFrame(rows)
    table["stands_out"] = holm(table["p"]) <= ALPHA
    return HeapingResult(table, repeats, notes=tuple(notes))


def _counts(records: Executions, period: Period, action: str | None) -> pd.DataFrame:
    rows = work(records, period, action)
    rows = rows.select(quantity=rows[records.quantity].cast("float64")).filter(_.quantity.notnull())
    return collect(rows.group_by("quantity").agg(n=_.count()), "heaping")


def _rounding(frame: pd.DataFrame, level: float) -> list[dict[str, object]]:
    whole = frame[frame["quantity"] % 1 == 0]
    found = [
        round_numbers(whole["quantity"], whole["n"], step, level) for step in STEPS if len(whole)
    ]
    return [
        _row(f"multiples_{f.step}", f.values, f.share, f.expected, f.low, f.high, f.p)
        for f in found
        if f is not None
    ]


def _repeats(records: Executions, period: Period, action: str | None) -> pd.DataFrame:
    rows = work(records, period, action)
    traces = {f"t{k}": rows[c] for k, c in enumerate((*records.evidence, *records.logged))}
    quantity = rows[records.quantity]
    keys = {
        "actor": label(rows[records.actor]),
        "day": day_of(rows, records.time),
        "action": label(rows[records.action]),
    }
    grouped = (
        rows.filter(quantity.notnull())
        .group_by(**keys, quantity=quantity, **traces)
        .agg(times=_.count())
    )
    often = (
        grouped.filter(_.times > 1)
        .order_by([_.times.desc(), *keys, "quantity", *traces])
        .limit(1000)
    )
    found = collect(often, "heaping")
    return found[["actor", "day", "action", "quantity", "times"]]


def _row(
    check: str, values: int, found: float, expected: float, low: float, high: float, p: float
) -> dict[str, object]:
    keys = ("check", "values", "found", "expected", "low", "high", "p")
    return dict(zip(keys, (check, values, found, expected, low, high, p), strict=True))
