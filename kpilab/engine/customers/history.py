"""What each customer did in every window up to now, and what came of it by segment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import pandas as pd

from kpilab.core.table import Entities
from kpilab.core.values import Period
from kpilab.engine.column import own
from kpilab.engine.customers.amounts import DAY, WHO, Amounts
from kpilab.engine.customers.windows import Windows, month, month_of, number
from kpilab.engine.days import day_of
from kpilab.engine.dialect import engine_name
from kpilab.engine.door.keys import Id, joinable, moved
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown

AMOUNT, SINCE, STEP, WINDOW = own("amount"), own("since"), own("step"), own("window")
END = own("end")
BIN, BINS = own("bin"), 13  # parts of a window: new customers of one are of the same age
OLD = 3  # windows, after which a customer is no longer young


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Amounts by customer and day beside the customers themselves, on the engine.

    Attributes:
        days: one row per customer and day; columns `WHO`, `DAY`, `AMOUNT`.
        people: one row per customer; columns `WHO`, `SINCE` (missing: not known), those of `by`,
            and `END` (missing: not yet) where the customers' own table says it.
        by: dimension -> its column of `people`.
        windows: the current period and those before it.
        first: number of the earliest full window.
        dated: whether the customers' own table says since when they are.
        seen: first to last day that counts.
    """

    days: Any
    people: Any
    by: Mapping[str, str]
    windows: Windows
    first: int
    dated: bool
    seen: Period


def history(
    found: Amounts, current: Period, entities: Entities | None, by: Sequence[str],
    last: date | None = None,
) -> History:  # fmt: skip
    """Everything up to a last day.

    Args:
        entities: the customers' own table, one row each, which may hold some without an amount;
            None: a customer is new with the first amount, and has the segment of its row.
        by: dimensions of the customers. last: None for that of the current period.

    Raises:
        BadInput: a dimension that is not there.
    """
    last = last or current.last
    windows, until = Windows.of(current), found.until(last)
    days: Any = until.of([WHO, DAY], {AMOUNT: None})
    days = with_keys(days.filter(days[AMOUNT] != 0), found, entities).cache()
    people, columns = customers(until, days, entities, by)
    seen = seen_until(found, last)
    return History(days, people, columns, windows, windows.back_to(seen.first), dated(entities),
                   seen)  # fmt: skip


def seen_until(found: Amounts, last: date) -> Period:
    """First to last day that counts."""
    return Period(min(found.span[0], last), last)


def dated(entities: Entities | None) -> bool:
    """Whether the customers' own table says since when they are."""
    return entities is not None and bool(entities.time)


def with_keys(rows: Any, found: Amounts, entities: Entities | None) -> Any:
    """Somebody's rows, the amount as a float, and where the customers have a table of their own
    with the keys of that one, as text."""
    rows = rows.filter(rows[WHO].notnull()).mutate(**{AMOUNT: rows[AMOUNT].cast("float64")})
    if entities is None:
        return rows
    return rows.mutate(**{WHO: _alike(found, entities)(rows[WHO]).cast("string")})


def customers(
    found: Amounts, days: Any, entities: Entities | None, by: Sequence[str]
) -> tuple[Any, Mapping[str, str]]:
    """One row per customer, put aside: columns as those of `History.people`; and `by`."""
    columns = {d: own(f"by{k}") for k, d in enumerate(by)}
    first = days.group_by(WHO).agg(**{SINCE: days[DAY].min()})
    if entities is None and not columns:
        return first.cache(), columns
    if entities is None:
        people = _of_rows(found, columns)
    else:
        people = _of_entities(found, entities, columns)
    if not dated(entities):
        people = people.left_join(first, people[WHO] == first[WHO]).select(people, first[SINCE])
    return people.cache(), columns


def _of_rows(found: Amounts, columns: Mapping[str, str]) -> Any:
    """Each customer with the segment of the first row."""
    rows: Any = found.rows
    rows = rows.filter(rows[WHO].notnull())
    rows = rows.select(WHO, DAY, **{c: rows[found.by[d]] for d, c in columns.items()})
    first = rows.group_by(WHO).agg(**{SINCE: rows[DAY].min()})
    rows = rows.semi_join(first, [rows[WHO] == first[WHO], rows[DAY] == first[SINCE]])
    turn = ibis.row_number().over(group_by=WHO, order_by=[*columns.values()])
    rows = rows.mutate(**{STEP: turn})
    return rows.filter(rows[STEP] == 0).select(WHO, *columns.values())


def _alike(found: Amounts, entities: Entities) -> Callable[[Any], Any]:
    """What makes the customer of a row and the key of the customers' own table comparable."""
    own_table = Id(entities.table, entities.key, entities.name)
    return joinable(Id(found.rows, WHO, found.metric.table, "customer"), own_table)


