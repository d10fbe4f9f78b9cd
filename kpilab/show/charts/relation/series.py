"""Small multiples of the goal and the KPIs over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show import say
from kpilab.show.say import label
from kpilab.show.theme import INK, MUTED, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.core.result import Result

WIDTH, HEIGHT = 300, 110
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
