"""Charts of relations: a pair with its lag, a matrix, a screen of many KPIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from kpilab.show.charts.axes import over, up
from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.relation.correlate import CorrelateResult
    from kpilab.analysis.relation.relate import RelateResult

WIDTH = 560


def relate(result: RelateResult, lang: str = "en") -> alt.TopLevelMixin:
    """Both series, the KPI moved by its lag; below them the correlation at each lag with its
    band."""
    title = head(result, lang)
    return alt.vconcat(_aligned(result, lang), _lags(result, lang), title=title, spacing=18)


def _aligned(result: RelateResult, lang: str) -> alt.LayerChart:
    frame = result.series.copy()
    shift = result.lag if result.verdict == "related" else 0
    frame["kpi"] = frame["kpi"].shift(shift)
    kpi, goal = result.names
    names = {"kpi": f"{kpi} (+{shift})" if shift else kpi, "goal": goal}
    spread = frame[list(names)].std()
    z = (frame[list(names)] - frame[list(names)].mean()) / spread.where(spread > 0, 1.0)
    long = z.assign(date=frame["date"]).melt("date", var_name="part", value_name="value").dropna()
    long["series"] = long["part"].map(names)
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=list(dict.fromkeys(names.values())), range=list(PALETTE[:2])),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke", labelLimit=0, columns=1),
    )
    y = up(label("relate.axis_value", lang), "number", lang)
    line = alt.Chart(long).encode(x=over(lang, field="date"), y=y, color=colour)
    lines = line.mark_line(strokeWidth=2)
    return alt.LayerChart(layer=[lines], width=WIDTH, height=190)


def _lags(result: RelateResult, lang: str) -> alt.LayerChart:
    table = result.table.assign(
        beyond=result.table["rho"].abs() > result.table["critical"], minus=-result.table["critical"]
    )
    x = alt.X("lag:O", title=label("relate.axis_lag", lang), axis=alt.Axis(labelAngle=0))
    y = up(label("relate.axis_rho", lang), "number", lang, field="rho")
    base = alt.Chart(table).encode(x=x)
    band = base.mark_bar(color=QUIET, opacity=0.35, width={"band": 1}).encode(
        y="minus:Q", y2="critical:Q"
    )
    colour = alt.condition("datum.beyond", alt.value(PALETTE[0]), alt.value(NEUTRAL))
    bars = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q", color=colour)
    shown = {c: label(f"column.{c}", lang) for c in ("lag", "rho", "low", "high", "p")}
    dots = base.mark_circle(size=80, opacity=1).encode(
        y=y,
        color=colour,
        tooltip=[alt.Tooltip(f"{c}:Q", title=t, format=".2~f") for c, t in shown.items()],
    )
    zero = (
        alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=NEUTRAL, strokeWidth=1).encode(y="y:Q")
    )
    return alt.LayerChart(layer=[band, zero, bars, dots], width=WIDTH, height=150)


def correlate(result: CorrelateResult, lang: str = "en") -> alt.TopLevelMixin:
    """Heat map of all pairs; pairs that are not related after correction stay pale."""
    table = result.table
    both = pd.concat(
        [
            table,
            table.rename(columns={"first": "second", "second": "first"}).assign(lag=-table["lag"]),
        ]
    )
    both = both.assign(
        shown=np.where(both["verdict"] == "related", both["rho"], np.nan),
        text=both["rho"].map("{:.2f}".format),
    )
    names = list(result.names)
    base = alt.Chart(both, title=head(result, lang)).encode(
        x=alt.X("first:N", sort=names, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=0)),
        y=alt.Y("second:N", sort=names, title=None, axis=alt.Axis(labelLimit=0)),
    )
    scale = alt.Scale(domain=[-1, 0, 1], range=["#D55E00", "#F7F7F7", "#0072B2"])
    cells = base.mark_rect(stroke="white").encode(
        color=alt.condition(
            alt.datum.verdict == "related",
            alt.Color("rho:Q", scale=scale, title=label("correlate.axis_rho", lang)),
            alt.value("#F1F2F4"),
        ),
        tooltip=["first", "second", "lag", "rho", "low", "high", "p", "q", "verdict", "naive"],
    )
    size = max(min(44 * len(names), 620), 220)
    strong = "datum.verdict == 'related' && abs(datum.rho) > 0.6"
    words = base.mark_text(fontSize=11).encode(
        text="text:N",
        color=alt.condition(strong, alt.value("white"), alt.value("#444")),
    )
    layers = [cells, words] if len(names) <= 14 else [cells]
    return alt.layer(*layers).properties(width=size, height=size)
