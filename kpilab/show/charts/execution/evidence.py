"""Charts of the audit of work and data: evidence, audit, bunching, gaps, reconciliation,
definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.words import head
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.data.definitions import DefinitionsResult
    from kpilab.analysis.data.missing_rows import MissingRowsResult
    from kpilab.analysis.data.reconcile import ReconcileResult
    from kpilab.analysis.execution.audit import AuditResult
    from kpilab.analysis.execution.bunching import BunchingResult
    from kpilab.analysis.execution.evidence import EvidenceResult
    from kpilab.core.result import Result

WIDTH, MOST = 560, 40


def evidence(result: EvidenceResult, lang: str = "en") -> alt.TopLevelMixin:
    """Share of each actor's claims without traces, with interval;
    those that do not match stand out."""
    words = {True: label("evidence.flagged", lang), False: label("evidence.fine", lang)}
    table = result.table.head(MOST)
    table = table.assign(verdict=[words[bool(f)] for f in table["flagged"]])[
        ["actor", "share", "low", "high", "verdict"]
    ]
    base = alt.Chart(table, title=head(result, lang), width=WIDTH)
    colour = alt.Color(
        "verdict:N", title=None, scale=alt.Scale(domain=[words[True], words[False]], range=[BAD,
            NEUTRAL]),
        legend=alt.Legend(orient="top"),
    )  # fmt: skip
    y = alt.Y("actor:N", sort=None, title=label("evidence.actor", lang))
    x = alt.X("low:Q", title=label("evidence.share", lang), axis=alt.Axis(format="%"))
    bars = base.mark_rule(strokeWidth=2).encode(y=y, x=x, x2="high:Q", color=colour)
    dots = base.mark_circle(size=70, opacity=1).encode(y=y, x="share:Q", color=colour)
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=QUIET).encode(x="at:Q")
    return zero + bars + dots


def audit(result: AuditResult, lang: str = "en") -> alt.TopLevelMixin:
    """Share not confirmed per stratum with exact interval, and over all."""
    table = result.table[result.table["checked"] > 0].head(MOST)
    table = table.assign(
        shown=[
            f"{s} ({k}/{n})"
            for s, k, n in zip(table["stratum"], table["faults"], table["checked"], strict=True)
        ]
    )
    base = alt.Chart(table[["shown", "rate", "low", "high"]], title=head(result, lang), width=WIDTH)
    y = alt.Y("shown:N", sort=None, title=label("audit.stratum", lang))
    x = alt.X("low:Q", title=label("audit.rate", lang), axis=alt.Axis(format="%"))
    bars = base.mark_rule(strokeWidth=2, color=PALETTE[0]).encode(y=y, x=x, x2="high:Q")
    dots = base.mark_circle(size=70, opacity=1, color=PALETTE[0]).encode(y=y, x="rate:Q")
    whole = pd.DataFrame(
        {"low": [result.rate.low], "high": [result.rate.high], "at": [result.rate.value]}
    )
    band = alt.Chart(whole).mark_rect(color=QUIET, opacity=0.35).encode(x="low:Q", x2="high:Q")
    line = alt.Chart(whole).mark_rule(color=NEUTRAL).encode(x="at:Q")
    return band + line + bars + dots


def sample(result: Result, lang: str = "en") -> alt.Chart:
    """Records to check per stratum."""
    table = result.strata.head(MOST)  # type: ignore[attr-defined]  # a SamplePlan
    return (
        alt.Chart(table, title=head(result, lang), width=WIDTH)
        .mark_bar(color=PALETTE[0])
        .encode(
            y=alt.Y("stratum:N", title=label("audit.stratum", lang)),
            x=alt.X("sampled:Q", title=label("audit.sampled", lang), axis=alt.Axis(tickMinStep=1)),
        )
    )


def bunching(result: BunchingResult, lang: str = "en") -> alt.TopLevelMixin:
    """Claims per bin against the smooth expectation, one panel per threshold."""
    panels = []
    for threshold, bins in result.histogram.groupby("threshold", sort=False):
        row = result.table.set_index("threshold").loc[threshold]
        bins = bins.assign(
            hit=(bins["start"] <= row["at"] + 1e-9) & (row["at"] + 1e-9 < bins["end"])
        )
        x = alt.X(
            "start:Q",
            bin="binned",
            title=f"{label('bunching.claim', lang)} ({threshold})",
            scale=alt.Scale(zero=False),
        )
        colour = alt.condition("datum.hit", alt.value(BAD), alt.value(QUIET))
        bars = alt.Chart(bins).mark_bar(stroke="white", strokeWidth=0.5).encode(
            x=x, x2="end:Q", y=alt.Y("found:Q", title=label("bunching.found", lang)), color=colour
        )  # fmt: skip
        middle = bins.assign(at=(bins["start"] + bins["end"]) / 2)
        line = (
            alt.Chart(middle)
            .mark_line(color=PALETTE[0], strokeWidth=2)
            .encode(x="at:Q", y="fitted:Q")
        )
        panels.append((bars + line).properties(width=WIDTH, height=180))
    return alt.vconcat(*panels, title=head(result, lang))


def gaps(result: MissingRowsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Rows per day of the segment that lost some, what was expected,
    and the books on the same scale."""
    if result.table.empty:
        return alt.Chart(
            pd.DataFrame({"x": [0]}), title=head(result, lang), width=WIDTH, height=20
        ).mark_text()
    names = {k: label(f"gaps.{k}", lang) for k in ("found", "expected", "books")}
    days = result.daily[result.daily["gap"] == 0]
    scaled = days["books"] * (days["found"].median() / days["books"].median())
    long = pd.concat(
        [pd.DataFrame({"day": days["day"], "rows": v, "what": names[k]}) for k, v in
         (("found", days["found"]), ("expected", days["expected"]), ("books", scaled))]
    ).dropna()  # fmt: skip
    long["rows"] = long["rows"].astype(float)
    first = result.table.iloc[0]
    span = pd.DataFrame(
        {"first": [pd.Timestamp(first["first"])], "last": [pd.Timestamp(first["last"])]}
    )
    band = alt.Chart(span).mark_rect(color=BAD, opacity=0.12).encode(x="first:T", x2="last:T")
    colour = alt.Color(
        "what:N", title=None, legend=alt.Legend(orient="top"),
        scale=alt.Scale(domain=list(names.values()), range=[PALETTE[0], BAD, GOOD]),
    )  # fmt: skip
    lines = alt.Chart(long, title=head(result, lang), width=WIDTH,
        height=240).mark_line(point=False).encode(
        x=alt.X("day:T", title=label("gaps.day", lang)), y=alt.Y("rows:Q", title=label("gaps.rows",
            lang)), color=colour
    )  # fmt: skip
    return band + lines


