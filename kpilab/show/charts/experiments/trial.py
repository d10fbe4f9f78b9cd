"""Charts of experiments: forest, course, subgroups, plan, and what a rereading found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

import altair as alt
import pandas as pd

from kpilab.show import say
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.experiments.cumulative_effect import CumulativeEffectResult
    from kpilab.analysis.experiments.effect_by_age import EffectByAgeResult
    from kpilab.analysis.experiments.experiment import ExperimentResult
    from kpilab.analysis.experiments.plan import PlanResult
    from kpilab.analysis.experiments.reanalysis import ReanalysisResult
    from kpilab.analysis.experiments.sample_ratio import SampleRatioResult
    from kpilab.analysis.experiments.subgroups import SubgroupsResult
    from kpilab.core.result import Result

WIDTH = 460
# A run of anything but spaces and Chinese, with the space after it, or one Chinese character.
PIECES = re.compile(r"[^ \u2e80-\u9fff\uff00-\uffef]+ ?|.")
Layers: TypeAlias = alt.LayerChart | alt.FacetChart


def titled(result: Result, lang: str) -> alt.TitleParams:
    """The headline in lines that fit the chart; a number is never torn apart."""
    most = 64 if lang == "en" else 36
    text = say(result.headline, lang).replace(" %", "\u00a0%").replace("p < ", "p\u00a0<\u00a0")
    lines = [""]
    for piece in PIECES.findall(text):
        if len(lines[-1]) + len(piece.rstrip()) > most and piece[0] not in ",;:。、)":
            lines.append("")
        lines[-1] += piece
    return alt.TitleParams([line.strip(" ") for line in lines], anchor="start", offset=12)


def forest(table: pd.DataFrame, title: str, axis: alt.Axis) -> Layers:
    """Intervals around points, one row per `name`; `tone` colours them."""
    y = alt.Y(
        "name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False)
    )
    colour = alt.Color("tone:N", scale=None, legend=None)
    base = alt.Chart(table)
    zero = (
        alt.Chart(pd.DataFrame({"x": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(x="x:Q")
    )
    bars = base.mark_rule(strokeWidth=3).encode(
        y=y, x=alt.X("low:Q", title=title, axis=axis), x2="high:Q", color=colour
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(y=y, x="value:Q", color=colour)
    text = base.mark_text(dy=-11, fontSize=11).encode(y=y, x="value:Q", text="text:N", color=colour)
    return alt.layer(zero, bars, points, text).properties(width=WIDTH, height=alt.Step(46))


def _tone(low: pd.Series, high: pd.Series, gain: pd.Series | None = None) -> list[str]:
    if gain is not None:
        return [{1: GOOD, -1: BAD}.get(g, NEUTRAL) for g in gain]
    return [PALETTE[0] if a > 0 or b < 0 else NEUTRAL for a, b in zip(low, high, strict=True)]


def _percent(values: pd.Series) -> list[str]:
    return [f"{round(100 * v, 1) + 0.0:+.1f} %".replace("-", "−") for v in values]


def experiment(result: ExperimentResult, lang: str = "en") -> Layers:
    """Relative change of every metric with its interval; green better, orange worse,
    grey neither."""
    table = result.table[result.table["bounds"] == "interval"].copy()
    several = table["treatment"].nunique() > 1
    table["name"] = table["metric"] + (" · " + table["treatment"] if several else "")
    table = table.assign(value=table["lift"], low=table["lift_low"], high=table["lift_high"])
    table = table.assign(
        tone=_tone(table["low"], table["high"], table["gain"]), text=_percent(table["lift"])
    )
    chart = forest(
        table[["name", "value", "low", "high", "tone", "text"]],
        label("experiment.lift", lang),
        alt.Axis(format="+.1~%"),
    )
    return chart.properties(title=titled(result, lang))


def subgroups(result: SubgroupsResult, lang: str = "en") -> Layers:
    """Relative change per value of a dimension."""
    table = result.table.rename(columns={"value": "name"}).drop(columns=["low", "high"])
    table = table.rename(columns={"lift": "value", "lift_low": "low", "lift_high": "high"})
    table = table.assign(tone=_tone(table["low"], table["high"]), text=_percent(table["value"]))
    chart = forest(
        table[["name", "value", "low", "high", "tone", "text"]],
        label("subgroups.lift", lang),
        alt.Axis(format="+.1~%"),
    )
    return chart.properties(title=titled(result, lang))


def course(result: CumulativeEffectResult, lang: str = "en") -> Layers:
    """Cumulative effect with the interval of one look and of daily looks."""
    title = titled(result, lang)
    title = alt.TitleParams(
        title.text,
        anchor="start",
        offset=12,
        subtitle=f"{label('course.single', lang)} · {label('course.daily', lang)}",
    )
    # The first days are so wide that they would hide all others.
    shown = result.table[result.table["bound"] < 5]
    table = shown if len(shown) > 1 else result.table
    x = alt.X("day:T", title=label("course.day", lang), axis=alt.Axis(format="%m-%d"))
    base = alt.Chart(table)
    y = alt.Y("wide_low:Q", title=label("course.effect", lang))
    wide = base.mark_area(opacity=0.18, color=PALETTE[0]).encode(x=x, y=y, y2="wide_high:Q")
    single = base.mark_area(opacity=0.35, color=PALETTE[0]).encode(x=x, y="low:Q", y2="high:Q")
    line = base.mark_line(color=PALETTE[0], strokeWidth=2.5).encode(x=x, y="effect:Q")
    zero = (
        alt.Chart(pd.DataFrame({"y": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(y="y:Q")
    )
    return alt.layer(wide, single, line, zero).properties(width=WIDTH, height=260, title=title)


def ages(result: EffectByAgeResult, lang: str = "en") -> Layers:
    """Effect by days since the assignment with intervals, and the band of what lasts."""
    x = alt.X("age:Q", title=label("ages.age", lang))
    base = alt.Chart(result.table)
    y = alt.Y("low:Q", title=label("ages.effect", lang))
    bars = base.mark_rule(color=PALETTE[0], strokeWidth=3).encode(x=x, y=y, y2="high:Q")
    points = base.mark_point(filled=True, size=90, opacity=1, color=PALETTE[0]).encode(
        x=x, y="effect:Q"
    )
    zero = (
        alt.Chart(pd.DataFrame({"y": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(y="y:Q")
    )
    layers = [zero, bars, points]
    if result.lasting == result.lasting and len(result.table):
        ends = pd.DataFrame(
            {"low": [result.low], "high": [result.high], "lasting": [result.lasting]}
        )
        ends = ends.assign(first=result.table["age"].min(), last=result.table["age"].max())
        stays = alt.Chart(ends)
        band = stays.mark_rect(opacity=0.15, color=PALETTE[1]).encode(
            x=alt.X("first:Q", title=label("ages.age", lang)), x2="last:Q", y="low:Q", y2="high:Q"
        )
        line = stays.mark_rule(color=PALETTE[1], strokeWidth=2).encode(
            x="first:Q", x2="last:Q", y="lasting:Q"
        )
        word = stays.mark_text(color=PALETTE[1], align="right", dx=-10, dy=-7).encode(
            x="last:Q", y="lasting:Q", text=alt.value(label("ages.lasting", lang))
        )
        layers = [band, *layers, line, word]
    return alt.layer(*layers).properties(width=WIDTH, height=260, title=titled(result, lang))


def arrivals(result: SampleRatioResult, lang: str = "en") -> Layers:
    """Units, treatment to control, in all and by segment; orange where units were lost."""
    rows = result.table[result.table["dimension"] != "day"].sort_values("p").head(12).sort_index()
    names = [
        f"{d} = {v}" if d else label("arrivals.everybody", lang)
        for d, v in zip(rows["dimension"], rows["value"], strict=True)
    ]
    found = rows["q"].fillna(rows["p"]) < 0.001
    return _ratios(
        rows.assign(name=names), found.tolist(), label("arrivals.ratio", lang)
    ).properties(width=WIDTH, height=alt.Step(36), title=titled(result, lang))


def plan(result: PlanResult, lang: str = "en") -> Layers:
    """Units needed by the effect to be found."""
    table = result.table.assign(
        text=[f"{u:,.0f}" for u in result.table["units"]], name=_percent(result.table["effect"])
    )
    y = alt.Y("name:N", sort=None, title=label("plan.effect", lang))
    base = alt.Chart(table).encode(y=y, x=alt.X("units:Q", title=label("plan.units", lang)))
    bars, text = (
        base.mark_bar(color=PALETTE[0]),
        base.mark_text(align="left", dx=4).encode(text="text:N"),
    )
    return alt.layer(bars, text).properties(
        width=WIDTH, height=alt.Step(34), title=titled(result, lang)
    )


def rereading(result: ReanalysisResult, lang: str = "en") -> Layers:
    """What the verdict rests on: lost units by segment, effect by age,
    or the course against its boundary."""
    draw = {"srm": _lost, "novelty": _ages}.get(result.verdict, _curve)
    return draw(result, lang).properties(width=WIDTH, title=titled(result, lang))


def _lost(result: ReanalysisResult, lang: str) -> Layers:
    table = result.segments.head(12)
    named = table.assign(name=table["dimension"] + " = " + table["value"])
    return _ratios(named, (table["q"] <= 0.05).tolist(), label("rereading.ratio", lang))


def _ratios(table: pd.DataFrame, lost: list[bool], title: str) -> Layers:
    """Ratios of units with intervals, one row per `name`."""
    table = table.assign(tone=[BAD if bad else QUIET for bad in lost])[
        ["name", "ratio", "low", "high", "tone"]
    ]
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    x = alt.X("ratio:Q", title=title, scale=alt.Scale(zero=False))
    base = alt.Chart(table).encode(y=y, color=alt.Color("tone:N", scale=None, legend=None))
    bars = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(x=x)
    declared = (
        alt.Chart(pd.DataFrame({"x": [1.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(x="x:Q")
    )
    return alt.layer(declared, bars, points)


def _ages(result: ReanalysisResult, lang: str) -> Layers:
    base = alt.Chart(result.ages)
    x = alt.X("age:Q", title=label("rereading.age", lang))
    bars = base.mark_rule(color=PALETTE[0], strokeWidth=3)
    bars = bars.encode(
        x=x,
        y=alt.Y("low:Q", title=label("rereading.effect", lang), axis=alt.Axis(format="+.1~%")),
        y2="high:Q",
    )
    points = base.mark_point(filled=True, size=90, opacity=1, color=PALETTE[0]).encode(
        x=x, y="effect:Q"
    )
    zero = (
        alt.Chart(pd.DataFrame({"y": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(y="y:Q")
    )
    return alt.layer(zero, bars, points)


def _curve(result: ReanalysisResult, lang: str) -> Layers:
    table = result.curve.assign(lower=-result.curve["bound"])
    x = alt.X("day:T", title=label("rereading.day", lang), axis=alt.Axis(format="%m-%d"))
    base = alt.Chart(table)
    z = base.mark_line(color=PALETTE[0], strokeWidth=2.5).encode(
        x=x, y=alt.Y("z:Q", title=label("rereading.z", lang))
    )
    edges = [
        base.mark_line(
            color=BAD, strokeDash=[5, 3], point=alt.OverlayMarkDef(color=BAD, size=12)
        ).encode(x=x, y=c)
        for c in ("bound:Q", "lower:Q")
    ]
    named = base.transform_filter("isValid(datum.bound)").mark_text(color=BAD, dx=10, align="left")
    named = named.encode(
        x=alt.X("min(day):T"),
        y=alt.Y("max(bound):Q"),
        text=alt.value(label("rereading.boundary", lang)),
    )
    day = base.transform_filter("datum.decided")
    mark = day.mark_point(filled=True, size=130, opacity=1, color=PALETTE[1]).encode(x=x, y="z:Q")
    word = day.mark_text(dy=-16, color=PALETTE[1]).encode(
        x=x, y="z:Q", text=alt.value(label("rereading.decided", lang))
    )
    return alt.layer(*edges, z, named, mark, word).properties(height=260)
