"""Charts against what would have happened: a counterfactual,
and our own series beside the market."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import pandas as pd

from kpilab.show.charts.axes import across, over, up
from kpilab.show.charts.relation.pairs import WIDTH
from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import MARKET, NEUTRAL, PALETTE

if TYPE_CHECKING:
    from kpilab.analysis.external.counterfactual import CounterfactualResult
    from kpilab.analysis.external.market import MarketResult


def counterfactual(result: CounterfactualResult, lang: str = "en") -> alt.TopLevelMixin:
    """Actual course and course without the change, with the calibrated band after it."""
    table = result.table.copy()
    dated = pd.api.types.is_datetime64_any_dtype(table["time"])
    x = over(lang, field="time") if dated else across(None, "number", lang, field="time")
    if not dated:
        x.axis.labelExpr = "format(datum.value, 'd')"  # type: ignore[union-attr]  # years
    lines = {
        "actual": label("counterfactual.actual", lang),
        "expected": label("counterfactual.expected", lang),
    }
    title = head(result, lang)
    return _against(
        table,
        x,
        lines,
        (PALETTE[0], PALETTE[1]),
        title,
        result.table["time"][result.table["after"]].iloc[0],
        lang,
    )


def market(result: MarketResult, lang: str = "en") -> alt.TopLevelMixin:
    """Our own series and the market, both 100 in the baseline; the current period is shaded."""
    frame = result.series
    table = pd.DataFrame({"time": frame["date"]})
    for column, source in (("actual", "own"), ("expected", "market")):
        table[column] = 100 * np.exp(frame[source] - frame.loc[frame["base"], source].mean())
    table["low"] = table["high"] = np.nan
    lines = {
        "actual": label("market.own_line", lang),
        "expected": label("market.market_line", lang),
    }
    title = head(result, lang)
    return _against(
        table,
        over(lang, field="time"),
        lines,
        (PALETTE[0], MARKET),
        title,
        frame.loc[frame["now"], "date"].iloc[0],
        lang,
    )


def _against(
    table: pd.DataFrame,
    x: alt.X,
    lines: dict[str, str],
    colours: tuple[str, str],
    title: alt.TitleParams,
    since: object,
    lang: str,
) -> alt.TopLevelMixin:
    y = up(None, "number", lang)
    long = table.melt("time", list(lines), var_name="line", value_name="value")
    long["line"] = long["line"].map(lines)
    names = list(lines.values())
    scale = alt.Scale(domain=names, range=list(colours))
    # A legend on top, not labels at the ends: the two ends often meet.
    colour = alt.Color(
        "line:N", scale=scale, legend=alt.Legend(title=None, orient="top", symbolType="stroke")
    )
    drawn = alt.Chart(long, title=title).mark_line(strokeWidth=2.2).encode(x=x, y=y, color=colour)
    start = (
        alt.Chart(pd.DataFrame({"time": [since]}))
        .mark_rule(strokeDash=[4, 3], color=NEUTRAL)
        .encode(x=x)
    )
    layers: list[alt.Chart] = [start, drawn]
    known = table.dropna(subset=["low"])
    if len(known):
        band = alt.Chart(known).mark_area(color=colours[1], opacity=0.18)
        layers.insert(0, band.encode(x=x, y=up(None, "number", lang, field="low"), y2="high:Q"))
    return alt.layer(*layers).properties(width=WIDTH, height=260)