def reconcile(result: ReconcileResult, lang: str = "en") -> alt.TopLevelMixin:
    """Log over books per day; the days that differ stand out."""
    table = result.table
    worst = table.groupby("segment")["differs"].sum().sort_values(ascending=False).index[:6]
    shown = table[table["segment"].isin(worst)][
        ["segment", "day", "ratio", "usual", "differs"]
    ].dropna()
    base = alt.Chart(shown, title=head(result, lang), width=WIDTH, height=220)
    x = alt.X("day:T", title=label("reconcile.day", lang))
    line = base.mark_line(color=QUIET).encode(
        x=x, y=alt.Y("ratio:Q", title=label("reconcile.ratio", lang)), detail="segment:N"
    )
    colour = alt.condition("datum.differs", alt.value(BAD), alt.value(PALETTE[0]))
    dots = base.mark_circle(size=40, opacity=1).encode(
        x=x, y="ratio:Q", color=colour, tooltip=["segment:N", "day:T", "ratio:Q"]
    )
    usual = base.mark_rule(color=NEUTRAL, strokeDash=[4, 3]).encode(y="usual:Q")
    return line + usual + dots


def definitions(result: DefinitionsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Each report against the others over time, with the day of the break."""
    if result.series.empty:
        return alt.Chart(
            pd.DataFrame({"x": [0]}), title=head(result, lang), width=WIDTH, height=20
        ).mark_text()
    metric = result.table["metric"].iloc[0]
    series = result.series[result.series["metric"] == metric][["day", "reporter", "ratio"]]
    lines = alt.Chart(series, title=head(result, lang), width=WIDTH, height=240).mark_line().encode(
        x=alt.X("day:T", title=label("definitions.day", lang)),
        y=alt.Y("ratio:Q", title=label("definitions.ratio", lang), scale=alt.Scale(zero=False)),
        color=alt.Color("reporter:N", title=label("definitions.reporter", lang),
            legend=alt.Legend(orient="top")),
    )  # fmt: skip
    since = result.table["since"].dropna()
    if since.empty:
        return lines
    day = pd.DataFrame({"since": [pd.Timestamp(since.iloc[0])]})
    return alt.Chart(day).mark_rule(color=BAD, strokeDash=[4, 3]).encode(x="since:T") + lines
