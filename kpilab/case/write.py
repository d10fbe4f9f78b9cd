"""`scaffold`: a first case.yml for a folder of tables,
with everything guessed that the tables show."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from kpilab.case.beside import alternatives, books, experiments, further, work
from kpilab.case.draft import BUYERS, Draft, draft, periods
from kpilab.case.enrich import with_amount, with_linked
from kpilab.case.guess import Guess, guesses
from kpilab.case.look import Sheet, look, named, slug
from kpilab.case.read import open_case
from kpilab.case.relate import Related, related
from kpilab.core.values import Period
from kpilab.engine.column import column
from kpilab.engine.run import collect, collect_one
from kpilab.errors import BadInput, unknown

# Days in which a funnel is usually asked to be passed.
WITHIN = {"session": (1,), "user": (7, 14, 30, 90, 180, 365)}
FEW = 0.05  # of a usual week's rows: a week at either end that holds fewer is no part of the span


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is known about the case and no table shows.

    Attributes:
        goal: a metric of the draft, or `table.column` of an amount.
        target: planned value of the goal in the current period.
        kpis: metric -> target (None: not known).
        owner: who answers for the KPIs.
        periods: baseline and current, where not the usual ones.
        language: "en" or "zh".
    """

    goal: str | None = None
    target: float | None = None
    kpis: Mapping[str, float | None] = field(default_factory=dict)
    owner: str | None = None
    periods: Mapping[str, Period] = field(default_factory=dict)
    language: str = "en"


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
    notes: tuple[str, ...]


