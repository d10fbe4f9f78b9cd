"""A first case.yml for a folder of tables,
with everything guessed that the tables show."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilab.case.beside import alternatives, books, experiments, further, work
from kpilab.case.draft import Draft, draft
from kpilab.case.enrich import with_amount, with_linked
from kpilab.case.guess import Guess, guesses
from kpilab.case.left import left_out
from kpilab.case.look import Column, Sheet, look, slug
from kpilab.case.numbers import classed
from kpilab.case.read import open_case
from kpilab.case.relate import Related, related
from kpilab.case.spans import periods, span
from kpilab.case.text import Pen, Say
from kpilab.case.words import AMOUNTS, BUYERS, named
from kpilab.core.values import Message
from kpilab.engine.column import column
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    from kpilab.core.case import Case
    from kpilab.core.values import Period

# Days in which a funnel is usually asked to be passed.
WITHIN = {"session": (1,), "user": (7, 14, 30, 90, 180, 365)}


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
    """

    sheets: tuple[Sheet, ...]
    guesses: Mapping[str, Guess]
    related: Related
    drafts: tuple[tuple[Sheet, Draft], ...]
    notes: tuple[Message, ...]


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """A first case.yml.

    Attributes:
        path: where it is. case: as it was opened. sheet, draft: the table of the goal, with its
            metrics. found: what the folder holds. notes: what was left out, and why.
            alternatives: other amounts it could be.
    """

    path: Path
    case: Case
    sheet: Sheet
    draft: Draft
    found: Found
    notes: tuple[Message, ...]
    alternatives: tuple[str, ...]


def first_case(
    folder: str | Path, say: Say, *, force: bool = False, wishes: Wishes = Wishes()
) -> First:
    """Write a commented case.yml that `kpilab check` accepts.

    Kinds, roles, keys, links, dimensions, a funnel, metrics, a goal with its formula and two
    periods are guessed from names, types and values. What cannot be seen in tables (targets,
    owners, what is on a dashboard) stands as a comment, or is taken from `wishes`.

    Args:
        folder: where csv, parquet, json or xlsx tables lie.
        say: makes a sentence of a message, for the comments.
        force: replace a case.yml that is there.
        wishes: what is known and no table shows.

    Returns:
        The case, with what was found and what was left out.

    Raises:
        BadInput: no tables, none with a time, a goal or KPI that is none, or a case.yml is there
            already.
    """
    folder = Path(folder)
    path = folder / "case.yml"
    if path.exists() and not force:
        raise BadInput(
            f"{path} is there already", "argument DIR", "edit it, or replace it with --force"
        )
    found = found_in(folder)
    sheet, best = chosen(found, wishes)
    stray, asked, covered = _when(sheet, found, wishes)
    others = tuple(dict.fromkeys(alternatives(found.drafts, best, found.guesses)))
    notes = (*found.notes, *stray)
    page = _Page(Pen(say), sheet, best, found, wishes)
    content = page.text(folder.absolute().name, notes, asked, covered, others)
    return First(path, _tried(folder, path, content), sheet, best, found, notes, others)


def _tried(folder: Path, path: Path, content: str) -> Case:
    """The case as it is opened, once it stands in its place."""
    trial = folder / f".case-{os.getpid()}.yml"
    try:
        trial.write_text(content, "utf-8")
        case = open_case(trial)
        trial.replace(path)
    except OSError as error:
        raise BadInput(
            f"cannot write {path}: {error.strerror}", "argument DIR", "choose a folder of yours"
        ) from None
    finally:
        trial.unlink(missing_ok=True)
    return case


