"""Charts of what a KPI does to its goal: conflicts, a relation that changed, a jump without
results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, signed_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, NEUTRAL, PALETTE

if TYPE_CHECKING:
    from kpilab.analysis.relation.conflicts import ConflictsResult
    from kpilab.analysis.relation.goodhart import GoodhartResult
    from kpilab.analysis.relation.hollow_growth import HollowGrowthResult

MOST, STEEP = 12, 5.0


def conflicts(result: ConflictsResult, lang: str = "en") -> alt.LayerChart:
    """What one per cent of a KPI costs the goal, per lever."""
    found = result.table.head(MOST)
    table = pd.DataFrame(
        {
            "name": found["kpi"].astype(str) + " · " + found["lever"].astype(str),
            "value": -found["cost"],
            "text": [percent(-c, lang) for c in found["cost"]],
            "tone": BAD,
        }
    )
    x = across(label("conflicts.axis", lang), "percent", lang)
    return rows(table, x, head(result, lang, found), mark="bar")


def goodhart(result: GoodhartResult, lang: str = "en") -> alt.LayerChart:
    """The goal per unit of the KPI before and after it became a target."""
    found = result.table
    table = found[["low", "high"]].assign(
        name=[label(f"goodhart.{part}", lang) for part in ("before", "after")],
        value=found["slope"],
        text=[number(s, lang) for s in found["slope"]],
        tone=[NEUTRAL, PALETTE[0]],
    )
    x = across(label("goodhart.axis", lang), "number", lang)
    return rows(table, x, head(result, lang))


def surge(result: HollowGrowthResult, lang: str = "en") -> alt.LayerChart:
    """The KPI's change over all and in its segments, with intervals; below, what should have
    followed."""
    found = result.table
    # From next to nothing a value rises by so much that nothing else could be read.
    there = result.where.values if result.where else {}
    kept = [v in there.get(d, ()) for d, v in zip(found["dimension"], found["value"], strict=True)]
    found = found[(found["change"] <= STEEP) | pd.Series(kept, found.index)].head(MOST)
    names = [
        f"{d} = {v}" if d else label("surge.total", lang)
        for d, v in zip(found["dimension"], found["value"], strict=True)
    ]
    parts = [found[["change", "low", "high"]].assign(name=names, tone=PALETTE[0])]
    if len(result.downstream):
        after = result.downstream
        parts.append(after[["change", "low", "high"]].assign(name=after["series"], tone=NEUTRAL))
    table = pd.concat(parts, ignore_index=True).rename(columns={"change": "value"})
    table = table[table["value"].notna()]
    table["text"] = [signed_percent(v, lang) for v in table["value"]]
    x = across(label("report.change_axis", lang), "signed_percent", lang)
    return rows(table, x, head(result, lang, found))
