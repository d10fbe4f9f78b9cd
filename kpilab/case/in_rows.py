"""Metrics that stand in rows, one below the other: `day, store, metric, value`."""

from __future__ import annotations

from kpilab.case.draft import Draft
from kpilab.case.guess import Guess, measures
from kpilab.case.look import Column, Sheet, slug
from kpilab.case.words import AMOUNTS, AVERAGED, METRIC, WANTED, named, outgoing
from kpilab.engine.column import column
from kpilab.engine.expression import identifier, literal
from kpilab.engine.run import collect

MOST = 20  # more names than that are no metrics


def metrics_in_rows(sheet: Sheet, found: Guess) -> Column | None:
    """The column that names metrics, where all of their values stand in one other column."""
    name = sheet.column(METRIC, "text")
    one = len(measures(sheet, found)) == 1 and found.kind == "facts"
    return name if one and name is not None and 1 < name.distinct <= MOST else None


def drafted(sheet: Sheet, found: Guess, name: Column) -> Draft:
    """A metric for each name; the goal is the one called like an amount, else the largest."""
    value = measures(sheet, found)[0]
    rows = sheet.table.select(name=column(sheet.table, name.name), value=sheet.table[value.name])
    rows = rows.filter(rows["name"].notnull())
    sums = collect(rows.group_by("name").agg(total=column(rows, "value").sum()), "metrics in rows")
    names = list(sums.sort_values("total", ascending=False)["name"])
    metrics = {_called(n): _metric(sheet, value, name, n) for n in names}
    goal = _called(_goal(names))
    ordered = {goal: metrics[goal], **metrics}
    earned = named(goal, "|".join(AMOUNTS)) and not outgoing(f"{sheet.name} {goal}")
    return Draft(sheet.name, goal, None, ordered, earned=earned, factors=1)


def _called(name: str) -> str:
    return slug(name) or "metric"


def _metric(sheet: Sheet, value: Column, name: Column, called: str) -> dict[str, str]:
    only = {"table": sheet.name, "where": f"{identifier(name.name)} = {literal(called)}"}
    if named(called, AVERAGED):
        parts = {"numerator": f"sum({value.reference})", "denominator": f"count({value.reference})"}
        return only | parts
    return only | {"measure": f"sum({value.reference})"}


def _goal(names: list[str]) -> str:
    able = [n for n in names if not (outgoing(n) or named(n, f"{AVERAGED}|{WANTED}"))] or names
    called = ([n for n in able if named(n, pattern)] for pattern in AMOUNTS)
    return next((some[0] for some in called if some), able[0])
