"""Steps of a funnel as people name them, and the rows of a log as a chain reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import ibis

from kpilab.core.values import EVERYWHERE, Where, duration
from kpilab.engine.column import column
from kpilab.engine.dialect import dialect_of, engine_name
from kpilab.engine.door.labels import one_of
from kpilab.engine.events.chain import Chain
from kpilab.engine.events.sessions import day_start, readable, whole, with_session
from kpilab.engine.expression import is_predicate, missing, parse_predicate, sql
from kpilab.engine.metrics import segment
from kpilab.engine.run import collect
from kpilab.errors import BadInput, several, unknown, unknown_problem

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period

MODES = ("ordered", "strict", "unordered")
MISSES = ("refuse", "zero")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a funnel.

    Attributes:
        event: name of the event, a condition as SQL text ("event = 'pay' and amount > 0"), or a
            function that takes the log's Ibis table and returns a condition. An event that reads as
            a condition (`sign in`, `order = paid`) is the event, if the log has it.
        where: column -> value or values the event must carry as well (compared as in `Where`; ""
            and None are missing).
        within: longest time since the step before (timedelta or "30m"); None for no limit of its
            own. Measured from the earliest event that meets the step before: a later one of the
            same name is not tried, so of "cart, cart 5 minutes before pay" the first cart counts.
        optional: users may leave the step out and go on.
        hold: columns in which this event must agree with the first step's.
        name: how the step is called in tables and charts; by default the event.
    """

    event: str | Callable[[ir.Table], ir.BooleanValue]
    where: Mapping[str, object] = field(default_factory=dict)
    within: timedelta | str | None = None
    optional: bool = False
    hold: tuple[str, ...] = ()
    name: str = ""

    @property
    def label(self) -> str:
        if self.name:
            return self.name
        text = (
            self.event if isinstance(self.event, str) else getattr(self.event, "__name__", "step")
        )
        return (
            f"{text} ({', '.join(f'{k}={v}' for k, v in self.where.items())})"
            if self.where
            else text
        )


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An event that spoils a pass when it stands between step `first` and step `last` (counted from
    1)."""

    event: str | Callable[[ir.Table], ir.BooleanValue]
    first: int = 1
    last: int | None = None
    where: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps of a funnel, and how they belong together.

    Attributes:
        steps: event names, SQL conditions or `Step`s; names may repeat.
        unit: whose events make a pass, and what is counted: "user" or "session".
        mode: "ordered", "strict" (no other event of the log between) or "unordered".
        exclude: events that spoil a pass when they stand inside it, or `Exclusion`s between named
            steps; a unit without a clean pass is left out altogether.
        reuse_event: let one event serve several steps (equal ones, or conditions it meets at once).
        missing: what an event that never occurs is: "refuse" it, with the names that come nearest,
            or count it as "zero" users.
    """

    steps: Sequence[str | Step]
    unit: str = "user"
    mode: str = "ordered"
    exclude: Sequence[str | Exclusion] = ()
    reuse_event: bool = False
    missing: str = "refuse"

    @classmethod
    def of(cls, steps: Sequence[str | Step] | Steps) -> Steps:
        return steps if isinstance(steps, Steps) else cls(steps)


@dataclass(frozen=True, slots=True)
class Plan:
    """A funnel ready to run: required and optional steps apart, and the chain they make.

    Attributes:
        called: events of the log that read as conditions (`sign in`).
    """

    steps: tuple[Step, ...]
    exclusions: tuple[Exclusion, ...]
    chain: Chain
    called: frozenset[str] = frozenset()

    @property
    def required(self) -> tuple[Step, ...]:
        return tuple(s for s in self.steps if not s.optional)

    @property
    def optional(self) -> tuple[Step, ...]:
        return tuple(s for s in self.steps if s.optional)

    @property
    def hold(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column for s in self.required for column in s.hold))

    def bits(self) -> list[Step | Exclusion]:
        """What each bit of a row's mask stands for."""
        return [*self.required, *self.exclusions, *self.optional]

    def named(self, bit: Step | Exclusion) -> str | None:
        """The one event that can meet a bit; None when several might."""
        return _named(bit, self.called)

    def condition(self, bit: Step | Exclusion) -> str | None:
        """The SQL text that a row must meet; None for an event's name and for a function."""
        return bit.event if isinstance(bit.event, str) and self.named(bit) is None else None


def _named(bit: Step | Exclusion, called: frozenset[str]) -> str | None:
    text = bit.event if isinstance(bit.event, str) else None
    return text if text is not None and (text in called or not is_predicate(text)) else None


def called(log: EventLog, texts: Iterable[object]) -> frozenset[str]:
    """Those of the texts that read as conditions and are events of the log."""
    return occurring(log, sorted({t for t in texts if isinstance(t, str) and is_predicate(t)}))


def occurring(log: EventLog, names: Sequence[str]) -> frozenset[str]:
    """Those of the names that are events of the log."""
    if not names:
        return frozenset()
    event = log.table[log.event].cast("string")
    rows = (
        log.table.filter(event.isin([ibis.literal(n) for n in names]))
        .select(called=event)
        .distinct()
    )
    return frozenset(collect(rows, "funnel")["called"])


