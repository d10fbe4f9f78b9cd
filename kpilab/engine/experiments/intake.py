"""Who came into an experiment, one row per unit, and who is not compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd
from ibis import _

from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.column import own
from kpilab.engine.dialect import one
from kpilab.engine.experiments.exposure import (
    DAY,
    EARLY,
    MET,
    ROWS,
    SINCE,
    VARIANT,
    VARIANTS,
    check_units,
    per_unit,
    units,
)
from kpilab.engine.run import as_count, collect, collect_one
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

RIPE = own("ripe")
# A unit with this many times the rows of the median unit is no person.
HEAVY = 100


@dataclass(frozen=True, slots=True)
class Intake:
    """Counts of units.

    Attributes:
        assigned: variant -> units that met it alone, exposed or not.
        crossed: units that met several variants; left out. early: exposed before they were
            assigned.
        unexposed: assigned, never exposed; left out where an exposure is declared.
        late: the log ends before their window does (without a window: before they were assigned);
            left out.
        idle: compared units without a row after their assignment.
        heavy: share of the log's rows made by units with a hundred times the median unit's rows.
        logged: whether the units come from a log. rows: of the units in it. unnamed: units without
            a variant; left out.
    """

    assigned: Mapping[str, int]
    crossed: int = 0
    early: int = 0
    unexposed: int = 0
    late: int = 0
    idle: int = 0
    heavy: float = 0.0
    logged: bool = False
    unnamed: int = 0
    rows: int = 0

    @property
    def reach(self) -> float:
        """Share of the assigned units that were exposed."""
        everyone = sum(self.assigned.values())
        return 1 - self.unexposed / everyone if everyone else float("nan")


def from_units(who: Units, design: Design) -> tuple[ir.Table, Intake]:
    """The table with `VARIANT` and, where the time is known, `DAY`."""
    table, unnamed = _with_variant(who)
    if design.window:
        raise BadInput(
            "units without a log have no window",
            "Design, window",
            "give the log as second argument",
        )
    if who.time:
        table = table.mutate(**{DAY: _[who.time].cast("timestamp").date()})
        table = _inside(table, _[DAY], design, f"table {who.name!r}, column {who.time!r}")
    crossed = 0
    if who.unit:
        table, crossed = _single(table, who.unit, f"table {who.name!r}, column {who.unit!r}")
    if not design.exposure:
        return table, Intake({}, crossed, unnamed=unnamed)
    return _exposed(table, who, design, crossed, unnamed)


def _with_variant(who: Units) -> tuple[ir.Table, int]:
    """Units that have a variant, and how many have none."""
    given = who.table[who.variant]
    unnamed = int(
        collect_one(who.table.aggregate(one(given.isnull()).sum().name("n")), "experiment")["n"]
        or 0
    )
    plain = given if given.type().is_integer() else given.cast("string")
    table = who.table.filter(given.notnull()) if unnamed else who.table
    return table.mutate(
        **{VARIANT: _[who.variant] if plain is given else _[who.variant].cast("string")}
    ), unnamed


def _single(table: ir.Table, unit: str, where: str) -> tuple[ir.Table, int]:
    """Without units in several variants, and how many those are."""
    met = table.group_by(unit).agg(**{VARIANTS: _[VARIANT].nunique(), ROWS: _.count()})
    several = ((_[VARIANTS] == 1) & (_[ROWS] > 1)).sum()
    parts = [(_[VARIANTS] > 1).sum().name("crossed"), several.name("twice")]
    crossed, twice = (
        int(v) for v in collect(met.aggregate(parts), "experiment").fillna(0).to_numpy()[0]
    )
    if twice:
        raise BadInput(
            f"{twice:,} units have several rows in one variant",
            where,
            "give one row per unit: sum first",
        )
    return (table.anti_join(met.filter(_[VARIANTS] > 1), unit) if crossed else table), crossed


def _exposed(
    table: ir.Table, who: Units, design: Design, crossed: int, unnamed: int
) -> tuple[ir.Table, Intake]:
    """The exposed units; the column says when they were exposed, or whether."""
    where = f"table {who.name!r}"
    if design.exposure not in table.columns:
        raise unknown("column", design.exposure, table.columns, where)
    met = table[design.exposure]
    if met.type().is_temporal():
        early = (
            (met.cast("timestamp") < _[who.time].cast("timestamp"))
            if who.time
            else ibis.literal(False)
        )
        table = table.mutate(**{MET: met.notnull(), EARLY: early})
    else:
        table = table.mutate(
            **{MET: ibis.coalesce(met.cast("boolean"), False), EARLY: ibis.literal(False)}
        )
    counts = collect(_tally(table, ~_[MET]), "experiment")
    left = Intake(
        _assigned(counts),
        crossed,
        int(counts["early"].sum()),
        int(counts["unmet"].sum()),
        unnamed=unnamed,
    )
    return table.filter(_[MET]), left


def _tally(table: ir.Table, unmet: ibis.Deferred) -> ir.Table:
    return table.group_by(VARIANT).agg(
        units=_.count(), early=one(_[EARLY]).sum(), unmet=one(unmet).sum()
    )


def _assigned(counts: pd.DataFrame) -> dict[str, int]:
    return dict(zip(counts[VARIANT].astype(str), counts["units"].astype(int), strict=True))


def from_log(
    who: Assignments, log: EventLog | Facts, metrics: Sequence[Outcome], name: str | None,
    design: Design, keep: Sequence[str],
) -> tuple[ir.Table, Intake]:  # fmt: skip
    """One row per unit, measured in the log from its assignment on,
    in the columns of `measured` and `known`."""
    end, key = last_moment(log, design), unit_column(who, log)
    log = up_to(log, design.seen_until)
    everyone, crossed = enrolled(who, log, name, design)
    after = {c: text for k, m in enumerate(metrics) for c, text in measured(k, m).items()}
    before = {c: text for k, m in enumerate(metrics) for c, text in known(k, m, design).items()}
    table = per_unit(log, everyone, after, before, key=key, design=design, dimensions=keep)
    ripe = _[SINCE] + ibis.interval(days=design.window or 0) <= ibis.timestamp(str(end))
    # Read several times from here on, so computed once.
    table = table.mutate(**{DAY: _[SINCE].date(), RIPE: ripe}).cache()
    compared = table.filter(_[RIPE], _[MET].notnull())
    intake = _counted(table, compared, crossed)
    if intake.assigned and not intake.rows:
        raise BadInput(
            (
                f"table {log.name!r} holds no row of any unit of table {who.name!r} after its "
                "assignment"
            ),
            f"columns {who.unit!r} and {key!r}",
            "check that both hold the same ids, and that the times of both are read by one clock",
        )
    return compared, intake


def unit_column(who: Assignments, log: EventLog | Facts) -> str:
    """Column of the log that holds the unit."""
    return log.user if isinstance(log, EventLog) else who.unit


def last_moment(log: EventLog | Facts, design: Design) -> datetime:
    """Up to when the log tells what units did: its last row,
    or the end of the design's last day if that is before."""
    end = collect_one(
        log.table.aggregate(_[log.time].cast("timestamp").max().name("end")), "experiment"
    )["end"]
    if design.seen_until is None or pd.isna(end):
        return end
    day = datetime.combine(design.seen_until, time.max)
    return min(pd.Timestamp(end).to_pydatetime(), day)


