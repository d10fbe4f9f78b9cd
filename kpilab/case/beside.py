"""What a case says beside its goal: books, work, tests, newcomers, and measures of other tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import pandas as pd

from kpilab.case.draft import MOST_FURTHER, Draft
from kpilab.case.guess import Guess, measures
from kpilab.case.look import Sheet, slug
from kpilab.case.words import AMOUNTS, named, outgoing
from kpilab.engine.expression import identifier, literal, parse_measure, sql
from kpilab.engine.run import collect, collect_one

CLOSE = 0.05  # totals that differ by less are taken for two books of the same thing
MOST_ACTIONS = 5


def further(
    best: Draft, sheets: Sequence[Sheet], guesses: Mapping[str, Guess], covered: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Newcomers of each table of entities, and what the other tables count, if they have rows in
    both periods."""
    found: dict[str, dict[str, str]] = {}
    for sheet in sheets:
        guess = guesses[sheet.name]
        if sheet.name == best.table or sheet.name not in covered:
            continue
        if guess.kind == "entities" and guess.roles.get("time"):
            found[f"new_{sheet.name}"] = {"table": sheet.name, "measure": "count(*)"}
        elif guess.kind == "facts":
            found |= _measured(sheet, guess, {*best.metrics, *found})
    return found


def _measured(sheet: Sheet, guess: Guess, taken: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    columns = [c for c in measures(sheet, guess) if not c.linked][:MOST_FURTHER]
    for column in columns:
        name = slug(column.name)
        name = name if name not in taken and name != sheet.name else f"{sheet.name}_{name}"
        if column.nature == "mean":
            definition = {
                "numerator": f"sum({column.reference})",
                "denominator": f"count({column.reference})",
            }
            found[f"mean_{name}"] = {"table": sheet.name, **definition}
        elif column.nature == "level":
            found[name] = {
                "table": sheet.name, "measure": f"sum({column.reference})", "per": "day"
            }  # fmt: skip
        else:
            found[name] = {"table": sheet.name, "measure": f"sum({column.reference})"}
        if outgoing(f"{sheet.name} {column.name}"):
            last = next(reversed(found))
            found[last] |= {} if column.nature == "level" else {"better": "down"}
    if not columns and sheet.name not in taken:
        found[sheet.name] = {"table": sheet.name, "measure": "count(*)"}
    return found


def alternatives(
    drafts: Iterable[tuple[Sheet, Draft]], best: Draft, guesses: Mapping[str, Guess]
) -> Iterator[str]:
    """Other amounts that could be added up, as `table.column`."""
    sure = named(best.goal, "|".join(AMOUNTS))  # else any other may be meant as well
    for sheet, _ in drafts:
        for column in measures(sheet, guesses[sheet.name]):
            amount = column.nature == "adds" and (not sure or column.named("|".join(AMOUNTS)))
            if amount and not (sheet.name == best.table and slug(column.name) == best.goal):
                yield column.name if column.linked else f"{sheet.name}.{column.name}"


def books(
    sheet: Sheet, best: Draft, sheets: list[Sheet], guesses: dict[str, Guess]
) -> dict[str, dict[str, str]]:
    """Columns of other tables whose total is about the goal's:
    the same thing from another system."""
    measure = best.metrics[best.goal]["measure"]
    if any(c.linked and c.name in measure for c in sheet.columns):
        return {}
    total = _total(sheet, measure)
    others = [s for s in sheets if s is not sheet and guesses[s.name].kind == "facts"]
    return {
        f"{s.name}_{slug(c.name)}": {"table": s.name, "measure": f"sum({identifier(c.name)})"}
        for s in others
        for c in measures(s, guesses[s.name])
        if total and abs(_total(s, f"sum({identifier(c.name)})") / total - 1) < CLOSE
    }


def work(sheets: list[Sheet], guesses: dict[str, Guess]) -> dict[str, dict[str, str]]:
    """One metric for each claimed action."""
    found: dict[str, dict[str, str]] = {}
    for sheet in sheets:
        roles = guesses[sheet.name].roles
        if guesses[sheet.name].kind != "executions":
            continue
        column = roles["action"]
        names = sheet.table.group_by(action=sheet.table[column].cast("string")).agg(
            rows=sheet.table.count()
        )
        frame = collect(names.filter(names.action.notnull()), "actions").sort_values(
            "rows", ascending=False
        )
        for action in frame["action"].head(MOST_ACTIONS):
            metric = {"table": sheet.name, "measure": f"sum({identifier(roles['quantity'])})"}
            only = {} if len(frame) == 1 else {"where": f"{identifier(column)} = {literal(action)}"}
            found[slug(action) or "work"] = metric | only
    return found


def _total(sheet: Sheet, measure: str) -> float:
    checked = sql(parse_measure(measure, f"table {sheet.name!r}"))
    rows = sheet.table.alias("whole_table").sql(f"SELECT {checked} AS total FROM whole_table")
    return float(collect_one(rows, "totals")["total"] or 0)


def experiments(
    sheet: Sheet, best: Draft, sheets: list[Sheet], guesses: dict[str, Guess]
) -> dict[str, dict[str, object]]:
    """The tests of all assignments, each with the end of the funnel as its outcome."""
    if not best.funnel:
        return {}
    event = identifier(guesses[sheet.name].roles["event"])
    outcome = f"{event} = {literal(best.funnel[-1])}"
    found: dict[str, dict[str, object]] = {}
    for table in sheets:
        if guesses[table.name].kind == "assignments":
            found |= _tests(table, guesses[table.name].roles, outcome)
    return found


def _tests(table: Sheet, roles: dict[str, str], outcome: str) -> dict[str, dict[str, object]]:
    rows = table.table.select(
        test=table.table[roles["experiment"]].cast("string"),
        variant=table.table[roles["variant"]].cast("string"),
        day=table.table[roles["time"]].cast("timestamp").date(),
    )
    frame = collect(
        rows.group_by("test", "variant").agg(first=rows.day.min()), "experiments"
    ).dropna()
    found: dict[str, dict[str, object]] = {}
    for test, part in frame.groupby("test"):
        variants = sorted(
            part["variant"],
            key=lambda v: (not v.lower().startswith(("control", "a", "old", "base")), v),
        )
        if len(variants) > 1:
            split = {v: 1 / len(variants) for v in variants}
            found[str(test)] = {
                "assignments": table.name,
                "outcome": outcome,
                "control": variants[0],
                "split": split,
            }
            found[str(test)]["start"] = pd.Timestamp(min(part["first"])).date()
    return found
