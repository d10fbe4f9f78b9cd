"""Columns of linked tables beside the rows of one: never a row more or less.

A table is linked by a column that holds the key of another, many rows to one. Rows without a
partner stay, and have
no value there; what is linked holds as of today, or as of the row's time where the linked table has
validity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from kpilab.engine.column import column, own
from kpilab.engine.door.keys import Id, joinable
from kpilab.engine.run import collect, collect_one, failures
from kpilab.errors import BadInput, EngineError

if TYPE_CHECKING:
    import ibis.expr.types as ir

FIRST = 3  # keys and rows shown of a fault
PARTNER = "p"
START, END = own("start"), own("end")


@dataclass(frozen=True, slots=True)
class Hop:
    """One link: the column that holds the key, and the table whose key it is."""

    link: str
    table: str


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column of a table some links away; of the table itself where there are no hops."""

    hops: tuple[Hop, ...]
    column: str


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """A table that others are linked to.

    Attributes:
        table: its rows, wholly equal ones once. key: the column that names a row.
        since, until: columns of the time from and to which a row holds; None where it holds as
            of today.
    """

    name: str
    table: ir.Table
    key: str
    since: str | None = None
    until: str | None = None


def distinct_rows(table: ir.Table, key: Sequence[str]) -> tuple[ir.Table, int]:
    """The table with wholly equal rows once, and how many there were too many; looked for where a
    key repeats."""
    named = table.filter(ibis.and_(*[table[k].notnull() for k in key]))
    keys = named.select(*key).distinct()
    counts = collect_one(
        named.agg(rows=named.count()).cross_join(keys.agg(keys=keys.count())), "keys"
    )
    if counts["rows"] == counts["keys"]:
        return table, 0
    once = table.distinct()
    rows = collect_one(
        table.agg(n=table.count()).cross_join(once.agg(m=once.count())), "equal rows"
    )
    more = int(rows["n"] - rows["m"])
    return (once, more) if more else (table, 0)


def repeated_days(base: Keyed, linked: Mapping[str, Keyed], time: Leaf | None) -> dict[date, int]:
    """How many rows there are too many on each day, of those that are wholly equal to another; none
    where rows have no time.

    Args:
        base: the rows; their key is not looked at. linked, time: as for `joined`.

    Raises:
        BadInput: as for `joined`.
    """
    if time is None:
        return {}
    table = base.table
    same = table.group_by(list(table.columns)).agg(**{own("more"): table.count() - 1})
    same = joined(replace(base, table=same.filter(column(same, own("more")) > 0)), (), linked, time)
    at = column(same, aliases([time])[time])
    more = same.select(day=at.cast("timestamp").cast("date"), more=column(same, own("more")))
    more = more.filter(more.day.notnull()).group_by("day").agg(more=column(more, "more").sum())
    found = collect(more, "equal rows")
    return {
        pd.Timestamp(d).date(): int(n) for d, n in zip(found["day"], found["more"], strict=True)
    }


def repeated(keyed: Keyed) -> tuple[int, tuple[str, ...]]:
    """How many keys stand in several rows that differ, and the first of them."""
    by = [keyed.key, *([keyed.since] if keyed.since else [])]
    rows = keyed.table.filter(keyed.table[keyed.key].notnull())
    several = rows.group_by(by).agg(n=rows.count())
    several = several.filter(column(several, "n") > 1)
    found = int(collect_one(several.agg(n=several.count()), "keys")["n"])
    if not found:
        return 0, ()
    first = (
        several.order_by(several[keyed.key])
        .limit(FIRST)
        .select(key=several[keyed.key].cast("string"))
    )
    return found, tuple(collect(first, "keys")["key"])


def overlapping(keyed: Keyed) -> tuple[int, tuple[str, ...]]:
    """How many keys hold two rows at one time, and the first of them."""
    rows = _with_end(keyed)
    later = rows[own("next")] < rows[own("stated")]
    found = rows.filter(later).select(key=rows[keyed.key].cast("string")).distinct()
    count = int(collect_one(found.agg(n=found.count()), "validity")["n"])
    return count, tuple(
        collect(found.order_by("key").limit(FIRST), "validity")["key"]
    ) if count else ()


def _with_end(keyed: Keyed) -> ir.Table:
    """The rows with the moment up to which they hold: the stated day to its end, at most to the
    next row's start."""
    rows = keyed.table
    start = column(rows, str(keyed.since)).cast("timestamp")
    window = ibis.window(group_by=keyed.key, order_by=start)
    rows = rows.mutate(**{START: start, own("next"): start.lead().over(window)})
    if keyed.until is None:
        return rows.mutate(**{own("stated"): ibis.null("timestamp"), END: rows[own("next")]})
    until = column(rows, keyed.until).cast("timestamp")
    whole = (until == until.truncate("D")).ifelse(until + ibis.interval(days=1), until)
    return rows.mutate(
        **{own("stated"): until, END: ibis.least(whole, rows[own("next")]).fill_null(whole)}
    )


