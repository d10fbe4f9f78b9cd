"""Charts of coming and going: retention as a heat map, the lifecycle as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import months, up
from kpilab.show.charts.words import head
from kpilab.show.format import percent
from kpilab.show.say import label
from kpilab.show.theme import GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.events.activity import ActivityResult
    from kpilab.analysis.events.retention import RetentionResult

MOST_COHORTS, MOST_AGES = 30, 24


def retention(result: RetentionResult, lang: str = "en") -> alt.TopLevelMixin:
    """Cohorts by age: the share that came back, written into each cell."""
    table = result.table[(result.table["age"] > 0) & (result.table["age"] <= MOST_AGES)].copy()
    extra = [c for c in table.columns[: table.columns.get_loc("age")] if c != "cohort"]
    cohorts = sorted(table["cohort"].unique())[-MOST_COHORTS:]
    table = table[table["cohort"].isin(cohorts)]
    names = table["cohort"].astype(str)
    for c in extra:
        names = names + " · " + table[c].astype(str)
    table["name"] = names + " (" + table["size"].map("{:,}".format) + ")"
    table["said"] = [percent(round(r, 2), lang).replace(".0", "") for r in table["rate"]]
    table["range"] = [
        f"{percent(a, lang)}–{percent(b, lang)}"
        for a, b in zip(table["low"], table["high"], strict=True)
    ]
    table["cohort"] = table["cohort"].astype(str)
    most = max(float(table["rate"].max()), 0.01) if len(table) else 1.0
    base = alt.Chart(table).encode(
        x=alt.X(
            "age:O",
            title=f"{label('retention.axis_age', lang)} "
            f"({label(f'retention.{result.grain}', lang)})",
            axis=alt.Axis(orient="top", labelAngle=0),
        ),
        y=alt.Y(
            "name:N", title=label("retention.axis_cohort", lang), axis=alt.Axis(labelLimit=200)
        ),
        tooltip=["name:N", "age:O", "users:Q", "said:N", "range:N"],
    )
    fill = alt.Color("rate:Q", scale=alt.Scale(scheme="blues", domain=[0, most]), legend=None)
    cells = base.mark_rect(stroke="white").encode(color=fill)
    dark = alt.condition(alt.datum.rate > 0.6 * most, alt.value("white"), alt.value("#1F2933"))
    said = base.mark_text(fontSize=10).encode(text="said:N", color=dark)
    return alt.layer(cells, said).properties(
        width=alt.Step(44), height=alt.Step(24), title=head(result, lang)
    )


def activity(result: ActivityResult, lang: str = "en") -> alt.TopLevelMixin:
    """New, returning and resurrected users above the line, dormant ones below."""
    parts = ("returning", "resurrected", "new", "dormant")
    names = {p: label(f"activity.{p}", lang) for p in parts}
    table = result.lifecycle.groupby("bucket", as_index=False)[list(parts)].sum()
    long = table.melt(
        id_vars=["bucket"], value_vars=list(parts), var_name="part", value_name="users"
    )
    long["users"] = long["users"].where(long["part"] != "dormant", -long["users"])
    long["order"] = long["part"].map({p: k for k, p in enumerate(parts)})
    long["part"], long["bucket"] = long["part"].map(names), pd.to_datetime(long["bucket"])
    x, width = months("bucket", long["bucket"].nunique(), lang)
    colours = alt.Scale(domain=list(names.values()), range=[PALETTE[0], PALETTE[5], GOOD, QUIET])
    bars = alt.Chart(long).mark_bar(width=width).encode(
        x=x,
        y=up(label("funnel.axis_users", lang), "number", lang, field="users"),
        color=alt.Color("part:N", scale=colours, title=None, legend=alt.Legend(orient="top")),
        order="order:Q",
    )  # fmt: skip
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=NEUTRAL).encode(y="y:Q")
    return alt.layer(bars, zero).properties(width=560, height=260, title=head(result, lang))
