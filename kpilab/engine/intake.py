"""Who came into an experiment, one row per unit, and who is not compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import ibis
from ibis import _

from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.dialect import one
from kpilab.engine.exposure import check_units, per_unit, units
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

# A unit with this many times the rows of the median unit is no person.
HEAVY = 100


@dataclass(frozen=True, slots=True)
class Intake:
    """Counts of units.

    Attributes:
        assigned: variant -> units that met it alone, exposed or not.
        crossed: units that met several variants; left out. early: exposed before they were assigned.
        unexposed: assigned, never exposed; left out where an exposure is declared.
        late: the log ends before their window does (without a window: before they were assigned); left out.
        idle: compared units without a row after their assignment.
        heavy: share of the log's rows made by units with a hundred times the median unit's rows.
        logged: whether the units come from a log.
    """

    assigned: Mapping[str, int]
    crossed: int = 0
    early: int = 0
    unexposed: int = 0
    late: int = 0
    idle: int = 0
    heavy: float = 0.0
    logged: bool = False

    @property
    def reach(self) -> float:
        """Share of the assigned units that were exposed."""
        everyone = sum(self.assigned.values())
        return 1 - self.unexposed / everyone if everyone else float("nan")


def from_units(who: Units, design: Design) -> tuple[ir.Table, Intake]:
    """The table with `variant` and, where the time is known, `day`."""
    plain = who.table[who.variant].type().is_integer()
    table = who.table.mutate(variant=_[who.variant] if plain else _[who.variant].cast("string"))
    if design.window:
        raise BadInput("units without a log have no window", "Design, window", "give the log as second argument")
    if who.time:
        table = table.mutate(day=_[who.time].cast("timestamp").date())
        table = _inside(table, _.day, design, f"table {who.name!r}, column {who.time!r}")
    crossed = 0
    if who.unit:
        table, crossed = _single(table, who.unit, f"table {who.name!r}, column {who.unit!r}")
    if not design.exposure:
        return table, Intake({}, crossed)
    return _exposed(table, who, design, crossed)


def _single(table: ir.Table, unit: str, where: str) -> tuple[ir.Table, int]:
    """Without units in several variants, and how many those are."""
    met = table.group_by(unit).agg(variants=_.variant.nunique(), rows=_.count())
    parts = [(_.variants > 1).sum().name("crossed"), ((_.variants == 1) & (_.rows > 1)).sum().name("twice")]
    crossed, twice = (int(v) for v in collect(met.aggregate(parts), "experiment").fillna(0).to_numpy()[0])
    if twice:
        raise BadInput(f"{twice:,} units have several rows in one variant", where, "give one row per unit: sum first")
    return (table.anti_join(met.filter(_.variants > 1), unit) if crossed else table), crossed


def _exposed(table: ir.Table, who: Units, design: Design, crossed: int) -> tuple[ir.Table, Intake]:
    """The exposed units; the column says when they were exposed, or whether."""
    where = f"table {who.name!r}"
    if design.exposure not in table.columns:
        raise unknown("column", design.exposure, table.columns, where)
    met = table[design.exposure]
    if met.type().is_temporal():
        early = (met.cast("timestamp") < _[who.time].cast("timestamp")) if who.time else ibis.literal(False)
        table = table.mutate(met=met.notnull(), early=early)
    else:
        table = table.mutate(met=ibis.coalesce(met.cast("boolean"), False), early=ibis.literal(False))
    counts = collect(_tally(table), "experiment")
    assigned = dict(zip(counts["variant"].astype(str), counts["units"].astype(int), strict=True))
    left = Intake(assigned, crossed, int(counts["early"].sum()), int(counts["unmet"].sum()))
    return table.filter(_.met), left


def _tally(table: ir.Table) -> ir.Table:
    return table.group_by("variant").agg(units=_.count(), early=one(_.early).sum(), unmet=one(~_.met).sum())


def from_log(
    who: Assignments, log: EventLog | Facts, metrics: Sequence[Outcome], name: str | None,
    design: Design, keep: Sequence[str],
) -> tuple[ir.Table, Intake]:  # fmt: skip
    """One row per unit, measured in the log from its assignment on, in the columns of `measured` and `known`."""
    everyone, crossed = _everyone(who, log, name, design)
    end = collect_one(log.table.aggregate(_[log.time].cast("timestamp").max().name("end")), "experiment")["end"]
    key = log.user if isinstance(log, EventLog) else who.unit
    after = {c: text for k, m in enumerate(metrics) for c, text in measured(k, m).items()}
    before = {c: text for k, m in enumerate(metrics) for c, text in known(k, m, design).items()}
    table = per_unit(
        log, everyone.filter(_.variants == 1), after, before, key=key, design=design, dimensions=keep,
    )  # fmt: skip
    ripe = _.since + ibis.interval(days=design.window or 0) <= ibis.timestamp(str(end))
    # Read several times from here on, so computed once.
    table = table.mutate(day=_.since.date(), ripe=ripe).cache()
    compared = table.filter(_.ripe, _.met)
    return compared, _counted(table, compared, crossed)


def _counted(table: ir.Table, compared: ir.Table, crossed: int) -> Intake:
    counts = collect(_tally(table), "experiment")
    parts = {
        "late": one(~_.ripe).sum(),
        "idle": one(_.idle & _.ripe & _.met).sum(),
        "median": _.rows.median(),
        "total": _.rows.sum(),
    }
    sums = {
        k: float(v or 0)
        for k, v in collect_one(table.aggregate([v.name(k) for k, v in parts.items()]), "experiment").items()
    }
    most = HEAVY * max(sums["median"], 1)
    heavy = collect_one(compared.aggregate(_.rows.sum(where=_.rows > most).name("n")), "experiment")["n"]
    return Intake(
        dict(zip(counts["variant"].astype(str), counts["units"].astype(int), strict=True)),
        crossed,
        int(counts["early"].sum()),
        int(counts["unmet"].sum()),
        int(sums["late"]),
        int(sums["idle"]),
        float(heavy or 0) / sums["total"] if sums["total"] else 0.0,
        logged=True,
    )


def _everyone(who: Assignments, log: EventLog | Facts, name: str | None, design: Design) -> tuple[ir.Table, int]:
    """Units of one experiment that were assigned on the design's days, and how many of them met several variants."""
    experiment = name or _only(who)
    # Joined and counted several times from here on.
    everyone = units(who, experiment, beside=log.table).cache()
    parts = [_.count().name("units"), (_.variants > 1).sum().name("crossed")]
    counts = collect_one(everyone.aggregate(parts), "experiment")
    check_units(int(counts["units"]), experiment, who)
    inside = _inside(everyone, _.since, design, f"table {who.name!r}, column {who.time!r}")
    return inside, int(counts["crossed"] or 0)


