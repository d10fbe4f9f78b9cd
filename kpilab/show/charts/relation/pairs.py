"""Charts of relations: a pair with its lag, a matrix, a screen of many KPIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from kpilab.show import say
from kpilab.show.say import label
from kpilab.show.theme import BAD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.relation.correlate import CorrelateResult
    from kpilab.analysis.relation.relate import RelateResult

WIDTH = 560


def relate(result: RelateResult, lang: str = "en") -> alt.TopLevelMixin:
    """Both series, the KPI moved by its lag; below them the correlation at each lag with its
    band."""
    title = alt.TitleParams(wrapped(say(result.headline, lang)))
    return alt.vconcat(_aligned(result, lang), _lags(result, lang), title=title, spacing=18)


def _aligned(result: RelateResult, lang: str) -> alt.LayerChart | alt.FacetChart:
    frame = result.series.copy()
    shift = result.lag if result.verdict == "related" else 0
    frame["kpi"] = frame["kpi"].shift(shift)
    kpi, goal = result.names
    moved = f"{kpi} (+{shift})" if shift else kpi
    z = (
        frame[["kpi", "goal"]]
        .apply(lambda s: (s - s.mean()) / s.std())
        .set_axis([moved, goal], axis=1)
    )
    long = z.assign(date=frame["date"]).melt("date", var_name="series", value_name="value").dropna()
    colour = alt.Color(
        "series:N", scale=alt.Scale(domain=[moved, goal], range=list(PALETTE[:2])), legend=None
    )
    base = alt.Chart(long).encode(
        x=alt.X("date:T", title=None),
        y=alt.Y("value:Q", title=label("relate.axis_value", lang)),
        color=colour,
    )
    # Ends may coincide: the names stand above the plot, in the colour of their line.
    names = pd.DataFrame({"series": [moved, goal], "x": [0, WIDTH / 2]})
    text = alt.Chart(names).mark_text(align="left", y=-8, fontWeight=600, fontSize=12).encode(
        x=alt.XValue(0), text="series:N", color=colour
    )  # fmt: skip
    texts = [
        text.transform_filter(alt.datum.series == name).encode(x=alt.XValue(at))
        for name, at in zip([moved, goal], [0, WIDTH / 2], strict=True)
    ]
    return alt.layer(base.mark_line(strokeWidth=2), *texts).properties(width=WIDTH, height=190)


def _lags(result: RelateResult, lang: str) -> alt.LayerChart | alt.FacetChart:
    table = result.table.assign(
        beyond=result.table["rho"].abs() > result.table["critical"], minus=-result.table["critical"]
    )
    x = alt.X("lag:O", title=label("relate.axis_lag", lang), axis=alt.Axis(labelAngle=0))
    reach = float(max(table["high"].max(), -table["low"].min(), 0.3)) * 1.05
    y = alt.Y(
        "rho:Q", title=label("relate.axis_rho", lang), scale=alt.Scale(domain=[-reach, reach])
    )
    base = alt.Chart(table).encode(x=x)
    band = base.mark_bar(color=QUIET, opacity=0.35, size=WIDTH / len(table)).encode(
        y="minus:Q", y2="critical:Q"
    )
    colour = alt.condition("datum.beyond", alt.value(BAD), alt.value(NEUTRAL))
    bars = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q", color=colour)
    dots = base.mark_circle(size=80, opacity=1).encode(
        y=y, color=colour, tooltip=list(result.table.columns)
    )
    zero = (
        alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=NEUTRAL, strokeWidth=1).encode(y="y:Q")
    )
    return alt.layer(band, zero, bars, dots).properties(width=WIDTH, height=150)


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
    base = alt.Chart(both, title=alt.TitleParams(wrapped(say(result.headline, lang)))).encode(
        x=alt.X("first:N", sort=names, title=None, axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("second:N", sort=names, title=None),
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


def wrapped(text: str, width: int = 78) -> list[str]:
    """A long headline in several lines; Chinese counts double and may break anywhere."""
    lines, line, used = [], "", 0.0
    for word in (
        text.replace(",", ",\u200b").replace(";", ";\u200b").replace("\u200b", " \u200b").split(" ")
    ):
        size = sum(2 if ord(c) > 0x2E80 else 1 for c in word)
        if line and used + size + 1 > width:
            lines.append(line)
            line, used = "", 0.0
        glue = "" if not line or word.startswith("\u200b") else " "
        line, used = line + glue + word.strip("\u200b"), used + size + 1
    return [*lines, line]