def aliases(leaves: Sequence[Leaf]) -> dict[Leaf, str]:
    """What the column of each leaf is called in `joined`: its own name, or a name of ours where it
    is linked."""
    return {leaf: own(f"l{k}") if leaf.hops else leaf.column for k, leaf in enumerate(leaves)}


def partner(hops: tuple[Hop, ...], ways: Sequence[tuple[Hop, ...]]) -> str:
    """The column of `joined` that has a value where a row has a partner at the end of these
    hops."""
    return own(f"{PARTNER}{list(ways).index(hops)}")


def ways(leaves: Sequence[Leaf]) -> list[tuple[Hop, ...]]:
    """All beginnings of the ways to the leaves, short ones first."""
    found = {leaf.hops[: k + 1] for leaf in leaves for k in range(len(leaf.hops))}
    return sorted(found, key=lambda hops: (len(hops), [(h.link, h.table) for h in hops]))


def joined(
    base: Keyed, leaves: Sequence[Leaf], linked: Mapping[str, Keyed], time: Leaf | None
) -> ir.Table:
    """The rows of a table with the columns of `leaves`, called as `aliases` says, and `partner` of
    every way.

    Args:
        base: the table; its key is not looked at.
        linked: the tables the leaves are in, by name; keys are known not to repeat.
        time: where the time of a row stands, for tables with validity.

    Raises:
        BadInput: a link and the key it holds are of types that cannot be compared, or rows without
            a time and a table that holds as of it.
    """
    leaves = list(dict.fromkeys([*leaves, *([time] if time else [])]))
    rows, names, paths = base.table, aliases(leaves), ways(leaves)
    first = time.hops if time else ()
    for hops in sorted(paths, key=lambda way: first[: len(way)] != way):
        link = own(f"{PARTNER}{paths.index(hops)}k")
        if len(hops) == 1:
            rows = rows.mutate(**{link: rows[hops[-1].link]})
        needed = {names[leaf]: leaf.column for leaf in leaves if leaf.hops == hops}
        onward = {own(f"{PARTNER}{paths.index(p)}k"): p[-1].link for p in paths if p[:-1] == hops}
        other, present = linked[hops[-1].table], partner(hops, paths)
        named = Id(rows, link, base.name, hops[-1].link)
        moment = names[time] if time and first[: len(hops)] != hops else None
        if other.since is not None and moment is None:
            what = f"a row of table {base.name!r} has no time before table {other.name!r} is joined"
            raise BadInput(what, f"table {base.name!r}, role 'time'", "name its time")
        rows = _beside(named, other, {**needed, **onward}, present, moment)
    links = [own(f"{PARTNER}{k}k") for k in range(len(paths))]
    return rows.drop(*links) if links else rows


def _beside(
    link: Id, other: Keyed, needed: Mapping[str, str], present: str, time: str | None
) -> ir.Table:
    """The rows with columns of the one row of `other` whose key the link holds."""
    rows = link.table
    source = other.table if other.since is None else _with_end(other)
    source = source.filter(source[other.key].notnull())
    alike = joinable(link, Id(other.table, other.key, other.name))
    right = source.select(**{
        present: alike(source[other.key]),
        **{alias: source[c] for alias, c in needed.items()},
        **({own("from"): source[START], own("to"): source[END]} if other.since else {}),
    })  # fmt: skip
    conditions: list[Any] = [alike(rows[link.column]) == right[present]]
    if time is not None and other.since is not None:
        moment = column(rows, time).cast("timestamp")
        conditions.append((right[own("from")] <= moment) | right[own("from")].isnull())
        conditions.append((moment < right[own("to")]) | right[own("to")].isnull())
    found = rows.left_join(right, conditions)
    return found.drop(own("from"), own("to")) if other.since else found


def kept(rows: ir.Table, name: str) -> ir.Table:
    """The rows put aside on the engine, so that they are joined once and not at every question.

    Where the engine lets us write no temporary table, they are joined anew each time: slower,
        and the same.
    """
    con, called = rows.get_backend(), own(f"wide_{name}")
    try:
        with failures(f"joining table {name!r}"):
            if con.name != "pyspark":
                return con.create_table(called, rows, temp=True, overwrite=True)
            session = con._session  # type: ignore[attr-defined]  # Ibis has no word for what follows
            session.sql(con.compile(rows)).createOrReplaceTempView(called)
            session.catalog.cacheTable(called)
            return con.table(called)
    except EngineError:
        if con.name != "postgres":
            raise
        return rows


def unmatched(base: Keyed, hop: Hop, other: Keyed) -> tuple[int, tuple[str, ...]]:
    """Rows whose link is no key of the linked table, and the first such values."""
    alike = joinable(Id(base.table, hop.link, base.name), Id(other.table, other.key, other.name))
    held = base.table.select(link=alike(base.table[hop.link])).filter(ibis._.link.notnull())
    keys = other.table.select(key=alike(other.table[other.key])).distinct()
    gone = held.anti_join(keys, [("link", "key")])
    rows = int(collect_one(gone.agg(n=gone.count()), "links")["n"])
    if not rows:
        return 0, ()
    first = gone.select(link=gone["link"].cast("string")).distinct().order_by("link").limit(FIRST)
    return rows, tuple(collect(first, "links")["link"])
