"""Charts of funnels: steps with what is lost, changes between two sides, drop-offs, blind spots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, signed_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.events.blindspots import BlindspotsResult
    from kpilab.analysis.events.dropoff import DropoffResult
    from kpilab.analysis.events.funnel import FunnelResult
    from kpilab.analysis.events.funnel_change import FunnelChangeResult

WIDTH, ROW = 460, 44
MOST = 10


def funnel(result: FunnelResult, lang: str = "en") -> alt.TopLevelMixin:
    """Bars of users per step, the lost part pale behind, rate with interval,
    and time to convert."""
    table = result.table.copy()
    table["order"], before = range(len(table)), table["users"] + table["lost"]
    table["before"] = before
    table["share"] = [
        "" if r != r else f"{percent(r, lang)} ({percent(lo, lang)}–{percent(hi, lang)})"
        for r, lo, hi in zip(table["rate"], table["low"], table["high"], strict=True)
    ]
    table["said"] = [
        f"{number(u, lang)}   {s}" for u, s in zip(table["users"], table["share"], strict=True)
    ]
    table["time"] = [
        _time(m, p, lang)
        for m, p in zip(table["median_seconds"], table["p90_seconds"], strict=True)
    ]
    most = float(before.max()) or 1.0
    y = alt.Y(
        "step:N",
        sort=alt.SortField("order"),
        title=None,
        axis=alt.Axis(labelLimit=180, ticks=False, domain=False),
    )
    x = alt.X(
        "before:Q", title=label("funnel.axis_users", lang), scale=alt.Scale(domain=[0, most * 1.45])
    )
    base = alt.Chart(table).encode(y=y)
    lost = base.mark_bar(color=QUIET, opacity=0.45, height={"band": 0.62}).encode(x=x)
    users = base.mark_bar(color=PALETTE[0], height={"band": 0.62}).encode(x="users:Q")
    said = base.mark_text(align="left", dx=6, dy=-7, color=INK).encode(x="before:Q", text="said:N")
    time = base.mark_text(align="left", dx=6, dy=8, color=NEUTRAL, fontSize=10).encode(
        x="before:Q", text="time:N"
    )
    return alt.layer(lost, users, said, time).properties(
        width=WIDTH, height=ROW * len(table), title=head(result, lang)
    )


def _time(median: float, most: float, lang: str) -> str:
    if median != median:
        return ""
    return (
        f"{label('funnel.median', lang)} {_length(median)}, {label('funnel.p90', lang)} "
        f"{_length(most)}"
    )


def _length(seconds: float) -> str:
    """A length of time in its largest fitting unit."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def change(result: FunnelChangeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Differences of rates with intervals around zero."""
    table = result.table.copy()
    columns = list(table.columns[: table.columns.get_loc("step")])
    whole = label("funnel.whole", lang)
    steps = table["step"].where(table["of"] == "previous", whole)
    table["name"] = [
        " · ".join([*map(str, v), s]) for v, s in zip(table[columns].to_numpy(), steps, strict=True)
    ]
    table["order"], table["sure"] = range(len(table)), table["q"] < 1 - result.level
    table["said"] = [signed_percent(v, lang) for v in table["difference"]]
    y = alt.Y("name:N", sort=alt.SortField("order"), title=None, axis=alt.Axis(labelLimit=220))
    x = alt.X(
        "difference:Q", title=label("funnel.axis_difference", lang), axis=alt.Axis(format="+.0%")
    )
    colour = alt.condition("datum.sure", alt.value(BAD), alt.value(NEUTRAL))
    base = alt.Chart(table).encode(y=y, color=colour)
    zero = alt.Chart(table.head(1)).mark_rule(color=QUIET).encode(x=alt.datum(0))
    bars = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(x=x)
    said = base.mark_text(dy=-11).encode(x="difference:Q", text="said:N")
    return alt.layer(zero, bars, points, said).properties(
        width=WIDTH, height=34 * len(table) + 20, title=head(result, lang)
    )


def dropoff(result: DropoffResult, lang: str = "en") -> alt.TopLevelMixin:
    """What came next: shares among those that stopped and those that went on."""
    after = result.table[result.table["kind"] == "next"].head(MOST)
    names = {"path_end": label("paths.nothing", lang)}
    groups = {
        "stopped_share": label("funnel.stopped_group", lang),
        "went_share": label("funnel.went_group", lang),
    }
    table = after.melt(
        id_vars=["what"], value_vars=list(groups), var_name="group", value_name="share"
    )
    table["what"] = table["what"].replace(names)
    table["group"] = table["group"].map(groups)
    table["said"] = [percent(v, lang) for v in table["share"]]
    order = after["what"].replace(names).tolist()
    colours = alt.Scale(domain=list(groups.values()), range=[BAD, GOOD])
    base = alt.Chart(table).encode(
        y=alt.Y("what:N", sort=order, title=None, axis=alt.Axis(labelLimit=180)),
        yOffset=alt.YOffset("group:N", sort=list(groups.values())),
        x=alt.X("share:Q", title=label("funnel.axis_share", lang), axis=alt.Axis(format=".0%")),
    )
    bars = base.mark_bar().encode(
        color=alt.Color("group:N", scale=colours, title=None, legend=alt.Legend(orient="top"))
    )
    said = base.mark_text(align="left", dx=4, color=INK, fontSize=10).encode(text="said:N")
    return alt.layer(bars, said).properties(
        width=WIDTH, height=36 * len(order), title=head(result, lang)
    )


def blindspots(result: BlindspotsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Goals lost per step with intervals; unwatched steps stand out."""
    table = result.table.copy()
    groups = {True: label("funnel.watched", lang), False: label("funnel.unwatched", lang)}
    table["group"] = table["watched"].map(groups)
    table["said"] = [
        f"{number(v, lang)} ({percent(s, lang)})"
        for v, s in zip(table["goal_lost"].round(), table["share"], strict=True)
    ]
    base = alt.Chart(table).encode(
        y=alt.Y("step:N", sort=table["step"].tolist(), title=None, axis=alt.Axis(labelLimit=180))
    )
    colours = alt.Scale(domain=[groups[False], groups[True]], range=[BAD, QUIET])
    bars = base.mark_bar(height={"band": 0.6}).encode(
        x=alt.X("goal_lost:Q", title=label("funnel.axis_goals", lang)),
        color=alt.Color("group:N", scale=colours, title=None, legend=alt.Legend(orient="top")),
    )
    ends = base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q")
    said = base.mark_text(align="left", dx=6, color=INK).encode(x="high:Q", text="said:N")
    return alt.layer(bars, ends, said).properties(
        width=WIDTH, height=40 * len(table), title=head(result, lang)
    )