def _counted(table: ir.Table, compared: ir.Table, crossed: int) -> Intake:
    counts = collect(_tally(table, _[MET].isnull()), "experiment")
    parts = {
        "late": one(~_[RIPE]).sum(),
        "idle": one((_[ROWS] == 0) & _[RIPE] & _[MET].notnull()).sum(),
        "median": _[ROWS].median(),
        "total": _[ROWS].sum(),
    }
    sums = {
        k: float(v or 0)
        for k, v in collect_one(
            table.aggregate([v.name(k) for k, v in parts.items()]), "experiment"
        ).items()
    }
    most = HEAVY * max(sums["median"], 1)
    heavy = collect_one(
        compared.aggregate(_[ROWS].sum(where=_[ROWS] > most).name("n")), "experiment"
    )["n"]
    return Intake(
        _assigned(counts),
        crossed,
        int(counts["early"].sum()),
        int(counts["unmet"].sum()),
        int(sums["late"]),
        int(sums["idle"]),
        float(heavy or 0) / sums["total"] if sums["total"] else 0.0,
        logged=True,
        rows=int(sums["total"]),
    )


def enrolled(
    who: Assignments, log: EventLog | Facts, name: str | None, design: Design
) -> tuple[ir.Table, int]:
    """Units of one experiment that met one variant, on the design's days,
    and how many met several."""
    experiment = name or _only(who)
    # Joined and counted several times from here on.
    everyone = units(who, experiment, beside=log.table).cache()
    parts = [_.count().name("units"), (_[VARIANTS] > 1).sum().name("crossed")]
    counts = collect_one(everyone.aggregate(parts), "experiment")
    check_units(int(counts["units"]), experiment, who)
    inside = _inside(everyone, _[SINCE], design, f"table {who.name!r}, column {who.time!r}")
    return inside.filter(_[VARIANTS] == 1), as_count(counts["crossed"])


