"""A funnel nobody wrote down: events, or counts,
each of which goes before the next and is reached by more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pandas as pd

from kpilab.case.guess import Guess
from kpilab.case.look import Column, Sheet
from kpilab.case.words import outgoing
from kpilab.engine.run import collect, collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_EVENTS, MOST_STEPS = 30, 7
BEFORE = 0.5  # share of those who reach a step that passed the one before it
ENDS = 0.1  # share of the units that end where a funnel may end
SMALLER = 0.95  # a step must lose somebody
END = re.compile(
    "purchase|paid|pay_success|order_placed|order_complete|won|complete|success|confirm|convert|subscri|deliver|activat"
    "|购买|支付|付款|成交|下单|激活|订阅"
)
NOT_END = re.compile(
    "fail|error|cancel|refund|return|abandon|declin|bug|review|support|失败|取消|退"
)


def event_chain(sheet: Sheet, found: Guess) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Event names first to last, and how many units (sessions, or users) reach each;
    empty when nothing is ordered."""
    reached, before = _order(sheet, found)
    chains = {
        end: _back(end, reached, before) for end in reached.index if not NOT_END.search(end.lower())
    }
    chains = {end: chain for end, chain in chains.items() if len(chain) > 1}
    if not chains:
        return (), ()
    last = _last_of(sheet, found)
    named = {end for end in chains if END.search(end.lower())}
    # Without a name that tells: where many units end, not a rare branch on the way.
    ending = {end for end in chains if last.get(end, 0) >= ENDS * sum(last.values())}
    able = named or ending or set(chains)
    best = max(able, key=lambda end: (len(chains[end]), reached[end], end))
    return tuple(chains[best]), tuple(int(reached[e]) for e in chains[best])


def _last_of(sheet: Sheet, found: Guess) -> dict[str, int]:
    """How many units each event is the last of."""
    first = _first_hits(sheet, found)
    ends = first.group_by("unit").agg(end=first["first"].max())
    last = first.join(ends, "unit")
    last = last.filter(last["first"] == last["end"])
    counts = collect(last.group_by("event").agg(units=last.count()), "last events")
    return dict(zip(counts["event"], counts["units"].astype(int), strict=True))


def _order(sheet: Sheet, found: Guess) -> tuple[pd.Series, pd.DataFrame]:
    """Units by event, and for each pair the share of units with the later event that had the
    earlier one first."""
    first = _first_hits(sheet, found)
    counts = collect(first.group_by("event").agg(units=first.count()), "events of the log")
    reached = counts.set_index("event")["units"].sort_values(ascending=False).head(MOST_EVENTS)
    known = first.filter(first.event.isin(list(reached.index)))
    other = known.view()
    joined = known.join(other, "unit")
    pairs = joined.filter(joined.event != joined.event_right, joined.first <= joined.first_right)
    both = collect(
        pairs.group_by("event", "event_right").agg(units=pairs.count()), "order of the events"
    )
    table = both.pivot_table(index="event", columns="event_right", values="units", fill_value=0)
    return reached, table.div(reached.reindex(table.columns), axis=1)


def _first_hits(sheet: Sheet, found: Guess) -> ir.Table:
    unit = found.roles.get("session") or found.roles["user"]
    rows = sheet.table.select(
        unit=sheet.table[unit].cast("string"),
        event=sheet.table[found.roles["event"]],
        time=sheet.table[found.roles["time"]],
    )
    rows = rows.filter(rows.unit.notnull(), rows.event.notnull())
    return rows.group_by("unit", "event").agg(first=rows.time.min())


def _back(end: str, reached: pd.Series, before: pd.DataFrame) -> list[str]:
    """From the end to the start: the rarest event that nearly everybody passed before."""
    chain = [end]
    while len(chain) < MOST_STEPS and chain[0] in before.columns:
        shares = before[chain[0]]
        able = [
            e
            for e in shares.index
            if shares[e] >= BEFORE and reached[chain[0]] < SMALLER * reached[e]
        ]
        able = [e for e in able if not NOT_END.search(e.lower())]
        if not able:
            break
        chain.insert(0, min(able, key=lambda e: (reached[e], e)))
    return chain


def count_chain(sheet: Sheet, columns: list[Column]) -> tuple[str, ...]:
    """Columns of counts that nest: no row has more of the next than of the one before."""
    whole = [c.name for c in columns if c.whole and c.distinct > 1][:12]
    if len(whole) < 2:
        return ()
    table = sheet.table
    numbers = {a: cast("ir.NumericColumn", table[a]) for a in whole}
    sums = {f"sum {a}": number.sum() for a, number in numbers.items()}
    above = {
        f"{a} {b}": cast("ir.BooleanColumn", numbers[b] > numbers[a]).sum()
        for a in whole
        for b in whole
        if a != b
    }
    found = collect_one(
        table.agg([e.name(n) for n, e in (sums | above).items()]), f"counts of table {sheet.name!r}"
    )
    order = sorted(
        (a for a in whole if (found[f"sum {a}"] or 0) > 0), key=lambda a: -found[f"sum {a}"]
    )
    chain: list[str] = []
    for name in order:
        nested = not chain or (
            (found[f"{chain[-1]} {name}"] or 0) <= 0.01 * sheet.rows
            and found[f"sum {name}"] < SMALLER * found[f"sum {chain[-1]}"]
        )
        if nested:
            chain.append(name)
    return tuple(chain[:MOST_STEPS]) if len(chain) > 1 else ()


def milestones(sheet: Sheet, found: Guess) -> tuple[str, ...]:
    """Further time columns that fewer and fewer rows have reached."""
    times = [
        c
        for c in sheet.of_type("time")
        if c.name != found.roles["time"]
        and c.filled < sheet.rows
        and not (outgoing(c.name) or NOT_END.search(c.name.lower()))
    ]
    chain = sorted(times, key=lambda c: -c.filled)
    return tuple(c.name for c in chain[:MOST_STEPS])
