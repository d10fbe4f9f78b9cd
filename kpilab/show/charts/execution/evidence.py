"""Charts of the audit of work and data: evidence, audit, bunching, gaps, reconciliation,
definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across, over, up, written
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.data.definitions import DefinitionsResult
    from kpilab.analysis.data.missing_rows import MissingRowsResult
    from kpilab.analysis.data.reconcile import ReconcileResult
    from kpilab.analysis.execution.audit import AuditResult
    from kpilab.analysis.execution.bunching import BunchingResult
    from kpilab.analysis.execution.evidence import EvidenceResult
    from kpilab.analysis.execution.heaping import HeapingResult
    from kpilab.analysis.execution.timing import TimingResult
    from kpilab.core.result import Result

WIDTH, MOST = 560, 40


def evidence(result: EvidenceResult, lang: str = "en") -> alt.TopLevelMixin:
    """Share of each actor's claims without traces, with interval;
    those that do not match stand out."""
    words = {True: label("evidence.flagged", lang), False: label("evidence.fine", lang)}
    found = result.table.head(MOST)
    flagged = [bool(f) for f in found["flagged"]]
    table = found[["low", "high"]].assign(
        name=found["actor"].astype(str),
        value=found["share"],
        text=[
            f"{percent(s, lang)} · {words[f]}" for s, f in zip(found["share"], flagged, strict=True)
        ],
        tone=[BAD if f else NEUTRAL for f in flagged],
    )
    return rows(
        table,
        across(label("evidence.share", lang), "percent", lang),
        head(result, lang, found),
    )


def audit(result: AuditResult, lang: str = "en") -> alt.TopLevelMixin:
    """Share not confirmed per stratum with exact interval; the line is the share over all."""
    found = result.table[result.table["checked"] > 0].head(MOST)
    table = found[["low", "high"]].assign(
        name=found["stratum"].astype(str),
        value=found["rate"],
        text=[
            f"{percent(r, lang)} ({k}/{n})"
            for r, k, n in zip(found["rate"], found["faults"], found["checked"], strict=True)
        ],
        tone=PALETTE[0],
    )
    x = across(label("audit.rate", lang), "percent", lang)
    return rows(
        table,
        x,
        head(result, lang, found),
        zero=float(result.rate.value),
    )


def sample(result: Result, lang: str = "en") -> alt.LayerChart:
    """Records to check per stratum."""
    strata: pd.DataFrame = result.strata  # type: ignore[attr-defined]  # a SamplePlan
    found = strata.head(MOST)
    title = head(result, lang, found, of=strata)
    return counted(found["stratum"], found["sampled"], label("audit.sampled", lang), title, lang)


def counted(
    names: pd.Series, values: pd.Series, axis: str, title: alt.TitleParams, lang: str
) -> alt.LayerChart:
    """A bar per name, without any alarm: how many, or how much."""
    table = pd.DataFrame({"name": names.astype(str), "value": values.astype(float)})
    table = table.assign(text=[number(v, lang) for v in table["value"]], tone=PALETTE[0])
    return rows(table, across(axis, "number", lang), title, mark="bar")


def heaping(result: HeapingResult, lang: str = "en") -> alt.LayerChart:
    """Each check of the figures: the share found, with interval, beside what chance would give."""
    found = result.table
    table = found[["low", "high"]].assign(
        name=[label(f"heaping.{c}", lang) for c in found["check"]],
        value=found["found"],
        tick=found["expected"],
        text=[
            label("heaping.beside", lang, found=f, expected=e)
            for f, e in zip(found["found"], found["expected"], strict=True)
        ],
        tone=[BAD if s else NEUTRAL for s in found["stands_out"]],
    )
    return rows(table, across(label("heaping.axis", lang), "percent", lang), head(result, lang))


def timing(result: TimingResult, lang: str = "en") -> alt.TopLevelMixin:
    """The claimed quantity of each day; the last days of a month or week stand out."""
    table = result.daily[["day", "quantity", "expected", "last"]]
    x, y = over(lang), up(label("bunching.claim", lang), "number", lang, field="quantity")
    base = alt.Chart(table, title=head(result, lang), width=WIDTH, height=240).encode(x=x)
    line = base.mark_line(color=QUIET).encode(y=y)
    usual = base.mark_line(color=NEUTRAL, strokeDash=[4, 3]).encode(y="expected:Q")
    colour = alt.condition("datum.last", alt.value(BAD), alt.value(PALETTE[0]))
    return line + usual + base.mark_circle(size=40, opacity=1).encode(y=y, color=colour)


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
            axis=alt.Axis(labelExpr=written("number", lang), tickCount=6, grid=False),
        )
        tone = BAD if bool(row["bunched"]) else NEUTRAL
        colour = alt.condition("datum.hit", alt.value(tone), alt.value(QUIET))
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
        "what:N", title=None, legend=alt.Legend(orient="top", columns=2),
        scale=alt.Scale(domain=list(names.values()), range=[PALETTE[0], BAD, GOOD]),
    )  # fmt: skip
    lines = alt.Chart(long, title=head(result, lang), width=WIDTH,
        height=240).mark_line(point=False).encode(
        x=over(lang), y=up(label("gaps.rows", lang), "number", lang, field="rows", zero=True),
        color=colour
    )  # fmt: skip
    return band + lines


def reconcile(result: ReconcileResult, lang: str = "en") -> alt.TopLevelMixin:
    """Log over books per day; the days that differ stand out."""
    table = result.table
    worst = table.groupby("segment")["differs"].sum().sort_values(ascending=False).index[:6]
    shown = table[table["segment"].isin(worst)][
        ["segment", "day", "ratio", "usual", "differs"]
    ].dropna()
    base = alt.Chart(shown, title=head(result, lang), width=WIDTH, height=220).encode(x=over(lang))
    y = up(label("reconcile.ratio", lang), "percent", lang, field="ratio")
    line = base.mark_line(color=QUIET).encode(y=y, detail="segment:N")
    colour = alt.condition("datum.differs", alt.value(BAD), alt.value(PALETTE[0]))
    dots = base.mark_circle(size=40, opacity=1).encode(
        y=y, color=colour, tooltip=["segment:N", "day:T", "ratio:Q"]
    )
    usual = base.mark_line(color=NEUTRAL, strokeDash=[4, 3]).encode(y="usual:Q", detail="segment:N")
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
        x=over(lang),
        y=up(label("definitions.ratio", lang), "percent", lang, field="ratio"),
        color=alt.Color("reporter:N", title=label("definitions.reporter", lang),
            legend=alt.Legend(orient="top", columns=2)),
    )  # fmt: skip
    since = result.table["since"].dropna()
    if since.empty:
        return lines
    day = pd.DataFrame({"since": [pd.Timestamp(since.iloc[0])]})
    return alt.Chart(day).mark_rule(color=BAD, strokeDash=[4, 3]).encode(x="since:T") + lines
