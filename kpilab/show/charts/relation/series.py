"""Small multiples of the goal and the KPIs over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import dated, over, up
from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import INK, MUTED, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.core.result import Result

WIDTH, HEIGHT = 300, 110
MOST_DAYS = 200
SHOWN = 3 * 366  # days; a page holds the charts of many findings


def history(result: Result, lang: str = "en") -> alt.FacetChart:
    """One panel per metric, the goal first; baseline grey, current blue,
    a dashed line at each period's mean."""
    names = list(dict.fromkeys(result.table["metric"]))
    said = {p: label(f"report.{p}", lang) for p in ("baseline", "current")}
    table = result.table.assign(period=result.table["period"].map(said))
    colour = alt.Color(
        "period:N",
        scale=alt.Scale(domain=list(said.values()), range=[QUIET, PALETTE[0]]),
        legend=alt.Legend(orient="top", title=None),
    )
    tip = [
        alt.Tooltip("metric:N", title=label("report.metric", lang)),
        alt.Tooltip("date:T", title=label("report.when", lang)),
        alt.Tooltip("value:Q", title=label("report.value", lang), format=",.4~g"),
    ]
    base = alt.Chart(table)
    axis = alt.Axis(labelExpr=dated(lang), grid=False, tickCount=3)
    day, value = alt.X("date:T", title=None, axis=axis), up(None, "number", lang)
    line = base.mark_line(strokeWidth=1.6).encode(x=day, y=value, color=colour, tooltip=tip)
    mean = (
        base.transform_aggregate(
            first="min(date)", last="max(date)", value="mean(value)", groupby=["metric", "period"]
        )
        .mark_rule(strokeDash=[5, 3], color=MUTED, strokeWidth=1.2)
        .encode(x="first:T", x2="last:T", y="value:Q")
    )
    header = alt.Header(
        title=None, labelAnchor="start", labelFontWeight=600, labelFontSize=12, labelColor=INK
    )
    return (
        alt.layer(line, mean, data=table)
        .properties(width=WIDTH, height=HEIGHT)
        .facet(facet=alt.Facet("metric:N", sort=names, header=header), columns=2)
        .resolve_scale(y="independent")
        .properties(title=head(result, lang))
    )


def expected(result: Result, lang: str = "en", target: float | None = None) -> alt.LayerChart:
    """The goal over its last three years: what came before grey, the current period blue over what
    the history says, and its target where one is given."""
    keys = {"before": NEUTRAL, "current_line": PALETTE[0], "expected_line": PALETTE[1]}
    keys |= {} if target is None else {"target_line": PALETTE[2]}
    names = {k: label(f"report.{k}", lang) for k in keys}
    colour = alt.Color(
        "line:N",
        scale=alt.Scale(domain=list(names.values()), range=list(keys.values())),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke", labelLimit=0, columns=2),
    )
    course = _weekly(result.course.tail(SHOWN))  # type: ignore[attr-defined]  # an ExpectedResult
    now = course["period"] == "current"
    before = course[~now].assign(line=names["before"])
    current = course[now].assign(line=names["current_line"])
    forecast = course[course["expected"].notna()].assign(line=names["expected_line"])
    tip = [
        alt.Tooltip("date:T", title=label("report.when", lang)),
        alt.Tooltip("value:Q", title=label("report.value", lang), format=",.4~g"),
        alt.Tooltip("expected:Q", title=label("report.expected_line", lang), format=",.4~g"),
    ]
    x, y = over(lang, field="date"), up(None, "number", lang, zero=True)
    band = alt.Chart(forecast).mark_area(opacity=0.18, color=PALETTE[1])
    layers = [
        band.encode(x=x, y=up(None, "number", lang, field="low", zero=True), y2="high:Q"),
        alt.Chart(before).mark_line(strokeWidth=1.2).encode(x=x, y=y, color=colour, tooltip=tip),
        alt.Chart(forecast)
        .mark_line(strokeDash=[5, 3], strokeWidth=1.6)
        .encode(x=x, y=alt.Y("expected:Q"), color=colour),
        alt.Chart(current).mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour, tooltip=tip),
    ]
    if target is not None:
        aim = current[["date"]].assign(value=target, line=names["target_line"])
        layers.append(alt.Chart(aim).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour))
    return alt.LayerChart(
        layer=layers, title=head(result, lang), width=2 * WIDTH, height=2 * HEIGHT
    )


def _weekly(course: pd.DataFrame) -> pd.DataFrame:
    """Means of weeks counted from the first day of the current period, where days would be a
    blur."""
    now = course.loc[course["period"] == "current", "date"]
    if len(course) <= MOST_DAYS or now.empty:
        return course
    weeks = (pd.to_datetime(course["date"]) - pd.Timestamp(now.iloc[0])).dt.days // 7
    held = dict.fromkeys(("value", "expected", "low", "high"), "mean")
    return course.groupby(weeks).agg({"date": "first", "period": "first"} | held)
