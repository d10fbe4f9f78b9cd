"""The chart of last resort: first text column against first number column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.words import head

if TYPE_CHECKING:
    from kpilab.core.result import Result

MOST_BARS = 40


def plain(result: Result, lang: str = "en") -> alt.Chart:
    """Bars of the first numeric column; at most 40 rows."""
    table = result.table.head(MOST_BARS).reset_index(drop=True)
    numbers = [c for c in table.columns if pd.api.types.is_numeric_dtype(table[c])]
    labels = [c for c in table.columns if c not in numbers]
    if not numbers:
        return (
            alt.Chart(pd.DataFrame({"rows": [len(result.table)]})).mark_text().encode(text="rows:Q")
        )
    if not labels:
        table, labels = table.assign(row=range(1, len(table) + 1)), ["row"]
    # Only what is drawn goes along: other columns may hold what a chart cannot take (days,
    # messages).
    table = table[[labels[0], numbers[0]]].assign(**{labels[0]: table[labels[0]].astype(str)})
    return (
        alt.Chart(table, title=head(result, lang, table))
        .mark_bar()
        .encode(y=alt.Y(f"{labels[0]}:N", sort=None, title=None), x=alt.X(f"{numbers[0]}:Q"))
    )