def _of_entities(found: Amounts, entities: Entities, columns: Mapping[str, str]) -> Any:
    rows: Any = moved(entities.table, found.rows, entities.name)
    for dimension in columns:
        if dimension not in rows.columns:
            raise unknown("column", dimension, rows.columns, f"table {entities.name!r}")
    since = {SINCE: day_of(rows, entities.time)} if entities.time else {}
    since |= {END: day_of(rows, entities.until)} if entities.until else {}
    named = {c: label(rows[d]) for d, c in columns.items()}
    key = _alike(found, entities)(rows[entities.key]).cast("string")
    people = rows.select(**{WHO: key}, **since, **named).distinct()
    return people.filter(people[WHO].notnull())


def months(past: History) -> pd.DataFrame:
    """What became of contracts from month to month, one row per window and segment.

    A customer counts who was one before the window. Columns, sums over customers: `risk` (months in
    which the customer could stop), `gone`, `a` (what would have been had all stayed as they were),
    `lost` (of it, from those who stopped), `kept` (from those who stayed), `b` (what those who
    stayed spent), and products: `ll`, `la`, `aa`, `kk`, `kb`, `bb`.
    """
    windows, engine = past.windows, engine_name(past.days)
    panel = _panel(past, month_of(past.days[DAY]))
    now = panel.view()
    same = [panel[WHO] == now[WHO], now[STEP] == panel[STEP] + 1]
    both = panel.left_join(now, same).select(panel[WHO], panel[STEP], a=panel[AMOUNT],
                                             b=now[AMOUNT])  # fmt: skip
    at = both[STEP] + 1
    window = windows.of_month(at)
    # A month stands for all that follow in its window: who stops early takes more away.
    left = (window + 1) * windows.months + month(windows.current.first) - at
    both = _of_people(both.mutate(**{WINDOW: window, own("left"): left}), past)
    both = both.filter((windows.window(both[SINCE], engine) < both[WINDOW]).fill_null(False))
    weight, stayed = both[own("left")], both.b.notnull()
    each = both.group_by([WHO, WINDOW, *past.by.values()]).agg(
        risk=both.count(), gone=(~stayed).sum(), a=(both.a * weight).sum(),
        kept=stayed.ifelse(both.a * weight, 0.0).sum(),
        b=stayed.ifelse(both.b * weight, 0.0).sum(),
    )  # fmt: skip
    each = each.mutate(lost=each.a - each.kept)
    products = (("l", "lost"), ("a", "a"), ("k", "kept"), ("b", "b"))
    return _sums(
        each, [WINDOW], past, ("risk", "gone"), products, ("ll", "la", "aa", "kk", "kb", "bb")
    )


def returns(past: History) -> pd.DataFrame:
    """What became of customers who order now and then, one row per window, kind and segment.

    A customer counts who came before the window and had an amount in one of the two windows before
    it. Columns: `bin` (which of the two, and how long a customer: of a kind alike many come back),
    sums `n`, `active` (with an amount in the window), `a` (amounts of the two windows before),
    `k` (of it, of those active), `b` (in the window), and products `aa`, `ab`, `bb`, `kk`.
    """
    windows, engine = past.windows, engine_name(past.days)
    panel = _panel(past, windows.window(past.days[DAY], engine))
    amount, none = panel[AMOUNT], panel[AMOUNT] * 0
    once = panel.select(WHO, **{WINDOW: panel[STEP] + 1}, one=amount, two=none)
    twice = panel.select(WHO, **{WINDOW: panel[STEP] + 2}, one=none, two=amount)
    before = once.union(twice)
    before = before.group_by([WHO, WINDOW]).agg(one=before.one.sum(), two=before.two.sum())
    same = [before[WHO] == panel[WHO], before[WINDOW] == panel[STEP]]
    each = before.left_join(panel, same).select(before, b=panel[AMOUNT])
    each = _of_people(each.filter(each[WINDOW] > past.first + 1), past)
    age = each[WINDOW] - windows.window(each[SINCE], engine)
    each = each.filter((age > 0).fill_null(False))
    age: Any = ibis.least(each[WINDOW] - windows.window(each[SINCE], engine), OLD)
    kind: Any = (each.one > 0).cast("int64") + 2 * (each.two > 0).cast("int64")
    each = each.mutate(
        **{BIN: kind + age * 4}, a=each.one + each.two, active=each.b.notnull(),
    )  # fmt: skip
    each = each.mutate(
        active=each.active.cast("int64"), k=each.active.ifelse(each.a, 0.0),
        b=each.b.fill_null(0.0),
    )  # fmt: skip
    named = (("a", "a"), ("b", "b"), ("k", "k"))
    return _sums(each, [WINDOW, BIN], past, ("active",), named, ("aa", "ab", "bb", "kk"))


def _panel(past: History, step: Any) -> Any:
    """One row per customer and step with an amount above zero."""
    rows = past.days.mutate(**{STEP: step})
    panel = rows.group_by([WHO, STEP]).agg(**{AMOUNT: rows[AMOUNT].sum()})
    return panel.filter(panel[AMOUNT] > 0)


