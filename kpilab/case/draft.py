"""A first metric tree for guessed tables: volume times step rates times value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from kpilab.case.chain import count_chain, event_chain, milestones
from kpilab.case.guess import Guess, measures
from kpilab.case.look import Column, Sheet, slug
from kpilab.case.words import (
    AMOUNTS,
    BUYERS,
    COUNTED_THINGS,
    MEASURED,
    MONEY,
    ORDERS,
    ORDINAL,
    PRODUCT,
    QUANTITY,
    TURNOVER,
    VOLUME,
    WANTED,
    named,
    names_thing,
    outgoing,
    plural_of,
)
from kpilab.engine.column import column
from kpilab.engine.expression import identifier, literal
from kpilab.engine.run import collect_one

ONE = {"rows": "row", "customers": "customer"} | {f"{n}s": n for n in COUNTED_THINGS}
MOST_FURTHER = 8
GRID = 0.5  # of the days and parts of the business that have a row: a table of one row for each
Metric = dict[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """Metrics, the goal with its formula, and the funnel, all on one table.

    A formula stands for what a table counts and for steps. Where nothing but keys could be counted
    there is none: distinct customers and orders do not add up over places, and what one order comes
    to there moves with its mix. Then the review takes the goal apart by itself.

    Attributes:
        factors: how many the goal is made of. earned: whether it is money that comes in.
    """

    table: str
    goal: str
    formula: str | None
    metrics: dict[str, Metric]
    funnel: tuple[str, ...] = ()
    reached: tuple[int, ...] = ()
    earned: bool = False
    factors: int = 0

    @property
    def measure(self) -> str | None:
        """How the goal is measured."""
        return self.metrics[self.goal].get("measure")

    @property
    def worth(self) -> tuple[bool, int, bool, int]:
        """Drafts of what the business earns are preferred, then those with a longer tree, then
        those with a funnel, then those with more metrics."""
        return (
            self.earned,
            self.factors,
            bool(self.funnel),
            len(self.metrics),
        )


@dataclass(slots=True)
class _Tree:
    """Factors collected one by one, each name once."""

    table: str
    metrics: dict[str, Metric] = field(default_factory=dict)
    factors: list[str] = field(default_factory=list)

    def add(self, name: str, *, factor: bool = True, **definition: str) -> str:
        name = slug(name) or "metric"
        while name in self.metrics:
            name += "_"
        self.metrics[name] = {"table": self.table, **definition}
        if factor:
            self.factors.append(name)
        return name

    def chain(self, names: Iterable[str], counts: Iterable[str], suffix: str = "") -> None:
        """Volume and step rates: the counts of the steps, each over the one before."""
        steps = list(zip(names, counts, strict=True))
        self.add(steps[0][0] + suffix, measure=steps[0][1])
        for (before, below), (name, above) in pairwise(steps):
            self.add(f"{name}_per_{ONE.get(before, before)}", numerator=above, denominator=below)

    def draft(
        self, goal: str, measure: str, funnel: tuple[str, ...] = (), reached: tuple[int, ...] = ()
    ) -> Draft:
        goal = self.add(goal, factor=False, measure=measure)
        formula = " * ".join(self.factors) if self.factors else None
        ordered = {goal: self.metrics[goal], **self.metrics}
        many = len(self.factors)
        return Draft(self.table, goal, formula, ordered, funnel, reached, factors=many)


def _earned(table: str, goal: str) -> bool:
    """Whether a goal is called like money that comes in."""
    return named(goal, "|".join(AMOUNTS)) and not outgoing(f"{table} {goal}")


def draft(sheet: Sheet, found: Guess) -> Draft:
    """The tree of an events or facts table."""
    return _of_events(sheet, found) if found.kind == "events" else _of_facts(sheet, found)


def _of_events(sheet: Sheet, found: Guess) -> Draft:
    tree, event = _Tree(sheet.name), identifier(found.roles["event"])
    unit, noun = (
        identifier(found.roles.get("session") or found.roles["user"]),
        "sessions" if "session" in found.roles else plural_of(found.roles["user"], "users"),
    )
    steps, reached = event_chain(sheet, found)
    amount = _amount(measures(sheet, found))
    if not steps:
        return _without_order(sheet, (f"active_{noun}", f"count(distinct {unit})"), amount)
    counts = [f"count(distinct {unit}) filter (where {event} = {literal(s)})" for s in steps]
    tree.chain(steps, counts, f"_{noun}")
    if amount is None:
        return tree.draft(f"{steps[-1]}_{noun}", counts[-1], funnel=steps, reached=reached)
    total = f"sum({amount.reference})" + (
        f" filter (where {event} = {literal(steps[-1])})"
        if _at_end(sheet, found, amount, steps)
        else ""
    )
    name = amount.name.rpartition(".")[2] if amount.linked else amount.name
    tree.add(f"{name}_per_{steps[-1]}", numerator=total, denominator=counts[-1])
    result = tree.draft(name, total, funnel=steps, reached=reached)
    return replace(result, earned=_earned(sheet.name, name))


def _without_order(sheet: Sheet, active: tuple[str, str], amount: Column | None) -> Draft:
    """The tree of a log whose events come in no order."""
    tree = _Tree(sheet.name)
    if amount is None or amount.linked:
        return tree.draft(*active)
    total = f"sum({amount.reference})"
    tree.chain(active[:1], active[1:])
    tree.add(f"{amount.name}_per_{active[0]}", numerator=total, denominator=active[1])
    return replace(tree.draft(amount.name, total), earned=_earned(sheet.name, amount.name))


def _at_end(sheet: Sheet, found: Guess, amount: Column, steps: tuple[str, ...]) -> bool:
    """Whether amounts stand at the last step; one of a linked table is counted there, once."""
    if amount.linked:
        return True
    last = sheet.table.filter(sheet.table[found.roles["event"]] == steps[-1])
    return bool(collect_one(last.agg(n=last[amount.name].count()), "amounts")["n"])


def _of_facts(sheet: Sheet, found: Guess) -> Draft:
    tree, columns = _Tree(sheet.name), measures(sheet, found)
    counted = [c for c in columns if c.nature == "adds" and not c.named(f"{TURNOVER}|{MONEY}")
               and not outgoing(c.name) and not c.named(f"{ORDINAL}|{MEASURED}")]  # fmt: skip
    chain = count_chain(sheet, [c for c in counted if not c.named(QUANTITY)])
    amount = _amount([c for c in columns if c.name not in chain])
    rest = [c for c in counted if c is not amount]
    steps, counts = _volume(sheet, found, chain, rest, amount)
    goal, total = _goal_of(steps, counts, amount)
    # Without an amount the last step is the goal itself; one step alone explains nothing.
    if steps and (amount is not None or len(steps) > 1):
        tree.chain(steps, counts)
    if steps and amount is not None:
        last = f"{amount.name}_per_{ONE.get(steps[-1], steps[-1])}"
        tree.add(last, numerator=total, denominator=counts[-1])
    result = tree.draft(goal, total)
    if amount is not None and any(c.startswith("count(distinct") for c in counts):
        result = replace(result, formula=None)
    used = {*chain, amount.name if amount else ""}
    for more in [c for c in columns if c.name not in used][:MOST_FURTHER]:
        if f"sum({more.reference})" not in counts:
            _further(tree, more)
    earned = amount is not None and _earned(sheet.name, amount.name)
    return replace(result, metrics={**result.metrics, **tree.metrics}, earned=earned)


def _goal_of(steps: list[str], counts: list[str], amount: Column | None) -> tuple[str, str]:
    """The goal's name and measure."""
    if amount is not None:
        return amount.name, f"sum({amount.reference})"
    if len(steps) > 1:
        return f"total_{steps[-1]}", counts[-1]
    return (steps[0], counts[0]) if steps else ("rows", "count(*)")


