"""What the numbers of a table are: amounts that add up, or what must not be added up: names of
things, parts of a date, levels, averages, and one amount repeated on several rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

from kpilab.case.look import Column, Nature, Sheet
from kpilab.case.words import (
    AMOUNTS,
    AVERAGED,
    CALENDAR,
    CUMULATED,
    GROUPING,
    LEVEL,
    ORDERS,
    ORDINAL,
    QUANTITY,
    named,
    names_thing,
)
from kpilab.engine.column import column
from kpilab.engine.dialect import one
from kpilab.engine.run import as_count, collect_one

if TYPE_CHECKING:
    import ibis.expr.types as ir

NEARLY = 0.99  # of the rows with a value
DISTINCT = 0.9  # of the rows, values that differ: names of them
LEAST_ROWS, LEAST_GROUPS = 12, 20  # fewer would agree by chance
LONG = 10  # digits, the same in all rows: telephone numbers and the like
MOST_GROUPS, MOST_PRODUCTS = 6, 60
# Between which numbers the parts of a date lie.
BOUNDS = {
    "year|yr|fiscal year|jahr|ano|anno|annee|年份|年": (1900, 2200),
    "month|mon|monat|mes|mese|mois|月份|月": (1, 12),
    "quarter|qtr|quartal|季度": (1, 4),
    "week|wk|woche|semana|settimana|semaine|周次|周": (0, 53),
    "weekday|dow|wochentag|星期": (0, 7),
    "day|tag|dia|giorno|jour|日": (0, 366),
    "hour|hr|stunde|hora|ora|heure|小时|minute": (0, 59),
}


def classed(sheet: Sheet) -> Sheet:
    """The table with the nature of each of its numbers, told by values where they tell it, else by
    names."""
    able = [c for c in sheet.of_type("number") if c.filled]
    if not able:
        return sheet
    found = collect_one(sheet.table.agg(**_asked(sheet, able)), f"numbers of {sheet.name!r}")
    natures = {c.name: _nature(c, sheet, found, k) for k, c in enumerate(able)}
    natures |= dict.fromkeys(_prices(sheet, [c for c in able if natures[c.name] == "adds"]), "mean")
    adding = [c for c in able if natures[c.name] in ("adds", "mean", "level")]
    adding = [c for c in adding if not c.named(GROUPING) or c.named("line")]
    natures |= _in_groups(sheet, adding)
    told = tuple(replace(c, nature=natures.get(c.name, c.nature)) for c in sheet.columns)
    return replace(sheet, columns=told)


def _asked(sheet: Sheet, columns: Sequence[Column]) -> dict[str, Any]:
    """What of the values is to be looked up, in one question."""
    asked: dict[str, Any] = {}
    parts = _parts(sheet)
    for k, c in enumerate(columns):
        value = column(sheet.table, c.name)
        asked |= {f"{k}:low": value.min().cast("float64"), f"{k}:high": value.max().cast("float64")}
        if c.whole:
            asked |= {f"{k}:{n}": one(value == part).sum() for n, part in parts.items()}
    return asked


def _parts(sheet: Sheet) -> dict[str, Any]:
    """Parts of the table's time that a column might hold."""
    time = sheet.time
    if time is None:
        return {}
    at = column(sheet.table, time.name).try_cast("timestamp")
    year, month, weekday = at.year(), at.month(), at.day_of_week.index()
    return {
        "year": year, "month": month, "quarter": at.quarter(), "week": at.week_of_year(),
        "day": at.day(), "hour": at.hour(), "weekday0": weekday, "weekday1": weekday + 1,
        "sunday0": (weekday + 1) % 7, "sunday1": (weekday + 1) % 7 + 1,
        "year_month": year * 100 + month, "date": (year * 100 + month) * 100 + at.day(),
    }  # fmt: skip


def _nature(c: Column, sheet: Sheet, found: Mapping[str, Any], k: int) -> Nature:
    low, high = float(found[f"{k}:low"]), float(found[f"{k}:high"])
    amount = named(c.name, "|".join(AMOUNTS[:2]))
    if c.whole and _calendar(c, sheet, found, k, (low, high)):
        return "calendar"
    if names_thing(c.name) or (c.whole and not amount and _names_rows(c, sheet, low, high)):
        return "name"
    if c.named(CUMULATED) or (c.named(LEVEL) and not amount):
        return "level"
    if c.named(AVERAGED) or (not c.whole and not amount and 0 <= low < high <= 1):
        return "mean"
    return "place" if c.whole and c.named(ORDINAL) and not c.named("number of") else "adds"


def _calendar(
    c: Column, sheet: Sheet, found: Mapping[str, Any], k: int, ends: tuple[float, float]
) -> bool:
    """Whether a column says of each row a part of its date."""
    agree = max((as_count(found[f"{k}:{n}"]) for n in _parts(sheet)), default=0)
    if agree >= NEARLY * c.filled and (
        (c.distinct > 2 and sheet.rows >= LEAST_ROWS) or c.named(CALENDAR)
    ):
        return True
    bounds = next((b for pattern, b in BOUNDS.items() if _is_called(c.name, pattern)), None)
    return bounds is not None and bounds[0] <= ends[0] and ends[1] <= bounds[1]


