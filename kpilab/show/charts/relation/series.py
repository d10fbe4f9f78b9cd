"""Small multiples of the goal and the KPIs over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show import say
from kpilab.show.say import label
from kpilab.show.theme import INK, MUTED, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.rootcause.expected import ExpectedResult
    from kpilab.core.result import Result

WIDTH, HEIGHT = 300, 110
SHOWN = 3 * 366  # days; a page holds the charts of many findings
# Thousands as 2k; a rate stays 0.4 and is not 400m.
NUMBER = "abs(datum.value) < 1 ? format(datum.value, '.3~f') : format(datum.value, '.3~s')"


def history(result: Result, lang: str = "en") -> alt.FacetChart:
    """One panel per metric, the goal first; baseline grey, current blue,
    a dashed line at each period's mean."""
    names = list(dict.fromkeys(result.table["metric"]))
    colour = alt.Scale(domain=["baseline", "current"], range=[QUIET, PALETTE[0]])
    legend = alt.Legend(
        orient="top",
        title=None,
        labelExpr=f"datum.value === 'current' ? '{_now(lang)}' : '{_then(lang)}'",
    )
    tip = [
        alt.Tooltip("metric:N", title=label("report.metric", lang)),
        alt.Tooltip("date:T", title=label("report.when", lang)),
        alt.Tooltip("value:Q", title=label("report.value", lang), format=",.4~g"),
    ]
    base = alt.Chart(result.table)
    day = alt.X("date:T", title=None, axis=alt.Axis(grid=False, tickCount=5))
    value = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=4, labelExpr=NUMBER))
    line = base.mark_line(strokeWidth=1.6).encode(
        x=day, y=value, color=alt.Color("period:N", scale=colour, legend=legend), tooltip=tip
    )
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
        alt.layer(line, mean, data=result.table)
        .properties(width=WIDTH, height=HEIGHT)
        .facet(facet=alt.Facet("metric:N", sort=names, header=header), columns=2)
        .resolve_scale(y="independent")
        .properties(title=say(result.headline, lang))
    )


def _now(lang: str) -> str:
    return label("report.current", lang)


def _then(lang: str) -> str:
    return label("report.baseline", lang)


def expected(result: ExpectedResult, lang: str = "en") -> alt.LayerChart:
    """The goal over its last three years, the current period blue over what the history says."""
    colour = alt.Scale(domain=["baseline", "current"], range=[MUTED, PALETTE[0]])
    tip = [
        alt.Tooltip("date:T", title=label("report.when", lang)),
        alt.Tooltip("value:Q", title=label("report.value", lang), format=",.4~g"),
        alt.Tooltip("expected:Q", title=label("report.expected", lang), format=",.4~g"),
    ]
    base = alt.Chart(result.course.tail(SHOWN)).encode(
        alt.X("date:T", title=None, axis=alt.Axis(grid=False, tickCount=6))
    )
    value = alt.Y("value:Q", title=None, axis=alt.Axis(tickCount=5, labelExpr=NUMBER))
    now = base.transform_filter("isValid(datum.expected)")
    band = now.mark_area(opacity=0.25, color=PALETTE[0]).encode(y="low:Q", y2="high:Q")
    middle = now.mark_line(strokeDash=[5, 3], color=INK, strokeWidth=1.2).encode(y="expected:Q")
    whole = base.mark_line(strokeWidth=1.2, color=QUIET).encode(y=value, tooltip=tip)
    line = (
        base.transform_filter("datum.period !== ''")
        .mark_line(strokeWidth=1.4)
        .encode(y=value, color=alt.Color("period:N", scale=colour, legend=None), tooltip=tip)
    )
    return alt.LayerChart(
        layer=[whole, band, line, middle],
        title=say(result.headline, lang),
        width=2 * WIDTH,
        height=2 * HEIGHT,
    )
