"""What a folder of tables holds, and what its goal could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kpilab.case.draft import Draft, draft
from kpilab.case.enrich import with_amount, with_linked
from kpilab.case.guess import Guess, guesses, parts_of
from kpilab.case.in_rows import drafted, metrics_in_rows
from kpilab.case.left import left_out
from kpilab.case.look import Column, Sheet, look, slug
from kpilab.case.numbers import classed
from kpilab.case.relate import Related, related
from kpilab.case.trial import Trial, draft_of, lone_trial, notes_of, spec_of
from kpilab.case.words import BUYERS, WHEN, named
from kpilab.core.values import Message
from kpilab.engine.column import column
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    from kpilab.core.values import Period


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is known about the case and no table shows.

    Attributes:
        goal: a metric of the draft, or `table.column` of an amount.
        target: planned value of the goal in the current period.
        kpis: metric -> target (None: not known).
        owner: who answers for the KPIs.
        periods: baseline and current, where not the usual ones.
        language: "en" or "zh". timezone: whose days are meant, where times carry a zone.
    """

    goal: str | None = None
    target: float | None = None
    kpis: Mapping[str, float | None] = field(default_factory=dict)
    owner: str | None = None
    periods: Mapping[str, Period] = field(default_factory=dict)
    language: str = "en"
    timezone: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a folder holds, as far as its tables show it.

    Attributes:
        sheets: tables that the case uses. guesses: what they are. related: their keys and links.
        drafts: a metric tree for each that could hold the goal. notes: what was left out, and why.
        trial: the experiment, where there is nothing else.
    """

    sheets: tuple[Sheet, ...]
    guesses: Mapping[str, Guess]
    related: Related
    drafts: tuple[tuple[Sheet, Draft], ...]
    notes: tuple[Message, ...]
    trial: Trial | None = None


def found_in(folder: Path, zone: str | None = None) -> Found:
    """The tables of a folder, how they belong together, and what could be its goal; `zone`: whose
    local times are meant where a time carries a zone."""
    sheets, notes = look(folder, zone)
    sheets = [classed(s) for s in sheets]
    trial = lone_trial(sheets)
    if trial is not None:
        return _of_trial(trial, notes)
    relations = related(sheets)
    sheets = [_with_names(s, relations) for s in sheets]
    known = guesses(sheets, relations)
    untimed = [s for s in sheets if s.name not in known]
    notes += [Message("first.untimed", {"file": s.place}) for s in untimed]
    notes += [rejected.message for rejected in relations.rejected]
    sheets = [s for s in sheets if s.name in known]
    sheets = [with_linked(s, sheets, known, relations) for s in sheets]
    pairs = {s.name: with_amount(s, known[s.name]) for s in sheets}
    known = {name: one for name, (_, one) in pairs.items()}
    used = tuple(sheet for sheet, _ in pairs.values())
    for s in used:
        notes += left_out(s, known[s.name], {*relations.of(s.name), relations.keys.get(s.name, "")})
    named_in_rows = {s.name: c for s in used if (c := metrics_in_rows(s, known[s.name]))}
    for name, c in named_in_rows.items():
        parts = tuple(d for d in known[name].dimensions if d != c.name)
        known[name] = replace(known[name], dimensions=parts)
    drafts = tuple(
        (s, drafted(s, known[s.name], named_in_rows[s.name]) if s.name in named_in_rows
         else draft(s, known[s.name]))
        for s in used if known[s.name].kind in ("events", "facts")
    )  # fmt: skip
    if not drafts:
        raise _nothing(folder, untimed)
    return Found(used, known, relations, drafts, tuple(notes))


def _with_names(sheet: Sheet, relations: Related) -> Sheet:
    """The table with its key, and the keys of others that it holds, as names and no amounts."""
    keys = {relations.keys.get(sheet.name), *relations.of(sheet.name)}
    told = (replace(c, nature="name") if c.name in keys else c for c in sheet.columns)
    return replace(sheet, columns=tuple(told))


def _nothing(folder: Path, untimed: Sequence[Sheet]) -> BadInput:
    """A folder without a table that has times."""
    told = "; ".join(f"{s.source} {_timeless(s)}" for s in untimed)
    what = f"no table of events or counts in {str(folder)!r}{': ' if told else ''}{told}"
    mend = "add a table with a date and numbers, or with users and events; where its times are "
    mend += "written in a way of their own, write a case.yml whose `format` says it"
    return BadInput(what, "argument DIR", mend)


def _timeless(sheet: Sheet) -> str:
    """Why a table has no times, in words: the column that should hold them, and what it holds."""
    if not sheet.rows:
        return "has no rows"
    parts = [c.name for c in sheet.of_type("number") if c.nature == "calendar"]
    if len(parts) > 1:
        return f"has the parts of its dates in {', '.join(parts)}: put them into one column"
    called = next((c for c in sheet.of_type("text", "number") if c.filled and c.named(WHEN)), None)
    if called is None:
        return "has no column that is read as times"
    held = column(sheet.table, called.name)
    first = collect_one(sheet.table.agg(v=held.min()), f"column {called.name!r}")["v"]
    return f"has no column that is read as times: {called.name!r} holds {str(first)[:40]!r}"


def _of_trial(trial: Trial, notes: list[Message]) -> Found:
    """A folder with an experiment and nothing else."""
    sheet, parts = trial.sheet, parts_of(trial.sheet, {trial.unit or ""})
    guess = Guess("facts", {"time": trial.time or "day"}, (trial.arm, *parts))
    _, metrics, _ = spec_of(trial, parts)
    held = {sheet.name: guess}
    drafts = ((sheet, draft_of(trial, metrics)),)
    return Found((sheet,), held, Related({}, ()), drafts, (*notes, *notes_of(trial)), trial)


def chosen(found: Found, wishes: Wishes) -> tuple[Sheet, Draft]:
    """The draft with the goal: the one asked for, else the one worth most."""
    if wishes.goal is None:
        return max(found.drafts, key=lambda pair: pair[1].worth)
    for sheet, one in found.drafts:
        if wishes.goal in (one.goal, f"{sheet.name}.{one.goal}"):
            return sheet, one
        if wishes.goal in one.metrics:
            return sheet, replace(one, goal=wishes.goal, formula=None)
        amount = next((c for c in sheet.columns if wishes.goal == f"{sheet.name}.{c.name}"), None)
        if amount is not None and amount.type == "number":
            return sheet, _of_amount(sheet, one, amount)
    known = [n for s, d in found.drafts for n in (*d.metrics, *(f"{s.name}.{c.name}"
             for c in s.of_type("number")))]  # fmt: skip
    raise unknown("amount or metric", wishes.goal, dict.fromkeys(known), "--goal")


def _of_amount(sheet: Sheet, one: Draft, amount: Column) -> Draft:
    """A draft with the sum of another column as its goal."""
    if amount.nature != "adds":
        what = f"{sheet.name}.{amount.name} does not add up over its rows: it is of the kind "
        what += f"{amount.nature!r}"
        raise BadInput(what, "--goal", "choose an amount, or write the metric into case.yml")
    name = slug(amount.name)
    total = {"table": sheet.name, "measure": f"sum({amount.reference})"}
    return replace(one, goal=name, formula=None, metrics={name: total, **one.metrics})


def customer_of(sheet: Sheet, found: Found) -> str | None:
    """The entities whose behaviour the goal is made of."""
    linked = [
        to for to, _ in found.related.ways(sheet.name) if found.guesses[to].kind == "entities"
    ]
    return next((t for t in linked if named(t, BUYERS + "|" + _many(BUYERS))), None)


def _many(nouns: str) -> str:
    return "|".join(f"{noun}s" for noun in nouns.split("|"))