def found_in(folder: Path) -> Found:
    """The tables of a folder, how they belong together, and what could be its goal."""
    sheets, notes = look(folder)
    sheets = [classed(s) for s in sheets]
    relations = related(sheets)
    known = guesses(sheets, relations)
    untimed = [s.source for s in sheets if s.name not in known]
    notes += [Message("first.untimed", {"file": source}) for source in untimed]
    notes += [rejected.message for rejected in relations.rejected]
    sheets = [s for s in sheets if s.name in known]
    sheets = [with_linked(s, sheets, known, relations) for s in sheets]
    pairs = {s.name: with_amount(s, known[s.name]) for s in sheets}
    known = {name: one for name, (_, one) in pairs.items()}
    used = tuple(sheet for sheet, _ in pairs.values())
    for s in used:
        notes += left_out(s, known[s.name], {*relations.of(s.name), relations.keys.get(s.name, "")})
    drafts = tuple(
        (s, draft(s, known[s.name])) for s in used if known[s.name].kind in ("events", "facts")
    )
    if not drafts:
        raise BadInput(
            f"no table of events or counts in {str(folder)!r}",
            "argument DIR",
            "add a table with a date and numbers, or with users and events",
        )
    return Found(used, known, relations, drafts, tuple(notes))


def _when(
    sheet: Sheet, found: Found, wishes: Wishes
) -> tuple[list[Message], dict[str, Period], list[str]]:
    """Notes on stray days, the periods, and the tables that have rows in both."""
    known = found.guesses
    timed = [s for s in found.sheets if known[s.name].roles.get("time")]
    spans = {s.name: span(*_timed(s, found)) for s in timed}
    asked = {**periods([spans[sheet.name][:2]]), **wishes.periods}
    if "current" in wishes.periods:
        asked.pop("year_ago", None)  # it was that of another period
    covered = [n for n, (first, last, _) in spans.items() if first <= asked["baseline"].last
               and last >= asked["current"].first]  # fmt: skip
    return [note for _, _, note in spans.values() if note], asked, covered


def _timed(sheet: Sheet, found: Found) -> tuple[Sheet, str]:
    """The table that holds the times of a table's rows, and their column."""
    time = found.guesses[sheet.name].roles["time"]
    if "." not in time or any(c.name == time for c in sheet.columns):
        return sheet, time
    way, _, of_linked = time.rpartition(".")
    to = found.related.of(sheet.name).get(way, way)
    return next(s for s in found.sheets if s.name == to), of_linked


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


