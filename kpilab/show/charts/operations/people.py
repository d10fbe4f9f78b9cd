"""Charts of targets and people: shares, pace, bonus, claims, the chain of KPIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import WIDTH, laid, place, rows, tall, words
from kpilab.show.charts.words import head
from kpilab.show.format import items, percent, whole_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.execution.claims import ClaimsResult
    from kpilab.analysis.operations.incentives import IncentivesResult
    from kpilab.analysis.operations.pace import PaceResult
    from kpilab.analysis.operations.targets import TargetsResult
    from kpilab.analysis.relation.kpi_cascade import KpiCascadeResult

MOST_UNITS = 30
TONES = {"ahead": GOOD, "reached": GOOD, "behind": BAD, "missed": BAD, "open": NEUTRAL}


def targets(result: TargetsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Share (tick) of each lowest unit beside what is expected without change (point, 80 % line);
    chance in words."""
    found = result.leaves.head(MOST_UNITS)
    table = found[["low", "high"]].assign(
        name=found["path"].map(" · ".join),
        value=found["usual"],
        tick=found["target"],
        text=[
            label("targets.said", lang, target=t, chance=c)
            for t, c in zip(found["target"], found["chance"], strict=True)
        ],
        tone=PALETTE[0],
    )
    legend = f"● {label('targets.usual', lang)}   | {label('targets.target', lang)}"
    x = across(label("targets.axis", lang), "number", lang)
    return rows(table, x, head(result, lang, found, of=result.leaves, key=legend), zero=None)


def pace(result: PaceResult, lang: str = "en") -> alt.TopLevelMixin:
    """So far (ring), due by now (tick), expected end with 80 % line,
    all as a share of the target."""
    found = result.table.head(MOST_UNITS)
    shares = {n: found[n] / found["target"] for n in ("value", "due", "end", "low", "high")}
    table = pd.DataFrame(
        {
            "name": found["unit"].astype(str),
            "value": shares["end"],
            "low": shares["low"],
            "high": shares["high"],
            "hollow": shares["value"],
            "tick": shares["due"],
            "text": [
                f"{percent(e, lang)} · {label(f'pace.{s}', lang)}"
                for e, s in zip(shares["end"], found["standing"], strict=True)
            ],
            "tone": found["standing"].map(TONES),
        }
    )
    x = across(label("pace.axis", lang), "percent", lang)
    return rows(
        table,
        x,
        head(result, lang, found, key=label("pace.key", lang)),
        zero=1.0,
    )


def incentives(result: IncentivesResult, lang: str = "en") -> alt.TopLevelMixin:
    """What one per cent more is worth to each unit; grey where the bonus moves nobody.
    Chance of the tiers in words."""
    found = result.table.head(MOST_UNITS)
    names = [t.name for t in result.tiers]
    table = pd.DataFrame(
        {
            "name": found["unit"].astype(str),
            "value": found["marginal"],
            "text": [
                " · ".join(f"{n} {whole_percent(row[n], lang)}" for n in names)
                for row in found.to_dict("records")
            ],
            "tone": [PALETTE[0] if m else QUIET for m in found["moved"]],
        }
    )
    x = across(label("incentives.axis", lang), "number", lang)
    return rows(table, x, head(result, lang, found), mark="bar")


def claims(result: ClaimsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Claimed (bar) against wanted (tick) per part, with the names of those who claim it."""
    found = result.table.head(MOST_UNITS)
    off = (found["gap"] > 0) | (found["overlap"] > 0)
    table = pd.DataFrame(
        {
            "name": found["part"].astype(str),
            "value": found["claimed"],
            "tick": found["wanted"],
            "text": [items(a, lang) for a in found["actors"]],
            "tone": [BAD if o else PALETTE[0] for o in off],
        }
    )
    legend = f"▬ {label('claims.claimed', lang)}   | {label('claims.wanted', lang)}"
    x = across(label("claims.axis", lang), "number", lang)
    return rows(table, x, head(result, lang, found, key=legend), mark="bar")


def levels(result: KpiCascadeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Each KPI with the way up to the goal; red where something breaks the chain."""
    broken = set(result.table["kpi"])
    said = result.table.groupby("kpi")["trouble"].agg(
        lambda t: " · ".join(label(f"levels.{x}", lang) for x in t)
    )
    found = [
        {
            "name": " → ".join((row["kpi"], *row["serves"])),
            "text": said[row["kpi"]] if row["kpi"] in broken else "",
            "tone": BAD if row["kpi"] in broken else INK,
        }
        for row in result.chain.to_dict("records")
    ]
    table = laid(pd.DataFrame(found))
    dots = alt.Chart(table).encode(y=place(table), x=alt.value(6))
    marks = dots.mark_point(filled=True, size=70, opacity=1)
    layers = [marks.encode(color=alt.Color("tone:N", scale=None, legend=None)), *words(table)]
    title = head(result, lang)
    return alt.LayerChart(layer=layers, width=WIDTH, height=tall(table), title=title)
