"""Users who stopped at a step against those who went on: what they did next, and before,
and who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import ibis

from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.column import column
from kpilab.engine.dialect import one
from kpilab.engine.events.funnels import reached
from kpilab.engine.events.sessions import readable
from kpilab.engine.events.steps import Plan
from kpilab.engine.events.walks import ARROW
from kpilab.engine.metrics import segment

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog

NOTHING = "path_end"


def split(log: EventLog, plan: Plan, upto: Plan, where: Where = EVERYWHERE) -> ir.Table:
    """One row per user that took all steps of `upto`, the first ones of the plan: `person`, `first`
    (moment when it first had), `at` (of its longest pass), `until` (window's end), `went` (0 or 1).

    Those who went on have a pass that did, often a later one than their first. What is known of
    them must be of the same moment as of those who stopped: later, more has happened to anybody.
    """
    step = len(upto.required)
    best = reached(log, plan, by="user", where=where, period=None)
    best = best.filter(column(best, "level") >= step)
    went = one(column(best, "level") > step)
    until = column(best, "t1") + min(plan.chain.within, 2**60)
    users = best.select(person="unit", at=f"t{step}", until=until, went=went)
    earliest = reached(log, upto, by="user", where=where, period=None)
    earliest = earliest.filter(column(earliest, "level") == step)
    first = earliest.select(met="unit", first=f"t{step}")
    # Every question about them begins here; written out once more in each, it takes longer to read
    # than to answer.
    return users.inner_join(first, [users["person"] == first["met"]]).drop("met").cache()


def events_of(log: EventLog, where: Where, keep: tuple[str, ...] = ()) -> ir.Table:
    rows = readable(replace(log, table=segment(log, where)))
    rows = rows.filter(rows["kpilab_event"].notnull())
    return rows.select(
        *keep, unit="kpilab_unit", t="kpilab_t", event=rows["kpilab_event"].cast("string")
    )


def next_ways(
    rows: ir.Table, users: ir.Table, length: int = 1, most: int | None = None
) -> ir.Table:
    """`event` (a way), `went`, `users`: the first `length` events after the step, in time;
    "path_end" for none.

    With `most`, only the ways taken by most users.
    """
    joined = rows.inner_join(users, [rows["unit"] == users["person"]])
    later = joined.filter(joined["t"] > joined["at"], joined["t"] <= joined["until"])
    order = ibis.window(group_by="person", order_by=["t", "event"])
    event = column(later, "event")
    more = [(ARROW + event.lead(k).over(order)).fill_null("") for k in range(1, length)]
    ways = later.mutate(place=ibis.row_number().over(order), way=reduce(add, more, event))
    first = ways.filter(ways["place"] == 0).select("person", "went", event="way")
    silent = users.anti_join(first.select("person"), "person")
    found = first.union(silent.select("person", "went", event=ibis.literal(NOTHING)))
    if most is not None:
        often = found.group_by("event").agg(n=found.count())
        found = found.semi_join(often.order_by([often["n"].desc(), "event"]).limit(most), "event")
    return found.group_by(["event", "went"]).agg(users=found.count())


def earlier_events(rows: ir.Table, users: ir.Table) -> ir.Table:
    """`event`, `went`, `users`: users that had done an event before they first met the step."""
    joined = rows.inner_join(users, [rows["unit"] == users["person"]])
    before = (
        joined.filter(joined["t"] < joined["first"]).select("person", "event", "went").distinct()
    )
    return before.group_by(["event", "went"]).agg(users=before.count())


def properties(rows: ir.Table, users: ir.Table, columns: Sequence[str]) -> ir.Table:
    """`person`, `went` and the user's value of every column where it first met the step; computed
    once, to be counted by each of them."""
    joined = rows.inner_join(users, [rows["unit"] == users["person"], rows["t"] == users["first"]])
    return joined.group_by(["person", "went"]).agg(**{c: joined[c].min() for c in columns}).cache()


def valued(values: ir.Table, column: str) -> ir.Table:
    """`event` (the value), `went`, `users`, of one column of `properties`."""
    named = values.select("went", event=column)
    return named.group_by(["event", "went"]).agg(users=named.count())
