"""Charts of what customers do as time goes by: shares and amounts by age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.core.values import EVERYWHERE
from kpilab.show.charts.axes import Form, across, up
from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.customers.repeat import RepeatResult
    from kpilab.analysis.customers.survival import SurvivalResult

MOST = 6  # lines
PERIODS = {"current": "report.current", "before": "report.before"}


def repeat(result: RepeatResult, lang: str = "en") -> alt.TopLevelMixin:
    """The share that ordered again by day since the first order, now and before."""
    where = EVERYWHERE if result.places.empty else result.places["where"].iloc[0]
    table = result.curve[result.curve["where"] == where]
    names = {p: label(key, lang) for p, key in PERIODS.items()}
    table = table.assign(name=table["period"].map(names), x=table["day"])
    tones = dict(zip(names.values(), (PALETTE[0], QUIET), strict=True))
    # A first period has nothing before it: what is not drawn is not in the legend.
    drawn = [name for name in tones if name in set(table.dropna(subset="rate")["name"])]
    return curves(
        table, drawn, label("repeat.axis_day", lang), label("repeat.axis", lang),
        "percent", lang, [tones[name] for name in drawn],
    ).properties(title=head(result, lang))  # fmt: skip


def survival(result: SurvivalResult, lang: str = "en") -> alt.TopLevelMixin:
    """The share still there by age, a line per segment as long as enough are followed; of many, the
    largest."""
    by = list(result.curve.columns[: result.curve.columns.get_loc("age")])
    ages = result.table.assign(last=result.table["age"])[[*by, "last"]]
    within = result.curve.merge(ages, on=by) if by else result.curve.merge(ages, how="cross")
    # Where only few are left, a step is one customer's.
    within = within[within["age"] <= within["last"]]
    table = within.assign(name=_names(within, by), x=within["age"])
    largest = result.table.assign(name=_names(result.table, by)).nlargest(MOST, "customers")
    names = sorted(largest["name"])
    unit = label(f"survival.{result.unit}", lang, n=2)
    return curves(
        table[table["name"].isin(names)], names, label("survival.axis_age", lang, unit=unit),
        label("survival.axis", lang), "percent", lang,
    ).properties(title=head(result, lang, largest))  # fmt: skip


def _names(table: pd.DataFrame, by: list[str]) -> pd.Series:
    return table[by].astype(str).agg(" · ".join, axis=1) if by else pd.Series("", table.index)


def curves(
    table: pd.DataFrame,
    names: list[str],
    across_title: str,
    up_title: str,
    form: Form,
    lang: str,
    tones: Sequence[str] = PALETTE,
) -> alt.LayerChart:
    """A line per `name` with its interval: `rate` over `x`, between `low` and `high`."""
    shown = table[["name", "x", "rate", "low", "high"]].dropna(subset="rate").reset_index(drop=True)
    tones = [tones[k % len(tones)] for k in range(len(names))]
    key = alt.Legend(
        orient="top", columns=4, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3
    )
    key = key if len(names) > 1 else None
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=tones), title=None, legend=key)
    flat = alt.Scale(zero=True, nice=False)
    base = alt.Chart(shown).encode(
        x=across(across_title, "number", lang, field="x", scale=flat), color=colour
    )
    low = up(up_title, form, lang, field="low", zero=True)
    band = base.mark_area(opacity=0.18, interpolate="step-after").encode(y=low, y2="high:Q")
    line = base.mark_line(strokeWidth=2, interpolate="step-after").encode(
        y=up(up_title, form, lang, field="rate", zero=True)
    )
    return alt.LayerChart(layer=[band, line], width=520, height=260)
