"""Charts of what customers did to an amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

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
    table["month"] = table["month"].dt.strftime("%Y-%m")
    table["order"] = table["movement"].map({m: k for k, m in enumerate(COLOURS)})
    names = {m: label(f"growth.{m}", lang) for m in COLOURS}
    table["movement"] = table["movement"].map(names)
    scale = alt.Scale(domain=list(names.values()), range=list(COLOURS.values()))
    bars = alt.Chart(table).mark_bar().encode(
        x=alt.X("month:O", title=None),
        y=alt.Y("change:Q", title=result.amount),
        color=alt.Color("movement:N", scale=scale, title=None, legend=alt.Legend(orient="top")),
        order="order:Q",
        tooltip=["month:N", "movement:N", "change:Q"],
    )  # fmt: skip
    return bars.properties(width=520, height=260, title=head(result, lang))
