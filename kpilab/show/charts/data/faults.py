"""Charts of faults in the data: figures restated, hours without rows, faults of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show import say
from kpilab.show.charts.axes import across, over, up
from kpilab.show.charts.execution.evidence import counted
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.data.outages import OutagesResult
    from kpilab.analysis.data.quality import QualityResult
    from kpilab.analysis.data.restatement import RestatementResult
    from kpilab.analysis.execution.priority import PriorityResult

WIDTH, MOST = 560, 40


def restatement(result: RestatementResult, lang: str = "en") -> alt.TopLevelMixin:
    """The figure of each day as first reported and as reported later;
    days that changed stand out."""
    names = {k: label(f"restatement.{k}", lang) for k in ("before", "after")}
    table = result.table
    long = pd.concat(
        [
            pd.DataFrame({"day": table["day"], "value": table[k], "what": v})
            for k, v in names.items()
        ]
    )
    colour = alt.Color(
        "what:N", title=None, legend=alt.Legend(orient="top"),
        scale=alt.Scale(domain=list(names.values()), range=[QUIET, PALETTE[0]]),
    )  # fmt: skip
    x, y = over(lang), up(label("restatement.value", lang), "number", lang)
    base = alt.Chart(long, title=head(result, lang), width=WIDTH, height=240)
    lines = base.mark_line().encode(x=x, y=y, color=colour)
    changed = table.loc[table["kind"] != "same", ["day", "after"]].rename(
        columns={"after": "value"}
    )
    return lines + alt.Chart(changed).mark_circle(color=BAD, size=60, opacity=1).encode(x=x, y=y)


def outages(result: OutagesResult, lang: str = "en") -> alt.TopLevelMixin:
    """Rows per hour around the clearest outage, and what was expected."""
    names = {
        "found": label("outages.found_rows", lang),
        "expected": label("outages.expected", lang),
    }
    hours = result.hourly[result.hourly["outage"] == 0]
    parts = [
        pd.DataFrame({"hour": hours["hour"], "rows": hours[k], "what": v}) for k, v in names.items()
    ]
    colour = alt.Color(
        "what:N", title=None, legend=alt.Legend(orient="top"),
        scale=alt.Scale(domain=list(names.values()), range=[PALETTE[0], QUIET]),
    )  # fmt: skip
    x = over(lang, field="hour")
    y = up(label("outages.rows", lang), "number", lang, field="rows", zero=True)
    base = alt.Chart(pd.concat(parts), title=head(result, lang), width=WIDTH, height=240)
    lines = base.mark_line(interpolate="step-after").encode(x=x, y=y, color=colour)
    first = result.table.head(1)[["first", "last"]].assign(
        last=lambda t: t["last"] + pd.Timedelta(hours=1)
    )
    return (
        alt.Chart(first).mark_rect(color=BAD, opacity=0.12).encode(x="first:T", x2="last:T") + lines
    )


def priority(result: PriorityResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per actor, first to check first; no colour of alarm: it is an order,
    not a finding."""
    found = result.table.head(MOST)
    return counted(
        found["actor"],
        found["score"],
        label("priority.score", lang),
        head(result, lang, found),
        lang,
    )


def quality(result: QualityResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per fault of a table: the share of its rows."""
    found = result.table.head(MOST)
    table = pd.DataFrame(
        {
            "name": [say(s, lang) for s in result.statements[:MOST]],
            "value": found["share"],
            "text": [percent(s, lang) for s in found["share"]],
            "tone": BAD,
        }
    )
    x = across(label("quality.axis", lang), "percent", lang)
    return rows(table, x, head(result, lang, found), mark="bar")
