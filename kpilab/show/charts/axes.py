"""Axes as people read them: one way to write numbers, shares and points of a share."""

from __future__ import annotations

from typing import Literal

import altair as alt

Form = Literal["number", "signed", "percent", "signed_percent", "points"]

WIDE = 95  # pixels that a tick with its number needs
# Up to so many digits: what a sum of decimals leaves behind is not shown.
DIGITS = 9
# Above the first size in the unit of the second: 1,200,000 is 1.2m, and 120 万.
LARGE = {"en": ((1e9, 1e9, "bn"), (1e6, 1e6, "m")), "zh": ((1e8, 1e8, " 亿"), (1e5, 1e4, " 万"))}


def across(
    title: str | None,
    form: Form = "number",
    lang: str = "en",
    *,
    field: str = "value",
    scale: alt.Scale | None = None,
) -> alt.X:
    """The horizontal axis of a quantity, with as many ticks as there is room for."""
    ticks = alt.Axis(
        labelExpr=written(form, lang),
        tickCount=alt.ExprRef(f"max(2, ceil(width / {WIDE}))"),
        grid=False,
        domain=False,
        ticks=False,
        labelPadding=6,
    )
    if scale is None:
        scale = alt.Scale(zero=False, nice=True, padding=6)  # a point is seen whole
    return alt.X(f"{field}:Q", title=title, axis=ticks, scale=scale)


def up(
    title: str | None,
    form: Form = "number",
    lang: str = "en",
    *,
    field: str = "value",
    zero: bool = False,
) -> alt.Y:
    """The vertical axis of a quantity."""
    ticks = alt.Axis(
        labelExpr=written(form, lang), tickCount=5, domain=False, ticks=False, labelOverlap=True
    )
    return alt.Y(f"{field}:Q", title=title, axis=ticks, scale=alt.Scale(zero=zero, nice=True))


def over(lang: str = "en", *, field: str = "day", scale: alt.Scale | None = None) -> alt.X:
    """The axis of time."""
    ticks = alt.Axis(
        labelExpr=dated(lang),
        tickCount=alt.ExprRef(f"max(2, ceil(width / {WIDE}))"),
        grid=False,
        labelOverlap="greedy",
        labelSeparation=8,
        labelBound=True,  # a label that would be cut is left out
    )
    return alt.X(f"{field}:T", title=None, axis=ticks, scale=scale or alt.Undefined)


def months(field: str, count: int, lang: str = "en") -> tuple[alt.X, float]:
    """The axis of time for bars, and how wide a bar may be; the first and last have room."""
    width = min(40.0, max(2.0, 320 / max(count, 1)))
    return over(lang, field=field, scale=alt.Scale(padding=width / 2 + 6)), width


def dated(lang: str = "en") -> str:
    """A tick of time: the hour, the day, or on the first of a month the month."""
    day, month = ("'%-m月%-d日'", "'%Y年%-m月'") if lang == "zh" else ("'%-d %b'", "'%b %Y'")
    return (
        "hours(datum.value) ? timeFormat(datum.value, '%H:%M') : date(datum.value) == 1"
        f" ? timeFormat(datum.value, {month}) : timeFormat(datum.value, {day})"
    )


def written(form: Form = "number", lang: str = "en") -> str:
    """The expression that writes a tick's number."""
    plus = "+" if form in ("signed", "signed_percent", "points") else ""
    pattern = f"{plus},.{DIGITS}~g"
    value = "datum.value"
    if form in ("percent", "signed_percent", "points"):
        unit = "" if form == "points" else "%" if lang == "zh" else " %"
        return f"abs({value}) < 1e-12 ? '0{unit}' : format(100 * {value}, '{pattern}') + '{unit}'"
    large = "".join(
        f"abs({value}) >= {least:.0f} ? format({value} / {unit:.0f}, '{pattern}') + '{sign}' : "
        for least, unit, sign in LARGE[lang]
    )
    return f"abs({value}) < 1e-12 ? '0' : {large}format({value}, '{pattern}')"
