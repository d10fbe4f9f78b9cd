"""An experiment as its file holds it: counts, units, or assignments with a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import ibis

from kpilab.case.guess import guess
from kpilab.case.look import Column, Sheet, looked
from kpilab.case.numbers import classed
from kpilab.case.trial import (
    COUNTED,
    LEAST_UNITS,
    Trial,
    arms_in,
    control_first,
    trial_of,
    values_of,
)  # fmt: skip
from kpilab.case.words import USER
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import MARGIN, Counts, Outcome, Role, Units
from kpilab.engine.experiments.exposure import Log, condition, reached
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_VALUES = 8  # of a column of arms
SQUARED = ("_sq", "_squared", "_squares", "_sumsq", "_sum_sq", "_ss", "_平方和")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said of the file beside it.

    Attributes:
        arm, control, units: column of the variants, the one compared against, column of how many
            units a row stands for; found where empty.
        metrics: NAME, NAME=COLUMN or NAME=ABOVE/BELOW; with a log an event or an aggregate.
        secondary: further ones. guardrails: the same, with :MARGIN behind. down: those that should
            fall.
    """

    arm: str = ""
    control: str = ""
    units: str = ""
    metrics: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    down: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """Arguments of `experiment`: tables, metrics, control; and the names of all variants."""

    who: Assignments | Units | Counts
    log: Log | None
    metrics: tuple[Outcome, ...]
    control: str
    arms: tuple[str, ...]


def tested(file: Path, log: Path | None, wanted: Wanted, by: Sequence[str]) -> Tested:
    """The experiment in a file, or in one of assignments and one of what their units did.

    Raises:
        BadInput: no column of variants, no metric, no number of units; an unknown column.
    """
    sheets = [classed(s) for s in looked([file, *([log] if log else [])])]
    arm, arms = _arms(sheets[0], wanted)
    if log is not None:
        return _logged(sheets[0], sheets[1], arm, arms, wanted)
    if wanted.units:
        _known(sheets[0], wanted.units, "--units")
    count = wanted.units or _count(sheets[0])
    found = trial_of(sheets[0], arm, arms, count)
    if found is None and (count or sheets[0].rows >= LEAST_UNITS):
        time = sheets[0].time.name if sheets[0].time else None
        found = Trial(sheets[0], arm.name, arms, None, count, (), (), time)
    if found is None:
        what = f"{sheets[0].rows} rows are no units, and no column says how many each stands for"
        raise BadInput(what, f"file {sheets[0].source!r}", "name it: --units COLUMN")
    return _counted(found, wanted, by) if found.count else _units(found, wanted)


def _count(sheet: Sheet) -> str | None:
    """The column of how many units, where sums stand beside the sums of their squares."""
    able = [c.name for c in sheet.of_type("number") if c.whole and c.named(COUNTED)]
    return able[0] if able and _squares(sheet) else None


def _arms(sheet: Sheet, wanted: Wanted) -> tuple[Column, tuple[str, ...]]:
    where = f"file {sheet.source!r}"
    if wanted.arm:
        column = _known(sheet, wanted.arm, "--arm")
        if not 1 < column.distinct <= MOST_VALUES:
            what = f"column {column.name!r} has {column.distinct} values, not 2 to {MOST_VALUES}"
            raise BadInput(what, "--arm", "name the column of the variants")
        found = column, control_first(values_of(sheet, column))
    else:
        lone = arms_in(sheet)
        if lone is None:
            raise BadInput("no column holds variants", where, "name it: --arm COLUMN")
        found = lone
    column, arms = found
    if wanted.control and wanted.control not in arms:
        raise unknown("variant", wanted.control, arms, "--control")
    first = wanted.control or arms[0]
    return column, (first, *(v for v in arms if v != first))


def _known(sheet: Sheet, name: str, where: str) -> Column:
    found = next((c for c in sheet.columns if c.name == name), None)
    if found is None:
        raise unknown("column", name, [c.name for c in sheet.columns], where)
    return found


def _units(found: Trial, wanted: Wanted) -> Tested:
    """One row per unit: a column of 0 and 1 is a share, another a mean."""
    shares = {c.name for c in found.did} | _flags(found)
    usual = [c.name for c in (*found.did, *found.amounts)]
    metrics = _outcomes(wanted, usual, lambda name: name in shares, found.sheet)
    who = Units(
        found.sheet.table, name=found.sheet.name, variant=found.arm, unit=found.unit,
        time=found.time,
    )  # fmt: skip
    return Tested(who, None, metrics, found.arms[0], found.arms)


def _flags(found: Trial) -> set[str]:
    return {c.name for c in found.sheet.of_type("flag")}


def _counted(found: Trial, wanted: Wanted, by: Sequence[str]) -> Tested:
    """Counts: a sum whose squares stand beside it is a mean, every other a share."""
    squares = _squares(found.sheet)
    usual = [c.name for c in found.did if c.name not in squares.values()]
    usual += [c for c in squares if c not in usual and " * " not in c]
    metrics = _outcomes(wanted, usual, lambda name: name not in squares, found.sheet)
    who = Counts(
        found.sheet.table, name=found.sheet.name, variant=found.arm, units=str(found.count),
        time=found.time, dimensions=tuple(by), squares=squares,
    )  # fmt: skip
    return Tested(who, None, metrics, found.arms[0], found.arms)