def _inside(table: ir.Table, time: ibis.Deferred, design: Design, where: str) -> ir.Table:
    """Rows on the design's days."""
    if design.start is None and design.until is None:
        return table
    ends = collect_one(table.aggregate([time.min().date().name("first"), time.max().date().name("last")]), "experiment")
    first, last = (_date(ends[k]) for k in ("first", "last"))
    start, until = design.start or first, design.until or last
    if start > last or until < first:
        raise BadInput(
            f"no unit was assigned from {start} to {until}: assignments run from {first} to {last}",
            where,
            "mend the design's `start` or `until`",
        )
    return table.filter(time >= ibis.timestamp(str(start)), time < ibis.timestamp(str(until + timedelta(days=1))))


def _date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def measured(k: int, m: Outcome) -> dict[str, str]:
    """Column -> SQL aggregate of metric k on a log: its value, and what it is divided by."""
    return {f"m{k}": m.value} | ({f"m{k}_per": m.per} if m.per else {})


def known(k: int, m: Outcome, design: Design) -> dict[str, str]:
    """Column -> SQL aggregate of the time before the assignment: the covariates of metric k on a log."""
    if m.covariates and not design.before:
        where = f"metric {m.name!r}"
        raise BadInput("covariates on a log need a time before the test", where, "choose Design(before=days)")
    own = tuple(measured(k, m).values()) if design.before else ()
    return {f"m{k}_before{j}": text for j, text in enumerate(m.covariates or own)}


def up_to(log: EventLog | Facts, last: date | None) -> EventLog | Facts:
    """The log as it stood at the end of a day."""
    if last is None:
        return log
    end = ibis.timestamp(str(last + timedelta(days=1)))
    return replace(log, table=log.table.filter(_[log.time].cast("timestamp") < end))


def _only(who: Assignments) -> str:
    known = collect(who.table.select(x=_[who.experiment].cast("string")).distinct(), "experiment")["x"].tolist()
    if len(known) != 1:
        raise BadInput(
            f"{len(known)} experiments are in the table",
            f"table {who.name!r}",
            f"choose one of {sorted(known)[:5]} by `name`",
        )
    return str(known[0])
