"""Numbers written as people write them: decided from the forms of all values of a column.

A form is a value with every digit from 1 to 9 written as 9: `¥1.230,50` has the form `¥9.990,90`.
A column of millions of numbers has few forms, so that they can be looked at one by one.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kpilab.engine.expression import literal

# Money by its letters; and letters that are money only beside a sign of it (`US$`).
CODES = frozenset(
    [
        "aed",
        "ars",
        "aud",
        "bgn",
        "brl",
        "cad",
        "chf",
        "clp",
        "cny",
        "cop",
        "czk",
        "dkk",
        "egp",
        "eur",
        "gbp",
        "hkd",
        "huf",
        "idr",
        "ils",
        "inr",
        "jpy",
        "krw",
        "kwd",
        "mad",
        "mop",
        "mxn",
        "myr",
        "ngn",
        "nok",
        "nzd",
        "pen",
        "php",
        "pkr",
        "pln",
        "qar",
        "ron",
        "rmb",
        "rsd",
        "rub",
        "sar",
        "sek",
        "sgd",
        "thb",
        "try",
        "twd",
        "uah",
        "usd",
        "vnd",
        "zar",
        "rs",
        "rp",
        "kr",
        "kn",
        "lei",
        "zł",
        "kč",
        "ft",
        "лв",
        "ден",
        "руб",
        "sfr",
        "人民币",
        "美元",
        "港币",
        "港元",
        "日元",
        "欧元",
        "英镑",
    ]
)
BESIDE = frozenset(["a", "au", "c", "ca", "us", "hk", "nt", "nz", "s", "r", "mx", "b", "cn", "jp"])
POWERS = {"千": 1e3, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "百万": 1e6, "千万": 1e7}
TIMES = {
    **POWERS, **{f"{power}元": factor for power, factor in POWERS.items()},
    "k": 1e3, "K": 1e3, "Tsd": 1e3, "tsd": 1e3, "M": 1e6, "mn": 1e6, "Mio": 1e6, "mio": 1e6,
    "bn": 1e9, "Mrd": 1e9, "mrd": 1e9,
}  # fmt: skip
SHARES = {"%": 0.01, "％": 0.01, "‰": 0.001}
BLANKS, MARKS, MINUS = " \u00a0\u202f\u2009\u3000\t", "'’", "-−–—"
BODY = re.compile(rf"[09]+(?:[.,{BLANKS}{MARKS}][09]+)*(?:[eE][+-]?[09]+)?|[.,][09]+")
UNIT = re.compile(r"[^\W\d]+[²³]?\.?(?:/[^\W\d]+[²³]?)?|°\w?|″|′")
CODE = re.compile(r"[^\W\d_]{1,6}[-_/. ]?[09]+[^\W_]*")
PLAIN = re.compile(r"-?[09]*\.?[09]*(?:[eE][+-]?[09]+)?")
LONGEST = 18  # digits of a whole number that an engine can hold
MOST_UNIT = 8


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one number: sign, what stands around it, its digits with all between them."""

    negative: bool
    around: tuple[str, str]
    body: str

    @property
    def factor(self) -> str:
        """The power of ten behind the number; "" for none."""
        return self.around[1] if self.around[1] in TIMES else ""

    @property
    def unit(self) -> str:
        """What it is an amount of, in one spelling."""
        return (self.around[0] + self.around[1].removesuffix(self.factor)).casefold().strip(".")


def form(text: str) -> Form | None:
    """The parts of a form; None where it is no number."""
    rest, negative = text.strip(BLANKS).removeprefix("'"), False  # as spreadsheets mark a text
    if rest.endswith(")") and "(" in rest:  # `$ (1,200)`
        ahead, _, inner = rest[:-1].partition("(")
        rest, negative = (ahead.strip(BLANKS) + inner).strip(BLANKS), True
    sign = re.search(rf"[{MINUS}+]", rest)
    found = BODY.search(rest)
    if found is None:
        return None
    before, after = rest[: found.start()], rest[found.end() :]
    if sign and (sign.start() < found.start() or sign.start() == len(rest) - 1):
        if before.strip(BLANKS)[:1].isalpha() and sign.start() < found.start():
            return None  # `A-12`
        negative ^= sign.group() != "+"
        before = before.replace(sign.group(), "", 1) if sign.start() < found.start() else before
        after = after[:-1] if sign.start() >= found.end() else after
    before, after = before.strip(BLANKS), after.strip(BLANKS)
    if (
        (before and not _money(before))
        or (after and not _unit(after))
        or (before and after and not _money(after) and after not in TIMES)
    ):
        return None
    return Form(negative, (before, after), found.group())


