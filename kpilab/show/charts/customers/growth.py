"""Charts of what customers did to an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show.charts.axes import months, up
from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.customers.growth import GrowthResult

COLOURS = {
    "new": GOOD, "back": PALETTE[5], "expanded": PALETTE[0], "contracted": PALETTE[4],
    "paused": QUIET, "left": BAD, "nobody": NEUTRAL,
}  # fmt: skip


def growth(result: GrowthResult, lang: str = "en") -> alt.TopLevelMixin:
    """Month by month what came above the line, and what went below it."""
    shown = result.months[result.months["movement"].isin([*COLOURS])]
    table = shown.groupby(["month", "movement"])["change"].sum().reset_index()
    table["order"] = table["movement"].map({m: k for k, m in enumerate(COLOURS)})
    table = table[table["change"] != 0]
    names = {m: label(f"growth.{m}", lang) for m in COLOURS if m in set(table["movement"])}
    table["movement"] = table["movement"].map(names)
    scale = alt.Scale(domain=[*names.values()], range=[COLOURS[m] for m in names])
    key = alt.Legend(orient="top", columns=4)
    x, width = months("month", table["month"].nunique(), lang)
    bars = alt.Chart(table).mark_bar(width=width).encode(
        x=x,
        y=up(result.amount, "number", lang, field="change"),
        color=alt.Color("movement:N", scale=scale, title=None, legend=key),
        order="order:Q",
        tooltip=["month:T", "movement:N", alt.Tooltip("change:Q", format=",.4~g")],
    )  # fmt: skip
    return bars.properties(width=520, height=260, title=head(result, lang))
