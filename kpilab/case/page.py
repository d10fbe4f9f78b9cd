"""A first case.yml in the making: what each of its sections says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kpilab.case.beside import books, experiments, further, work
from kpilab.case.draft import Draft
from kpilab.case.found import Found, Wishes, customer_of
from kpilab.case.guess import Guess
from kpilab.case.look import Sheet, slug
from kpilab.case.relate import Related
from kpilab.case.text import Pen
from kpilab.case.trial import Trial, days_of, spec_of
from kpilab.case.words import AMOUNTS, named
from kpilab.core.values import Message
from kpilab.engine.column import column
from kpilab.engine.run import collect, collect_one
from kpilab.errors import unknown

if TYPE_CHECKING:
    from kpilab.core.values import Period

# Days in which a funnel is usually asked to be passed.
WITHIN = {"session": (1,), "user": (7, 14, 30, 90, 180, 365)}


@dataclass(frozen=True, slots=True, eq=False)
class Page:
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
            pen.head(title, notes, wishes.language, wishes.timezone, zoned(sheets)),
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

    def of_trial(self, title: str, trial: Trial) -> str:
        """All sections of an experiment."""
        pen, wishes = self.pen, self.wishes
        tables, metrics, tests = spec_of(trial, self.found.guesses[self.sheet.name].dimensions)
        kpis = _asked_kpis(wishes, metrics)
        sections = [
            pen.head(
                title, self.found.notes, wishes.language, wishes.timezone, zoned([self.sheet])
            ),
            pen.periods({**days_of(trial), **wishes.periods}),
            pen.section("tables", tables),
            pen.section("metrics", metrics),
            pen.goal(_goal(self.best, wishes), [], None),
            pen.kpis(_told(kpis, wishes.owner), self.best.goal),
            pen.section("dashboard", list(metrics)),
            pen.section("experiments", tests),
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


def zoned(sheets: Sequence[Sheet]) -> bool:
    """Whether times carry a zone: then it matters whose days are meant."""
    return any(s.zoned for s in sheets)


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