def scaffold(folder: str | Path, *, force: bool = False, wishes: Wishes = Wishes()) -> Path:
    """Write a commented case.yml that `kpilab check` accepts.

    Kinds, roles, keys, links, dimensions, a funnel, metrics, a goal with its formula and two
    periods are guessed from names, types and values. What cannot be seen in tables (targets,
    owners, what is on a dashboard) stands as a comment, or is taken from `wishes`.

    Args:
        folder: where csv, parquet, json or xlsx tables lie.
        force: replace a case.yml that is there.
        wishes: what is known and no table shows.

    Returns:
        The path of the case.yml.

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
    content = _case_text(folder, found_in(folder), wishes)
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


def found_in(folder: Path) -> Found:
    """The tables of a folder, how they belong together, and what could be its goal."""
    sheets, notes = look(folder)
    relations = related(sheets)
    known = guesses(sheets, relations)
    notes = [f"not used: {note}" for note in notes]
    untimed = [s.source for s in sheets if s.name not in known]
    notes += [f"not used: {source}: no rows with a time; left out" for source in untimed]
    notes += [f"no link {rejected}" for rejected in relations.rejected]
    sheets = [s for s in sheets if s.name in known]
    sheets = [with_linked(s, sheets, known, relations) for s in sheets]
    pairs = {s.name: with_amount(s, known[s.name]) for s in sheets}
    known = {name: one for name, (_, one) in pairs.items()}
    used = tuple(sheet for sheet, _ in pairs.values())
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


def _case_text(folder: Path, found: Found, wishes: Wishes) -> str:
    sheet, best = chosen(found, wishes)
    known, sheets = found.guesses, list(found.sheets)
    spans = {s.name: _span(s, found) for s in sheets if known[s.name].roles.get("time")}
    asked = {**periods([spans[sheet.name][:2]]), **wishes.periods}
    if "current" in wishes.periods:
        asked.pop("year_ago", None)  # it was that of another period
    covered = [n for n, (first, last, _) in spans.items() if first <= asked["baseline"].last
               and last >= asked["current"].first]  # fmt: skip
    metrics, pairs = dict(best.metrics), books(sheet, best, sheets, dict(known))
    metrics |= {n: m for n, m in pairs.items() if m["table"] in covered}
    done = {n: m for n, m in work(sheets, dict(known)).items() if n not in metrics}
    metrics |= done
    metrics |= {n: m for n, m in further(best, sheets, known, covered).items() if n not in metrics}
    stray = [note for _, _, note in spans.values() if note]
    kpis = _asked_kpis(wishes, metrics) or dict.fromkeys(done)
    sections = [
        _head(folder, [*found.notes, *stray], wishes, _zoned(sheets)),
        _periods(asked),
        _section(
            "tables",
            {s.name: _table(s, known[s.name], found.related) for s in sheets},
            "What each table is, which column plays which role, and whose key which column holds.",
        ),
        _customer(sheet, found),
        _section(
            "metrics",
            metrics,
            "The one definition of every metric: SQL over one table. `numerator` and "
            "`denominator` for a rate.",
        ),
        _goal(best, wishes, list(alternatives(found.drafts, best, known))),
        _reconciled(best, [n for n in pairs if n in metrics]),
        _kpis(kpis, best, wishes),
        _section(
            "dashboard",
            list(dict.fromkeys([*best.metrics, *kpis])),
            "What somebody looks at. Take out what nobody watches: that is how blind spots are "
            "found.",
        ),
        _funnel(sheet, best, known[sheet.name]),
        _experiments(experiments(sheet, best, sheets, dict(known))),
        _tail(),
    ]
    return "\n".join(section for section in sections if section)


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
            name = slug(amount.name)
            total = {"table": sheet.name, "measure": f"sum({amount.reference})"}
            return sheet, replace(
                one, goal=name, formula=None, metrics={name: total, **one.metrics}
            )
    known = [n for s, d in found.drafts for n in (*d.metrics, *(f"{s.name}.{c.name}"
             for c in s.of_type("number")))]  # fmt: skip
    raise unknown("amount or metric", wishes.goal, dict.fromkeys(known), "--goal")


def _asked_kpis(wishes: Wishes, metrics: Mapping[str, object]) -> dict[str, float | None]:
    for name in wishes.kpis:
        if name not in metrics:
            raise unknown("metric", name, metrics, "--kpi")
    return dict(wishes.kpis)


def _experiments(tests: Mapping[str, object]) -> str:
    comment = "A/B tests; the planned split is taken to be equal shares."
    return _section("experiments", dict(tests), comment) if tests else ""


def _customer(sheet: Sheet, found: Found) -> str:
    """The entities whose behaviour the goal is made of."""
    linked = [
        to for to, _ in found.related.ways(sheet.name) if found.guesses[to].kind == "entities"
    ]
    buyers = [t for t in linked if named(t, BUYERS + "|" + _many(BUYERS))]
    return _section("customer", buyers[0], "Whose behaviour the goal is made of.") if buyers else ""


def _many(nouns: str) -> str:
    return "|".join(f"{noun}s" for noun in nouns.split("|"))


def _zoned(sheets: Sequence[Sheet]) -> bool:
    return any(
        kind.is_timestamp() and getattr(kind, "timezone", None)
        for s in sheets
        for kind in s.table.schema().values()
    )


def _reconciled(best: Draft, books: Iterable[str]) -> str:
    pairs = [{"logged": best.goal, "books": b} for b in books]
    comment = "Two records of the same thing: they should agree."
    return _section("reconcile", pairs, comment) if pairs else ""


def _head(folder: Path, notes: list[str], wishes: Wishes, zoned: bool) -> str:
    remarks = "".join(f"# {note}\n" for note in notes)
    title = yaml.safe_dump(
        {"kpilab": 1, "title": folder.absolute().name}, sort_keys=False, allow_unicode=True
    )
    language = "language: zh\n" if wishes.language == "zh" else "# language: zh\n"
    zone = "# timezone: Europe/Berlin   (times here carry a zone: say whose days are meant)\n"
    return (
        "# First draft, guessed from the tables: read it once and correct what is wrong.\n"
        f"{remarks}{title}{language}{zone if zoned else ''}# currency: EUR\n"
        "# holidays: DE   (country, for the calendar)\n"
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


def _goal(best: Draft, wishes: Wishes, others: list[str]) -> str:
    goal: dict[str, object] = {"metric": best.goal}
    if best.formula:
        goal["formula"] = best.formula
    if wishes.target is not None:
        goal["target"] = wishes.target
    comment = "What the business wants, and the formula that explains it."
    if others:
        comment += f"\n# It could be another amount: {', '.join(dict.fromkeys(others))}"
    hint = "" if wishes.target else "  # target: the planned value of the current period\n"
    return _section("goal", goal, comment) + hint


def _kpis(kpis: Mapping[str, float | None], best: Draft, wishes: Wishes) -> str:
    comment = "What teams are measured on."
    example = f"# - metric: {best.goal}\n#   owner: sales\n#   target: 1000\n"
    if not kpis:
        return f"# {comment}\n# kpis:\n{example}"
    owner = {"owner": wishes.owner} if wishes.owner else {}
    told = [
        {"metric": n, **owner, **({} if target is None else {"target": target})}
        for n, target in kpis.items()
    ]
    return _section("kpis", told, comment) + example


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


def _funnel(sheet: Sheet, best: Draft, found: Guess) -> str:
    if not best.funnel:
        return ""
    by = "session" if "session" in found.roles else "user"
    counts = " > ".join(f"{n:,}" for n in best.reached)
    funnel = {
        "table": best.table,
        "steps": list(best.funnel),
        "within": _within(sheet, found, best.funnel, by),
        "by": by,
    }
    return _section(
        "funnels",
        {"main": funnel},
        f"Steps on the way to the goal ({by}s that reach them: {counts}).",
    )


def _span(sheet: Sheet, found: Found) -> tuple[date, date, str]:
    """First and last day of the bulk of a table's rows, and a note on what lies far off."""
    time = found.guesses[sheet.name].roles["time"]
    if "." in time and all(c.name != time for c in sheet.columns):
        way, _, of_linked = time.rpartition(".")
        to = found.related.of(sheet.name).get(way, way)
        sheet, time = next(s for s in found.sheets if s.name == to), of_linked
    day = sheet.table[time].try_cast("timestamp").cast("date")
    rows = sheet.table.select(day=day).group_by("day").agg(n=lambda t: t.count())
    counts = collect(rows, f"days of {sheet.name!r}").dropna().sort_values("day")
    days = pd.to_datetime(counts["day"]).dt.date.tolist()
    if not days:
        raise BadInput(
            f"column {time!r} holds no times",
            f"table {sheet.name!r}",
            "fill it, or remove the table",
        )
    first, last = _bulk(days, counts["n"].tolist())
    far = [d for d in days if not first <= d <= last]
    note = (
        f"noticed: {sheet.source}: {time} also holds {', '.join(map(str, far[:3]))}" if far else ""
    )
    return first, last, note


def _bulk(days: list[date], rows: list[int]) -> tuple[date, date]:
    """First and last day without the weeks at the ends that hold next to nothing."""
    counts = (
        pd.Series(rows, pd.PeriodIndex(pd.DatetimeIndex(days), freq="W")).groupby(level=0).sum()
    )
    full = counts.index[counts >= FEW * counts.median()]
    first, last = full[0].start_time.date(), full[-1].end_time.date()
    inside = [day for day in days if first <= day <= last]
    return inside[0], inside[-1]


def _tail() -> str:
    return (
        "# What happened when (releases, campaigns, prices); the review looks here for reasons.\n"
        "# changes:\n# - date: 2026-01-31\n#   text: new checkout\n"
    )
