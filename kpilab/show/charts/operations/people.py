"""Charts of targets and people: shares, pace, bonus, claims, the chain of KPIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.words import head
from kpilab.show.format import percent, whole_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, MUTED, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.execution.claims import ClaimsResult
    from kpilab.analysis.operations.incentives import IncentivesResult
    from kpilab.analysis.operations.pace import PaceResult
    from kpilab.analysis.operations.targets import TargetsResult
    from kpilab.analysis.relation.kpi_cascade import KpiCascadeResult

MOST_UNITS = 30
WIDE, ROW = 560, 22
TONES = {"ahead": GOOD, "reached": GOOD, "behind": BAD, "missed": BAD, "open": NEUTRAL}


def targets(result: TargetsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Share (tick) of each lowest unit beside what is expected without change (point, 80 % line);
    chance in words."""
    table = result.leaves.head(MOST_UNITS).copy()
    table["name"] = table["path"].map(" · ".join)
    table["said"] = [whole_percent(c, lang) for c in table["chance"]]
    table["right"] = table[["high", "target"]].max(axis=1)
    base = alt.Chart(table).encode(y=alt.Y("name:N", sort=table["name"].tolist(), title=None))
    x = alt.X("usual:Q", title=label("targets.axis", lang))
    tone = alt.condition("datum.capped", alt.value(BAD), alt.value(INK))
    parts = [
        base.mark_rule(strokeWidth=2, color=PALETTE[0]).encode(x="low:Q", x2="high:Q"),
        base.mark_point(filled=True, size=60, color=PALETTE[0], opacity=1).encode(x=x),
        base.mark_tick(thickness=3, size=15).encode(x="target:Q", color=tone),
        base.mark_text(align="left", dx=6, color=MUTED).encode(x="right:Q", text="said:N"),
    ]
    legend = f"● {label('targets.usual', lang)}   | {label('targets.target', lang)}"
    return _sized(alt.layer(*parts), len(table), head(result, lang).text, legend)


def pace(result: PaceResult, lang: str = "en") -> alt.TopLevelMixin:
    """So far (bar), due by now (tick), expected end with 80 % line,
    all as a share of the target."""
    table = result.table.head(MOST_UNITS).copy()
    for name in ("value", "due", "end", "low", "high"):
        table[name] = table[name] / table["target"]
    table["said"] = [label(f"pace.{s}", lang) for s in table["standing"]]
    table["tone"], table["right"] = (
        table["standing"].map(TONES),
        table[["high", "value"]].max(axis=1),
    )
    base = alt.Chart(table).encode(y=alt.Y("unit:N", sort=table["unit"].tolist(), title=None))
    tone = alt.Color("tone:N", scale=None, legend=None)
    x = alt.X("value:Q", title=label("pace.axis", lang), axis=alt.Axis(format="%"))
    goal = (
        alt.Chart(pd.DataFrame({"x": [1.0]}))
        .mark_rule(strokeDash=[4, 3], color=MUTED)
        .encode(x="x:Q")
    )
    parts = [
        base.mark_bar(height=10, color=QUIET).encode(x=x),
        base.mark_tick(thickness=2, size=15, color=INK).encode(x="due:Q"),
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=tone),
        base.mark_point(filled=True, size=60, opacity=1).encode(x="end:Q", color=tone),
        base.mark_text(align="left", dx=6).encode(x="right:Q", text="said:N", color=tone),
        goal,
    ]
    return _sized(alt.layer(*parts), len(table), head(result, lang).text)


def incentives(result: IncentivesResult, lang: str = "en") -> alt.TopLevelMixin:
    """What one per cent more is worth to each unit; grey where the bonus moves nobody.
    Chance of the tiers in words."""
    table = result.table.head(MOST_UNITS).copy()
    names = [t.name for t in result.tiers]
    table["said"] = [
        " · ".join(f"{n} {percent(round(row[n], 2), lang).replace('.0', '')}" for n in names)
        for row in table.to_dict("records")
    ]
    base = alt.Chart(table).encode(y=alt.Y("unit:N", sort=table["unit"].tolist(), title=None))
    tone = alt.condition("datum.moved", alt.value(PALETTE[0]), alt.value(QUIET))
    x = alt.X("marginal:Q", title=label("incentives.axis", lang))
    said = base.mark_text(align="left", dx=6, color=MUTED).encode(x="marginal:Q", text="said:N")
    return _sized(
        alt.layer(base.mark_bar(height=12).encode(x=x, color=tone), said),
        len(table),
        head(result, lang).text,
    )


def claims(result: ClaimsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Claimed (bar) against wanted (tick) per part, with the names of those who claim it."""
    table = result.table.head(MOST_UNITS).copy()
    table["said"] = table["actors"].map(", ".join)
    table["right"] = table[["claimed", "wanted"]].max(axis=1)
    table["off"] = (table["gap"] > 0) | (table["overlap"] > 0)
    base = alt.Chart(table).encode(y=alt.Y("part:N", sort=table["part"].tolist(), title=None))
    tone = alt.condition("datum.off", alt.value(BAD), alt.value(PALETTE[0]))
    parts = [
        base.mark_bar(height=12).encode(
            x=alt.X("claimed:Q", title=label("claims.axis", lang)), color=tone
        ),
        base.mark_tick(thickness=3, size=16, color=INK).encode(x="wanted:Q"),
        base.mark_text(align="left", dx=6, color=MUTED).encode(x="right:Q", text="said:N"),
    ]
    legend = f"▬ {label('claims.claimed', lang)}   | {label('claims.wanted', lang)}"
    return _sized(alt.layer(*parts), len(table), head(result, lang).text, legend)


def levels(result: KpiCascadeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Each KPI with the way up to the goal; red where something breaks the chain."""
    broken = set(result.table["kpi"])
    said = result.table.groupby("kpi")["trouble"].agg(
        lambda t: " · ".join(label(f"levels.{x}", lang) for x in t)
    )
    rows = [
        {
            "kpi": row["kpi"],
            "text": " → ".join((row["kpi"], *row["serves"]))
            + (f"   {said[row['kpi']]}" if row["kpi"] in broken else ""),
            "off": row["kpi"] in broken,
        }
        for row in result.chain.to_dict("records")
    ]
    base = alt.Chart(pd.DataFrame(rows)).encode(y=alt.Y("kpi:N", sort=None, title=None, axis=None))
    tone = alt.condition("datum.off", alt.value(BAD), alt.value(INK))
    text = base.mark_text(align="left").encode(x=alt.value(4), text="text:N", color=tone)
    return _sized(text, len(rows), head(result, lang).text)


def _sized(
    chart: alt.TopLevelMixin, rows: int, title: object, legend: str = ""
) -> alt.TopLevelMixin:
    parameters = alt.TitleParams(title, subtitle=legend) if legend else alt.TitleParams(title)  # type: ignore[arg-type]
    return chart.properties(width=WIDE, height=ROW * max(rows, 1), title=parameters)
