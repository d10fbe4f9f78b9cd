"""Step matrices as heat maps, two groups' ways side by side, and what follows what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show.charts.words import head
from kpilab.show.format import number, percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, PALETTE, QUIET

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
    """Differences in the share of each way, with intervals;
    coloured where they are beyond chance."""
    table = result.table.copy()
    sure = table["q"] < 1 - result.level
    table["colour"] = [
        QUIET if not s else GOOD if d > 0 else BAD
        for s, d in zip(sure, table["difference"], strict=True)
    ]
    ways = alt.Y("path:N", sort=table["path"].tolist(), title=None, axis=alt.Axis(labelLimit=320))
    scale = alt.X(
        "difference:Q", title=label("paths_change.axis", lang), axis=alt.Axis(format="+%")
    )
    base = alt.Chart(table).encode(y=ways, color=alt.Color("colour:N", scale=None))
    ends = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", title=label("paths_change.axis", lang)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=scale, tooltip=["path:N", "current:Q", "baseline:Q", "difference:Q", "q:Q"]
    )
    zero = alt.Chart(table.head(1)).mark_rule(color=INK, strokeDash=[2, 2]).encode(x=alt.datum(0))
    return alt.layer(zero, ends, points).properties(
        width=420, height=alt.Step(22), title=head(result, lang)
    )


def sequences(result: SequencesResult, lang: str = "en") -> alt.TopLevelMixin:
    """The share of users in whom the second event followed the first in time, pair by pair,
    with intervals."""
    table = result.table.copy()
    table["pair"] = table["first"] + " → " + table["then"]
    table["said"] = [
        "" if r != r else f"{percent(r, lang)} ({number(u, lang)})"
        for r, u in zip(table["rate"], table["users_followed"], strict=True)
    ]
    pairs = alt.Y("pair:N", sort=table["pair"].tolist(), title=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(table).encode(y=pairs)
    share = alt.X("rate:Q", title=label("paths.axis_followed", lang), axis=alt.Axis(format="%"))
    ends = base.mark_rule(strokeWidth=2, color=PALETTE[0]).encode(
        x=alt.X(
            "low:Q", scale=alt.Scale(domain=[0, 1.1]), title=label("paths.axis_followed", lang)
        ),
        x2="high:Q",
    )
    points = base.mark_point(filled=True, size=70, opacity=1, color=PALETTE[0]).encode(
        x=share,
        tooltip=[
            "pair:N",
            "times:Q",
            "followed:Q",
            "users:Q",
            "users_followed:Q",
            "median_seconds:Q",
        ],
    )
    said = base.mark_text(align="left", dx=8, color=INK).encode(x="high:Q", text="said:N")
    return alt.layer(ends, points, said).properties(
        width=420, height=alt.Step(30), title=head(result, lang)
    )
