"""A folder that holds an experiment and nothing else: who was in which arm and what they did, or
how many of how many did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpilab.case.draft import Draft
from kpilab.case.look import Column, Sheet, slug
from kpilab.case.words import AMOUNTS, USER, named, names_thing, outgoing
from kpilab.core.values import Message, Period
from kpilab.engine.column import column
from kpilab.engine.expression import identifier, literal
from kpilab.engine.run import as_count, collect, collect_one

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_ARMS = 8
LEAST_UNITS = 20  # fewer rows are counts of units
# Columns called so hold arms; those of the second kind if their values are called like arms.
ARM = (
    "variant|arm|variation|treatment|test version|test group|experiment group|ab group|testgruppe"
    "|variante|实验组|实验分组|分组|变体"
)
MAYBE = "group|version|bucket|cohort|gruppe|grupo|groupe|gruppo|test|experiment|组|版本"
CONTROL = (
    r"control|ctrl|controle|kontrolle|kontrollgruppe|kontroll\w*|baseline|old\w*|对照|对照组|原版"
)
CALLED = rf"{CONTROL}|treatment|treated|variant|variation|test|exp|new\w*|实验|实验组|新版"
COUNTED = (
    "users|visitors|sessions|units|n|size|total|exposed|sample|impressions|participants|customers"
    "|nutzer|besucher|usuarios|visites|人数|用户数|样本"
)
MADE = (
    "converted|conversion|conversions|purchase|purchased|paid|bought|signup|clicked|转化|购买|付费"
)
NO_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """An experiment that a folder holds.

    Attributes:
        sheet: its table. arm: column of the arms. arms: their names, the control first.
        unit: column of the unit; None where rows are counts. count: column of how many units a row
            stands for, where rows are counts. did: columns of yes and no (of how many did, where
            rows are counts), the most telling first. amounts: what units came to.
        time: column of the day; None where there is none.
    """

    sheet: Sheet
    arm: str
    arms: tuple[str, ...]
    unit: str | None
    count: str | None
    did: tuple[Column, ...]
    amounts: tuple[Column, ...]
    time: str | None


def lone_trial(sheets: Sequence[Sheet]) -> Trial | None:
    """The experiment of a folder with one table that has arms, if it is one."""
    if len(sheets) != 1 or sheets[0].rows < 2:
        return None
    found = arms_in(sheets[0])
    return trial_of(sheets[0], *found) if found else None


def arms_in(sheet: Sheet) -> tuple[Column, tuple[str, ...]] | None:
    """The column that holds arms, and their names, the control first."""
    able = [c for c in sheet.columns if c.type in ("text", "flag", "number")]
    several = [c for c in able if 1 < c.distinct <= MOST_ARMS]
    return next(((c, arms) for c in several if (arms := _arms(sheet, c))), None)


def values_of(sheet: Sheet, c: Column) -> list[str]:
    """The values of a column as text, in order."""
    rows = sheet.table.select(arm=column(sheet.table, c.name).cast("string")).distinct()
    return sorted(str(v) for v in collect(rows, "arms")["arm"].dropna())


def _arms(sheet: Sheet, c: Column) -> tuple[str, ...]:
    """The names of arms in a column, the control first; none where it holds none."""
    if not c.named(f"{ARM}|{MAYBE}"):
        return ()
    values = values_of(sheet, c)
    called = [v for v in values if _called(v, CALLED)]
    letters = [v.lower() for v in values] == [chr(97 + k) for k in range(len(values))]
    if (
        not c.named(ARM)
        and not letters
        and not (called and any(_called(v, CONTROL) for v in values))
    ):
        return ()
    return control_first(values)


def control_first(values: Sequence[str]) -> tuple[str, ...]:
    """The names of arms, the one that is called a control first."""
    first = [v for v in values if _called(v, CONTROL)] or [v for v in values if v.lower() == "a"]
    return (*first[:1], *(v for v in values if v not in first[:1]))


def _called(value: str, pattern: str) -> bool:
    return named(value, pattern)


def trial_of(
    sheet: Sheet, arm: Column, arms: tuple[str, ...], count: str | None = None
) -> Trial | None:
    """The roles of the other columns; None where nothing was measured, or nobody is named.
    `count` says which column holds how many units a row stands for."""
    rest = [c for c in sheet.columns if c is not arm]
    unit = next((c for c in rest if c.distinct == sheet.rows and _names_unit(c)), None)
    numbers = [c for c in rest if c.type == "number" and c is not unit]
    flags = [c for c in rest if c.type == "flag"]
    time = sheet.time.name if sheet.time else None
    if unit is not None and count is None:
        yes = [c for c in numbers if c.whole and c.distinct == 2 and _yes_no(sheet, c)]
        did = tuple(sorted([*flags, *yes], key=lambda c: not c.named(MADE)))
        adding = [c for c in numbers if c not in yes and c.nature in ("adds", "mean")]
        if did or adding:
            return Trial(sheet, arm.name, arms, unit.name, None, did, tuple(adding), time)
        return None
    whole = [c for c in numbers if c.whole and c.nature in ("adds", "place")]
    counted = next(
        (c for c in whole if (c.named(COUNTED) if count is None else c.name == count)), None
    )
    if counted is None:
        return None
    within = [c for c in whole if c is not counted and _within(sheet, c, counted)]
    did = tuple(sorted(within, key=lambda c: not c.named(MADE)))
    return Trial(sheet, arm.name, arms, None, counted.name, did, (), time) if did else None


def _names_unit(c: Column) -> bool:
    called = c.named(USER) or c.nature == "name" or names_thing(c.name)
    return c.distinct >= LEAST_UNITS and (called or c.type == "text")


def _yes_no(sheet: Sheet, c: Column) -> bool:
    value = column(sheet.table, c.name)
    found = collect_one(sheet.table.agg(low=value.min(), high=value.max()), "outcomes")
    return (int(found["low"]), int(found["high"])) == (0, 1)


def _within(sheet: Sheet, c: Column, count: Column) -> bool:
    """Whether nowhere more did than there are."""
    more = column(sheet.table, c.name) > column(sheet.table, count.name)
    return as_count(collect_one(sheet.table.agg(n=more.ifelse(1, 0).sum()), "outcomes")["n"]) == 0


def days_of(trial: Trial) -> dict[str, Period]:
    """First and second half of the days of the test. Without days: a day for the control and one
    for the treatment, so that the two are what is compared."""
    if trial.time is None:
        days = [NO_DAY + timedelta(days=k) for k in range(2)]
        return {"baseline": Period(days[0], days[0]), "current": Period(days[1], days[1])}
    first, last = _ends(trial)
    half = max(((last - first).days + 1) // 2, 1)
    middle = last - timedelta(days=half - 1)
    start = max(first, middle - timedelta(days=half))
    return {
        "baseline": Period(start, middle - timedelta(days=1)),
        "current": Period(middle, last),
    }


def _ends(trial: Trial) -> tuple[date, date]:
    """First and last day of the test."""
    if trial.time is None:
        return NO_DAY, NO_DAY + timedelta(days=len(trial.arms) - 1)
    at = column(trial.sheet.table, trial.time).try_cast("timestamp")
    found = collect_one(trial.sheet.table.agg(first=at.min(), last=at.max()), "days")
    return pd.Timestamp(found["first"]).date(), pd.Timestamp(found["last"]).date()


def spec_of(trial: Trial, dimensions: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """Tables, metrics and experiments of the case."""
    name = trial.sheet.name
    time, day = trial.time or "day", _day(trial)
    own = [trial.arm] if trial.time else []  # without days the arms are what is compared
    parts = [*own, *(d for d in dimensions if d != trial.arm)]
    facts = {"kind": "facts", **_read(trial), "time": time}
    facts |= {"columns": day} if day else {}
    arms = {"kind": "assignments", **_read(trial), "time": time}
    arms |= {"columns": {"experiment": literal(name), **day}, "unit": trial.unit or "unit"}
    arms |= {"experiment": "experiment", "variant": trial.arm}
    tables = {name: facts | ({"dimensions": parts} if parts else {}), f"{name}_arms": arms}
    metrics = {slug(c.name): _metric(name, c) for c in (*trial.did, *trial.amounts)}
    return tables, metrics, {name: _test(trial, list(metrics))}


def _read(trial: Trial) -> dict[str, Any]:
    """How the file of the experiment is read."""
    keys: dict[str, Any] = {"source": trial.sheet.source, **trial.sheet.keys}
    if trial.count is not None:
        did = [c.name for c in trial.did]
        keys["expand"] = {"count": trial.count, "outcomes": did, "unit": "unit"}
    return keys


def _day(trial: Trial) -> dict[str, str]:
    """A day for each arm, where the table has none."""
    if trial.time is not None:
        return {}
    arm = f"CAST({identifier(trial.arm)} AS VARCHAR)"
    cases = [f"WHEN {arm} = {literal(v)} THEN DATE '{NO_DAY + timedelta(days=k)}'"
             for k, v in enumerate(trial.arms)]  # fmt: skip
    return {"day": f"CASE {' '.join(cases)} END"}


def _metric(table: str, c: Column) -> dict[str, str]:
    value = identifier(c.name)
    above = f"count(*) filter (where {value})" if c.type == "flag" else f"sum({value})"
    better = {"better": "down"} if outgoing(c.name) else {}
    return {"table": table, "numerator": above, "denominator": f"count({value})", **better}


def _test(trial: Trial, metrics: list[str]) -> dict[str, Any]:
    first, last = _ends(trial)
    test = {
        "assignments": f"{trial.sheet.name}_arms",
        "outcome": metrics[0],
        "control": trial.arms[0],
        "split": dict.fromkeys(trial.arms, 1 / len(trial.arms)),
        "start": first,
        "planned_days": (last - first).days + 1,
    }
    return test | ({"guardrails": metrics[1:]} if metrics[1:] else {})


def draft_of(trial: Trial, metrics: Mapping[str, Any]) -> Draft:
    """The goal: the outcome that decides."""
    return Draft(trial.sheet.name, next(iter(metrics)), None, dict(metrics))


def notes_of(trial: Trial) -> list[Message]:
    """What the reader must know of the draft."""
    values = {"file": trial.sheet.source, "control": trial.arms[0], "arms": list(trial.arms[1:])}
    notes = [Message("first.trial", values)]
    if trial.time is None:
        notes.append(Message("first.trial_days", values))
    money = [c.name for c in trial.sheet.of_type("number") if c.named("|".join(AMOUNTS))]
    if trial.count is not None and money:
        notes.append(Message("first.trial_sums", values | {"columns": money}))
    return notes
