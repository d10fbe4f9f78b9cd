"""Columns a table has by its links or by arithmetic, before its metrics are drafted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from kpilab.case.guess import Guess, measures
from kpilab.case.look import Column, Sheet
from kpilab.case.relate import Related
from kpilab.case.words import AMOUNTS, BUYERS, ORDERS, PRICE, QUANTITY, names_thing, outgoing
from kpilab.engine.column import column
from kpilab.engine.expression import identifier


def with_amount(sheet: Sheet, found: Guess) -> tuple[Sheet, Guess]:
    """A table of lines with what each line comes to, where it holds a price alone, or beside a
    quantity."""
    able = measures(sheet, found)
    if found.kind != "facts" or any(_is_amount(c) for c in able):
        return sheet, found
    quantity = next((c for c in able if c.named(QUANTITY) and c.nature == "adds"), None)
    priced = (c for name in PRICE for c in able if c.named(name) and c is not quantity)
    price = next(priced, None)
    lines = quantity is not None or any(
        c.named(ORDERS) and names_thing(c.name) for c in sheet.columns
    )
    if price is None or not lines or any(c.name.lower() == "amount" for c in sheet.columns):
        return sheet, found
    factors = [c.name for c in (quantity, price) if c is not None]
    values = [column(sheet.table, name) for name in factors]
    table = sheet.table.mutate(amount=values[0] * values[1] if len(values) > 1 else values[0])
    amount = Column("amount", "number", price.filled, price.distinct)
    text = " * ".join(identifier(name) for name in factors)
    return (
        replace(sheet, table=table, columns=(*sheet.columns, amount)),
        replace(found, columns={"amount": text}),
    )


def _is_amount(column: Column) -> bool:
    called = column.named("|".join(AMOUNTS[:2])) and not outgoing(column.name)
    return called and column.nature == "adds"


def with_linked(
    sheet: Sheet, sheets: Sequence[Sheet], found: Mapping[str, Guess], related: Related
) -> Sheet:
    """A table with the buyers that its links lead to, and of a log with the amounts of its
    cases."""
    others = {s.name: s for s in sheets}
    more = [c for to, way in related.ways(sheet.name) if to in found
            for c in _linked(sheet, others[to], way, found, related)]  # fmt: skip
    return replace(sheet, columns=(*sheet.columns, *more)) if more else sheet


def _linked(
    sheet: Sheet, other: Sheet, way: str, found: Mapping[str, Guess], related: Related
) -> Iterator[Column]:
    key = next(c for c in other.columns if c.name == related.keys[other.name])
    direct = next((c for c, to in related.of(sheet.name).items() if to == other.name), None)
    if direct is None and key.named(BUYERS):
        yield replace(key, name=f"{way}.{key.name}", filled=sheet.rows, linked=True)
    roles = found[sheet.name].roles
    if found[sheet.name].kind == "events" and direct == roles["user"]:
        for held in measures(other, found[other.name]):
            if held.named("|".join(AMOUNTS)) and held.nature == "adds":
                yield replace(held, name=f"{way}.{held.name}", linked=True)
