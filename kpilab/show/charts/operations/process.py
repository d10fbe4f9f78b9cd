"""Charts of the shop floor: losses, control limits, response times, fair targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, MUTED, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.operations.control import ControlResult
    from kpilab.analysis.operations.fair_targets import FairTargetsResult
    from kpilab.analysis.operations.oee import OeeResult
    from kpilab.analysis.operations.response import ResponseResult

PARTS = ("good", "breakdown", "changeover", "minor_stop", "speed", "scrap")
COLOURS = (GOOD, BAD, PALETTE[4], PALETTE[7], PALETTE[5], PALETTE[3])
MOST_UNITS = 24
WIDE, ROW = 560, 22
UNIT = alt.Scale(domain=[0, 1])


def oee(result: OeeResult, lang: str = "en") -> alt.TopLevelMixin:
    """The planned time of each machine, from productive to lost; the OEE is the green part,
    its interval the line."""
    table = result.table.head(MOST_UNITS).copy()
    table["name"] = _names(table, result.by)
    order = table["name"].tolist()
    shares = table.assign(**{p: table[p] / table["planned"] for p in PARTS})
    long = shares.melt(id_vars="name", value_vars=list(PARTS), var_name="part", value_name="share")
    long["order"] = long["part"].map({p: k for k, p in enumerate(PARTS)})
    long["said"] = long["part"].map({p: label(f"oee.{p}", lang) for p in PARTS})
    colours = alt.Scale(domain=[label(f"oee.{p}", lang) for p in PARTS], range=list(COLOURS))
    bars = alt.Chart(long).mark_bar().encode(
        y=alt.Y("name:N", sort=order, title=None),
        x=alt.X("share:Q", title=label("oee.axis_share", lang), axis=alt.Axis(format="%"),
            stack="zero", scale=UNIT),
        color=alt.Color("said:N", scale=colours, title=None, legend=alt.Legend(orient="top",
            columns=6)),
        order="order:Q", tooltip=["name:N", "said:N", alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    ends = (
        alt.Chart(table).encode(y=alt.Y("name:N", sort=order)).mark_rule(color=INK, strokeWidth=2)
    )
    said = alt.Chart(table).encode(
        y=alt.Y("name:N", sort=order), x=alt.datum(0.01), text=alt.Text("oee:Q", format=".1%")
    )
    parts = [
        bars,
        ends.encode(x="low:Q", x2="high:Q"),
        said.mark_text(align="left", color="white", fontWeight=600),
    ]
    return alt.layer(*parts).properties(
        width=WIDE, height=ROW * len(table), title=head(result, lang)
    )


def control(result: ControlResult, lang: str = "en") -> alt.TopLevelMixin:
    """Points and limits per unit; points outside are red."""
    table = result.table.copy()
    table["name"] = _names(table, result.by) if result.by else result.metric
    loud = (
        table.groupby("name")["outside"].sum().sort_values(ascending=False, kind="stable").index[:6]
    )
    table = table[table["name"].isin(loud)]
    base = alt.Chart(table).encode(
        x=alt.X("day:T", title=None, axis=alt.Axis(grid=False, tickCount=6))
    )
    band = base.mark_area(color=QUIET, opacity=0.35).encode(
        y=alt.Y("low:Q", title=None, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    line = base.mark_line(color=PALETTE[0], strokeWidth=1.2).encode(y="value:Q")
    out = base.transform_filter("datum.outside").mark_point(
        filled=True, size=60, color=BAD, opacity=1
    )
    tip = ["name:N", "day:T", alt.Tooltip("value:Q", format=",.4~g"), alt.Tooltip("low:Q",
        format=",.4~g"), alt.Tooltip("high:Q", format=",.4~g")]  # fmt: skip
    chart = alt.layer(band, line, out.encode(y="value:Q", tooltip=tip), data=table)
    if not result.by:
        return chart.properties(width=WIDE, height=220, title=head(result, lang))
    return (
        chart.properties(width=270, height=110)
        .facet(facet=alt.Facet("name:N", sort=list(loud), title=None), columns=2)
        .resolve_scale(y="independent")
        .properties(title=head(result, lang))
    )


def response(result: ResponseResult, lang: str = "en") -> alt.TopLevelMixin:
    """Median time to response, solution and review per group, with intervals;
    the tick is nine of ten."""
    table = result.table.copy()
    table["name"] = _names(table, result.by) if result.by else ""
    table = table[table["name"].isin(list(dict.fromkeys(table["name"]))[:MOST_UNITS])]
    stages = list(dict.fromkeys(table["stage"]))
    said = {s: label(f"response.{s}", lang) for s in stages}
    table["said"] = table["stage"].map(said)
    colour = alt.Color(
        "said:N", sort=list(said.values()), title=None, legend=alt.Legend(orient="top")
    )
    base = alt.Chart(table).encode(
        y=alt.Y("name:N", sort=None, title=None),
        yOffset=alt.YOffset("said:N", sort=list(said.values())),
        color=colour,
    )
    x = alt.X(
        "minutes:Q", title=label("response.axis", lang), scale=alt.Scale(type="log", domainMin=1)
    )
    parts = [
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q"),
        base.mark_tick(size=9).encode(x="ninety:Q"),
    ]
    point = base.mark_point(filled=True, size=60, opacity=1).encode(x=x)
    count = table["name"].nunique()
    return alt.layer(point, *parts).properties(
        width=WIDE, height=42 * count, title=head(result, lang)
    )


def fair(result: FairTargetsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Each unit's own figure (hollow), what it can really do with interval (filled),
    and its target (tick)."""
    table = result.table.head(MOST_UNITS)
    names = {k: label(f"fair.{k}", lang) for k in ("own", "level", "target")}
    base = alt.Chart(table).encode(y=alt.Y("unit:N", sort=table["unit"].tolist(), title=None))
    x = alt.X(
        "level:Q",
        title=label("fair.axis", lang),
        axis=alt.Axis(format="~%"),
        scale=alt.Scale(zero=False),
    )
    parts = [
        base.mark_rule(strokeWidth=2, color=PALETTE[0]).encode(x="low:Q", x2="high:Q"),
        base.mark_point(filled=True, size=70, color=PALETTE[0], opacity=1).encode(x=x),
        base.mark_point(size=50, color=NEUTRAL, opacity=1).encode(x="value:Q"),
    ]
    if result.aim is not None:
        parts.append(base.mark_tick(color=BAD, thickness=2, size=14).encode(x="target:Q"))
        plain = alt.Chart(pd.DataFrame({"x": [result.aim]})).mark_rule(
            strokeDash=[4, 3], color=MUTED
        )
        parts.append(plain.encode(x="x:Q"))
    legend = f"○ {names['own']}   ● {names['level']}" + (
        f"   | {names['target']}" if result.aim is not None else ""
    )
    title = head(result, lang)
    return alt.layer(*parts).properties(
        width=WIDE, height=ROW * len(table), title=alt.TitleParams(title.text, subtitle=legend)
    )


def _names(table: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    if not by:
        return pd.Series("", index=table.index)
    return table[list(by)].astype(str).agg(" · ".join, axis=1)