def _volume(
    sheet: Sheet, found: Guess, chain: tuple[str, ...], counted: list[Column], amount: Column | None
) -> tuple[list[str], list[str]]:
    """Names and counts of the steps that the goal is made of; none where nothing counts."""
    if chain:
        return [c.removeprefix("n_") for c in chain], [f"sum({identifier(c)})" for c in chain]
    if passed := milestones(sheet, found):
        return ["rows", *passed], ["count(*)", *(f"count({identifier(c)})" for c in passed)]
    able = [c for c in counted if c.whole and not c.linked]
    volumes = [c for c in able if c.named(VOLUME) and c.distinct > 1]
    keys = [] if volumes else _countable(sheet)
    grid = bool(volumes) or (not keys and _is_grid(sheet, found))
    steps = keys or ([] if grid else [("rows", "count(*)")])
    # What a piece comes to says little where pieces are of many kinds: it moves with their mix.
    kinds = any(c.named(PRODUCT) for c in sheet.columns)
    pieces = [] if kinds else [c for c in able if c.named(QUANTITY)]
    more = volumes[:1] or pieces[:1] if amount is not None or grid else []
    steps += [(slug(c.name), f"sum({identifier(c.name)})") for c in more]
    return [n for n, _ in steps], [c for _, c in steps]


