"""Own counts: what a place found in shares of different values (users) has by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kpilab.analysis.rootcause.places import Places
from kpilab.core.table import Facts
from kpilab.core.values import Message, Where
from kpilab.engine.rootcause.distinct import Distinct, counted_in

if TYPE_CHECKING:
    from kpilab.core.values import Period
    from kpilab.engine.door.tables import Tabular

MOVED = 0.5  # share of its deviation in shares that the own count of a place must have, to be named
APART = 0.05  # share of a place from which its own count is another number than that of shares


def by_own_count(
    one: Places, facts: Facts | Tabular, measure: Distinct, periods: tuple[Period, Period]
) -> tuple[Places, tuple[Message, ...]]:
    """Without places whose own count did not move: those in it are only seen elsewhere as well, or
    no longer; and what is to be said of that, and of places that overlap."""
    named = {_where(one, k): element for k, element in enumerate(one.found.elements)}
    table = facts if isinstance(facts, Facts) else Facts.of(facts)
    counts = counted_in(table, measure, tuple(named), periods)
    kept, notes = [], []
    for (where, element), (before, now) in zip(named.items(), counts, strict=True):
        shared = [float(v[element.leaves].sum()) for v in (one.cube.expected, one.cube.actual)]
        gap, own = shared[1] - shared[0], now - before
        known = before > 0 or now > 0
        values = {"where": where, "metric": measure.column, "before": before, "now": now}
        if known and own * (1 if gap > 0 else -1) < MOVED * abs(gap):
            notes.append(Message("localise.elsewhere", values))
            continue
        kept.append(element)
        if known and max(abs(before - shared[0]), abs(now - shared[1])) > APART * max(shared):
            notes.append(Message("localise.own_count", values))
    found = replace(one.found, elements=tuple(kept))
    return replace(one, found=found), tuple(notes)


def _where(one: Places, k: int) -> Where:
    element = one.found.elements[k]
    return one.cube.where((element.dims, element.values), element.without)
