"""Rows: a name with its number, and below them the mark; readable on a phone and on paper.

Names stand above their marks and numbers at the right end, so that neither takes room from the
plot, and nothing is cut whatever the width.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import altair as alt
import pandas as pd

from kpilab.show.charts.words import lines
from kpilab.show.format import interval
from kpilab.show.theme import AXIS, INK, MUTED

WIDTH, LETTERS, SHORT = 480, 42, 20
LINE, MARK, GAP = 15, 16, 7

Mark = Literal["point", "bar"]


def rows(
    table: pd.DataFrame,
    x: alt.X,
    title: alt.TitleParams | str = "",
    *,
    mark: Mark = "point",
    zero: float | None = 0.0,
    tips: Mapping[str, str] | None = None,
) -> alt.LayerChart:
    """One row per name: a point or bar, its interval, a line at zero, its number in words.

    Args:
        table: columns `name`, `value`, `text` and `tone` (colour); where there is something to
            draw `low` and `high` (interval), `tick` (what it is held against), `hollow` (another
            value); all others go along for the clicks.
        x: the axis of `value`.
        title: the headline.
        mark: a point, or a bar from zero.
        zero: where the thin line stands; None for none.
        tips: titles of columns that pointing at a mark shows.
    """
    table = laid(table)
    if mark == "bar":
        x = x.scale(zero=True, nice=True)
    base = alt.Chart(table).encode(y=place(table))
    if tips:
        base = base.encode(tooltip=[alt.Tooltip(f"{c}:N", title=t) for c, t in tips.items()])
    layers = [] if zero is None else [line(table, zero)]
    layers += [*_marks(base, x, mark), *words(table)]
    return alt.LayerChart(layer=layers, width=WIDTH, height=tall(table), title=title)


def laid(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with their places in pixels from the top: `top` of the name, `middle` of the mark.

    Names are in lines that leave room for the text beside them.
    """
    table = table.reset_index(drop=True)
    table["shown"] = pd.Series(
        [
            "\n".join(lines(str(n), max(LETTERS - _letters(t), SHORT)))
            for n, t in zip(table["name"], table["text"], strict=True)
        ],
        dtype=str,
    )
    names = LINE * (table["shown"].str.count("\n") + 1)
    ends = (names + MARK + 2 * GAP).cumsum()
    table["middle"] = ends - GAP - MARK / 2
    table["top"] = table["middle"] - MARK / 2 - names
    return table.assign(above=table["middle"] - MARK / 2 - 2, below=table["middle"] + MARK / 2 + 2)


def tall(table: pd.DataFrame) -> float:
    """Pixels that the rows take."""
    return float(table["below"].max()) + GAP if len(table) else 1.0


def place(table: pd.DataFrame, field: str = "middle") -> alt.Y:
    """Where in its row a mark lies."""
    scale = alt.Scale(domain=[0, tall(table)], range=[0, tall(table)], nice=False)
    return alt.Y(f"{field}:Q", axis=None, scale=scale)


def line(table: pd.DataFrame, at: float) -> alt.Chart:
    """A thin line at a value, behind each row's mark and not through its name."""
    base = alt.Chart(table[["above", "below"]]).mark_rule(color=AXIS)
    return base.encode(x=alt.datum(at), y=place(table, "above"), y2=alt.Y2("below:Q"))


def words(table: pd.DataFrame) -> list[alt.Chart]:
    """The names at the left end and the texts at the right one."""
    base = alt.Chart(table).encode(y=place(table, "top"))
    look = {"baseline": "top", "lineBreak": "\n", "lineHeight": LINE, "fontSize": 12}
    names = base.mark_text(align="left", color=INK, **look).encode(
        x=alt.value(0), text=alt.Text("shown:N")
    )
    texts = base.transform_filter("datum.text != ''").encode(
        x=alt.XValue("width"), text=alt.Text("text:N")
    )
    # A light rim, so that a line behind the number does not cross it out.
    rim = texts.mark_text(align="right", stroke="white", strokeWidth=4, aria=False, **look)
    return [names, rim, texts.mark_text(align="right", color=INK, **look)]


def _marks(base: alt.Chart, x: alt.X, mark: Mark) -> list[alt.Chart]:
    tone, held = alt.Color("tone:N", scale=None, legend=None), set(base.data.columns)
    seen = base.transform_filter("isValid(datum.value)")
    layers = []
    if mark == "bar":
        bars = seen.mark_bar(size=MARK - 4, orient="horizontal", cornerRadius=2)
        layers.append(bars.encode(x=x, x2=alt.datum(0.0), color=tone))
    if {"low", "high"} <= held:
        layers += _interval(base, x, mark)
    if "tick" in held:
        ticks = base.transform_filter("isValid(datum.tick)")
        ticks = ticks.mark_tick(orient="vertical", thickness=2, size=MARK, color=INK)
        layers.append(ticks.encode(x=_at(x, "tick")))
    if "hollow" in held:
        rings = base.transform_filter("isValid(datum.hollow)").mark_point(size=60, opacity=1)
        layers.append(rings.encode(x=_at(x, "hollow"), color=alt.value(MUTED)))
    if mark == "point":
        points = seen.mark_point(filled=True, size=90, opacity=1)
        layers.append(points.encode(x=x, color=tone))
    return layers


def _interval(base: alt.Chart, x: alt.X, mark: Mark) -> list[alt.Chart]:
    """The interval in the row's colour; on a bar dark with a light rim, so that both are seen."""
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    known = known.encode(x=_at(x, "low"), x2=alt.X2("high:Q"))
    if mark == "point":
        return [known.mark_rule(strokeWidth=2).encode(alt.Color("tone:N", scale=None, legend=None))]
    return [known.mark_rule(strokeWidth=w, color=c) for w, c in ((4, "white"), (1.5, INK))]


def _at(x: alt.X, field: str) -> alt.X:
    """The same axis for another column."""
    other = x.copy()
    other.shorthand = f"{field}:Q"
    return other


def ends(table: pd.DataFrame, lang: str) -> list[str]:
    """The interval of each row in words, for its tooltip."""
    return [interval(pair, lang) for pair in zip(table["low"], table["high"], strict=True)]


def _letters(text: object) -> int:
    return sum(2 if ord(c) > 0x2E80 else 1 for c in str(text)) + 2
