"""Charts of the shop floor: losses, control limits, response times, fair targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across, dated, up
from kpilab.show.charts.rows import MARK, WIDTH, laid, place, rows, tall, words
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.operations.control import ControlResult
    from kpilab.analysis.operations.fair_targets import FairTargetsResult
    from kpilab.analysis.operations.oee import OeeResult
    from kpilab.analysis.operations.response import ResponseResult

PARTS = ("good", "breakdown", "changeover", "minor_stop", "speed", "scrap")
COLOURS = (GOOD, BAD, PALETTE[4], PALETTE[7], PALETTE[5], PALETTE[3])
MOST_UNITS = 24
WIDE = 560
UNIT = alt.Scale(domain=[0, 1])


def oee(result: OeeResult, lang: str = "en") -> alt.TopLevelMixin:
    """The planned time of each machine, from productive to lost; the OEE is the green part,
    its interval the line."""
    found = result.table.head(MOST_UNITS)
    shares = found[list(PARTS)].div(found["planned"], axis=0)
    table = laid(
        found[["low", "high"]].assign(
            name=_names(found, result.by), text=[f"OEE {percent(v, lang)}" for v in found["oee"]]
        )
    )
    said = {p: label(f"oee.{p}", lang) for p in PARTS}
    ends = shares.cumsum(axis=1).set_index(table.index)
    long = pd.concat(
        [
            table[["name", "middle"]].assign(
                part=said[p], stop=ends[p], start=ends[p] - shares[p].to_numpy()
            )
            for p in PARTS
        ]
    )
    long["share"] = [percent(v, lang) for v in long["stop"] - long["start"]]
    key = alt.Color(
        "part:N",
        scale=alt.Scale(domain=[*said.values()], range=list(COLOURS)),
        title=None,
        legend=alt.Legend(orient="top", columns=3),
    )
    x = across(label("oee.axis_share", lang), "percent", lang, field="start", scale=UNIT)
    bars = alt.Chart(long).mark_bar(size=MARK, orient="horizontal").encode(
        x=x, x2="stop:Q", y=place(table), color=key, tooltip=["name:N", "part:N", "share:N"]
    )  # fmt: skip
    known = alt.Chart(table).encode(y=place(table), x=alt.X("low:Q", scale=UNIT), x2="high:Q")
    rules = [known.mark_rule(strokeWidth=w, color=c) for w, c in ((4, "white"), (1.5, INK))]
    return alt.LayerChart(
        layer=[bars, *rules, *words(table)],
        width=WIDTH,
        height=tall(table),
        title=head(result, lang, found),
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
        x=alt.X("day:T", title=None, axis=alt.Axis(labelExpr=dated(lang), grid=False, tickCount=3))
    )
    band = base.mark_area(color=QUIET, opacity=0.35).encode(
        y=up(None, "number", lang, field="low"), y2="high:Q"
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
    found = result.table.copy()
    found["group"] = _names(found, result.by) if result.by else ""
    groups = list(dict.fromkeys(found["group"]))[:MOST_UNITS]
    found = found[found["group"].isin(groups)].reset_index(drop=True)
    stages = list(dict.fromkeys(found["stage"]))
    colours = dict(zip(stages, PALETTE, strict=False))
    pairs = list(zip(found["stage"], found["group"], strict=True))
    table = found[["low", "high"]].assign(
        name=[" · ".join(p for p in (g, label(f"response.{s}", lang)) if p) for s, g in pairs],
        value=found["minutes"],
        tick=found["ninety"],
        text=[label("response.minutes", lang, minutes=m) for m in found["minutes"]],
        tone=[colours[s] for s in found["stage"]],
    )
    x = across(label("response.axis", lang), "number", lang)
    title = head(result, lang, key=label("response.key", lang))
    return rows(table, x, title, zero=0.0)


def fair(result: FairTargetsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Each unit's own figure (hollow), what it can really do with interval (filled),
    and its target (tick)."""
    found = result.table.head(MOST_UNITS)
    names = {k: label(f"fair.{k}", lang) for k in ("own", "level", "target")}
    table = found[["low", "high"]].assign(
        name=found["unit"].astype(str),
        value=found["level"],
        hollow=found["value"],
        text=[number(v, lang) for v in found["level"]],
        tone=PALETTE[0],
    )
    legend = f"○ {names['own']}   ● {names['level']}"
    if result.aim is not None:
        table["tick"], legend = found["target"], f"{legend}   | {names['target']}"
    shares = bool(found[["level", "value"]].abs().max().max() <= 1)
    if shares:
        table["text"] = [percent(v, lang) for v in found["level"]]
    x = across(label("fair.axis", lang), "percent" if shares else "number", lang)
    title = head(result, lang, found, key=legend)
    return rows(table, x, title, zero=result.aim)


def _names(table: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    if not by:
        return pd.Series("", index=table.index)
    return table[list(by)].astype(str).agg(" · ".join, axis=1)
