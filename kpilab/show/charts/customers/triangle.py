"""The triangle: cohorts by age, each beside the others of the same age."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show.charts.words import head
from kpilab.show.format import number, percent
from kpilab.show.say import label

if TYPE_CHECKING:
    from kpilab.analysis.customers.cohorts import CohortsResult

MOST_COHORTS, MOST_AGES = 30, 24
FAR = 0.5  # from the others: as dark as it gets


def cohorts(result: CohortsResult, lang: str = "en") -> alt.TopLevelMixin:
    """What a customer of each cohort brought up to each age, coloured by how much more or less
    that is than all cohorts brought at that age."""
    by = list(result.curve.columns[: result.curve.columns.get_loc("age")])
    table = result.table[result.table["age"] < MOST_AGES]
    table = table[table["cohort"].isin(sorted(table["cohort"].unique())[-MOST_COHORTS:])]
    whole = result.curve[[*by, "age", "value"]].rename(columns={"value": "usual"})
    table = table.merge(whole, on=[*by, "age"])
    names = table["cohort"].dt.strftime("%Y-%m-%d" if result.grain == "week" else "%Y-%m")
    for c in by:
        names = names + " · " + table[c].astype(str)
    usual = table["usual"].where(table["usual"] > 0)
    shown = table.assign(
        name=names + " (" + table["size"].map("{:,}".format) + ")",
        beside=(table["value"] / usual - 1).clip(-FAR, FAR).fillna(0.0),
        said=[number(float(f"{v:.3g}"), lang) for v in table["value"]],
        share=[percent(r, lang) for r in table["rate"]],
    )[["name", "age", "beside", "said", "share", "active"]]
    unit = label(f"cohorts.{result.grain}", lang, n=2)
    base = alt.Chart(shown).encode(
        x=alt.X(
            "age:O",
            title=label("cohorts.axis_age", lang, unit=unit),
            axis=alt.Axis(orient="top", labelAngle=0),
        ),
        y=alt.Y("name:N", title=label("cohorts.axis", lang), axis=alt.Axis(labelLimit=220)),
        tooltip=["name:N", "age:O", "said:N", "share:N", "active:Q"],
    )
    tones = alt.Scale(scheme="blueorange", domain=[FAR, -FAR])
    colour = alt.Color("beside:Q", scale=tones, legend=None)
    cells = base.mark_rect(stroke="white").encode(color=colour)
    said = base.mark_text(fontSize=10).encode(
        text="said:N",
        color=alt.condition("abs(datum.beside) > 0.4", alt.value("white"), alt.value("#1F2933")),
    )
    key = label("cohorts.key", lang)
    title = head(result, lang, key=key)
    return alt.layer(cells, said).properties(
        width=alt.Step(44), height=alt.Step(24), title=title
    )  # fmt: skip
