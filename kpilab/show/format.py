"""Numbers, dates and lists as people write them, per language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from math import floor, log10
from unicodedata import combining, east_asian_width

import numpy as np
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from kpilab.core.values import Effect, Period, Where

YES = {"en": ("no", "yes"), "zh": ("否", "是")}
LOCALE = {"en": "en_GB", "zh": "zh_CN"}
MISSING = "–"
SMALLEST = 8  # decimal places; below that stands what floating point leaves of a zero


def columns(text: str) -> int:
    """How many columns a text takes where letters are alike wide; Chinese signs take two."""
    return sum(0 if combining(c) else 1 + (east_asian_width(c) in "WF") for c in text)


def number(value: float | None, lang: str = "en") -> str:
    """A count or amount with three significant digits below 1,000, none lost above."""
    if value is None or value != value:
        return MISSING
    if abs(value) == float("inf"):
        return "∞" if value > 0 else "−∞"
    value, size = value or 0.0, abs(value)  # a zero has no sign
    pattern = (
        "#,##0"
        if size >= 1000 or float(value).is_integer()
        else "#,##0.0"
        if size >= 100
        else "#,##0.##"
    )
    if 0 < size < 0.1:
        return _small(value)
    return _minus(format_decimal(value, format=pattern, locale=LOCALE[lang]))


def _small(value: float) -> str:
    """Three digits of a number below a tenth; what is left of a rounded zero is zero."""
    places = 2 - floor(log10(abs(value)))
    return "0" if places > SMALLEST else _minus(f"{value:.{places}f}".rstrip("0"))


def quantity(value: float | None, unit: str = "", lang: str = "en", *, share: bool = False) -> str:
    """An amount with its unit; a share without one in percent."""
    if share and not unit:
        return percent(value, lang)
    return f"{number(value, lang)} {unit}".rstrip()


def signed(value: float | None, lang: str = "en") -> str:
    text = number(value, lang)
    return f"+{text}" if value is not None and value > 0 else text


def percent(value: float | None, lang: str = "en") -> str:
    """A share (0-1) in percent."""
    if value is None or value != value:
        return MISSING
    pattern = (
        "#,##0 %"
        if abs(value) >= 1
        else "#,##0.0 %"
        if abs(value) >= 0.001 or value == 0
        else "#,##0.### %"
    )
    return _minus(
        format_percent(
            value, format=pattern if lang == "en" else pattern.replace(" ", ""), locale=LOCALE[lang]
        )
    )


def whole_percent(value: float | None, lang: str = "en") -> str:
    """A share without decimals: a confidence is not known to a tenth of a per cent."""
    return (
        MISSING
        if value is None or value != value
        else percent(round(value, 2), lang).replace(".0", "")
    )


def signed_percent(value: float | None, lang: str = "en") -> str:
    text = percent(value, lang)
    return f"+{text}" if value is not None and value > 0 else text


def points(value: float | None, lang: str = "en") -> str:
    """A difference of two shares in percentage points."""
    if value is None or value != value:
        return MISSING
    text = _minus(format_decimal(100 * value, format="#,##0.0", locale=LOCALE[lang]))
    text = f"+{text}" if value > 0 and text != "0.0" else "0.0" if text == "−0.0" else text
    return f"{text}{' 个百分点' if lang == 'zh' else ' pp'}"


def pvalue(value: float | None, lang: str = "en") -> str:
    if value is None or value != value:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def day(value: date | datetime | str | None, lang: str = "en") -> str:
    if value is None:
        return MISSING
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return format_date(
        value, format="d MMM y" if lang == "en" else "y年M月d日", locale=LOCALE[lang]
    )


def period(value: Period | None, lang: str = "en") -> str:
    if value is None:
        return MISSING
    if value.first == value.last:
        return day(value.first, lang)
    return f"{day(value.first, lang)} – {day(value.last, lang)}"


def items(values: Iterable[object] | None, lang: str = "en") -> str:
    texts = [str(v) for v in values or ()]
    return ("、" if lang == "zh" else ", ").join(texts) or MISSING


def where(value: Where | Mapping[str, object] | None, lang: str = "en") -> str:
    """A segment: «android × paid search, without v3.1»; everywhere when empty."""
    # any mapping of values
    segment = value if isinstance(value, Where) else Where(value or {})  # type: ignore[arg-type]
    if not segment:
        return "所有分组" if lang == "zh" else "everywhere"
    text = _product(segment.values) or ("全部" if lang == "zh" else "everything")
    if segment.without:
        without = _product(segment.without)
        text += f"（不含 {without}）" if lang == "zh" else f" (without {without})"
    return text


def interval(value: Effect | tuple[float | None, float | None] | None, lang: str = "en") -> str:
    """Interval ends as «low to high»."""
    low, high = (value.low, value.high) if isinstance(value, Effect) else (value or (None, None))
    if low is None and high is None:
        return MISSING
    return f"{number(low, lang)}{' 至 ' if lang == 'zh' else ' to '}{number(high, lang)}"


def percent_interval(
    value: Effect | tuple[float | None, float | None] | None, lang: str = "en"
) -> str:
    """The ends of an interval of shares in percent."""
    low, high = (value.low, value.high) if isinstance(value, Effect) else (value or (None, None))
    if low is None and high is None:
        return MISSING
    return f"{percent(low, lang)}{' 至 ' if lang == 'zh' else ' to '}{percent(high, lang)}"


def _product(values: Mapping[str, tuple[object, ...]]) -> str:
    return " × ".join(f"{k} = {' | '.join(str(x) for x in v)}" for k, v in values.items())


def _minus(text: str) -> str:
    return text.replace("-", "−")


def plain(value: object, lang: str = "en") -> str:
    """Best guess for a value without a declared form."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Period):
        return period(value, lang)
    if isinstance(value, Where):
        return where(value, lang)
    if isinstance(value, date | datetime):
        return day(value, lang)
    if isinstance(value, float):
        return number(value, lang)
    if isinstance(value, bool):
        return YES[lang][value]
    if isinstance(value, int | str):
        return f"{value:,}" if isinstance(value, int) else value
    if isinstance(value, Iterable):
        return items(value, lang)
    return MISSING if value is None else str(value)


# each form narrows its own value
FORMS: Mapping[str, Callable[[object, str], str]] = {  # type: ignore[assignment]
    "": plain,
    "text": lambda value, lang: str(value),
    "number": number,
    "signed": signed,
    "percent": percent,
    "whole_percent": whole_percent,
    "signed_percent": signed_percent,
    "points": points,
    "percent_interval": percent_interval,
    "p": pvalue,
    "date": day,
    "period": period,
    "list": items,
    "where": where,
    "interval": interval,
}
