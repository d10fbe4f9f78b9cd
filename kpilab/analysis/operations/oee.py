"""OEE: how much of the planned time was fully productive, and where did the rest go?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import ibis
import pandas as pd
from ibis import _

from kpilab.core.result import Result
from kpilab.core.table import Facts
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.column import column
from kpilab.engine.days import day_of, inside
from kpilab.engine.door.dimensions import aside, called
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect
from kpilab.errors import BadInput, Problem, several, unknown_problem
from kpilab.old import keywords
from kpilab.stats.core.level import Window
from kpilab.stats.core.rate import rate_interval

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.door.tables import Tabular

LOSSES = ("breakdown", "changeover", "minor_stop", "speed", "scrap")
STOPS = ("planned_stop", "breakdown", "changeover", "minor_stop")
TIMES = ("scheduled", "planned_stop", "planned", "run", "ideal", "good", *LOSSES)
TOLERANCE = 0.005  # of performance: rounded cycle times are no fault


@dataclass(frozen=True, slots=True)
class Machines:
    """Which columns hold what; all times in one unit (minutes or hours), one row per machine and
    shift, hour or day.

    Attributes:
        scheduled: time on the schedule, planned stops included.
        stops: kind of stop -> column of its time; kinds are planned_stop (not counted against
            anybody), breakdown, changeover (both against availability) and minor_stop (against
            performance).
        total: units made. good or scrap: units that were right, or that were not; both None:
            quality counts as 1.
        cycle: ideal time per unit. ideal: units that the run time could have given; name one of the
            two.
    """

    scheduled: str
    total: str
    stops: Mapping[str, str] = field(default_factory=dict)
    good: str | None = None
    scrap: str | None = None
    cycle: str | None = None
    ideal: str | None = None

    def columns(self) -> tuple[str, ...]:
        single = (self.scheduled, self.total, self.good, self.scrap, self.cycle, self.ideal)
        return tuple(c for c in (*single, *self.stops.values()) if c)


@dataclass(frozen=True, slots=True, eq=False)
class OeeResult(Result):
    """Answer of `oee`.

    Attributes:
        table: one row per machine (combination of `by`), worst first, or one in all; columns of
            `by` (one that is called like a column of the answer: "name (by)"), `oee`, `low`,
            `high` (its interval, over days), `availability`, `performance`, `quality` (0-1),
            the denominators `planned` (scheduled less planned stops), `run`, `ideal` (time the
            units made ideally take), and `good`.
        losses: one row per machine and loss, the tree from scheduled to productive time; columns of
            `by`, `loss` (planned_stop, breakdown, changeover, minor_stop, speed, scrap), `time`,
            `share` (of planned time; all but planned_stop sum to 1 − oee), `against` ("",
            "availability", "performance" or "quality").
        faults: one row per kind of faulty row; columns `fault`, `rows`, `first`, `last` (days).
        whole: OEE of everything. by: dimensions, as the columns are called. level: confidence
            level.
    """

    losses: pd.DataFrame
    faults: pd.DataFrame
    whole: float
    by: tuple[str, ...]
    level: float
    kind: ClassVar[str] = "oee"

    @property
    def headline(self) -> Message:
        counted = self.losses[self.losses["loss"] != "planned_stop"]
        sums = counted.groupby("loss")["time"].sum()
        share = float(sums.max() / self.table["planned"].sum())
        values = {"oee": self.whole, "loss": Message(f"oee.{sums.idxmax()}"), "share": share}
        if not self.by:
            return Message("oee.one", values)
        worst = self.table.iloc[0]
        name = " · ".join(str(worst[b]) for b in self.by)
        return Message("oee.worst", values | {"worst": name, "least": float(worst["oee"])})


@keywords("oee")
def oee(
    facts: Facts | Tabular,
    columns: Machines,
    *,
    by: Sequence[str] = (),
    period: Period | None = None,
    where: Where = EVERYWHERE,
    faulty: Literal["refuse", "leave_out"] = "refuse",
    level: float = 0.95,
) -> OeeResult:
    """Overall equipment effectiveness by one definition, with its loss tree.

    planned = scheduled − planned stops; run = planned − breakdowns − changeovers; availability =
    run / planned. ideal = units × ideal cycle time; performance = ideal / run; quality = good units
    / units; OEE is their product, good × cycle / planned. Sums are formed first and divided last:
    OEE of a line is no mean of its machines' OEE. Speed loss is what is left of the run time after
    minor stops and ideal time.

    A row cannot be right with a missing time or count, no planned time, a negative time, stops
    longer than the schedule, an ideal cycle or target that is not above zero, more good units than
    units, units faster than the ideal cycle (OEE above 1), or minor stops longer than the run time
    that the units leave. A machine without a name is "(missing)".

    Args:
        facts: one row per machine and shift, hour or day. columns: what is where.
        by: dimensions, e.g. ("machine", "shift"). period, where: only these days, this segment.
        faulty: "refuse" stops and names every kind of fault; "leave_out" counts them in `faults`
            and goes on.
        level: confidence level.

    Returns:
        OeeResult, one row per combination of `by`.

    Raises:
        BadInput: a column that is not there, faulty rows (with "refuse"), or no rows.

    Note:
        Intervals are those of days, as alike in a row as they are seen to be; fewer than two weeks
        cannot tell that, and count as independent.

    References:
        Nakajima (1988), Introduction to TPM.
    """
    fraction(level, "oee(level=)")
    facts = Facts.of(facts)
    _check(facts, columns, by)
    facts, ours = aside(facts, by)
    rows = _rows(facts, columns, tuple(ours), period, where)
    faults = _faults(rows)
    if len(faults) and faulty == "refuse":
        raise _refusal(facts.name, faults)
    sound = rows.filter(_.fault.isnull())
    sums = collect(
        sound.group_by([*ours, "day"]).agg(
            **{t: column(sound, t).sum() for t in (*TIMES, "units", "right")}
        ),
        "oee",
    )
    if sums.empty:
        raise BadInput(
            "no sound rows",
            f"table {facts.name!r}",
            "check the period, the segment and the columns",
        )
    notes = (Message("oee.left_out", {"rows": int(faults["rows"].sum())}),) if len(faults) else ()
    whole = float(sums["good"].sum() / sums["planned"].sum())
    found = _table(sums, list(ours), level)
    losses = _losses(found, list(ours))
    found, losses = called(found, ours, losses), called(losses, ours, found)
    return OeeResult(
        found, losses, faults, whole, tuple(found.columns[: len(ours)]), level, notes=notes
    )


def _check(table: Facts, columns: Machines, by: Sequence[str]) -> None:
    where, known = f"table {table.name!r}", table.table.columns
    problems = [
        unknown_problem("column", c, known, where)
        for c in (*columns.columns(), *by)
        if c not in known
    ]
    problems += [
        unknown_problem("stop", s, STOPS, "Machines(stops=)")
        for s in columns.stops
        if s not in STOPS
    ]
    if (columns.cycle is None) == (columns.ideal is None):
        mend = "name the ideal time per unit (cycle) or the units run time could give (ideal)"
        problems.append(Problem("both or none of `cycle` and `ideal` are given", "Machines", mend))
    error = several(problems)
    if error:
        raise error


def _rows(
    table: Facts, columns: Machines, by: Sequence[str], period: Period | None, where: Where
) -> ir.Table:
    """One row per row of the table with all times, and its fault if it has one."""
    rows = segment(table, where)
    if period is not None:
        rows = rows.filter(inside(day_of(rows, table.time), period))
    zero: Any = ibis.literal(0.0)  # as `column`: Ibis knows no comparison by type

    def of(name: str | None) -> Any:
        return column(rows, name).cast("float64") if name else zero

    stops = {s: of(columns.stops.get(s)) for s in STOPS}
    planned = of(columns.scheduled) - stops["planned_stop"]
    run = planned - stops["breakdown"] - stops["changeover"]
    units = of(columns.total)
    right = of(columns.good) if columns.good else units - of(columns.scrap)
    cycle = of(columns.cycle) if columns.cycle else run / of(columns.ideal).nullif(0)
    best = of(columns.cycle or columns.ideal)
    fault = ibis.cases(
        (ibis.or_(*[of(c).isnull() for c in columns.columns()]), "missing"),
        (ibis.or_(*[s < 0 for s in stops.values()], units < 0), "negative"),
        (planned <= 0, "no_planned_time"),
        (best <= 0, "no_ideal"),
        (run < -1e-9, "stops_too_long"),
        ((right < 0) | (right > units), "good_above_units"),
        (units * cycle > run * (1 + TOLERANCE), "above_one"),
        (
            stops["minor_stop"] + units * cycle > run * (1 + TOLERANCE) + 1e-9,
            "minor_stops_too_long",
        ),
    )
    times = {
        "scheduled": of(columns.scheduled),
        "planned": planned,
        "run": run,
        "ideal": units * cycle,
    }
    times |= {"good": right * cycle, **stops, "speed": run - stops["minor_stop"] - units * cycle}
    times["scrap"] = (units - right) * cycle
    keys = {b: rows[b] for b in by} | {"day": day_of(rows, table.time)}
    return rows.select(**keys, **times, units=units, right=right, fault=fault)


def _faults(rows: ir.Table) -> pd.DataFrame:
    """How many rows of each fault, and the days of a few."""
    bad = rows.filter(_.fault.notnull())
    counts = collect(
        bad.group_by("fault").agg(rows=_.count(), first=_.day.min(), last=_.day.max()), "oee"
    )
    return counts.sort_values("rows", ascending=False, ignore_index=True)


def _refusal(name: str, faults: pd.DataFrame) -> BadInput:
    problems = [
        Problem(
            f"{row['rows']} {'row' if row['rows'] == 1 else 'rows'}: {WHAT[str(row['fault'])]}",
            f"table {name!r}, {row['first']:%Y-%m-%d} to {row['last']:%Y-%m-%d}",
            f"{MEND[str(row['fault'])]}, or leave the rows out with faulty='leave_out'",
        )
        for row in faults.to_dict("records")
    ]
    first, *rest = problems
    return BadInput(first.what, first.where, first.hint, rest)


WHAT = {
    "missing": "a time or count is missing",
    "negative": "a time or count is below zero",
    "no_planned_time": "no planned time is left after planned stops",
    "no_ideal": "the ideal cycle time or target is zero",
    "stops_too_long": "stops are longer than the planned time",
    "good_above_units": "more good units than units, or fewer than none",
    "minor_stops_too_long": "minor stops and the ideal time of the units are longer than the "
    "run time",
    "above_one": "more units than the ideal cycle allows, OEE would be above 1",
}
MEND = {
    "missing": "fill them in at the source",
    "negative": "mend them at the source",
    "no_planned_time": "schedule the shift, or take it out of the table",
    "no_ideal": "set the ideal cycle time or target of these machines",
    "stops_too_long": "look for stops that were logged twice",
    "good_above_units": "look for parts counted on another shift",
    "minor_stops_too_long": "look for minor stops logged twice or in another unit of time",
    "above_one": "the ideal cycle is too slow or stops were not logged: correct the one that "
    "is wrong",
}


def _table(sums: pd.DataFrame, by: list[str], level: float) -> pd.DataFrame:
    groups = sums.groupby(by, sort=True) if by else [((), sums)]
    rows = []
    for key, part in groups:
        total = part[[*TIMES, "units", "right"]].sum()
        days = part.groupby("day")[["good", "planned"]].sum()
        value = float(total["good"] / total["planned"])
        low, high = rate_interval(Window.of(days["good"], days["planned"]), level)
        shares = {
            "availability": total["run"] / total["planned"],
            "performance": _over(total["ideal"], total["run"]),
        }
        shares["quality"] = _over(total["good"], total["ideal"])
        names = dict(zip(by, key, strict=True))
        ends = {"oee": value, "low": max(low, 0.0) if low == low else low, "high": min(high, 1.0)}
        rows.append(names | ends | shares | {t: float(total[t]) for t in TIMES})
    return pd.DataFrame(rows).sort_values("oee", ignore_index=True)


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _losses(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    against = {
        "planned_stop": "",
        "breakdown": "availability",
        "changeover": "availability",
        "scrap": "quality",
    }
    parts = [
        table[by].assign(
            loss=loss,
            time=table[loss],
            share=table[loss] / table["planned"],
            against=against.get(loss, "performance"),
        )
        for loss in ("planned_stop", *LOSSES)
    ]
    return pd.concat(parts, ignore_index=True)
