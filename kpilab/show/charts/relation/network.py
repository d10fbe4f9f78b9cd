"""Charts of many: the network of KPIs around the goal, and the units of a panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from kpilab.show.charts.axes import across, up
from kpilab.show.charts.relation.pairs import WIDTH
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import number
from kpilab.show.say import label
from kpilab.show.theme import BAD, INK, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.relation.panel import PanelResult
    from kpilab.analysis.relation.screen import ScreenResult

MOST_ROWS = 30
HEIGHT = 420


def screen(result: ScreenResult, lang: str = "en") -> alt.TopLevelMixin:
    """The KPIs by strength of relation with their intervals; below them who is related to whom."""
    found = result.table.head(MOST_ROWS)
    table = found[["kpi", "low", "high"]].assign(
        name=found["kpi"],
        value=found["rho"],
        text=[number(r, lang) for r in found["rho"]],
        tone=[PALETTE[0] if v == "related" else QUIET for v in found["verdict"]],
    )
    forest = rows(table, across(label("screen.axis_rho", lang), "number", lang))
    title = head(result, lang, found)
    return alt.vconcat(forest, _network(found, result.goal, lang), title=title, spacing=24)


def _network(rows: pd.DataFrame, goal: str, lang: str) -> alt.LayerChart | alt.FacetChart:
    """The goal amid its KPIs: a spoke where one is related,
    a dashed line between those that say the same."""
    ring = rows.sort_values("cluster", kind="stable").reset_index(drop=True)
    angle = 2 * np.pi * np.arange(len(ring)) / len(ring)
    ring = ring.assign(x=np.cos(angle), y=np.sin(angle))
    spokes = ring[ring["verdict"] == "related"].assign(
        x2=0.0, y2=0.0, size=lambda r: 1 + 6 * r["rho"].abs()
    )
    same = ring.merge(
        ring.loc[ring["keep"], ["cluster", "kpi", "x", "y"]], on="cluster", suffixes=("", "2")
    )
    same = same[same["kpi"] != same["kpi2"]]
    plane = {
        "x": alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-1.7, 1.7])),
        "y": alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-1.2, 1.2])),
    }
    sign = alt.condition("datum.rho > 0", alt.value(PALETTE[0]), alt.value(BAD))
    lines = alt.Chart(spokes).mark_rule(opacity=0.7).encode(
        **plane, x2="x2:Q", y2="y2:Q", color=sign, strokeWidth=alt.StrokeWidth("size:Q",
            scale=None),
        tooltip=["kpi", "lag", "rho", "low", "high", "q"],
    )  # fmt: skip
    ties = (
        alt.Chart(same)
        .mark_rule(strokeDash=[4, 3], color=NEUTRAL)
        .encode(**plane, x2="x2:Q", y2="y2:Q")
    )
    dots = alt.Chart(ring).mark_circle(size=110, opacity=1).encode(
        **plane, color=alt.condition("datum.keep", alt.value(NEUTRAL), alt.value(QUIET)),
        tooltip=["kpi", "cluster"]
    )  # fmt: skip
    right, left = (
        alt.Chart(part.assign(x=part["x"] * 1.06, y=part["y"] * 1.08)).encode(**plane, text="kpi:N")
        for part in (ring[ring["x"] >= 0], ring[ring["x"] < 0])
    )
    names = [
        right.mark_text(align="left", baseline="middle", fontSize=11),
        left.mark_text(align="right", baseline="middle", fontSize=11),
    ]
    middle = alt.Chart(pd.DataFrame({"x": [0.0], "y": [0.0], "goal": [goal]})).encode(**plane)
    centre = [
        middle.mark_circle(size=520, color=INK, opacity=1),
        middle.mark_text(dy=-20, fontSize=13, fontWeight=600).encode(text="goal:N"),
    ]
    caption = alt.TitleParams(label("screen.network", lang), fontSize=11, fontWeight="normal")
    # A layer without marks is read out as a picture without a name.
    joined = [layer for layer, drawn in ((lines, spokes), (ties, same)) if len(drawn)]
    return alt.layer(*joined, dots, *names, *centre).properties(
        width=WIDTH, height=HEIGHT, title=caption
    )


def panel(result: PanelResult, lang: str = "en") -> alt.TopLevelMixin:
    """Each unit at its mean with the slope inside the units drawn through it; dashed,
    the slope between the units."""
    means = result.means
    within, between = (float(s) for s in result.table["slope"])
    reach = means["kpi_to"] - means["kpi"], means["kpi_from"] - means["kpi"]
    lines = means.assign(
        y_to=means["goal"] + within * reach[0], y_from=means["goal"] + within * reach[1]
    )
    ends = np.array([means["kpi"].min(), means["kpi"].max()])
    across_units = pd.DataFrame(
        {"kpi": ends, "goal": means["goal"].mean() + between * (ends - means["kpi"].mean())}
    )
    kpi, goal = result.names
    names = [label("panel.within", lang), label("panel.between", lang)]
    colour = alt.Color(
        "part:N",
        scale=alt.Scale(domain=names, range=list(PALETTE[:2])),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke", labelLimit=0, columns=1),
    )
    x, y = across(kpi, "number", lang, field="kpi"), up(goal, "number", lang, field="goal")
    inside = alt.Chart(lines.assign(part=names[0])).mark_rule(strokeWidth=2, opacity=0.8).encode(
        x=across(kpi, "number", lang, field="kpi_from"), x2="kpi_to:Q", color=colour,
        y=up(goal, "number", lang, field="y_from"), y2="y_to:Q",
    )  # fmt: skip
    dots = alt.Chart(means).mark_circle(size=60, color=PALETTE[0], opacity=1).encode(
        x=x, y=y, tooltip=["unit", "kpi", "goal"]
    )  # fmt: skip
    dashed = alt.Chart(across_units.assign(part=names[1])).encode(x=x, y=y, color=colour)
    dashed = dashed.mark_line(strokeDash=[6, 4], strokeWidth=2)
    title = head(result, lang)
    return alt.layer(inside, dots, dashed, title=title).properties(width=WIDTH, height=320)
