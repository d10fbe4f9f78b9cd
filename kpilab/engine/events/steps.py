"""Steps of a funnel as people name them, and the chain they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis

from kpilab.core.values import duration
from kpilab.engine.events.chain import Chain
from kpilab.engine.events.sessions import whole
from kpilab.engine.expression import is_predicate
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog

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
        at_least: shortest time since the step before (timedelta or "10m", included); the step is
            met by the earliest event that is so far from it, nearer ones are passed over (in mode
            "strict" a nearer one stands between). Not for the first and for optional steps.

    Example:
        >>> from kpilab.events import funnel
        >>> asked = ["visit", "add_to_cart", Step("pay", at_least="10m")]
        >>> funnel(log, asked).table["users"].tolist()
        [4311, 2664, 985]
    """

    event: str | Callable[[ir.Table], ir.BooleanValue]
    where: Mapping[str, object] = field(default_factory=dict)
    within: timedelta | str | None = None
    optional: bool = False
    hold: tuple[str, ...] = ()
    name: str = ""
    at_least: timedelta | str | None = None

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
        strict_deduplication: a pass stops where an event repeats a step that it has met, from the
            second step on, before the last is met: of a, b, c, b, d it reaches c. An event of the
            first step stops nothing, it begins a pass of its own. Events of one moment serve before
            they repeat. Needs three steps that everybody takes, and no `reuse_event`.
        strict_increase: every step is later than the one before, to the microsecond; else events of
            equal time count as ordered.

    The last two are those of ClickHouse's `windowFunnel`, with its numbers but for these: it ends
    with a user at the first repeat, and sorts events of one moment by their step, so that a repeat
    stands before the next step; here a later pass of the user may reach further, and the next step
    is met. It measures a strict increase from the latest event of the step before, here from the
    earliest, so of b at 1 and 2 and c at 2 the c follows.
    """

    steps: Sequence[str | Step]
    unit: str = "user"
    mode: str = "ordered"
    exclude: Sequence[str | Exclusion] = ()
    reuse_event: bool = False
    missing: str = "refuse"
    strict_deduplication: bool = False
    strict_increase: bool = False

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
            optional first step, a step that waits too long or for nothing, or a rule that these
            steps cannot keep.
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
        _check_unordered(every, asked)
    _check_repeats(asked, every)
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
        gaps=_gaps(every, asked, whole(duration(within))),
        once=asked.strict_deduplication,
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
    for k, s in enumerate(every):
        limits = [n for n in ("within", "at_least") if getattr(s, n) is not None]
        if limits and (s.optional or not k):
            what = f"step {s.label!r} has a time of its own, though it is the first or optional"
            hint = f"give {limits[0]} to the next step that everybody must take"
            raise BadInput(what, where, hint)


def _gaps(every: Sequence[Step], asked: Steps, within: int) -> tuple[int, ...]:
    """Shortest time before each required step, in microseconds; none where no step waits.

    Raises:
        BadInput: a step waits longer than there is time.
    """
    where = "funnel, argument 'steps'"
    required = [s for s in every if not s.optional]
    gaps = tuple(0 if s.at_least is None else whole(duration(s.at_least, where)) for s in required)
    for s, gap in zip(required, gaps, strict=True):
        if s.within is not None and gap > whole(duration(s.within, where)):
            what = f"step {s.label!r} waits at least {s.at_least} and at most {s.within}"
            raise BadInput(what, where, "make at_least the shorter one")
    if sum(gaps) > within:
        what = "the steps wait longer (at_least) than the funnel lasts (within)"
        raise BadInput(what, where, "make within longer, or at_least shorter")
    least = int(asked.strict_increase)
    found = tuple(max(gap, least) if k else 0 for k, gap in enumerate(gaps))
    return found if any(found) else ()


def _check_repeats(asked: Steps, every: Sequence[Step]) -> None:
    number = sum(not s.optional for s in every)
    if asked.strict_increase and number < 2:
        what, where = "one step has none before it", "Steps, argument 'strict_increase'"
        raise BadInput(what, where, "name a second step, or drop it")
    if not asked.strict_deduplication:
        return
    where = "Steps, argument 'strict_deduplication'"
    if number < 3:
        what = f"of {number} steps no repeat stops a pass: the first begins one, the last ends it"
        raise BadInput(what, where, "name three steps that everybody must take, or drop it")
    if asked.reuse_event:
        what = "an event that may serve several steps is not told from a repeat"
        raise BadInput(what, where, "drop reuse_event or strict_deduplication")
    if number < len(every):
        what = "a pass that a repeat stopped would still take optional steps"
        raise BadInput(what, where, "drop the optional steps or strict_deduplication")


def _check_unordered(steps: Sequence[Step], asked: Steps) -> None:
    where = "funnel, argument 'steps'"
    bound = asked.strict_deduplication or asked.strict_increase
    single = any(s.optional or s.within is not None or s.hold or s.at_least for s in steps)
    if single or bound:
        rules = "strict_deduplication and strict_increase" if bound and not single else ""
        mend = f"drop {rules or 'optional, within, at_least and hold'}, or use mode='ordered'"
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
