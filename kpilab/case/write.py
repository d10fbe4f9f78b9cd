"""`scaffold`: a first case.yml for a folder of tables,
with everything guessed that the tables show."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from kpilab.case.draft import Draft, draft, measures, periods
from kpilab.case.guess import Guess, guess
from kpilab.case.look import Sheet, look, slug
from kpilab.case.read import open_case
from kpilab.core.values import Period
from kpilab.engine.expression import identifier, literal, parse_measure, sql
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput

CLOSE = 0.05  # totals that differ by less are taken for two books of the same thing
MOST_ACTIONS = 5


def scaffold(folder: str | Path, *, force: bool = False) -> Path:
    """Write a commented case.yml that `kpilab check` accepts.

    Kinds, roles, dimensions, a funnel, metrics, a goal with its formula and two periods are guessed
    from names, types and values. What cannot be seen in tables (targets, owners, what is on a
    dashboard) stands as a comment.

    Args:
        folder: where csv, parquet, json or xlsx tables lie.
        force: replace a case.yml that is there.

    Returns:
        The path of the case.yml.

    Raises:
        BadInput: no tables, none with a time, or a case.yml is there already.
    """
    folder = Path(folder)
    path = folder / "case.yml"
    if path.exists() and not force:
        raise BadInput(
            f"{path} is there already", "argument DIR", "edit it, or replace it with --force"
        )
    sheets, notes = look(folder)
    guesses = {sheet.name: found for sheet in sheets if (found := guess(sheet))}
    notes += [f"{s.source}: no rows with a time; left out" for s in sheets if s.name not in guesses]
    content = _case_text(folder, [s for s in sheets if s.name in guesses], guesses, notes)
    trial = folder / f".case-{os.getpid()}.yml"
    try:
        trial.write_text(content, "utf-8")
        open_case(trial)
        trial.replace(path)
    except OSError as error:
        raise BadInput(
            f"cannot write {path}: {error.strerror}", "argument DIR", "choose a folder of yours"
        ) from None
    finally:
        trial.unlink(missing_ok=True)
    return path


def _case_text(
    folder: Path, sheets: list[Sheet], guesses: dict[str, Guess], notes: list[str]
) -> str:
    drafts = [
        (s, draft(s, guesses[s.name]))
        for s in sheets
        if guesses[s.name].kind in ("events", "facts")
    ]
    if not drafts:
        raise BadInput(
            f"no table of events or counts in {str(folder)!r}",
            "argument DIR",
            "add a table with a date and numbers, or with users and events",
        )
    sheet, best = max(drafts, key=lambda pair: pair[1].worth)
    metrics, pairs = dict(best.metrics), _books(sheet, best, sheets, guesses)
    metrics |= pairs
    work = _work(sheets, guesses)
    metrics |= {name: m for name, m in work.items() if name not in metrics}
    measured = {m["table"] for m in metrics.values()}
    spans = [
        _span(s, guesses[s.name])
        for s in sheets
        if s.name in measured and guesses[s.name].kind in ("events", "facts")
    ]
    sections = [
        _head(folder, notes),
        _periods(periods(spans)),
        _section(
            "tables",
            {s.name: _table(s, guesses[s.name]) for s in sheets},
            "What each table is, and which column plays which role.",
        ),
        _section(
            "metrics",
            metrics,
            "The one definition of every metric: SQL over one table. `numerator` and "
            "`denominator` for a rate.",
        ),
        _goal(best),
        _reconciled(best, pairs),
        _kpis(work, best),
        _section(
            "dashboard",
            list(best.metrics),
            "What somebody looks at. Take out what nobody watches: that is how blind spots are "
            "found.",
        ),
        _funnel(best, guesses[sheet.name]),
        _experiments(sheet, best, sheets, guesses),
        _tail(),
    ]
    return "\n".join(section for section in sections if section)


def _reconciled(best: Draft, books: Iterable[str]) -> str:
    pairs = [{"logged": best.goal, "books": b} for b in books]
    comment = "Two records of the same thing: they should agree."
    return _section("reconcile", pairs, comment) if pairs else ""


def _head(folder: Path, notes: list[str]) -> str:
    remarks = "".join(f"# not used: {note}\n" for note in notes)
    title = yaml.safe_dump(
        {"kpilab": 1, "title": folder.absolute().name}, sort_keys=False, allow_unicode=True
    )
    return (
        "# First draft, guessed from the tables: read it once and correct what is wrong.\n"
        f"{remarks}{title}# language: zh\n# currency: EUR\n# holidays: DE   (country, for the "
        "calendar)\n"
    )


def _section(key: str, value: object, comment: str) -> str:
    lines = yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=120)
    return f"# {comment}\n{lines}"


def _periods(found: dict[str, Period]) -> str:
    lines = "".join(f"  {name}: [{p.first}, {p.last}]\n" for name, p in found.items())
    comment = (
        "Current against baseline, both days included. Another choice: --current A..B "
        "--baseline previous"
    )
    return f"# {comment}\nperiods:\n{lines}"


def _table(sheet: Sheet, found: Guess) -> dict[str, object]:
    lists = {"dimensions": found.dimensions, **found.lists}
    table: dict[str, object] = {
        "kind": found.kind,
        "source": sheet.source,
        **sheet.keys,
        **found.roles,
    }
    table |= {role: list(columns) for role, columns in lists.items() if columns}
    if found.kind == "benchmark":
        table |= _own(sheet, found.roles["series"])
    return table


def _own(sheet: Sheet, column: str) -> dict[str, object]:
    """Our own series by its name, all others as peers."""
    series = sorted(
        collect(sheet.table.select(sheet.table[column].cast("string")).distinct(), "series")
        .iloc[:, 0]
        .dropna()
    )
    own = next((s for s in series if {"own", "our", "ours", "us"} & set(slug(s).split("_"))), None)
    return {"own": own, "peers": [s for s in series if s != own]} if own else {}


def _goal(best: Draft) -> str:
    goal: dict[str, object] = {"metric": best.goal}
    if best.formula:
        goal["formula"] = best.formula
    comment = "What the business wants, and the formula that explains it."
    return _section("goal", goal, comment) + "  # target: the planned value of the current period\n"


def _kpis(work: dict[str, dict[str, str]], best: Draft) -> str:
    comment = "What teams are measured on."
    example = f"# - metric: {best.goal}\n#   owner: sales\n#   target: 1000\n"
    if work:
        return _section("kpis", [{"metric": name} for name in work], comment) + example
    return f"# {comment}\n# kpis:\n{example}"


def _funnel(best: Draft, found: Guess) -> str:
    if not best.funnel:
        return ""
    by = "session" if "session" in found.roles else "user"
    counts = " > ".join(f"{n:,}" for n in best.reached)
    funnel = {
        "table": best.table,
        "steps": list(best.funnel),
        "within": "1d" if by == "session" else "7d",
        "by": by,
    }
    return _section(
        "funnels",
        {"main": funnel},
        f"Steps on the way to the goal ({by}s that reach them: {counts}).",
    )


def _books(
    sheet: Sheet, best: Draft, sheets: list[Sheet], guesses: dict[str, Guess]
) -> dict[str, dict[str, str]]:
    """Columns of other tables whose total is about the goal's:
    the same thing from another system."""
    total = _total(sheet, best.metrics[best.goal]["measure"])
    others = [s for s in sheets if s is not sheet and guesses[s.name].kind == "facts"]
    return {
        f"{s.name}_{slug(c.name)}": {"table": s.name, "measure": f"sum({identifier(c.name)})"}
        for s in others
        for c in measures(s, guesses[s.name])
        if total and abs(_total(s, f"sum({identifier(c.name)})") / total - 1) < CLOSE
    }


def _total(sheet: Sheet, measure: str) -> float:
    checked = sql(parse_measure(measure, f"table {sheet.name!r}"))
    rows = sheet.table.alias("whole_table").sql(f"SELECT {checked} AS total FROM whole_table")
    return float(collect_one(rows, "totals")["total"] or 0)


def _work(sheets: list[Sheet], guesses: dict[str, Guess]) -> dict[str, dict[str, str]]:
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


def _experiments(sheet: Sheet, best: Draft, sheets: list[Sheet], guesses: dict[str, Guess]) -> str:
    if not best.funnel:
        return ""
    outcome = f"{identifier(guesses[sheet.name].roles['event'])} = {literal(best.funnel[-1])}"
    found: dict[str, dict[str, object]] = {}
    for table in sheets:
        if guesses[table.name].kind == "assignments":
            found |= _tests(table, guesses[table.name].roles, outcome)
    return (
        _section("experiments", found, "A/B tests; the planned split is taken to be equal shares.")
        if found
        else ""
    )


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


def _tail() -> str:
    return (
        "# What happened when (releases, campaigns, prices); the review looks here for reasons.\n"
        "# changes:\n# - date: 2026-01-31\n#   text: new checkout\n"
    )


def _span(sheet: Sheet, found: Guess) -> tuple[date, date]:
    column = next(c for c in sheet.columns if c.name == found.roles["time"])
    if column.first is None or column.last is None:
        raise BadInput(
            f"column {column.name!r} holds no times",
            f"table {sheet.name!r}",
            "fill it, or remove the table",
        )
    return column.first, column.last
