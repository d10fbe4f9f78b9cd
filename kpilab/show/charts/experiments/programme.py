"""The chart of a programme: what each shipped test claimed, what lasts, and both sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import signed_percent
from kpilab.show.say import label
from kpilab.show.theme import NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.experiments.programme import ProgrammeResult

MOST = 12  # tests; the largest claims


def programme(result: ProgrammeResult, lang: str = "en") -> alt.LayerChart | alt.FacetChart:
    """What lasts of each shipped test, then the sum as claimed and as it lasts."""
    all_shipped = result.table[result.table["shipped"]]
    shipped = all_shipped.sort_values("effect", ascending=False).head(MOST)
    each = pd.DataFrame({
        "name": shipped["test"], "value": shipped["lasts"], "low": shipped["lasts_low"],
        "high": shipped["lasts_high"], "tone": QUIET,
    })  # fmt: skip
    total = label("programme.sum", lang)
    sums = [
        {"name": f"{total}: {label(f'programme.{key}', lang)}", "value": e.value, "low": e.low,
         "high": e.high, "tone": tone}
        for key, e, tone in (
            ("read", result.claimed, NEUTRAL), ("weighed", result.total, PALETTE[0]),
        )
    ]  # fmt: skip
    table = pd.concat([pd.DataFrame(sums), each], ignore_index=True)
    table["text"] = [signed_percent(v, lang) for v in table["value"]]
    x = across(label("programme.axis", lang), "signed_percent", lang)
    return rows(table, x, head(result, lang, shipped, of=all_shipped))
