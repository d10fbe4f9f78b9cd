"""A waterfall lying on its side: two labelled totals, between them a bar per step."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import Form, across
from kpilab.show.charts.rows import MARK, WIDTH, laid, place, tall, words
from kpilab.show.theme import AXIS, INK, MUTED

# Below this part of the larger total the steps could hardly be seen on an axis from zero.
SEEN = 0.12


def waterfall(
    steps: pd.DataFrame,
    totals: pd.DataFrame,
    title: alt.TitleParams | str = "",
    *,
    unit: str | None = None,
    lang: str = "en",
    tips: Mapping[str, str] | None = None,
    form: Form = "number",
) -> alt.LayerChart:
    """From the first total to the last, one bar with its interval per step.

    Args:
        steps: columns `name`, `amount`, `low`, `high` (of the amount; NaN where unknown), `text`,
            `tone`.
        totals: two rows; columns `name`, `value`, `text`.
        title: the headline.
        unit: title of the axis.
        lang: of the axis.
        tips: titles of columns that pointing at a bar shows.
        form: how the axis writes its numbers.
    """
    table = laid(_stepped(steps, totals))
    scale = alt.Scale(domain=_domain(table), nice=False, zero=False)
    x = across(unit, form, lang, field="start", scale=scale)
    base = alt.Chart(table).encode(y=place(table))
    if tips:
        base = base.encode(tooltip=[alt.Tooltip(f"{c}:N", title=t) for c, t in tips.items()])
    bars = base.transform_filter("!datum.total").mark_bar(
        size=MARK - 2, orient="horizontal", cornerRadius=2
    )
    ends = base.transform_filter("datum.total").mark_bar(
        size=MARK, orient="horizontal", color=MUTED, cornerRadius=2
    )
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)").encode(
        x=alt.X("low:Q"), x2="high:Q"
    )
    layers = [
        _links(table),
        bars.encode(x=x, x2="stop:Q", color=alt.Color("tone:N", scale=None, legend=None)),
        *(known.mark_rule(strokeWidth=w, color=c) for w, c in ((4, "white"), (1.5, INK))),
        ends.encode(x=alt.X("floor:Q"), x2="stop:Q"),
        *words(table),
    ]
    return alt.LayerChart(layer=layers, width=WIDTH, height=tall(table), title=title)


def _stepped(steps: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """One row per bar: where it starts and stops, and the ends of its interval."""
    stops = list(accumulate(steps["amount"], initial=float(totals["value"].iloc[0])))
    starts = pd.Series(stops[:-1], index=steps.index, dtype=float)
    moved = steps.assign(
        start=starts,
        stop=stops[1:],
        low=starts + pd.to_numeric(steps["low"]),
        high=starts + pd.to_numeric(steps["high"]),
        total=False,
    )
    ends = totals.assign(start=totals["value"], stop=totals["value"], total=True, tone=INK)
    parts = [part for part in (ends.iloc[:1], moved, ends.iloc[1:]) if len(part)]
    return pd.concat(parts, ignore_index=True)


def _domain(table: pd.DataFrame) -> list[float]:
    """From zero, or from below the steps where they are small beside the totals."""
    held = table[["start", "stop", "low", "high"]]
    low, high = float(held.min().min()), float(held.max().max())
    span = (high - low) or abs(high) or 1.0
    if low <= 0 <= high:
        low, high = low - 0.02 * span * (low < 0), high
    elif span >= SEEN * max(abs(low), abs(high)):
        low, high = min(low, 0.0), max(high, 0.0)
    else:
        low = low - 0.5 * span
    table["floor"] = min(max(0.0, low), high)
    return [low, high + 0.02 * span]


def _links(table: pd.DataFrame) -> alt.Chart:
    """Dashed lines that carry each level down to the next bar."""
    links = table[["stop", "middle"]].assign(until=table["middle"].shift(-1)).dropna()
    links = links.assign(middle=links["middle"] + MARK / 2, until=links["until"] - MARK / 2)
    rule = alt.Chart(links).mark_rule(strokeDash=[2, 2], color=AXIS)
    return rule.encode(x="stop:Q", y=place(table), y2="until:Q")
