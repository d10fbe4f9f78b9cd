"""A first metric tree for guessed tables: volume times step rates times value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from kpilab.case.chain import count_chain, event_chain, milestones
from kpilab.case.guess import KEY, Guess, measures
from kpilab.case.look import Column, Sheet, slug
from kpilab.core.values import Period
from kpilab.engine.expression import identifier, literal
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput

AMOUNTS = (
    "revenue|gmv|turnover|sales|销售额|营收|收入",
    "amount|income|value|paid|payment|total|goal|金额|实付",
    "profit|margin|price|output|units|利润|产量",
)
AVERAGED = (
    "rate|ratio|pct|percent|share|discount|price|temperature|cpi|unemployment|avg|average|mean|score|oee|"
    "availability|performance|quality|factor|flag|率|平均|占比|折扣|价格|温度"
)
ORDERS = "order|transaction|invoice|receipt|ticket|booking|订单"
BUYERS = "customer|user|member|client|account|客户|用户|会员|顾客"
ONE = {"rows": "row", "orders": "order", "customers": "customer"}
MOST_FURTHER = 8
DAYS_OFF = 3  # a quarter counts as whole when its last days are a holiday or weekend without rows
Metric = dict[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """Metrics, the goal with its formula, and the funnel, all on one table."""

    table: str
    goal: str
    formula: str | None
    metrics: dict[str, Metric]
    funnel: tuple[str, ...] = ()
    reached: tuple[int, ...] = ()

    @property
    def worth(self) -> tuple[int, bool, int]:
        """Drafts with a longer tree are preferred, then those with a funnel,
        then those with more metrics."""
        return (
            len(self.formula.split("*")) if self.formula else 0,
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
        return Draft(self.table, goal, formula, ordered, funnel, reached)


def draft(sheet: Sheet, found: Guess) -> Draft:
    """The tree of an events or facts table."""
    return _of_events(sheet, found) if found.kind == "events" else _of_facts(sheet, found)


def _of_events(sheet: Sheet, found: Guess) -> Draft:
    tree, event = _Tree(sheet.name), identifier(found.roles["event"])
    unit, noun = (
        identifier(found.roles.get("session") or found.roles["user"]),
        "sessions" if "session" in found.roles else "users",
    )
    steps, reached = event_chain(sheet, found)
    amount = _amount(measures(sheet, found))
    if not steps:
        return tree.draft(f"active_{noun}", f"count(distinct {unit})")
    counts = [f"count(distinct {unit}) filter (where {event} = {literal(s)})" for s in steps]
    tree.chain(steps, counts, f"_{noun}")
    if amount is None:
        return tree.draft(f"{steps[-1]}_{noun}", counts[-1], funnel=steps, reached=reached)
    last = sheet.table.filter(sheet.table[found.roles["event"]] == steps[-1])
    at_end = collect_one(last.agg(n=last[amount.name].count()), "amounts")["n"]
    total = f"sum({identifier(amount.name)})" + (
        f" filter (where {event} = {literal(steps[-1])})" if at_end else ""
    )
    tree.add(f"{amount.name}_per_{steps[-1]}", numerator=total, denominator=counts[-1])
    return tree.draft(amount.name, total, funnel=steps, reached=reached)


def _of_facts(sheet: Sheet, found: Guess) -> Draft:
    tree, columns = _Tree(sheet.name), measures(sheet, found)
    chain = count_chain(sheet, [c for c in columns if not c.named(AVERAGED)])
    amount = _amount([c for c in columns if c.name not in chain])
    names, counts, goal, total = _volume(sheet, found, chain, amount)
    if names:
        tree.chain(names, counts)
    if amount is not None:
        tree.add(
            f"{amount.name}_per_{ONE.get(names[-1], names[-1])}",
            numerator=total,
            denominator=counts[-1],
        )
    result = tree.draft(goal, total)
    used = {*chain, amount.name if amount else ""}
    for column in [c for c in columns if c.name not in used][:MOST_FURTHER]:
        _further(tree, column)
    return Draft(result.table, result.goal, result.formula, {**result.metrics, **tree.metrics})


def _volume(
    sheet: Sheet, found: Guess, chain: tuple[str, ...], amount: Column | None
) -> tuple[list[str], list[str], str, str]:
    """Names and counts of the steps, and the goal with its measure."""
    if chain:
        counts = [f"sum({identifier(c)})" for c in chain]
        steps = [c.removeprefix("n_") for c in chain]
    elif passed := milestones(sheet, found):
        steps, counts = (
            ["rows", *passed],
            ["count(*)", *(f"count({identifier(c)})" for c in passed)],
        )
    else:
        steps, counts = _countable(sheet)
    if amount is not None:
        return steps, counts, amount.name, f"sum({identifier(amount.name)})"
    # Without an amount the last step is the goal itself; one step alone explains nothing.
    return (
        (steps, counts, f"total_{steps[-1]}", counts[-1])
        if len(steps) > 1
        else ([], [], steps[0], counts[0])
    )


def _countable(sheet: Sheet) -> tuple[list[str], list[str]]:
    """Buyers and their orders, where the table has keys of them; rows otherwise."""
    found = [(n, next((c for c in sheet.columns if c.named(p) and c.named(KEY)), None)) for n, p in
             (("customers", BUYERS), ("orders", ORDERS))]  # fmt: skip
    keys = [(n, c) for n, c in found if c is not None and 1 < c.distinct < sheet.rows]
    if not keys:
        return ["rows"], ["count(*)"]
    return [n for n, _ in keys], [f"count(distinct {identifier(c.name)})" for _, c in keys]


def _amount(columns: list[Column]) -> Column | None:
    able = [c for c in columns if not c.named(AVERAGED) and c.filled]
    return next((c for pattern in AMOUNTS for c in able if c.named(pattern)), None)


def _further(tree: _Tree, column: Column) -> None:
    name = identifier(column.name)
    if column.named(AVERAGED):
        tree.add(
            f"mean_{column.name}",
            factor=False,
            numerator=f"sum({name})",
            denominator=f"count({name})",
        )
    else:
        tree.add(column.name, factor=False, measure=f"sum({name})")


def periods(spans: Iterable[tuple[date, date]]) -> dict[str, Period]:
    """Two equal neighbouring periods at the end of the data all tables share: quarters, four weeks,
    weeks or days.

    Raises:
        BadInput: less than two days shared.
    """
    spans = list(spans)
    shared = Period(
        max(first for first, _ in spans),
        max(min(last for _, last in spans), max(f for f, _ in spans)),
    )
    if shared.days < 2:
        raise BadInput(
            f"the tables share {shared.days} day of data",
            "argument DIR",
            "a comparison needs at least two days",
        )
    current = _last_quarter(shared) or _last_days(shared)
    before = _quarter_before(current.first) if _last_quarter(shared) else current.before()
    year_ago = Period(current.first - timedelta(days=364), current.last - timedelta(days=364))
    found = {"baseline": before, "current": current}
    return found | (
        {"year_ago": year_ago}
        if year_ago.first >= shared.first and year_ago.last < before.first
        else {}
    )


def _last_quarter(shared: Period) -> Period | None:
    """The last whole quarter, when a whole one lies before it."""
    start = shared.last + timedelta(days=1 + DAYS_OFF)
    last = _quarter_before(date(start.year, (start.month - 1) // 3 * 3 + 1, 1))
    return last if _quarter_before(last.first).first >= shared.first else None


def _quarter_before(first: date) -> Period:
    year, month = (first.year, first.month - 3) if first.month > 3 else (first.year - 1, 10)
    return Period(date(year, month, 1), first - timedelta(days=1))


def _last_days(shared: Period) -> Period:
    half = shared.days // 2
    length = 28 if half >= 28 else half // 7 * 7 or half
    return Period(shared.last - timedelta(days=length - 1), shared.last)