def _of_people(rows: Any, past: History) -> Any:
    """Rows in windows with a history, with the segment of their customer."""
    rows = rows.filter((rows[WINDOW] <= 0) & (rows[WINDOW] > past.first))
    people = past.people
    return rows.join(people, rows[WHO] == people[WHO]).select(rows, SINCE, *past.by.values())


def _sums(
    each: Any, keys: list[str], past: History, counts: Sequence[str],
    named: Sequence[tuple[str, str]], products: Sequence[str],
) -> pd.DataFrame:  # fmt: skip
    """Sums of counts, of named columns, and of products of two of those; `n` customers."""
    of = dict(named)
    grouped = each.group_by([*keys, *past.by.values()]).agg(
        **{c: each[c].sum() for c in (*counts, *of.values())},
        **{xy: (each[of[xy[0]]] * each[of[xy[1]]]).sum() for xy in products}, n=each.count(),
    )  # fmt: skip
    return in_words(collect(grouped, "customers"), past)


def cohorts(past: History) -> pd.DataFrame:
    """What the new customers of each window did up to its end, one row per window, segment and age
    at the end; columns `bin` (age), `n` (customers), `bought` (with an amount), `again` (on a
    second day), `y` (amount), `yy` (its square)."""
    windows, engine = past.windows, engine_name(past.days)
    people = past.people.mutate(**{WINDOW: windows.window(past.people[SINCE], engine)})
    people = people.filter((people[WINDOW] <= 0) & (people[WINDOW] >= past.first))
    days = past.days.mutate(**{STEP: windows.window(past.days[DAY], engine)})
    same = [people[WHO] == days[WHO], people[WINDOW] == days[STEP], people[SINCE] <= days[DAY]]
    joined = people.left_join(days, same).select(people, days[AMOUNT])
    keys = [WHO, WINDOW, SINCE, *past.by.values()]
    each = joined.group_by(keys).agg(
        y=joined[AMOUNT].sum().fill_null(0.0), days=joined[AMOUNT].count()
    )
    each = each.mutate(**{BIN: _age(each, windows, engine)})
    grouped = each.group_by([WINDOW, BIN, *past.by.values()]).agg(
        n=each.count(), bought=(each.days > 0).sum(), again=(each.days > 1).sum(),
        y=each.y.sum(), yy=(each.y * each.y).sum(),
    )  # fmt: skip
    return in_words(collect(grouped, "customers"), past)


def _age(each: Any, windows: Windows, engine: str) -> Any:
    """Part of its window that was left when a customer came."""
    if windows.months:
        # Windows of calendar months differ by a day or two: the part, not the days, is compared.
        at = month_of(each[SINCE]) - month(windows.current.first) - each[WINDOW] * windows.months
        part = (at * 31 + each[SINCE].day().cast("int64") - 1) * BINS // (windows.months * 31)
        return (BINS - 1 - part).cast("int64")
    first = each[WINDOW] * windows.current.days + _epoch_days(windows)
    return BINS - 1 - (number(each[SINCE], engine) - first) * BINS // windows.current.days


def _epoch_days(windows: Windows) -> int:
    return (pd.Timestamp(windows.current.first) - pd.Timestamp(0)).days


def largest(past: History, most: int) -> pd.DataFrame:
    """The customers with the largest amount in one of the windows, by window; columns `who`,
    `window`, `amount` and `end` (that of its last month)."""
    rows = past.days.mutate(**{WINDOW: past.windows.window(past.days[DAY], engine_name(past.days))})
    rows = rows.filter(rows[WINDOW] >= past.first)
    last = past.windows.at_end(rows[DAY]).ifelse(rows[AMOUNT], 0.0)
    each = rows.group_by([WHO, WINDOW]).agg(**{AMOUNT: rows[AMOUNT].sum(), END: last.sum()})
    each = each.mutate(**{WHO: each[WHO].cast("string")}).cache()
    top = each.group_by([WINDOW]).mutate(
        **{STEP: ibis.row_number().over(group_by=WINDOW, order_by=[each[AMOUNT].desc(), each[WHO]])}
    )
    chosen = top.filter(top[STEP] < most).select(WHO).distinct()
    return in_words(collect(each.semi_join(chosen, WHO), "customers"), past)


def in_words(found: pd.DataFrame, past: History) -> pd.DataFrame:
    names = {c: d for d, c in past.by.items()}
    ours = {WINDOW: "window", BIN: "bin", WHO: "who", AMOUNT: "amount", END: "end"}
    found = found.rename(columns=ours)
    twice = [d for d in past.by if d in found.columns]
    if twice:
        what = f"a dimension is called {twice[0]!r}, as one of our sums"
        raise BadInput(what, "customers, argument 'by'", "rename its column")
    return found.rename(columns=names)
