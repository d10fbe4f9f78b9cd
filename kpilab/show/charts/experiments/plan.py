"""The charts of a plan: units by effect, the chance to find it, and what each week finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across, up
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, signed_percent
from kpilab.show.say import label
from kpilab.show.theme import INK, NEUTRAL, PALETTE

if TYPE_CHECKING:
    from kpilab.analysis.experiments.plan import PlanResult

WIDTH, HEIGHT = 460, 200
Layers: TypeAlias = alt.LayerChart | alt.FacetChart


def plan(result: PlanResult, lang: str = "en") -> alt.VConcatChart:
    """Units needed by the effect to be found, power by units, and the smallest effect by week."""
    parts: list[Layers] = [_needed(result, lang), _power(result, lang)]
    parts += [_weeks(result, lang)] if len(result.weeks) else []
    return alt.vconcat(*parts, spacing=24)


def _needed(result: PlanResult, lang: str) -> Layers:
    found = result.table[result.table["units"].notna()]
    table = pd.DataFrame(
        {
            "name": [signed_percent(e, lang) for e in found["effect"]],
            "value": found["units"],
            "text": [number(round(u), lang) for u in found["units"]],
            "tone": PALETTE[0],
        }
    )
    title = head(result, lang, key=label("plan.effect", lang))
    return rows(table, across(label("plan.units", lang), "number", lang), title, mark="bar")


def _power(result: PlanResult, lang: str) -> Layers:
    """A line per effect, named where it ends, and the chance that was asked for."""
    table = result.curve.dropna()
    table = table.assign(name=[signed_percent(e, lang) for e in table["effect"]])
    log = alt.Scale(type="log", nice=False)
    x = across(label("plan.total", lang), "number", lang, field="units", scale=log)
    y = up(label("plan.chance", lang), "percent", lang, field="power", zero=True)
    base = alt.Chart(table)
    lines = base.mark_line(color=PALETTE[0], strokeWidth=2).encode(x=x, y=y, detail="name:N")
    # A line is named where it is halfway up, as all of them end near 100 %.
    middle = (table["power"] - 0.5).abs().groupby(table["name"]).idxmin()
    names = alt.Chart(table.loc[middle]).mark_text(align="right", dx=-6, dy=-6, color=INK)
    names = names.encode(x=x, y=y, text="name:N")
    wanted = alt.Chart(pd.DataFrame({"power": [result.power]}))
    rule = wanted.mark_rule(color=NEUTRAL, strokeDash=[4, 3]).encode(y="power:Q")
    return alt.layer(rule, lines, names).properties(
        width=WIDTH, height=HEIGHT, title=label("plan.curve", lang)
    )


def _weeks(result: PlanResult, lang: str) -> Layers:
    table = result.weeks.dropna()
    table = table.assign(said=[percent(v, lang) for v in table["smallest"]])
    weeks = alt.Scale(zero=False, nice=False, padding=24)
    x = across(label("plan.week", lang), "number", lang, field="week", scale=weeks)
    x.axis.values = table["week"].tolist()  # type: ignore[union-attr]  # an axis by construction
    y = up(label("plan.smallest", lang), "percent", lang, field="smallest")
    base = alt.Chart(table)
    line = base.mark_line(color=PALETTE[0], strokeWidth=2.5, point=True).encode(x=x, y=y)
    said = base.mark_text(dx=6, dy=-8, align="left", color=INK).encode(x=x, y=y, text="said:N")
    return alt.layer(line, said).properties(
        width=WIDTH, height=HEIGHT, title=label("plan.weeks", lang)
    )
