"""From assignments and a log, or a table of units, to the unit table an experiment is read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ibis import _
from ibis.common.deferred import Deferred

from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.exposure import check_units, per_unit, units
from kpilab.engine.moments import Group
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

SIZE = "units in cluster"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is read.

    Attributes:
        table: one row per unit (or cluster); column `variant`, `day` if the time is known, the metrics' columns.
        groups: what to take moments of, one per metric (and one more where values are capped).
        columns: metric -> its column. caps: metric -> the value it is capped at.
        crossed: units that met several variants (left out). idle: units without a row after their assignment.
    """

    table: ir.Table
    groups: tuple[Group, ...]
    columns: Mapping[str, str]
    caps: Mapping[str, float]
    crossed: int
    idle: int


def prepare(
    who: Assignments | Units, log: EventLog | Facts | None, metrics: Sequence[Outcome], name: str | None,
    design: Design, keep: Sequence[str],
) -> Trial:  # fmt: skip
    """The unit table with one group of columns per metric."""
    if isinstance(who, Units):
        (table, crossed), idle = _from_units(who), 0
        columns = {m.name: (m.value, m.per, m.covariates) for m in metrics}
    else:
        if log is None:
            raise BadInput("assignments alone have no metrics", "experiment", "give a log or facts as second argument")
        table, crossed, idle = _from_log(who, log, metrics, name, design, keep)
        columns = {m.name: _logged(m, k, design) for k, m in enumerate(metrics)}
    caps = _caps(table, metrics, columns)
    table = table.mutate(**{f"{m} (capped)": _capped(columns[m][0], cap) for m, cap in caps.items()})
    groups = []
    for m in metrics:
        value, per, known = columns[m.name]
        if m.kind != "quantile":
            groups.append(_group(m, m.name, value, per, known, design))
        if m.name in caps:
            label = f"{m.name} (capped)"
            groups.append(_group(m, label, label, per, known, design))
    if design.cluster:
        table = _clusters(table, groups, design, keep)
    return Trial(table, tuple(groups), {n: c[0] for n, c in columns.items()}, caps, crossed, idle)


def _from_units(who: Units) -> tuple[ir.Table, int]:
    """The table with `variant` and `day`, without units in several variants, and how many those are."""
    table = who.table.mutate(variant=_[who.variant].cast("string"))
    if who.time:
        table = table.mutate(day=_[who.time].cast("timestamp").date())
    if not who.unit:
        return table, 0
    met = table.group_by(who.unit).agg(variants=_.variant.nunique(), rows=_.count())
    parts = [(_.variants > 1).sum().name("crossed"), ((_.variants == 1) & (_.rows > 1)).sum().name("twice")]
    crossed, twice = (int(v) for v in collect(met.aggregate(parts), "experiment").fillna(0).to_numpy()[0])
    if twice:
        where = f"table {who.name!r}, column {who.unit!r}"
        raise BadInput(f"{twice:,} units have several rows in one variant", where, "give one row per unit: sum first")
    return (table.anti_join(met.filter(_.variants > 1), who.unit) if crossed else table), crossed


def _from_log(
    who: Assignments, log: EventLog | Facts, metrics: Sequence[Outcome], name: str | None,
    design: Design, keep: Sequence[str],
) -> tuple[ir.Table, int, int]:  # fmt: skip
    experiment = name or _only(who)
    everyone = units(who, experiment, beside=log.table)
    counted = collect(
        everyone.aggregate([_.count().name("units"), (_.variants > 1).sum().name("crossed")]), "experiment"
    )
    found, crossed = (int(v) for v in counted.fillna(0).to_numpy()[0])
    check_units(found, experiment, who)
    measures = {}
    for k, m in enumerate(metrics):
        measures[f"m{k}"] = m.value
        if m.per:
            measures[f"m{k}_per"] = m.per
    key = log.user if isinstance(log, EventLog) else who.unit
    known = everyone.filter(_.variants == 1)
    table = per_unit(log, known, measures, key=key, before=design.before, dimensions=keep)
    table = table.mutate(day=_.since.date())
    idle = collect(table.aggregate([_.idle.sum().name("idle")]), "experiment").fillna(0)
    return table, crossed, int(idle.to_numpy()[0, 0])


def _only(who: Assignments) -> str:
    known = collect(who.table.select(x=_[who.experiment].cast("string")).distinct(), "experiment")["x"].tolist()
    if len(known) != 1:
        raise BadInput(
            f"{len(known)} experiments are in the table",
            f"table {who.name!r}",
            f"choose one of {sorted(known)[:5]} by `name`",
        )
    return str(known[0])


def _logged(m: Outcome, k: int, design: Design) -> tuple[str, str | None, tuple[str, ...]]:
    per = f"m{k}_per" if m.per else None
    if not design.before:
        return f"m{k}", per, ()
    return f"m{k}", per, (f"m{k}_before",) + ((f"m{k}_per_before",) if per else ())


def _caps(
    table: ir.Table, metrics: Sequence[Outcome], columns: Mapping[str, tuple[str, str | None, tuple[str, ...]]]
) -> dict[str, float]:
    wanted = {m.name: m for m in metrics if m.cap is not None}
    for m in wanted.values():
        if columns[m.name][0] not in table.columns:
            raise unknown("column", columns[m.name][0], table.columns, f"metric {m.name!r}")
    if not wanted:
        return {}
    found = collect(
        table.aggregate([_[columns[n][0]].cast("float64").quantile(m.cap).name(n) for n, m in wanted.items()]),
        "experiment",
    )
    return {n: float(found[n].to_numpy()[0]) for n in wanted}


def _capped(column: str, cap: float) -> Deferred:
    value = _[column].cast("float64")
    return (value > cap).ifelse(cap, value)


def _group(m: Outcome, label: str, column: str, per: str | None, known: tuple[str, ...], design: Design) -> Group:
    """Columns of a metric, and which of them form it and its covariates."""
    if design.cluster:
        return Group(label, (f"{column}@sum", f"{per}@sum" if per else f"{column}@n"))
    columns = (column, per) if per else (column,)
    paired = per is not None and len(known) == 2
    positions = ((2, 3),) if paired else tuple((len(columns) + i,) for i in range(len(known)))
    return Group(label, columns, known, positions, m.kind == "proportion" and not known)


def _clusters(table: ir.Table, groups: Sequence[Group], design: Design, keep: Sequence[str]) -> ir.Table:
    """One row per cluster: what was drawn at random is what counts as one."""
    if design.cluster not in table.columns:
        raise unknown("column", design.cluster, table.columns, "Design, cluster")
    wanted = dict.fromkeys(c for g in groups for c in g.columns)
    sums = {}
    for c in wanted:
        column, what = c.rsplit("@", 1)
        value = _[column].cast("float64")
        sums[c] = value.sum() if what == "sum" else value.count().cast("float64")
    return table.group_by("variant", *keep, design.cluster).agg(**sums)


def quantiles(
    table: ir.Table, column: str, share: float, ranks: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float, float, float]]:
    """Per variant: units with a value, the quantile, and the order statistics at its enclosing ranks."""
    if column not in table.columns:
        raise unknown("column", column, table.columns, "experiment")
    found = {}
    for variant, levels in ranks.items():
        value = _[column].cast("float64")
        parts = [value.quantile(q).name(f"q{k}") for k, q in enumerate((share, *levels))]
        row = collect(table.filter(_.variant == variant).aggregate([value.count().name("n"), *parts]), "experiment")
        n, middle, low, high = row.to_numpy(dtype=float)[0]
        found[variant] = (n, middle, low, high)
    return found
