"""Step matrices as heat maps, two groups' ways side by side, and what follows what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, points
from kpilab.show.say import label
from kpilab.show.theme import INK, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.events.paths_change import PathsChangeResult
    from kpilab.analysis.events.sequences import SequencesResult
    from kpilab.analysis.events.step_matrix import StepMatrixResult

MOST_EVENTS = 25


def step_matrix(result: StepMatrixResult, lang: str = "en") -> alt.TopLevelMixin:
    """Events by step: the share of paths there, written into each cell;
    one panel per block of the way."""
    table = result.table.copy()
    often = table.groupby("event")["share"].max().sort_values(ascending=False).index[:MOST_EVENTS]
    table = table[table["event"].isin(often)]
    table["said"] = [percent(round(s, 2), lang).replace(".0", "") for s in table["share"]]
    table["range"] = [
        f"{percent(a, lang)}–{percent(b, lang)}"
        for a, b in zip(table["low"], table["high"], strict=True)
    ]
    order = [e for e in ("path_start", *result.events, "path_end") if e in set(often)]
    base = alt.Chart().encode(
        x=alt.X(
            "step:O",
            title=label("step_matrix.axis_step", lang),
            axis=alt.Axis(orient="top", labelAngle=0),
        ),
        y=alt.Y("event:N", sort=order, title=None, axis=alt.Axis(labelLimit=180)),
        tooltip=["event:N", "step:O", "count:Q", "said:N", "range:N"],
    )
    fill = alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None)
    dark = alt.condition(alt.datum.share > 0.6, alt.value("white"), alt.value(INK))
    cells = alt.layer(
        base.mark_rect(stroke="white").encode(color=fill),
        base.mark_text(fontSize=10).encode(text="said:N", color=dark),
    ).properties(width=alt.Step(44), height=alt.Step(24))
    blocks = sorted(table["block"].unique())
    panels = [cells.properties(data=table[table["block"] == b]) for b in blocks]
    return alt.hconcat(*panels).properties(title=head(result, lang))


def paths_change(result: PathsChangeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Differences in the share of each way in points, with intervals;
    coloured where they are beyond chance."""
    found = result.table
    sure = found["q"] < 1 - result.level
    table = found[["path", "low", "high"]].assign(
        name=found["path"],
        value=found["difference"],
        text=[points(d, lang) for d in found["difference"]],
        tone=[PALETTE[0] if s else QUIET for s in sure],
    )
    x = across(label("paths_change.axis", lang), "points", lang)
    return rows(table, x, head(result, lang))


def sequences(result: SequencesResult, lang: str = "en") -> alt.TopLevelMixin:
    """The share of users in whom the second event followed the first in time, pair by pair,
    with intervals."""
    found = result.table
    table = found[["low", "high"]].assign(
        name=found["first"] + " → " + found["then"],
        value=found["rate"],
        text=[
            "" if r != r else f"{percent(r, lang)} ({number(u, lang)})"
            for r, u in zip(found["rate"], found["users_followed"], strict=True)
        ],
        tone=PALETTE[0],
    )
    x = across(label("paths.axis_followed", lang), "percent", lang)
    return rows(table, x, head(result, lang), zero=None)
