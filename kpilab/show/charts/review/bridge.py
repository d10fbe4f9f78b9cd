"""The bridge: from the goal that was expected to the goal in the log, one step per cause."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.format import MISSING, interval, number, signed
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, QUIET

if TYPE_CHECKING:
    from kpilab.core.finding import Review
    from kpilab.core.values import Message

ROW, LABEL = 34, 240


def bridge(review: Review, say: Callable[[Message], str], lang: str = "en") -> alt.LayerChart:
    """A waterfall lying on its side: two marks for expected and logged, a bar with its interval per
    row.

    The axis need not begin at zero: lengths stand for changes, and the two ends are drawn as lines,
    not bars.
    """
    rows = _rows(review, say, lang)
    order = rows["row"].tolist()
    y = alt.Y(
        "row:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=LABEL, labelPadding=8, ticks=False, domain=False),
    )
    tip = [
        alt.Tooltip("label:N", title=label("report.bridge_row", lang)),
        alt.Tooltip("text:N", title=label("report.bridge_amount", lang)),
        alt.Tooltip("interval:N", title=label("report.interval", lang)),
    ]
    x = alt.X(
        "start:Q",
        scale=alt.Scale(zero=False, nice=True, padding=40),
        title=None,
        axis=alt.Axis(tickCount=6),
    )
    base = alt.Chart(rows).encode(y=y, tooltip=tip)
    steps, ends = base.transform_filter("!datum.end"), base.transform_filter("datum.end")
    bars = steps.mark_bar(height=18, cornerRadius=2).encode(
        x=x, x2="stop:Q", color=alt.Color("colour:N", scale=None, legend=None)
    )
    whiskers = (
        steps.transform_filter("isValid(datum.low)")
        .mark_rule(strokeWidth=1.5, color=INK)
        .encode(x=alt.X("low:Q"), x2="high:Q")
    )
    lines = ends.mark_tick(thickness=4, height=26, color=INK).encode(x=x)
    texts = base.mark_text(align="left", dx=8, fontSize=12, color=INK).encode(
        x=alt.X("right:Q"), text="text:N"
    )
    links = (
        alt.Chart(rows[rows["next"].notna()])
        .mark_rule(strokeDash=[2, 2], color=QUIET)
        .encode(x=alt.X("stop:Q"), y=y, y2=alt.Y2("next:N"))
    )
    layers = [links, bars, whiskers, lines, texts]
    return alt.LayerChart(layer=layers, height=ROW * len(rows))


def _rows(review: Review, say: Callable[[Message], str], lang: str) -> pd.DataFrame:
    """One row per bar: where it starts and stops, its interval around the stop, its text."""
    goal = review.goal
    stops = list(accumulate((r.amount for r in review.bridge), initial=goal.expected))
    rows = [_end(label("report.bridge_expected", lang), goal.expected, lang)]
    for k, row in enumerate(review.bridge):
        start, stop = stops[k], stops[k + 1]
        low = None if row.low is None else start + row.low
        high = None if row.high is None else start + row.high
        rows.append(
            {
                "label": say(row.label),
                "start": start,
                "stop": stop,
                "low": low,
                "high": high,
                "right": max(v for v in (start, stop, low, high) if v is not None),
                "text": signed(row.amount, lang),
                "interval": interval((row.low, row.high), lang),
                "colour": (BAD if row.amount < 0 else GOOD) if row.cause is not None else NEUTRAL,
                "end": False,
            }
        )
    rows.append(_end(label("report.bridge_logged", lang), goal.logged, lang))
    table = pd.DataFrame(rows)
    # Two rows may share a label; the axis needs them apart.
    twins = table.groupby("label").cumcount()
    table["row"] = table["label"] + twins.map(lambda k: "\u200b" * k)
    table["next"] = table["row"].shift(-1)
    return table


def _end(name: str, value: float, lang: str) -> dict[str, object]:
    return {
        "label": name,
        "start": value,
        "stop": value,
        "low": None,
        "high": None,
        "right": value,
        "text": number(value, lang),
        "interval": MISSING,
        "colour": INK,
        "end": True,
    }