@dataclass(frozen=True, slots=True, eq=False)
class _Page:
    """A first case.yml in the making."""

    pen: Pen
    sheet: Sheet
    best: Draft
    found: Found
    wishes: Wishes

    def text(
        self, title: str, notes: Sequence[Message], asked: dict[str, Period], covered: list[str],
        others: Sequence[str],
    ) -> str:  # fmt: skip
        """All sections, the empty ones left out."""
        pen, best, wishes = self.pen, self.best, self.wishes
        known, sheets = self.found.guesses, list(self.found.sheets)
        metrics, pairs, done = self._metrics(covered)
        kpis = _asked_kpis(wishes, metrics) or dict.fromkeys(done)
        tables = {s.name: _table(s, known[s.name], self.found.related) for s in sheets}
        booked = [{"logged": best.goal, "books": n} for n in pairs if n in metrics]
        tests = experiments(self.sheet, best, sheets, dict(known))
        sections = [
            pen.head(title, notes, wishes.language, wishes.timezone, _zoned(sheets)),
            pen.periods(asked),
            pen.section("tables", tables),
            pen.section("customer", customer_of(self.sheet, self.found)),
            pen.section("metrics", metrics),
            pen.goal(_goal(best, wishes), others, _why(self.sheet, best)),
            pen.section("reconcile", booked),
            pen.kpis(_told(kpis, wishes.owner), best.goal),
            pen.section("dashboard", list(dict.fromkeys([*best.metrics, *kpis]))),
            self._funnel(),
            pen.section("experiments", dict(tests)),
            pen.changes(),
        ]
        return "\n".join(section for section in sections if section)

    def _metrics(self, covered: list[str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """All metrics; of them the books of the goal, and the work done."""
        known, sheets = self.found.guesses, list(self.found.sheets)
        metrics = dict[str, Any](self.best.metrics)
        pairs = books(self.sheet, self.best, sheets, dict(known))
        metrics |= {n: m for n, m in pairs.items() if m["table"] in covered}
        done = {n: m for n, m in work(sheets, dict(known)).items() if n not in metrics}
        metrics |= done
        more = further(self.best, sheets, known, covered)
        return metrics | {n: m for n, m in more.items() if n not in metrics}, pairs, done

    def _funnel(self) -> str:
        best, found = self.best, self.found.guesses[self.sheet.name]
        if not best.funnel:
            return ""
        by = "session" if "session" in found.roles else "user"
        within = _within(self.sheet, found, best.funnel, by)
        steps = list(best.funnel)
        funnel = {"table": best.table, "steps": steps, "within": within, "by": by}
        counts = " > ".join(f"{n:,}" for n in best.reached)
        units = Message(f"first.{by}s")
        return self.pen.section("funnels", {"main": funnel}, by=units, counts=counts)


def _asked_kpis(wishes: Wishes, metrics: Mapping[str, object]) -> dict[str, float | None]:
    for name in wishes.kpis:
        if name not in metrics:
            raise unknown("metric", name, metrics, "--kpi")
    return dict(wishes.kpis)


def _told(kpis: Mapping[str, float | None], owner: str | None) -> list[dict[str, object]]:
    whose = {"owner": owner} if owner else {}
    return [
        {"metric": n, **whose, **({} if target is None else {"target": target})}
        for n, target in kpis.items()
    ]


def _zoned(sheets: Sequence[Sheet]) -> bool:
    return any(
        kind.is_timestamp() and getattr(kind, "timezone", None)
        for s in sheets
        for kind in s.table.schema().values()
    )


def _goal(best: Draft, wishes: Wishes) -> dict[str, object]:
    goal: dict[str, object] = {"metric": best.goal}
    goal |= {"formula": best.formula} if best.formula else {}
    return goal | ({} if wishes.target is None else {"target": wishes.target})


def _why(sheet: Sheet, best: Draft) -> Message | None:
    """What the choice of the goal rests on, where no name says it."""
    amount = next((c for c in sheet.columns if best.measure == f"sum({c.reference})"), None)
    if amount is None:
        return None
    twin = re.sub(r"(_| \[)\d+\]?$", "", amount.name)
    twins = [c for c in sheet.columns if c is not amount and c.name.lower() == twin.lower()]
    if twins and twin != amount.name:
        return Message("first.twin", {"name": twins[0].name, "column": amount.name})
    called = named(amount.name, "|".join(AMOUNTS))
    return None if called else Message("first.cents", {"column": amount.name})


def _table(sheet: Sheet, found: Guess, relations: Related) -> dict[str, object]:
    lists = {"dimensions": found.dimensions, **found.lists}
    table: dict[str, object] = {"kind": found.kind, "source": sheet.source, **sheet.keys}
    if sheet.name in relations.keys:
        table["key"] = relations.keys[sheet.name]
    table |= found.roles
    links = relations.of(sheet.name)
    table |= {"links": links} if links else {}
    table |= {"columns": found.columns} if found.columns else {}
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


def _within(sheet: Sheet, found: Guess, steps: Sequence[str], by: str) -> str:
    """A time in which nearly all who reach the last step have come from the first."""
    rows = sheet.table.select(
        unit=sheet.table[found.roles[by]],
        event=sheet.table[found.roles["event"]].cast("string"),
        at=sheet.table[found.roles["time"]].try_cast("timestamp"),
    )
    first, last = (rows.filter(rows.event == steps[k]).group_by("unit") for k in (0, -1))
    both = first.agg(a=lambda t: t["at"].min()).join(last.agg(b=lambda t: t["at"].min()), "unit")
    taken = column(both, "b").epoch_seconds() - column(both, "a").epoch_seconds()
    days = collect_one(both.agg(days=taken.quantile(0.95) / 86_400), "time to the last step")[
        "days"
    ]
    usual = WITHIN["session" if by == "session" else "user"]
    return f"{next((w for w in usual if days == days and days <= w), usual[-1])}d"
