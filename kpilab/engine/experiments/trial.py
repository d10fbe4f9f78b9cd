"""From assignments and a log, or a table of units, to the table an experiment is read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from ibis import _
from ibis.common.deferred import Deferred

from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.breakdown import broken_down
from kpilab.engine.column import OWN, marked, own, spelled
from kpilab.engine.dialect import one
from kpilab.engine.door.labels import label
from kpilab.engine.experiments.exposure import DAY, VARIANT
from kpilab.engine.experiments.intake import Intake, from_log, from_units, known, measured, up_to
from kpilab.engine.experiments.moments import Group, Moments
from kpilab.engine.run import collect, collect_one
from kpilab.engine.stored import as_stored
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What is read.

    Attributes:
        table: one row per unit, or per cluster where clusters were drawn; column `VARIANT`, `DAY`
            if the time is known, the metrics' columns. rows: one row per unit.
        groups: what to take moments of, one per metric (and one more where values are capped).
        columns: metric -> its column. caps: metric -> the value it is capped at.
        intake: how many units came, and how many are left out. log: as far as it counts.
    """

    table: ir.Table
    rows: ir.Table
    groups: tuple[Group, ...]
    columns: Mapping[str, str]
    caps: Mapping[str, float]
    intake: Intake
    log: EventLog | Facts | None

    def keys(self, keep: Sequence[str]) -> dict[str, str]:
        """Keys of the moments -> columns; what was kept is marked, as it may be called `day`."""
        day = {"day": DAY} if DAY in self.table.columns else {}
        return {"variant": VARIANT, **{marked(k): k for k in keep}, **day}


def prepare(
    who: Assignments | Units, log: EventLog | Facts | None, metrics: Sequence[Outcome],
    name: str | None,
    design: Design, keep: Sequence[str],
) -> Trial:  # fmt: skip
    """The unit table with one group of columns per metric."""
    if isinstance(who, Units):
        table, intake = from_units(who, design)
        columns = {m.name: _columns(m, table) for m in metrics}
    else:
        if log is None:
            raise BadInput(
                "assignments alone have no metrics",
                "experiment",
                "give a log or facts as second argument",
            )
        table, intake = from_log(who, log, metrics, name, design, keep)
        log = up_to(log, design.seen_until)
        columns = {m.name: _logged(m, k, design) for k, m in enumerate(metrics)}
    caps = _caps(table, metrics, columns)
    capped = {m: own(f"capped{k}") for k, m in enumerate(caps)}
    rows = table.mutate(**{capped[m]: _capped(columns[m][0], cap) for m, cap in caps.items()})
    groups = []
    for m in metrics:
        value, per, known = columns[m.name]
        if m.kind != "quantile":
            groups.append(_group(m, m.name, value, per, known, design))
        if m.name in caps:
            groups.append(_group(m, f"{m.name} (capped)", capped[m.name], per, known, design))
    table = _clusters(rows, groups, design.cluster, keep) if design.cluster else rows
    return Trial(
        table, rows, tuple(groups), {n: c[0] for n, c in columns.items()}, caps, intake, log
    )


def _columns(m: Outcome, table: ir.Table) -> tuple[str, str | None, tuple[str, ...]]:
    """The columns of a metric on a table of units."""
    value, per, *covariates = (
        c and spelled(c, table.columns) for c in (m.value, m.per, *m.covariates)
    )
    _check_numbers(m, [c for c in (value, per, *covariates) if c in table.columns], table)
    return str(value), per, tuple(str(c) for c in covariates)


def _check_numbers(m: Outcome, columns: Sequence[str], table: ir.Table) -> None:
    """A metric of units is made of numbers, or of True and False."""
    for c in columns:
        kind = table[c].type()
        if not (kind.is_numeric() or kind.is_boolean()):
            raise BadInput(
                f"column {c!r} holds {kind}, no numbers",
                f"metric {m.name!r}",
                "give numbers, or True and False",
            )


def _logged(m: Outcome, k: int, design: Design) -> tuple[str, str | None, tuple[str, ...]]:
    value, *per = measured(k, m)
    return value, per[0] if per else None, tuple(known(k, m, design))


def logged_group(m: Outcome, k: int, design: Design) -> Group:
    """The columns of metric k on a log."""
    return _group(m, m.name, *_logged(m, k, design), design)


def _caps(
    table: ir.Table,
    metrics: Sequence[Outcome],
    columns: Mapping[str, tuple[str, str | None, tuple[str, ...]]],
) -> dict[str, float]:
    wanted = {m.name: m for m in metrics if m.cap is not None}
    for m in wanted.values():
        if columns[m.name][0] not in table.columns:
            raise unknown("column", columns[m.name][0], table.columns, f"metric {m.name!r}")
    if not wanted:
        return {}
    found = collect(
        table.aggregate(
            [_[columns[n][0]].cast("float64").quantile(m.cap).name(n) for n, m in wanted.items()]
        ),
        "experiment",
    )
    return {n: float(found[n].to_numpy()[0]) for n in wanted}


def _capped(column: str, cap: float) -> Deferred:
    value = _[column].cast("float64")
    return (value > cap).ifelse(cap, value)


def _group(
    m: Outcome, label: str, column: str, per: str | None, known: tuple[str, ...], design: Design
) -> Group:
    """Columns of a metric, and which of them form it and its covariates."""
    # A ratio's own numerator and denominator of the time before form one covariate; named ones
    # stand alone.
    paired = per is not None and len(known) == 2 and not (design.before and m.covariates)
    if design.cluster:
        # Totals per cluster and what they are divided by: the metric's denominator, or the units
        # with a value.
        columns = (f"{column}@sum", f"{per}@sum" if per else f"{column}@n")
        pairs = (
            [(f"{c}@sum", f"{c}@n") for c in known]
            if not paired
            else [tuple(f"{c}@sum" for c in known)]
        )
        positions = tuple((2 + 2 * i, 3 + 2 * i) for i in range(len(pairs)))
        known = tuple(c for pair in pairs for c in pair)
        return Group(label, columns, known, positions, share=m.kind == "proportion")
    columns = (column, per) if per else (column,)
    positions = ((2, 3),) if paired else tuple((len(columns) + i,) for i in range(len(known)))
    share = m.kind == "proportion"
    return Group(label, columns, known, positions, share and not known, share)