def _money(text: str) -> bool:
    """Whether a text is a sign or a code of money (`¥`, `US$`, `EUR`)."""
    signs = [c for c in text if unicodedata.category(c) == "Sc"]
    rest = "".join(c for c in text if c not in signs).strip(BLANKS + ".").lower()
    known = not rest or rest in CODES or (bool(signs) and rest in BESIDE)
    return len(text) <= MOST_UNIT and bool(signs or rest) and known


def _unit(text: str) -> bool:
    """Whether a text may stand behind a number as its unit."""
    if len(text) > MOST_UNIT or re.search(r"[0-9,;:()\[\]\"<>=_#@]", text):
        return False
    return _money(text) or text in SHARES or UNIT.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Amounts:
    """How the numbers of a column are read.

    Attributes:
        decimal: "." or ",". units: texts around the numbers. scale: unit -> factor.
        signs: signs in and around the numbers that are taken away.
        wrong: forms that are no number. negative: whether any is below zero.
        whole: all are whole numbers that the engine can hold.
    """

    decimal: str
    units: tuple[str, ...]
    scale: Mapping[str, float]
    signs: str
    wrong: frozenset[str]
    negative: bool
    whole: bool

    @property
    def plain(self) -> bool:
        """Whether the engine reads the numbers as they stand."""
        return self.decimal == "." and not self.units and not self.signs

    def sql(self, column: str, form_of: str, wrong: Iterable[str]) -> str:
        """The expression that reads the column; missing where a value is no number.

        Args:
            column: as it stands in SQL. form_of: the form of its value.
            wrong: forms that are no number, as they stand in the column.
        """
        kind = "BIGINT" if self.whole else "DOUBLE"
        text = column
        for gone in () if self.plain else (*sorted(self.units, key=len, reverse=True), *self.signs):
            text = f"replace({text}, {literal(gone)}, '')"
        if self.decimal == ",":
            text = f"replace({text}, ',', '.')"
        value = f"TRY_CAST({text} AS {kind})"
        if self.scale:
            cases = " ".join(
                f"WHEN contains({column}, {literal(unit)}) THEN {factor!r}"
                for unit, factor in sorted(self.scale.items(), key=lambda pair: -len(pair[0]))
            )
            value = f"{value} * CASE {cases} ELSE 1.0 END"
        if self.negative and not self.plain:
            met = f"regexp_matches({column}, '[{MINUS}(]')"
            value = f"CASE WHEN {met} THEN -{value} ELSE {value} END"
        forms = ", ".join(literal(form) for form in wrong)
        return f"CASE WHEN {form_of} NOT IN ({forms}) THEN {value} END" if forms else value


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a column of numbers is not read: key of a message, and its values."""

    why: str
    values: Mapping[str, object]


def amounts(
    forms: Mapping[str, int], hint: str | None, given: str | None, *, least: float
) -> Amounts | Refusal | None:
    """How a column is read as numbers.

    Args:
        forms: form -> how many values have it; without those that stand for nothing.
        hint: the decimal sign that the rest of the file speaks for.
        given: the decimal sign as the case names it.
        least: share of the values that must be numbers.

    Returns:
        None for a column of something else, a refusal where it could be read in two ways.
    """
    read = {text: found for text in forms if (found := form(text)) and _fits(found.body)}
    total = sum(forms.values())
    if not read or sum(forms[text] for text in read) < least * total or _codes(read, forms):
        return None
    units = _units({t: f for t, f in read.items() if f.body.strip("0.,")}, forms)
    if isinstance(units, Refusal):
        return units
    mark = given or decimal_sign({found.body: forms[text] for text, found in read.items()}, hint)
    if mark is None:
        return Refusal("decimal", {})
    fits = {text: found for text, found in read.items() if fitting(found.body, mark)}
    if sum(forms[text] for text in fits) < least * total:
        return Refusal("decimal", {})
    plain = mark == "." and all(PLAIN.fullmatch(text) for text in fits)
    if not plain:
        fits = {text: found for text, found in fits.items() if "e" not in found.body.lower()}
    bodies = [found.body for found in fits.values()]
    scale = {u: f for u in units if (f := SHARES.get(u))}
    scale |= {f.factor: TIMES[f.factor] for f in fits.values() if f.factor}
    whole = not scale and all(_whole(body, mark) for body in bodies)
    if whole and any(sum(c in "09" for c in b) > LONGEST for b in bodies):
        return None  # longer than any quantity: names of things
    taken = BLANKS + MARKS + MINUS + "()+" + ("," if mark == "." else ".")
    signs = "" if plain else "".join(c for c in taken if any(c in text for text in fits))
    negative = any(found.negative for found in fits.values())
    parts = tuple(sorted({p for f in fits.values() for p in f.around if p}))
    return Amounts(mark, parts, scale, signs, frozenset(forms) - frozenset(fits), negative, whole)


def _whole(body: str, mark: str) -> bool:
    return re.fullmatch(rf"[09{BLANKS}{MARKS}.,]+", body) is not None and mark not in body


def _codes(read: Mapping[str, Form], forms: Iterable[str]) -> bool:
    """Whether whole numbers name something: one begins with a zero, or `A-12` is among them."""
    if all(f.body.isdigit() and not f.unit for f in read.values()) and any(
        map(CODE.fullmatch, forms)
    ):
        return True
    return any(re.fullmatch(r"0[09]+", f.body) and not f.unit for f in read.values())


def _units(read: Mapping[str, Form], forms: Mapping[str, int]) -> tuple[str, ...] | Refusal:
    """What stands around the numbers, if it is one thing (or factors of ten beside one another)."""
    kinds = {found.unit for found in read.values()}
    if len({unit.removesuffix("s") for unit in kinds}) > 1:
        return Refusal("units", {"units": tuple(sorted(unit or "–" for unit in kinds))})
    return tuple(dict.fromkeys("".join(f.around) for f in read.values() if any(f.around)))


def dash(text: str) -> bool:
    """Whether a text is money and a dash (`$ -`): none."""
    money = text.strip(BLANKS + MINUS)
    return money != text and _money(money)


def decimal_sign(bodies: Mapping[str, int], hint: str | None) -> str | None:
    """What stands before the decimals; None where it cannot be told."""
    votes: Counter[str] = Counter()
    unsure: Counter[str] = Counter()
    for body, count in bodies.items():
        told = _told(body)
        (unsure if told.startswith("?") else votes)[told] += count
    dot, comma = votes["."], votes[","]
    if dot or comma:
        if min(dot, comma) > 0.05 * (dot + comma):
            return None
        return "." if dot >= comma else ","
    if not unsure:
        return hint or "."
    if len(unsure) > 1:
        return hint
    mark = next(iter(unsure))[1]  # what stands before three digits, everywhere
    short = sum(n for body, n in bodies.items() if re.fullmatch(r"9[09]{0,2}", body))
    long = sum(n for body, n in bodies.items() if re.fullmatch(r"9[09]{3,}", body))
    if short and not long:
        return (
            "," if mark == "." else "."
        )  # whole numbers below a thousand have none: it parts thousands
    return hint


def _told(body: str) -> str:
    """What a form says of the decimal sign: "." or ",", "?." where it is either, "" for nothing."""
    body = re.sub(rf"[{BLANKS}{MARKS}]|[eE].*", "", body)
    marks = [c for c in body if c in ".,"]
    if not marks:
        return ""
    last = marks[-1]
    if len(set(marks)) > 1:
        return last
    if len(marks) > 1:
        return "," if last == "." else "."
    ahead, behind = body.split(last)
    if len(behind) == 3 and 0 < len(ahead) <= 3 and not ahead.startswith("0"):
        return f"?{last}"
    return last


def _fits(body: str) -> bool:
    return fitting(body, ".") or fitting(body, ",")


def fitting(body: str, mark: str) -> bool:
    """Whether a form is a number with this decimal sign.

    Thousands are parted by threes, in India by twos.
    """
    other = re.escape("," if mark == "." else ".")
    part = rf"[{other}{BLANKS}{MARKS}]"
    whole = rf"[09]+|[09]{{1,3}}(?:{part}[09]{{3}})+|[09]{{1,2}}(?:{part}[09]{{2}})*{part}[09]{{3}}"
    return (
        re.fullmatch(rf"(?:{whole})?(?:{re.escape(mark)}[09]*)?(?:[eE][+-]?[09]+)?", body)
        is not None
    )


def file_sign(columns: Sequence[Mapping[str, int]], separator: str | None) -> str | None:
    """The decimal sign that a file's columns speak for; a file of commas has points."""
    votes: Counter[str] = Counter()
    for forms in columns:
        for text, count in forms.items():
            found = form(text)
            if found is not None and (told := _told(found.body)) in (".", ","):
                votes[told] += count
    if votes:
        (mark, most), *rest = votes.most_common()
        return mark if not rest or rest[0][1] < 0.05 * most else None
    return "." if separator in (",", " ") else None
