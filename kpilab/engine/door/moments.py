"""Times written as people write them: decided from the forms of all values of a column.

A form is a value with every digit written as 9: `03.11.2025 09:30` has the form `99.99.9999 99:99`.
What a form leaves open, the order of day and month, all values settle, or the case has to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from kpilab.engine.expression import literal

LOCALES = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "tr",
    "ru",
    "hu",
    "ro",
    "id",
)
CLOCK = (
    r"(?P<between>T| +|(?<=日))(?P<before>[AP]M ?)?9{1,2}(?P<colon>[:.时時])99?"
    r"(?P<second>(?:[:.]|分)99?(?P<part>[.,]9{1,9})?秒?)?(?P<minute>分)?(?P<half> ?[AP]M)?"
    r"(?P<offset> ?(?:Z|UTC|GMT|[+-]99(?::?99)?))?(?:\[[^\]]+\])?"
)
# Ways to write a day (MM is a month's name), and the formats that may read them.
DAYS = tuple(
    (re.compile(way), tuple(formats))
    for way, *formats in (
        (r"9{4}([-/. ])9{1,2}\1 ?9{1,2}", r"%Y\1%m\1%d"),
        (r"9{4}(\. ?)9{1,2}\. ?9{1,2}", r"%Y\1%m\1%d"),
        (r"9{4}\. MM\.? 9{1,2}", r"%Y. %m. %d"),
        (r"9{4}年( ?)9{1,2}月( ?)9{1,2}(日?)", r"%Y年\1%m月\2%d\3"),
        (r"9{4}([-/])9{1,2}", r"%Y\1%m"),
        (r"9{4}年( ?)9{1,2}(月?)", r"%Y年\1%m\2"),
        (r"9{1,2}([-/])9{4}", r"%m\1%Y"),
        (r"9{1,2}([-/. ]) ?9{1,2}\1 ?9{4}", r"%d\1%m\1%Y", r"%m\1%d\1%Y"),
        (r"9{1,2}([-/. ])9{1,2}\1 ?99", r"%d\1%m\1%y", r"%m\1%d\1%y", r"%y\1%m\1%d"),
        (r"9{1,2}([-/ ]|\. ?)MM(, |[-/, ]|\. ?|\.-)9{4}", r"%d\1%m\2%Y"),
        (r"9{1,2} DE MM( DEL?) 9{4}", r"%d DE %m\1 %Y"),
        (r"9{1,2}([-/ ]|\. ?)MM([-/ ]|\. ?|\.-)99", r"%d\1%m\2%y"),
        (r"MM([ .]+)9{1,2}(,? )9{4}", r"%m\1%d\2%Y"),
        (r"MM([-/ ]|\. )9{4}", r"%m\1%Y"),
        (r"MM([-/' ]|\. )99", r"%m\1%y"),
        (r"9{4}([-/ ])MM([-/ ])9{1,2}", r"%Y\1%m\2%d"),
        (r"9{4}([-/ ])MM", r"%Y\1%m"),
        (r"9{4}([- ]?)W9{1,2}", "%G-W%V-%u"),
        (r"9{4}([- ]?)Q9", r"%Y\1Q%m"),
        (r"Q9([-/ ]?)9{4}", r"Q%m\1%Y"),
        (r"MM( 9?9)( 99:99:99) (GMT|UTC|Z) 9{4}", r"%m %d %H:%M:%S \3 %Y"),
        (r"9{8}([T ]?)9{6}", r"%Y%m%d\1%H%M%S"),
        (r"9{8}([T ])9{4}", r"%Y%m%d\1%H%M"),
        (r"9{8}(?=[T ])", "%Y%m%d"),
    )
)
WORD = re.compile(r"[^\W\d_]+")
OURS = frozenset(["T", "Z", "AM", "PM", "UTC", "GMT", "年", "月", "日", "时", "分", "秒"])
HALVES = {"上午": "AM", "下午": "PM", "A.M.": "AM", "P.M.": "PM", "오전": "AM", "오후": "PM"}
# Signs that stand for others in days.
SIGNS = {" / ": "/", "–": "-", "_": "-", "년": "年", "월": "月", "일": "日", " Г.": ""}
ORDINAL = re.compile(r"(?<=9)(ST|ND|RD|TH|ER)\b")
WEEK = r"[（(]?(?:周|星期|週)[一二三四五六日天][)）]?"
SURE, UNSURE = 0.9, 0.6


@dataclass(frozen=True, slots=True)
class Times:
    """How the times of a column are read.

    Attributes:
        text: expression of the text that the formats read.
        offset: expression of the minutes ahead of UTC; "" for none.
        families: for each way to write a day its readings, each a list of formats.
        clock: whether any has a time of day.
    """

    text: str
    offset: str
    families: tuple[tuple[tuple[str, ...], ...], ...]
    clock: bool


def reading(text: str, formats: Iterable[str]) -> str:
    """The first format that reads a text."""
    tried = [f"TRY_STRPTIME({text}, {literal(f)})" for f in dict.fromkeys(formats)]
    return tried[0] if len(tried) == 1 else f"COALESCE({', '.join(tried)})"


@cache
def _names() -> Mapping[str, str]:
    """Names of months (as their number) and of weekdays (as nothing), in capitals; English wins."""
    from babel.dates import get_day_names, get_month_names

    found: dict[str, str] = {"SEPT": "09", "MRZ": "03"}
    for locale in LOCALES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                months, days = (
                    get_month_names(width, context, locale),
                    get_day_names(width, context, locale),
                )
                for number, name in months.items():
                    found.setdefault(name.strip(". ").upper(), f"{number:02d}")
                for name in days.values():
                    found.setdefault(name.strip(". ").upper(), "")
    return {name: number for name, number in found.items() if WORD.fullmatch(name)}


def is_month(text: str) -> bool:
    """Whether a text is the name of a month."""
    return bool(_names().get(text.strip(". ").upper()))


def times(
    column: str, forms: Mapping[str, int], *, least: float, edged: bool = False
) -> Times | None:
    """How a column is read as times; None where it holds something else.

    Args:
        column: the column as it stands in SQL.
        forms: form -> how many values have it.
        least: share of the values that must look like times.
        edged: whether there are blanks around them.
    """
    words = {w for form in forms for w in WORD.findall(_halves(form.upper()))} - OURS
    known = {w: _names()[w] for w in sorted(words, key=len, reverse=True) if w in _names()}
    parts = {form: _parts(form, known) for form in forms}
    read = sum(forms[form] for form, part in parts.items() if part)
    if not read or read < least * sum(forms.values()):
        return None
    families: dict[tuple[str, ...], list[list[str]]] = {}
    offset, clock = False, False
    for form, _ in sorted(forms.items(), key=lambda pair: -pair[1]):
        if (part := parts[form]) is not None:
            days, time, ahead = part
            offset, clock = offset or bool(ahead), clock or bool(time) or "%H" in days[0]
            for k, day in enumerate(days):
                readings = families.setdefault(days, [[] for _ in days])
                readings[k].append(day + time)
    rough = any(form != form.strip(" ,.") for form in forms)
    text = _text(f"trim({column})" if edged else column, known, "".join(forms).upper(), rough)
    ahead = ""
    if offset:
        ahead = _minutes(text)
        text = f"regexp_replace({text}, ' ?(Z|UTC|GMT|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$', '')"
    found = tuple(tuple(tuple(r) for r in family) for family in families.values())
    return Times(text, ahead, found, clock)


def _halves(form: str) -> str:
    for written, half in (HALVES | SIGNS).items():
        form = form.replace(written, half)
    return re.sub(WEEK, "", form)


def _parts(form: str, known: Mapping[str, str]) -> tuple[tuple[str, ...], str, str] | None:
    """Formats of the day, format of the clock, and the offset; None for no time."""
    text = ORDINAL.sub("", _halves(form.strip().upper()))
    for word, number in known.items():
        text = re.sub(rf"(?<![^\W\d_]){word}(?![^\W\d_])", "MM" if number else "", text)
    text = text.strip(" ,.")
    for pattern, formats in DAYS:
        day = pattern.match(text)
        if day is None:
            continue
        rest = text[day.end() :]
        if not rest:
            return tuple(map(day.expand, formats)), "", ""
        if "%H" in formats[0] and re.fullmatch(" ?(Z|UTC|GMT|[+-]99(?::?99)?)", rest):
            return tuple(map(day.expand, formats)), "", rest
        clock = re.fullmatch(CLOCK, rest) or re.fullmatch(CLOCK, rest.removeprefix(","))
        if clock is not None:
            lead = "," if rest.startswith(",") else ""
            return (
                tuple(map(day.expand, formats)),
                lead + _clock(clock),
                (clock["offset"] or "").strip(),
            )
    return None


def _clock(found: re.Match[str]) -> str:
    """The format of a time of day."""
    between = found["between"] if found["between"] == "T" else " " if found["between"] else ""
    twelve = found["half"] or found["before"]
    before = "%p" + " " * found["before"].count(" ") if found["before"] else ""
    text = f"{between}{before}{'%I' if twelve else '%H'}{found['colon']}%M"
    if found["second"]:
        text += ("分" if "分" in found["second"] else found["second"][0]) + "%S"
        text += (found["part"][0] + "%f" if found["part"] else "") + (
            "秒" if "秒" in found["second"] else ""
        )
    return (
        text
        + ("分" if found["minute"] else "")
        + ((" " if " " in found["half"] else "") + "%p" if found["half"] else "")
    )


def _text(column: str, known: Mapping[str, str], written: str, rough: bool) -> str:
    """The text with months as numbers, without weekdays; `written`: all forms together."""
    halves = {half: sign for half, sign in (HALVES | SIGNS).items() if half in written}
    ordinal = ORDINAL.search(written)
    weekday = re.search(WEEK, written)
    text = column
    if known or halves or ordinal:
        text = f"upper({text})"
    if "W9" in written:  # a week is its Monday
        text = f"regexp_replace({text}, '^([0-9]{{4}})[- ]?[Ww]([0-9]{{1,2}})$', '\\1-W\\2-1')"
    if "[" in written:  # the name of the zone behind its offset
        text = f"regexp_replace({text}, '\\[[^]]*\\]$', '')"
    if "Q9" in written:  # a quarter is its first month
        for quarter in range(4):
            text = f"replace({text}, 'Q{quarter + 1}', 'Q{3 * quarter + 1:02d}')"
    if re.search(r"[.,]9{7,9}", written):
        text = f"regexp_replace({text}, '([.,][0-9]{{6}})[0-9]+', '\\1')"
    if weekday:
        text = f"trim(regexp_replace({text}, {literal(WEEK)}, ''))"
    for half, sign in halves.items():
        text = f"replace({text}, {literal(half)}, {literal(sign)})"
    if ordinal:
        text = f"regexp_replace({text}, '([0-9])(ST|ND|RD|TH|ER)\\b', '\\1')"
    for word, number in known.items():
        text = f"replace({text}, {literal(word)}, {literal(number)})"
    return f"trim({text}, ' ,.')" if known or rough else text


def _minutes(text: str) -> str:
    """Minutes ahead of UTC, as a text ends; missing where it says nothing."""
    sign = f"regexp_extract({text}, '([+-])[0-9]{{2}}:?(?:[0-9]{{2}})?$', 1)"
    hours = f"TRY_CAST(regexp_extract({text}, '[+-]([0-9]{{2}}):?(?:[0-9]{{2}})?$', 1) AS INT)"
    rest = f"TRY_CAST(regexp_extract({text}, '[+-][0-9]{{2}}:?([0-9]{{2}})$', 1) AS INT)"
    said = f"regexp_matches({text}, '[0-9] ?(Z|UTC|GMT|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$')"
    ahead = f"(COALESCE({hours}, 0) * 60 + COALESCE({rest}, 0))"
    return f"CASE WHEN {said} THEN (CASE {sign} WHEN '-' THEN -1 ELSE 1 END) * {ahead} END"


def chosen(
    counts: Sequence[int], days: Callable[[int], Sequence[date]], formats: Sequence[str]
) -> int | None:
    """Which reading of a family is right; None where that cannot be told.

    Args:
        counts: how many values each reads. days: the days a reading gives, each once.
        formats: one of each reading.
    """
    best = [k for k, count in enumerate(counts) if count == max(counts)]
    if len(best) == 1:
        return best[0]
    if "." in formats[0] and all(
        f.startswith(("%d", "%m")) for k, f in enumerate(formats) if k in best
    ):
        return 0  # nobody writes the month first with points
    found = {k: sorted(days(k)) for k in best}
    spans = {k: (d[-1] - d[0]).days + 1 for k, d in found.items() if d}
    short = [k for k in best if spans.get(k, 0) * 5 <= max(spans.values(), default=0)]
    if any("%y" in formats[k] for k in best) and short and len(short) < len(best):
        best = short
    if len(best) == 1:
        return best[0]
    scores = sorted(((steady(found[k]), k) for k in best), reverse=True)
    (first, k), (second, _) = scores[:2]
    perfect = first == 1 > second and len(found[k]) >= 6
    return k if perfect or (first >= SURE and second <= UNSURE) else None


def steady(days: Sequence[date]) -> float:
    """How nearly days follow one another day by day, week by week or month by month: 0 to 1."""
    if len(days) < 3:
        return 0.0
    steps = list(pairwise(days))
    months = all(d.day == 1 for d in days) or all((d + timedelta(days=1)).day == 1 for d in days)
    monthly = months * sum((b.year - a.year) * 12 + b.month - a.month == 1 for a, b in steps)
    daily = sum(
        (b - a).days == 1 or ((a.weekday(), b.weekday()) == (4, 0) and (b - a).days == 3)
        for a, b in steps
    )
    return max(monthly, daily, sum((b - a).days == 7 for a, b in steps)) / len(steps)