def _clusters(
    table: ir.Table, groups: Sequence[Group], cluster: str, keep: Sequence[str]
) -> ir.Table:
    """One row per cluster: what was drawn at random is what counts as one."""
    if cluster not in table.columns:
        raise unknown("column", cluster, table.columns, "Design, cluster")
    # A cluster is not in one segment if only some of its units are known to be.
    met = table.group_by(cluster).agg(
        **{VARIANT: _[VARIANT].nunique(), **{c: label(_[c]).nunique() for c in keep}}
    )
    split = collect_one(
        met.aggregate([(_[c] > 1).sum().name(c) for c in (VARIANT, *keep)]), "experiment"
    )
    for column, count in split.items():
        if count:
            raise BadInput(
                f"{int(count):,} clusters have several values of {column.removeprefix(OWN)!r}",
                f"Design, cluster {cluster.removeprefix(OWN)!r}",
                "a cluster has one variant; segments and strata must be properties of the cluster",
            )
    wanted = dict.fromkeys(c for g in groups for c in g.all)
    sums = {}
    for c in wanted:
        column, what = c.rsplit("@", 1)
        if column not in table.columns:
            raise unknown("column", column, table.columns, "experiment")
        value = _[column].cast("float64")
        sums[c] = value.sum() if what == "sum" else value.count().cast("float64")
    return table.group_by(VARIANT, *keep, cluster).agg(**sums)


def extremes(
    trial: Trial, metrics: Sequence[Outcome], *, stored: bool = False
) -> dict[str, tuple[float, float]]:
    """Lowest and highest value of every plain mean; free where a file keeps statistics, and all
    its values are known to be numbers (`stored`, as in `Moments`)."""
    means = [m for m in metrics if m.kind in ("mean", "count") and not m.per]
    names = [m.name for m in means if m.name in trial.columns]
    if not names:
        return {}
    value = {n: _[trial.columns[n]].cast("float64") for n in names}
    parts = {
        f"{what}{k}": getattr(value[n], what)()
        for k, n in enumerate(names)
        for what in ("min", "max")
    }
    bare = as_stored(trial.rows) if stored else None
    rows = trial.rows if bare is None else bare
    found = collect_one(rows.aggregate([v.name(k) for k, v in parts.items()]), "experiment")
    return {n: (float(found[f"min{k}"]), float(found[f"max{k}"])) for k, n in enumerate(names)}


def by_segment(trial: Trial, dimensions: Sequence[str]) -> Moments:
    """Moments by variant and value of each dimension; the rows with an empty `dimension` are those
    of all units.

    A dimension is one that was kept; its value is that of the unit's first row.
    """
    (group,) = trial.groups
    sums = {"units": "COUNT(*)", f"{group.name}:n": "COUNT(*)"}
    sums |= {f"{group.name}:{i}": f"SUM({c})" for i, c in enumerate(group.all)}
    pairs = combinations_with_replacement(enumerate(group.all), 2)
    sums |= {f"{group.name}:{i}:{j}": f"SUM({a} * {b})" for (i, a), (j, b) in pairs}
    rows = trial.rows.select(
        VARIANT, *group.all, **{own(f"d{k}"): label(_[d]) for k, d in enumerate(dimensions)}
    )
    at = {own(f"d{k}"): d for k, d in enumerate(dimensions)}
    found = broken_down(rows, {"variant": rows[VARIANT]}, list(at), sums, "experiment")
    found["dimension"] = found["dimension"].replace(at)
    return Moments(
        found, ("variant", "dimension", "value"), (group,), dict.fromkeys(group.all, 0.0)
    )


def quantiles(
    trial: Trial, metric: str, shares: Mapping[str, tuple[float, ...]]
) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Per variant: units with a value, and the values at its shares."""
    table, column = trial.rows, trial.columns[metric]
    if column not in table.columns:
        raise unknown("column", column, table.columns, "experiment")
    value = _[column].cast("float64")
    found = {}
    for variant, levels in shares.items():
        parts = {f"q{k}": value.quantile(q) for k, q in enumerate(levels)}
        rows = table.filter(_[VARIANT].cast("string") == variant)
        row = collect(
            rows.aggregate([value.count().name("n"), *(v.name(k) for k, v in parts.items())]),
            "experiment",
        ).to_numpy(dtype=float)[0]
        found[variant] = (row[0], tuple(row[1:]))
    return found


def below(
    trial: Trial, metric: str, cluster: str, middle: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Per variant: clusters, and sums over them of units at or below a value (s), all units (n),
    products."""
    column, found = _[trial.columns[metric]].cast("float64"), {}
    for variant, limit in middle.items():
        rows = trial.rows.filter(_[VARIANT].cast("string") == variant)
        each = rows.group_by(cluster).agg(s=one(column <= limit).sum(), n=column.count())
        sums = {"s": _.s.sum(), "n": _.n.sum(), "ss": (_.s * _.s).sum(), "nn": (_.n * _.n).sum()}
        sums |= {"sn": (_.s * _.n).sum(), "clusters": _.count()}
        found[variant] = {
            k: float(v)
            for k, v in collect_one(
                each.aggregate([v.name(k) for k, v in sums.items()]), "experiment"
            ).items()
        }
    return found
