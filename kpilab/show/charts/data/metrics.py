"""Charts of the metric centre: which columns feed which metric, and which KPI is SMART."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.core.result import Result

CRITERIA = ("specific", "measurable", "achievable", "ambitious", "relevant", "time_bound")
MOST, WIDTH = 40, 560
SLANTED = alt.Axis(labelAngle=-90, labelAlign="left", orient="top")


def registry(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """A dot where a metric reads a column of a table."""
    found = result.table.head(MOST)
    rows = [
        {
            "metric": row["metric"],
            "column": f"{row['table']}.{column}",
            "definition": row["definition"],
        }
        for row in found.to_dict("records")
        for column in row["columns"]
    ]
    base = alt.Chart(
        pd.DataFrame(rows, columns=["metric", "column", "definition"]),
        title=head(result, lang, found),
    )
    return base.mark_circle(size=90, opacity=1, color=PALETTE[0]).encode(
        x=alt.X(
            "column:N",
            title=label("registry.column", lang),
            axis=alt.Axis(labelAngle=-40, grid=True),
        ),
        y=alt.Y(
            "metric:N", sort=None, title=label("registry.metric", lang), axis=alt.Axis(grid=True)
        ),
        tooltip=["metric:N", "column:N", "definition:N"],
    )


def smart(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """One cell per KPI and criterion: met, not met, or not to be told."""
    words = {
        True: label("smart.yes", lang),
        False: label("smart.no", lang),
        None: "?",
    }
    order = [label(f"smart.{c}", lang) for c in CRITERIA]
    found = result.table.head(MOST)
    rows = [
        {"kpi": row["kpi"], "criterion": label(f"smart.{c}", lang), "answer": words[row[c]]}
        for row in found.to_dict("records")
        for c in CRITERIA
    ]
    base = alt.Chart(pd.DataFrame(rows), title=head(result, lang, found)).encode(
        # Slanted, the heads have room on a phone as well.
        x=alt.X("criterion:N", sort=order, title=None, axis=SLANTED),
        y=alt.Y("kpi:N", sort=None, title=None),
    )
    scale = alt.Scale(domain=list(words.values()), range=[GOOD, BAD, QUIET])
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("answer:N", scale=scale, legend=None)
    )
    return (cells + base.mark_text().encode(text="answer:N")).properties(
        width=WIDTH, height=alt.Step(30)
    )
