"""Audit: which records to check, and what the checked ones say about all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Executions
from kpilab.core.values import MISSING, Effect, Message, fraction
from kpilab.engine.column import column
from kpilab.engine.days import day_of, inside, work
from kpilab.engine.door.frames import frame, known, numbers
from kpilab.engine.door.values import label, names, truth
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.stats.execution.audit import (
    clopper_pearson,
    neyman,
    sample_size,
    stratified_rate,
    upper_bound,
)

if TYPE_CHECKING:
    from kpilab.core.values import Period
    from kpilab.engine.door.frames import Frame, Values
    from kpilab.engine.door.tables import Tabular

MOST_RECORDS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class SamplePlan(Result):
    """Answer of `audit_sample`: the records to check.

    Attributes:
        table: one row per drawn record, in drawing order; columns `record` (id, text), `stratum`
            (actor or unit), `day`, `action`, `quantity` (as claimed).
        strata: one row per stratum; columns `stratum`, `records` (in the period), `quantity`
            (claimed), `sampled`.
        tolerable, risk, allowed: what the size of the sample follows from.
        seed: of the draw; the same seed draws the same records.
    """

    strata: pd.DataFrame
    tolerable: float
    risk: float
    allowed: int
    seed: int
    kind: ClassVar[str] = "sample"

    @property
    def headline(self) -> Message:
        values = {"sampled": len(self.table), "records": int(self.strata["records"].sum())}
        values |= {"allowed": self.allowed, "tolerable": self.tolerable, "certainty": 1 - self.risk}
        return Message("audit.plan", values)


@dataclass(frozen=True, slots=True, eq=False)
class AuditResult(Result):
    """Answer of `audit`: how much of what was claimed stands up.

    Attributes:
        table: one row per stratum; columns `stratum`, `records`, `quantity` (claimed), `checked`,
            `faults` (not confirmed), `rate` (faults / checked, 0-1; NaN where none was checked),
            `low`, `high` (exact interval), `adjusted` (quantity that stands up at that rate; the
            overall rate where none was checked).
        rate: share of the claimed quantity that does not stand up, over all strata, with interval.
        upper: one-sided exact upper bound of the share of records at fault.
        claimed: the KPI as claimed. adjusted: the same after the faults, with interval.
        level: confidence level.
    """

    rate: Effect
    upper: float
    claimed: float
    adjusted: Effect
    level: float
    kind: ClassVar[str] = "audit"

    @property
    def headline(self) -> Message:
        values = {
            "checked": int(self.table["checked"].sum()),
            "faults": int(self.table["faults"].sum()),
        }
        values |= {
            "rate": self.rate.value,
            "low": self.rate.low,
            "high": self.rate.high,
            "claimed": self.claimed,
        }
        values |= {
            "adjusted": self.adjusted.value,
            "least": self.adjusted.low,
            "most": self.adjusted.high,
        }
        return Message("audit.checked", values)


def audit_sample(
    records: Executions | Tabular,
    *,
    period: Period,
    tolerable: float = 0.05,
    expected: float = 0.0,
    risk: float = 0.05,
    allocation: Literal["proportional", "neyman"] = "neyman",
    weights: Values | None = None,
    seed: int = 1,
) -> SamplePlan:
    """Draw the records to check, stratified by actor.

    The size is the smallest at which the faults that the expected rate lets appear are still
    compatible with a true rate of `tolerable` only with probability `risk` (hypergeometric).
    "neyman" gives strata with more records and more uneven quantities a larger part; `weights`
    (stratum -> risk, e.g. from `evidence`) multiply it. Every stratum gives at least two records,
    so a rate can be said for each.

    Args:
        records: work with a record id.
        period: days to draw from.
        tolerable: rate of faults that must not go unnoticed, 0-1.
        expected: rate of faults expected, below `tolerable`.
        risk: accepted probability of missing the tolerable rate.
        allocation: how the sample is spread over the actors.
        weights: actor -> risk (a mapping, or a Series indexed by actor), from 0; actors without one
            count 1.
        seed: of the draw.

    Returns:
        SamplePlan with one row per record to check.

    Raises:
        BadInput: no record column, rates or risk out of range, no records, or more than 100,000
            records.
    """
    records = Executions.of(records)
    _check_plan(records, tolerable, expected, risk)
    frame = _records(records, period)
    strata = frame.groupby("stratum").agg(
        records=("record", "size"), quantity=("quantity", "sum"), sd=("quantity", "std")
    )
    allowed, size = _size(tolerable, expected, risk, len(frame))
    spread = strata["sd"].fillna(0.0) + strata["quantity"] / strata["records"]
    spread = spread if allocation == "neyman" else pd.Series(1.0, index=strata.index)
    if weights is not None:
        spread = spread * _weights(weights, strata.index)
    strata["sampled"] = neyman(strata["records"], spread, size)
    rng = np.random.default_rng(seed)
    taken = dict(zip(strata.index, strata["sampled"], strict=True))
    drawn = [
        rows.sort_values("record").iloc[rng.permutation(len(rows))[: taken[stratum]]]
        for stratum, rows in frame.groupby("stratum")
    ]
    return SamplePlan(
        pd.concat(drawn, ignore_index=True)[["record", "stratum", "day", "action", "quantity"]],
        strata.drop(columns="sd").reset_index(),
        tolerable,
        risk,
        allowed,
        seed,
    )


def audit(plan: SamplePlan, results: Frame, *, level: float = 0.95) -> AuditResult:
    """What the checked records say about all of them: rate of faults, exact bounds, the KPI that
    stands up.

    Args:
        plan: the sample as drawn.
        results: columns `record` and `confirmed`, as read back from the worksheet: True or False, 1
            or 0, yes or no, 是 or 否; without one the record was not checked.
        level: confidence level.

    Returns:
        AuditResult with one row per stratum.

    Raises:
        BadInput: a record that was not drawn, one that occurs twice, a result that is neither yes
            nor no, or none checked.

    Note: drawn records without a result are left out of the rates; a note counts them.
    """
    fraction(level, "audit(level=)")
    checked = _joined(plan, results)
    faulty = checked.assign(fault=~checked["confirmed"].astype(bool))
    by = faulty.groupby("stratum").agg(checked=("record", "size"), faults=("fault", "sum"))
    table = (
        plan.strata.drop(columns="sampled")
        .merge(by, on="stratum", how="left")
        .fillna({"checked": 0, "faults": 0})
    )
    missing = len(plan.table) - len(checked)
    notes = (Message("audit.unchecked", {"records": missing}),) if missing else ()
    return _judged(table.astype({"checked": int, "faults": int}), level, notes)


def verified(
    records: Executions, *, period: Period, action: str | None = None, level: float = 0.95
) -> AuditResult:
    """What records that carry the result of an audit say about all of them.

    Args:
        records: work with a column `verified`: yes or no, as in `audit`; empty where a record was
            not checked. Those checked count as drawn at random among the actor's.
        period: days of the records. action: which action; None for all. level: confidence level.

    Raises:
        BadInput: no such column, a result that is neither yes nor no, or none checked.
    """
    if records.verified is None:
        raise BadInput(
            "no column of audit results",
            f"table {records.name!r}, role 'verified'",
            "name it in case.yml",
        )
    rows = work(records, period, action)
    keys = {"stratum": rows[records.actor].cast("string"), "result": rows[records.verified]}
    sums = rows.group_by(**keys).agg(
        records=_.count(), quantity=column(rows, records.quantity).cast("float64").sum()
    )
    found = collect(sums, "audit", MOST_RECORDS)
    found["result"] = truth(found["result"], f"table {records.name!r}, column {records.verified!r}")
    if found["result"].isna().all():
        what = f"no record between {period.first} and {period.last} was checked"
        raise BadInput(
            what,
            f"table {records.name!r}, column {records.verified!r}",
            "fill in results, or drop the key",
        )
    counts = found.assign(
        stratum=label(found["stratum"], "actor"),
        checked=found["records"].where(found["result"].notna(), 0),
        faults=found["records"].where(found["result"].eq(False).fillna(False), 0),
    )
    table = (
        counts.groupby("stratum")[["records", "quantity", "checked", "faults"]].sum().reset_index()
    )
    return _judged(table.astype({"checked": int, "faults": int}), level, ())


def _judged(table: pd.DataFrame, level: float, notes: tuple[Message, ...]) -> AuditResult:
    """Rates and bounds from the records, quantity, checked records and faults of each stratum."""
    table["rate"] = table["faults"] / table["checked"].where(table["checked"] > 0)
    table["low"], table["high"] = clopper_pearson(table["faults"], table["checked"], level)
    seen = table[table["checked"] > 0]
    overall = stratified_rate(
        seen["quantity"], seen["records"], seen["checked"], seen["faults"], level
    )
    table["adjusted"] = table["quantity"] * (1 - table["rate"].fillna(overall.value))
    claimed = float(table["quantity"].sum())
    adjusted = Effect(
        claimed * (1 - overall.value), claimed * (1 - overall.high), claimed * (1 - overall.low)
    )
    faults, checked, records = (int(table[c].sum()) for c in ("faults", "checked", "records"))
    bound = upper_bound(faults, checked, 1 - level, records)
    rate = Effect(overall.value, overall.low, overall.high)
    return AuditResult(table, rate, bound, claimed, adjusted, level, notes=notes)


def _check_plan(records: Executions, tolerable: float, expected: float, risk: float) -> None:
    if records.record is None:
        raise BadInput(
            "no record column",
            f"table {records.name!r}, role 'record'",
            "name the column of the record id",
        )
    if not 0 <= expected < tolerable < 1:
        raise BadInput(
            f"expected is {expected}, tolerable {tolerable}",
            "audit_sample(tolerable=, expected=)",
            "give 0 <= expected < tolerable < 1, e.g. 0 and 0.05",
        )
    fraction(risk, "audit_sample(risk=)")


def _weights(weights: Values, actors: pd.Index) -> pd.Series:
    """Weight of each actor, 1 where none is given."""
    given = numbers(weights, "audit_sample(weights=)", names(weights.keys()))
    below = [actor for actor, weight in given.items() if weight < 0]
    if below:
        raise BadInput(
            f"the weight of {below[0]!r} is below zero",
            "audit_sample(weights=)",
            "give numbers from 0",
        )
    return pd.Series([given.get(str(actor), 1.0) for actor in actors], actors)


def _records(records: Executions, period: Period) -> pd.DataFrame:
    table = records.table
    day = day_of(table, records.time)
    rows = table.filter(inside(day, period)).select(
        record=table[str(records.record)].cast("string"),
        stratum=ibis.coalesce(table[records.actor].cast("string"), ibis.literal(MISSING)),
        day=day,
        action=ibis.coalesce(table[records.action].cast("string"), ibis.literal(MISSING)),
        quantity=table[records.quantity].cast("float64"),
    )
    frame = collect(
        rows.filter(_.record.notnull() & _.quantity.notnull()), "audit_sample", MOST_RECORDS
    )
    if frame.empty:
        raise BadInput(
            f"no records between {period.first} and {period.last}",
            "audit_sample(period=)",
            "choose other days",
        )
    twice = frame.loc[frame["record"].duplicated(), "record"]
    if len(twice):
        raise BadInput(
            f"record ids occur twice: {sorted(set(twice))[:5]}",
            f"table {records.name!r}, column {records.record!r}",
            "a record can only be checked when its id is its own",
        )
    return frame


def _size(tolerable: float, expected: float, risk: float, population: int) -> tuple[int, int]:
    """Allowed faults and sample size: the smallest that lets the expected faults appear."""
    allowed = 0
    size = sample_size(tolerable, risk, 0, population)
    while expected * size > allowed and size < population:
        allowed += 1
        size = sample_size(tolerable, risk, allowed, population)
    return allowed, size


def _joined(plan: SamplePlan, results: Frame) -> pd.DataFrame:
    columns = {"record": ("record", label), "confirmed": ("confirmed", truth)}
    found, _left = known(frame(results, columns, "audit(results=)"), ["confirmed"])
    foreign = sorted(set(found["record"]) - set(plan.table["record"]))
    if foreign:
        raise BadInput(
            f"records that were not drawn: {foreign[:5]}",
            "audit(results=)",
            "hand back the drawn ones only",
        )
    twice = sorted(set(found.loc[found["record"].duplicated(), "record"]))
    if twice:
        raise BadInput(
            f"records that occur twice: {twice[:5]}", "audit(results=)", "one result per record"
        )
    if found.empty:
        raise BadInput("no record was checked", "audit(results=)", "fill in the worksheet first")
    return plan.table.merge(found, on="record")