def _squares(sheet: Sheet) -> dict[str, str]:
    """Sums and the columns that hold the sums of their squares, by their names."""
    names = [c.name for c in sheet.of_type("number")]
    lower = {n.lower(): n for n in names}
    found = {
        n: lower[n.lower() + end] for n in names for end in SQUARED if n.lower() + end in lower
    }
    pairs = [(a, b) for a in found for b in found if a != b]
    return found | {
        f"{a} * {b}": lower[f"{a}_{b}".lower()] for a, b in pairs if f"{a}_{b}".lower() in lower
    }


def _outcomes(
    wanted: Wanted, usual: Sequence[str], is_share: Callable[[str], bool], sheet: Sheet
) -> tuple[Outcome, ...]:
    """The metrics asked for; else the most telling one first, the others beside it."""
    asked = _asked(wanted)
    if not any(role == "primary" for _text, role, _margin in asked):
        taken = {text for text, _role, _margin in asked}
        rest = [name for name in usual if name not in taken]
        if not rest:
            what = f"no column of file {sheet.source!r} is a metric by itself"
            raise BadInput(what, "--metric", "name one: --metric COLUMN")
        asked.insert(0, (rest[0], "primary", MARGIN))
        asked[1:1] = [(name, "secondary", MARGIN) for name in rest[1:]]
    found = []
    for text, role, margin in asked:
        name, value, per = _formula(text)
        for c in (value, per):
            if c:
                _known(sheet, c, f"metric {name!r}")
        kind: Literal["proportion", "mean"] = (
            "proportion" if not per and is_share(value) else "mean"
        )
        better: Literal["up", "down"] = "down" if name in wanted.down else "up"
        found.append(
            Outcome(name, value, per or None, kind=kind, better=better, role=role, margin=margin)
        )
    return _once(found, wanted)


def _once(found: Sequence[Outcome], wanted: Wanted) -> tuple[Outcome, ...]:
    names = [m.name for m in found]
    for name in wanted.down:
        if name not in names:
            raise unknown("metric", name, names, "--down")
    return tuple(found)


def _asked(wanted: Wanted) -> list[tuple[str, Role, float]]:
    asked: list[tuple[str, Role, float]] = [(text, "primary", MARGIN) for text in wanted.metrics]
    further: list[tuple[str, Role, float]] = [(t, "secondary", MARGIN) for t in wanted.secondary]
    return [*asked, *further, *map(_margin, wanted.guardrails)]


def _margin(text: str) -> tuple[str, Role, float]:
    """NAME or NAME:MARGIN, the margin as 0.05 or 5%."""
    name, colon, margin = text.rpartition(":")
    if not colon:
        return text, "guardrail", MARGIN
    try:
        share = float(margin.rstrip("%")) / (100 if margin.endswith("%") else 1)
    except ValueError:
        what = f"{margin!r} is no margin"
        raise BadInput(what, f"--guardrail {text}", "write NAME:2% or NAME:0.02") from None
    return name, "guardrail", share


def _formula(text: str) -> tuple[str, str, str]:
    """Name, value and denominator of NAME, NAME=VALUE or NAME=ABOVE/BELOW."""
    name, _equal, value = text.partition("=")
    above, _slash, below = (value or name).partition("/")
    return name.strip(), above.strip(), below.strip()


def _logged(sheet: Sheet, log: Sheet, arm: Column, arms: tuple[str, ...], wanted: Wanted) -> Tested:
    """Assignments, and the log of what their units did."""
    did = _log(log)
    key = did.user if isinstance(did, EventLog) else ""
    unit = next((c for c in sheet.columns if c.name == key), None) or next(
        (c for c in sheet.columns if c is not arm and c.named(USER)), None
    )
    if unit is None or sheet.time is None:
        lacks = "unit" if unit is None else "time"
        what = f"no column holds the {lacks} of each assignment"
        raise BadInput(what, f"file {sheet.source!r}", "add it: who was assigned what, and when")
    if isinstance(did, Facts) and unit.name not in did.table.columns:
        what = f"column {unit.name!r} is not in the log"
        raise BadInput(what, f"file {log.source!r}", "both files name the unit alike")
    who = Assignments(
        _one_test(sheet.table), name=sheet.name, experiment="one test", time=sheet.time.name,
        unit=unit.name, variant=arm.name,
    )  # fmt: skip
    if not wanted.metrics:
        raise BadInput(
            "a log holds many metrics, and none is named", "--metric",
            "name an event, or an aggregate: --metric 'revenue=sum(amount)'",
        )  # fmt: skip
    found = []
    for text, role, margin in _asked(wanted):
        name, _equal, value = text.partition("=")
        made = Outcome(name, value) if value else reached(name, condition(did, name))
        better: Literal["up", "down"] = "down" if name in wanted.down else "up"
        found.append(replace(made, better=better, role=role, margin=margin))
    return Tested(who, did, _once(found, wanted), arms[0], arms)


def _one_test(table: ir.Table) -> ir.Table:
    return table.mutate(**{"one test": ibis.literal("test")})


def _log(sheet: Sheet) -> Log:
    found = guess(sheet)
    if found is None or found.kind not in ("events", "facts"):
        what = f"file {sheet.source!r} is no log of what units did"
        raise BadInput(what, "--log", "give a file with a time and the unit of each row")
    roles = dict(found.roles)
    if found.kind == "events":
        user, time, event = (roles[r] for r in ("user", "time", "event"))
        return EventLog(sheet.table, name=sheet.name, user=user, time=time, event=event)
    return Facts(sheet.table, name=sheet.name, time=roles["time"])
