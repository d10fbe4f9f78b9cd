"""A first metric tree for guessed tables: volume times step rates times value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import pairwise

from kpilab.case.chain import count_chain, event_chain, milestones
from kpilab.case.guess import KEY, ORDERS, Guess, measures
from kpilab.case.look import Column, Sheet, named, slug
from kpilab.core.values import Period
from kpilab.engine.expression import identifier, literal
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput

AMOUNTS = (
    "revenue|gmv|turnover|sales|销售额|营收|收入",
    "amount|income|value|paid|payment|total|goal|金额|实付",
    "profit|margin|price|output|units|利润|产量",
)
MONEY = AMOUNTS[0] + "|amount|income|金额"
LEVEL = "on hand|stock|inventory|balance|level|headcount|seats|库存|余额|在手"
ORDINAL = "sequential|sequence|installments|instalments|rank|count|number|次序|期数"
# Money that goes out, is given back, or stands somewhere.
OUTGOING = (
    "return|returns|refund|refunds|cancelled|cost|costs|spend|spent|expense|expenses|budget|ad|ads|tax|fee|"
    "freight|shipping|stock|inventory|target|quota|退货|退款|成本|费用|支出|预算|库存"
)
AVERAGED = (
    "rate|ratio|pct|percent|share|discount|price|temperature|cpi|unemployment|avg|average|mean|score|oee|"
    "availability|performance|quality|factor|flag|率|平均|占比|折扣|价格|温度"
)
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
    earned: bool = False

    @property
    def worth(self) -> tuple[bool, int, bool, int]:
        """Drafts of what the business earns are preferred, then those with a longer tree, then
        those with a funnel, then those with more metrics."""
        return (
            self.earned,
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


def _earned(table: str, goal: str) -> bool:
    """Whether a goal is called like money that comes in."""
    return named(goal, "|".join(AMOUNTS)) and not named(f"{table} {goal}", OUTGOING)


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
    total = f"sum({amount.reference})" + (
        f" filter (where {event} = {literal(steps[-1])})"
        if _at_end(sheet, found, amount, steps)
        else ""
    )
    name = amount.name.rpartition(".")[2] if amount.linked else amount.name
    tree.add(f"{name}_per_{steps[-1]}", numerator=total, denominator=counts[-1])
    result = tree.draft(name, total, funnel=steps, reached=reached)
    return replace(result, earned=_earned(sheet.name, name))


def _at_end(sheet: Sheet, found: Guess, amount: Column, steps: tuple[str, ...]) -> bool:
    """Whether amounts stand at the last step; one of a linked table is counted there, once."""
    if amount.linked:
        return True
    last = sheet.table.filter(sheet.table[found.roles["event"]] == steps[-1])
    return bool(collect_one(last.agg(n=last[amount.name].count()), "amounts")["n"])


def _of_facts(sheet: Sheet, found: Guess) -> Draft:
    tree, columns = _Tree(sheet.name), measures(sheet, found)
    chain = count_chain(sheet, [c for c in columns if not c.named(f"{AVERAGED}|{MONEY}|{LEVEL}")])
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
    earned = amount is not None and _earned(sheet.name, amount.name)
    return replace(result, metrics={**result.metrics, **tree.metrics}, earned=earned)


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
        return steps, counts, amount.name, f"sum({amount.reference})"
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
    return [n for n, _ in keys], [f"count(distinct {c.reference})" for _, c in keys]


def _amount(columns: list[Column]) -> Column | None:
    able = [c for c in columns if not c.named(f"{AVERAGED}|{ORDINAL}") and c.filled]
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
    year_ago = _year_before(current, calendar=_last_quarter(shared) is not None)
    found = {"baseline": before, "current": current}
    return found | (
        {"year_ago": year_ago}
        if year_ago.first >= shared.first and year_ago.last < before.first
        else {}
    )


def _year_before(current: Period, *, calendar: bool) -> Period:
    """The same quarter of the year before; 52 weeks earlier where weekdays must match."""
    if calendar:
        first = current.first.replace(year=current.first.year - 1)
        return Period(first, _quarter_end(first))
    return Period(current.first - timedelta(days=364), current.last - timedelta(days=364))


def _quarter_end(first: date) -> date:
    later = first.replace(day=28) + timedelta(days=70)
    return later.replace(day=1) - timedelta(days=1)


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