def planned(asked: Steps, within: timedelta | str, log: EventLog, *, least: int = 2) -> Plan:
    """Check the arguments of a funnel and lay out its chain; `log` tells names of events from
    conditions, `least` how many steps are needed.

    Raises:
        BadInput: fewer steps than that, an unknown mode or way, a duration that is none, an
            optional first step, or a rule that unordered steps cannot keep.
    """
    where = "funnel, argument 'steps'"
    listed = [asked.steps] if isinstance(asked.steps, str) else asked.steps
    every = tuple(s if isinstance(s, Step) else Step(s) for s in listed)
    required = [s for s in every if not s.optional]
    _check_steps(every, asked, least)
    mode, exclude = asked.mode, asked.exclude
    rules = tuple(
        e if isinstance(e, Exclusion) else Exclusion(e)
        for e in ([exclude] if isinstance(exclude, str) else exclude)
    )
    spans = tuple((e.first, e.last or len(required)) for e in rules)
    for rule, (first, last) in zip(rules, spans, strict=True):
        if not 1 <= first < last <= len(required):
            raise BadInput(
                f"exclusion {rule.event!r} stands between step {first} and step {last}",
                "Steps, argument 'exclude'",
                f"count required steps from 1 to {len(required)}, first before last",
            )
    if mode == "unordered":
        _check_unordered(every)
    names = called(log, (b.event for b in (*every, *rules)))
    chain = Chain(
        steps=len(required),
        within=whole(duration(within)),
        mode=mode,
        limits=tuple(
            None if s.within is None else whole(duration(s.within, where)) for s in required
        ),
        groups=_groups([_named(s, names) for s in required]) if mode != "unordered" else (),
        exclusions=spans,
        extras=tuple(
            sum(not b.optional for b in every[:k]) for k, s in enumerate(every) if s.optional
        ),
        reuse=asked.reuse_event,
    )
    return Plan(every, rules, chain, names)


def _check_steps(every: Sequence[Step], asked: Steps, least: int) -> None:
    where = "funnel, argument 'steps'"
    required = [s for s in every if not s.optional]
    if len(required) < least:
        what = f"a funnel of {len(required)} {'step' if len(required) == 1 else 'steps'}"
        raise BadInput(what, where, f"name {least} or more that everybody must take")
    if asked.missing not in MISSES:
        raise unknown("way", asked.missing, MISSES, "Steps, argument 'missing'")
    if every[0].optional:
        raise BadInput("the first step is optional", where, "begin with a step everybody must take")
    if asked.mode not in MODES:
        raise unknown("mode", asked.mode, MODES, "Steps, argument 'mode'")


def _check_unordered(steps: Sequence[Step]) -> None:
    where = "funnel, argument 'steps'"
    if any(s.optional or s.within is not None or s.hold for s in steps):
        mend = "drop optional, within and hold, or use mode='ordered'"
        raise BadInput("unordered steps have no step before them", where, mend)
    labels = [s.label for s in steps]
    twice = next((n for n in labels if labels.count(n) > 1), None)
    if twice is not None:
        what = f"step {twice!r} stands twice in an unordered funnel"
        raise BadInput(what, where, "name it once, or use mode='ordered'")


def _groups(names: Sequence[str | None]) -> tuple[tuple[int, ...], ...]:
    """Steps that one row may meet together: those of one event;
    a condition (no name) may meet any."""
    if any(n is None for n in names):
        return (tuple(range(len(names))),)
    found: dict[str | None, list[int]] = {}
    for k, name in enumerate(names):
        found.setdefault(name, []).append(k)
    return tuple(tuple(v) for v in found.values())


def rows_of(
    log: EventLog, plan: Plan, *, by: str = "user", where: Where = EVERYWHERE,
    period: Period | None = None,
    keep: tuple[str, ...] = (),
) -> tuple[ir.Table, tuple[str, ...]]:  # fmt: skip
    """Rows a chain can read: the keys of a unit, `t`, `mask`, and the columns to `keep`.

    Args:
        log: the events. plan: the funnel. by: "user" or "session".
        where: only events of this segment. period: only events of these days.
        keep: columns needed later.

    Raises:
        BadInput: an unknown column, or `by` that is neither user nor session.
    """
    if by not in ("user", "session"):
        raise unknown("unit", by, ("user", "session"), "Steps, argument 'unit'")
    _check_columns(log, plan, keep, where)
    table = readable(replace(log, table=segment(log, where)))
    if period is not None:
        t = column(table, "kpilab_t")
        table = table.filter(t >= day_start(period.first), t < day_start(period.last, 1))
    keys: tuple[str, ...] = ("unit",)
    if by == "session":
        table, keys = with_session(log, table), ("unit", "session")
    names = [name for b in plan.bits() if (name := plan.named(b)) is not None]
    # DuckDB reads a mask off the events' dictionary; asked for the names as well, it would look at
    # every row twice.
    if (
        plan.chain.mode != "strict"
        and len(names) == len(plan.bits())
        and engine_name(table) != "duckdb"
    ):
        table = table.filter(column(table, "kpilab_event").cast("string").isin(sorted(set(names))))
    table = _with_conditions(table, plan)
    mask = _mask(table, plan)
    session = {"session": table["kpilab_session"]} if by == "session" else {}
    held = {f"hold_{c}": table[c] for c in plan.hold}
    rows = table.select(
        unit=table["kpilab_unit"],
        t=table["kpilab_t"],
        mask=mask,
        **session,
        **held,
        **{c: table[c] for c in keep},
    )
    if plan.chain.mode != "strict":
        rows = rows.filter(rows["mask"] != 0)
    return (_held(rows, plan, keys), (*keys, *held)) if plan.hold else (rows, keys)