def _countable(sheet: Sheet) -> list[tuple[str, str]]:
    """Buyers and their orders, where the table has keys of them."""
    found = [(n, next((c for c in sheet.columns if c.named(p) and names_thing(c.name)), None))
             for n, p in (("customers", BUYERS), ("orders", ORDERS))]  # fmt: skip
    keys = [(n, c) for n, c in found if c is not None and c.distinct > 1]
    return [
        (
            plural_of(c.name, "orders") if n == "orders" else n,
            "count(*)" if c.distinct == sheet.rows else f"count(distinct {c.reference})",
        )
        for n, c in keys
    ]


def _is_grid(sheet: Sheet, found: Guess) -> bool:
    """Whether there is one row for each day and part of the business: how many there are says
    nothing."""
    time = next((c for c in sheet.columns if c.name == found.roles["time"]), None)
    if time is None or time.linked:
        return False
    at = column(sheet.table, time.name).try_cast("timestamp")
    own = [d for d in found.dimensions if d in sheet.table.columns]
    rows = sheet.table.select(at=at, **{f"d{k}": sheet.table[d] for k, d in enumerate(own)})
    parts = rows.drop("at").distinct() if own else None
    moments = column(rows, "at")
    days = moments.nunique(), moments.date().nunique()
    counts = collect_one(rows.agg(times=days[0], days=days[1]), f"days of {sheet.name!r}")
    n = collect_one(parts.agg(n=parts.count()), "parts")["n"] if parts is not None else 1
    full = int(counts["days"]) * int(n)
    once = counts["times"] == counts["days"]  # no time of day
    return bool(once and GRID * full <= sheet.rows <= full)


def _amount(columns: list[Column]) -> Column | None:
    """The amount that the goal could be: called like one, in money rather than in pieces; else one
    that has decimals. What is only wanted, or goes out, is taken where there is nothing else."""
    able = [c for c in columns if c.nature == "adds" and c.filled and not c.named(ORDINAL)]
    able = [c for c in able if not c.named(WANTED)] or able
    called = ([c for c in able if c.named(pattern)] for pattern in AMOUNTS)
    first = next((some for some in called if some), [])
    first = [c for c in first if not outgoing(c.name)] or first
    cents = [c for c in able if not c.whole and not outgoing(c.name)]
    cents = [c for c in cents if not c.named(MEASURED)] or cents
    return min(first, key=lambda c: c.whole, default=None) or next(iter(cents), None)


def _further(tree: _Tree, further: Column) -> None:
    name = identifier(further.name)
    if further.nature == "mean":
        tree.add(
            f"mean_{further.name}",
            factor=False,
            numerator=f"sum({name})",
            denominator=f"count({name})",
        )
    elif further.nature == "level":
        tree.add(further.name, factor=False, measure=f"sum({name})", per="day")
    else:
        tree.add(further.name, factor=False, measure=f"sum({name})")