def _is_called(name: str, pattern: str) -> bool:
    """Whether a name is a word and nothing else, but for «fiscal» or «order» before it."""
    return name in pattern.split("|") or (name.isascii() and named(name, pattern))


def _names_rows(c: Column, sheet: Sheet, low: float, high: float) -> bool:
    """Whether whole numbers run on from row to row, or are long and differ: numbers of documents,
    telephones."""
    differ = c.distinct >= DISTINCT * sheet.rows and sheet.rows >= LEAST_ROWS
    dense = low > 0 and c.distinct == c.filled and high - low < 2 * c.distinct
    long = low >= 10 ** (LONG - 1) and len(str(int(low))) == len(str(int(high)))
    return differ and (dense or (long and not c.named(QUANTITY)))


def _prices(sheet: Sheet, columns: Sequence[Column]) -> Iterator[str]:
    """Columns by which a quantity is multiplied to give another column."""
    whole = [c.name for c in columns if c.whole][:4]
    triples = [
        (q, *pair)
        for pair in permutations([c.name for c in columns[:8]], 2)
        for q in whole
        if q not in pair
    ][:MOST_PRODUCTS]
    if not triples or sheet.rows < LEAST_ROWS:
        return
    asked = {
        str(k): one((_of(sheet, q) * _of(sheet, p) - _of(sheet, a)).abs() < 0.0051).sum()
        for k, (q, p, a) in enumerate(triples)
    }
    several = {q: one(_of(sheet, q) != 1).sum() for q in whole}
    query = {**asked, **{f"of {q}": e for q, e in several.items()}}
    found = collect_one(sheet.table.agg(**query), f"products of {sheet.name!r}")
    for k, (q, price, _) in enumerate(triples):
        if found[str(k)] and found[str(k)] >= NEARLY * sheet.rows and found[f"of {q}"]:
            yield price


def _of(sheet: Sheet, name: str) -> Any:
    return column(sheet.table, name).cast("float64")


def _in_groups(sheet: Sheet, columns: Sequence[Column]) -> dict[str, Nature]:
    """Columns that hold one number for all lines of an order, or count its lines."""
    found: dict[str, Nature] = {}
    for group in list(_groups(sheet))[:MOST_GROUPS] if columns else ():
        numbers = [c for c in columns if c.name != group.name and c.distinct > 1]
        told = _per_group(sheet, group, numbers)
        found |= {n: nature for n, nature in told.items() if n not in found}
    return found


def _groups(sheet: Sheet) -> Iterator[Column]:
    """Columns of which one value stands on several rows: of orders, or the time itself."""
    for c in sheet.columns:
        key = c.type == "text" or (c.type == "number" and c.nature == "name") or names_thing(c.name)
        several = 1 < c.distinct < DISTINCT * sheet.rows
        if several and (c is sheet.time or (key and c.type in ("text", "number"))):
            yield c


def _per_group(sheet: Sheet, group: Column, columns: Sequence[Column]) -> dict[str, Nature]:
    time = sheet.time if sheet.time is not None and sheet.time is not group else None
    rows = _by_group(sheet, group, columns, time)
    one_time = rows["times"] == 1
    asked: dict[str, Any] = {"groups": rows.count(), "one_time": one(one_time).sum()}
    for k in range(len(columns)):
        same, low, high = rows[f"same{k}"] == 1, rows[f"low{k}"], rows[f"high{k}"]
        counted = (low == 1) & (high == rows["n"]) & (rows[f"same{k}"] == rows["n"])
        asked |= {f"same{k}": one(same).sum(), f"counted{k}": one(counted).sum()}
    found = collect_one(rows.agg(**asked), f"groups of {sheet.name!r}")
    groups = int(found["groups"])
    # A product's or a plan's amounts may well be all alike; those of one order stand on one day.
    if groups < LEAST_GROUPS or as_count(found["one_time"]) < NEARLY * groups:
        return {}
    if sheet.time is None and not group.named(ORDERS):
        return {}
    told: dict[str, Nature] = {}
    for k, c in enumerate(columns):
        numbered = time is not None or sheet.time is None  # the rows of an order, not of a day
        if numbered and c.whole and as_count(found[f"counted{k}"]) >= NEARLY * groups:
            told[c.name] = "place"
        elif as_count(found[f"same{k}"]) == groups:
            told[c.name] = "repeated"
    return told


def _by_group(
    sheet: Sheet, group: Column, columns: Sequence[Column], time: Column | None
) -> ir.Table:
    """Groups of several rows, with how many times and numbers each has."""
    value = {str(k): column(sheet.table, c.name) for k, c in enumerate(columns)}
    when = column(sheet.table, time.name) if time else column(sheet.table, group.name)
    rows = sheet.table.select(kpilab_g=column(sheet.table, group.name), kpilab_t=when, **value)
    rows = rows.filter(rows["kpilab_g"].notnull())
    asked: dict[str, Any] = {"n": rows.count(), "times": rows["kpilab_t"].nunique()}
    for k in value:
        number = column(rows, k)
        asked |= {
            f"same{k}": number.nunique() + one(number.isnull().any()),
            f"low{k}": number.min(), f"high{k}": number.max(),
        }  # fmt: skip
    grouped = rows.group_by("kpilab_g").agg(**asked)
    return grouped.filter(column(grouped, "n") > 1)