def _check_columns(log: EventLog, plan: Plan, keep: tuple[str, ...], where: Where) -> None:
    named = [
        *keep,
        *where.values,
        *where.without,
        *plan.hold,
        *(c for b in plan.bits() for c in b.where),
    ]
    known = list(log.table.columns)
    problems = [
        unknown_problem("column", c, known, f"table {log.name!r}")
        for c in dict.fromkeys(named)
        if c not in known
    ]
    for bit in plan.bits():
        if (text := plan.condition(bit)) is not None:
            problems += missing(
                parse_predicate(text, "steps"),
                known,
                f"step {text!r}, which is no event of the log",
            )
    error = several(problems)
    if error:
        raise error


def _with_conditions(table: ir.Table, plan: Plan) -> ir.Table:
    """The table with a column `kpilab_bit<k>` for every condition that was given as SQL text."""
    texts = {k: text for k, b in enumerate(plan.bits()) if (text := plan.condition(b)) is not None}
    if not texts:
        return table
    backend = table.get_backend()
    dialect = dialect_of(backend.name)
    parsed = {
        k: sql(parse_predicate(text, "funnel, argument 'steps'"), dialect)
        for k, text in texts.items()
    }
    columns = ", ".join(f"({text}) AS kpilab_bit{k}" for k, text in parsed.items())
    # The inner text is compiled by Ibis, the conditions were parsed and checked; nothing else is
    # pasted in.
    return backend.sql(  # type: ignore[attr-defined]  # every SQL backend has it
        f"SELECT *, {columns} FROM ({ibis.to_sql(table, dialect=backend.name)}) AS rows_of_log"
    )


def _mask(table: ir.Table, plan: Plan) -> ir.IntegerValue:
    """Each row's bits; one look at the event where every bit has a name of its own."""
    names = [name for b in plan.bits() if not b.where and (name := plan.named(b)) is not None]
    if len(set(names)) == len(plan.bits()):
        event = column(table, "kpilab_event").cast("string")
        return event.cases(*[(name, 1 << k) for k, name in enumerate(names)], else_=0).cast("int32")
    bits: list[Any] = [_condition(table, bit, k) for k, bit in enumerate(plan.bits())]
    return reduce(add, [c.fill_null(False).cast("int32") * (1 << k) for k, c in enumerate(bits)])


def _condition(table: ir.Table, bit: Step | Exclusion, k: int) -> ir.BooleanValue:
    """Whether a row meets one bit."""
    if f"kpilab_bit{k}" in table.columns:
        met = column(table, f"kpilab_bit{k}")
    elif isinstance(bit.event, str):
        met = column(table, "kpilab_event").cast("string") == bit.event
    else:
        met = bit.event(table)
    for name, wanted in bit.where.items():
        values = wanted if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)
        met = met & one_of(column(table, name), tuple("" if v is None else v for v in values))
    return met


def _held(rows: ir.Table, plan: Plan, keys: tuple[str, ...]) -> ir.Table:
    """Rows once for every value their unit's first step had; held steps count under their own value
    only.

    A missing value agrees with nothing: the unit has met the first step, and can go no further.
    """
    columns = [f"hold_{c}" for c in plan.hold]
    first = rows.filter((column(rows, "mask") & 1) != 0).select(*keys, *columns).distinct()
    first = first.rename({f"first_{c}": c for c in columns})
    joined = rows.inner_join(first, [rows[k].identical_to(first[k]) for k in keys]).select(
        rows, *[first[f"first_{c}"] for c in columns]
    )
    mask = column(joined, "mask")
    for name in plan.hold:
        mine, theirs = column(joined, f"hold_{name}"), joined[f"first_hold_{name}"]
        later = sum(1 << k for k, s in enumerate(plan.required) if k and name in s.hold)
        mask = mine.identical_to(theirs).ifelse(mask, mask - (mask & 1))
        mask = (mine == theirs).fill_null(False).ifelse(mask, mask - (mask & later))
    kept = [
        c
        for c in joined.columns
        if c not in columns and c not in ("mask", *(f"first_{c}" for c in columns))
    ]
    rows = joined.select(*kept, mask=mask, **{c: joined[f"first_{c}"] for c in columns})
    return rows if plan.chain.mode == "strict" else rows.filter(rows["mask"] != 0)