def _inside(table: ir.Table, when: ibis.Deferred, design: Design, where: str) -> ir.Table:
    """Rows on the design's days."""
    if design.start is None and design.until is None:
        return table
    ends = collect_one(
        table.aggregate(
            [when.min().cast("date").name("first"), when.max().cast("date").name("last")]
        ),
        "experiment",
    )
    first, last = (_date(ends[k]) for k in ("first", "last"))
    start, until = design.start or first, design.until or last
    if start > last or until < first:
        raise BadInput(
            f"no unit was assigned from {start} to {until}: assignments run from {first} to {last}",
            where,
            "mend the design's `start` or `until`",
        )
    return table.filter(
        when >= ibis.timestamp(str(start)), when < ibis.timestamp(str(until + timedelta(days=1)))
    )


def _date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def measured(k: int, m: Outcome) -> dict[str, str]:
    """Column -> SQL aggregate of metric k on a log: its value, and what it is divided by."""
    return {own(f"m{k}"): m.value} | ({own(f"m{k}_per"): m.per} if m.per else {})


def known(k: int, m: Outcome, design: Design) -> dict[str, str]:
    """Column -> SQL aggregate of the time before the assignment:
    the covariates of metric k on a log."""
    if m.covariates and not design.before:
        where = f"metric {m.name!r}"
        raise BadInput(
            "covariates on a log need a time before the test", where, "choose Design(before=days)"
        )
    same = tuple(measured(k, m).values()) if design.before else ()
    return {own(f"m{k}_before{j}"): text for j, text in enumerate(m.covariates or same)}


def up_to(log: EventLog | Facts, last: date | None) -> EventLog | Facts:
    """The log as it stood at the end of a day."""
    if last is None:
        return log
    end = ibis.timestamp(str(last + timedelta(days=1)))
    return replace(log, table=log.table.filter(_[log.time].cast("timestamp") < end))


def _only(who: Assignments) -> str:
    named = who.table.filter(_[who.experiment].notnull())
    known = collect(named.select(x=_[who.experiment].cast("string")).distinct(), "experiment")[
        "x"
    ].tolist()
    if len(known) != 1:
        raise BadInput(
            f"{len(known)} experiments are in the table",
            f"table {who.name!r}",
            f"choose one of {sorted(known)[:5]} by `name`",
        )
    return str(known[0])
