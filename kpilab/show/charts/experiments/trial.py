"""Charts of experiments: forest, course, subgroups, and what a rereading found."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import altair as alt
import numpy as np
import pandas as pd

from kpilab.show.charts.axes import across, over, up
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import number, points, signed, signed_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.experiments.cumulative_effect import CumulativeEffectResult
    from kpilab.analysis.experiments.effect_by_age import EffectByAgeResult
    from kpilab.analysis.experiments.experiment import ExperimentResult
    from kpilab.analysis.experiments.reanalysis import ReanalysisResult
    from kpilab.analysis.experiments.sample_ratio import SampleRatioResult
    from kpilab.analysis.experiments.subgroups import SubgroupsResult
    from kpilab.core.result import Result

WIDTH = 460
SHOWN = ["name", "value", "low", "high", "tone", "effect", "share"]
Layers: TypeAlias = alt.LayerChart | alt.FacetChart


def forest(table: pd.DataFrame, axis: str, result: Result, lang: str) -> Layers:
    """Changes in percent with intervals, one row per `name`, the absolute change beside;
    `tone` colours them."""
    told = zip(table["value"], table["effect"], table["share"], strict=True)
    table = table.assign(
        text=[
            f"{signed_percent(v, lang)} ({(points if s else signed)(e, lang)})" for v, e, s in told
        ]
    ).drop(columns=["effect", "share"])
    x = across(axis, "signed_percent", lang)
    return rows(table, x, head(result, lang))


def _tone(low: pd.Series, high: pd.Series, gain: pd.Series | None = None) -> list[str]:
    if gain is not None:
        return [{1: GOOD, -1: BAD}.get(g, NEUTRAL) for g in gain]
    return [PALETTE[0] if a > 0 or b < 0 else NEUTRAL for a, b in zip(low, high, strict=True)]


def experiment(result: ExperimentResult, lang: str = "en") -> Layers:
    """Relative change of every metric with its interval; green better, orange worse,
    grey neither."""
    table = result.table[result.table["bounds"] == "interval"].copy()
    several = table["treatment"].nunique() > 1
    table["name"] = table["metric"] + (" · " + table["treatment"] if several else "")
    table = table.assign(value=table["lift"], low=table["lift_low"], high=table["lift_high"])
    table[["low", "high"]] = _drawable(table[["low", "high"]])
    table = table.assign(tone=_tone(table["low"], table["high"], table["gain"]))
    return forest(table[SHOWN], label("experiment.lift", lang), result, lang)


def _drawable(ends: pd.DataFrame) -> pd.DataFrame:
    """An end that a one-sided interval does not have lies beyond all others."""
    known = np.abs(ends.to_numpy(dtype=float))
    known = known[np.isfinite(known)]
    far = 1.5 * float(known.max()) if known.size else 1.0
    return ends.clip(-far, far)


def subgroups(result: SubgroupsResult, lang: str = "en") -> Layers:
    """Relative change per value of a dimension."""
    table = result.table.rename(columns={"value": "name"}).drop(columns=["low", "high"])
    table = table.rename(columns={"lift": "value", "lift_low": "low", "lift_high": "high"})
    table = table.assign(tone=_tone(table["low"], table["high"]), share=result.share)
    return forest(table[SHOWN], label("subgroups.lift", lang), result, lang)


def course(result: CumulativeEffectResult, lang: str = "en") -> Layers:
    """Cumulative effect with the interval of one look and of daily looks."""
    title = alt.TitleParams(
        head(result, lang).text,
        subtitle=f"{label('course.single', lang)} · {label('course.daily', lang)}",
    )
    # The first days are so wide that they would hide all others.
    shown = result.table[result.table["bound"] < 5]
    table = shown if len(shown) > 1 else result.table
    x, base = over(lang), alt.Chart(table)
    unit = "points" if result.share else "signed"
    title_y = label(f"course.effect{'_share' if result.share else ''}", lang)
    y = up(title_y, unit, lang, field="wide_low")
    wide = base.mark_area(opacity=0.18, color=PALETTE[0]).encode(x=x, y=y, y2=alt.Y2("wide_high:Q"))
    single = base.mark_area(opacity=0.35, color=PALETTE[0]).encode(
        x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
    )
    line = base.mark_line(color=PALETTE[0], strokeWidth=2.5).encode(x=x, y=alt.Y("effect:Q"))
    zero = (
        alt.Chart(pd.DataFrame({"y": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(y=alt.Y("y:Q"))
    )
    return alt.layer(wide, single, line, zero).properties(width=WIDTH, height=260, title=title)


def ages(result: EffectByAgeResult, lang: str = "en") -> Layers:
    """Effect by days since the assignment with intervals, and the band of what lasts."""
    x, base = _aged(label("ages.age", lang), lang), alt.Chart(result.table)
    of = "_share" if result.share else ""
    y = up(label(f"ages.effect{of}", lang), "points" if of else "signed", lang, field="low")
    bars = base.mark_rule(color=PALETTE[0], strokeWidth=3).encode(x=x, y=y, y2=alt.Y2("high:Q"))
    points = base.mark_point(filled=True, size=90, opacity=1, color=PALETTE[0]).encode(
        x=x, y=alt.Y("effect:Q")
    )
    zero = (
        alt.Chart(pd.DataFrame({"y": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(y=alt.Y("y:Q"))
    )
    layers = [zero, bars, points]
    if result.lasting == result.lasting and len(result.table):
        ends = pd.DataFrame(
            {"low": [result.low], "high": [result.high], "lasting": [result.lasting]}
        )
        ends = ends.assign(first=result.table["age"].min(), last=result.table["age"].max())
        stays = alt.Chart(ends)
        band = stays.mark_rect(opacity=0.15, color=PALETTE[1]).encode(
            x=alt.X("first:Q", title=label("ages.age", lang)),
            x2=alt.X2("last:Q"),
            y=alt.Y("low:Q"),
            y2=alt.Y2("high:Q"),
        )
        line = stays.mark_rule(color=PALETTE[1], strokeWidth=2).encode(
            x=alt.X("first:Q"), x2=alt.X2("last:Q"), y=alt.Y("lasting:Q")
        )
        word = stays.mark_text(color=PALETTE[1], align="right", dx=-10, dy=-7).encode(
            x=alt.X("last:Q"), y=alt.Y("lasting:Q"), text=alt.value(label("ages.lasting", lang))
        )
        layers = [band, *layers, line, word]
    return alt.layer(*layers).properties(width=WIDTH, height=260, title=head(result, lang))


def arrivals(result: SampleRatioResult, lang: str = "en") -> Layers:
    """Units, treatment to control, in all and by segment; orange where units were lost."""
    arrived = result.table[result.table["dimension"] != "day"]
    arrived = arrived.sort_values("p").head(12).sort_index()
    names = [
        f"{d} = {v}" if d else label("arrivals.everybody", lang)
        for d, v in zip(arrived["dimension"], arrived["value"], strict=True)
    ]
    found = arrived["q"].fillna(arrived["p"]) < 0.001
    axis = label("arrivals.ratio", lang)
    return _ratios(arrived.assign(name=names), found.tolist(), axis, result, lang)


def rereading(result: ReanalysisResult, lang: str = "en") -> Layers:
    """What the verdict rests on: lost units by segment, effect by age,
    or the course against its boundary."""
    draw = {"srm": _lost, "novelty": _ages}.get(result.verdict, _curve)
    return draw(result, lang).properties(width=WIDTH, title=head(result, lang))


def _lost(result: ReanalysisResult, lang: str) -> Layers:
    table = result.segments.head(12)
    named = table.assign(name=table["dimension"] + " = " + table["value"])
    axis = label("rereading.ratio", lang)
    return _ratios(named, (table["q"] <= 0.05).tolist(), axis, result, lang)


def _ratios(table: pd.DataFrame, lost: list[bool], axis: str, result: Result, lang: str) -> Layers:
    """Ratios of units with intervals, one row per `name`; the line is the declared ratio."""
    table = table[["name", "low", "high"]].assign(
        value=table["ratio"],
        text=[number(r, lang) for r in table["ratio"]],
        tone=[BAD if bad else QUIET for bad in lost],
    )
    return rows(table, across(axis, "number", lang), head(result, lang), zero=1.0)


def _aged(title: str, lang: str) -> alt.X:
    scale = alt.Scale(zero=False, nice=False, padding=12)
    x = across(title, "number", lang, field="age", scale=scale)
    x.axis.tickMinStep = 1  # type: ignore[union-attr]  # an axis by construction
    return x


def _ages(result: ReanalysisResult, lang: str) -> Layers:
    base = alt.Chart(result.ages)
    x = _aged(label("rereading.age", lang), lang)
    axis, unit = ("effect", "points") if result.share else ("effect_amount", "signed")
    bars = base.mark_rule(color=PALETTE[0], strokeWidth=3)
    bars = bars.encode(
        x=x,
        y=up(label(f"rereading.{axis}", lang), unit, lang, field="low"),
        y2=alt.Y2("high:Q"),
    )
    points = base.mark_point(filled=True, size=90, opacity=1, color=PALETTE[0]).encode(
        x=x, y=alt.Y("effect:Q")
    )
    zero = (
        alt.Chart(pd.DataFrame({"y": [0.0]}))
        .mark_rule(color=NEUTRAL, strokeDash=[4, 3])
        .encode(y=alt.Y("y:Q"))
    )
    return alt.layer(zero, bars, points)


def _curve(result: ReanalysisResult, lang: str) -> Layers:
    table = result.curve.assign(lower=-result.curve["bound"])
    x = over(lang)
    base = alt.Chart(table)
    z = base.mark_line(color=PALETTE[0], strokeWidth=2.5).encode(
        x=x, y=up(label("rereading.z", lang), "number", lang, field="z")
    )
    edges = [
        base.mark_line(
            color=BAD, strokeDash=[5, 3], point=alt.OverlayMarkDef(color=BAD, size=12)
        ).encode(x=x, y=alt.Y(c))
        for c in ("bound:Q", "lower:Q")
    ]
    # The boundary is named on the side on which nothing was decided, so that two texts never meet.
    above = bool((table.loc[table["decided"], "z"] < 0).any())
    named = base.transform_filter("isValid(datum.bound)").mark_text(color=BAD, dx=10, align="left")
    named = named.encode(
        x=alt.X("min(day):T"),
        y=alt.Y("max(bound):Q" if above else "min(lower):Q"),
        text=alt.value(label("rereading.boundary", lang)),
    )
    day = base.transform_filter("datum.decided")
    mark = day.mark_point(filled=True, size=130, opacity=1, color=PALETTE[1]).encode(
        x=x, y=alt.Y("z:Q")
    )
    word = day.mark_text(dy=18, color=PALETTE[1]).encode(
        x=x, y=alt.Y("z:Q"), text=alt.value(label("rereading.decided", lang))
    )
    return alt.layer(*edges, z, named, mark, word).properties(height=260)
