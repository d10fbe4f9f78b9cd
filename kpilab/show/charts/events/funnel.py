"""Charts of funnels: steps with what is lost, changes between two sides, drop-offs, blind spots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import MARK, WIDTH, laid, place, rows, tall, words
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, points
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.events.blindspots import BlindspotsResult
    from kpilab.analysis.events.dropoff import DropoffResult
    from kpilab.analysis.events.funnel import FunnelResult
    from kpilab.analysis.events.funnel_change import FunnelChangeResult

MOST = 10


def funnel(result: FunnelResult, lang: str = "en") -> alt.TopLevelMixin:
    """Bars of users per step, the lost part pale behind, rate with interval,
    and time to convert."""
    found = result.table
    rates = zip(found["rate"], found["low"], found["high"], strict=True)
    share = [
        "" if r != r else f" · {percent(r, lang)} ({percent(lo, lang)}–{percent(hi, lang)})"
        for r, lo, hi in rates
    ]
    times = zip(found["median_seconds"], found["p90_seconds"], strict=True)
    table = laid(
        found.assign(
            name=found["step"].astype(str),
            text=[f"{number(u, lang)}{s}" for u, s in zip(found["users"], share, strict=True)],
            before=found["users"] + found["lost"],
            time=[_time(m, p, lang) for m, p in times],
        ),
    )
    scale = alt.Scale(zero=True, nice=True)
    x = across(label("funnel.axis_users", lang), "number", lang, field="before", scale=scale)
    base = alt.Chart(table).encode(y=place(table), tooltip=["step:N", "text:N", "time:N"])
    bar = {"size": MARK, "orient": "horizontal", "cornerRadius": 2}
    lost = base.mark_bar(color=QUIET, opacity=0.45, **bar).encode(x=x, x2=alt.datum(0))
    users = base.mark_bar(color=PALETTE[0], **bar).encode(x="users:Q", x2=alt.datum(0))
    users = users.encode(detail="step:N")
    return alt.LayerChart(
        layer=[lost, users, *words(table)], width=WIDTH, height=tall(table),
        title=head(result, lang),
    )  # fmt: skip


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
    """Differences of rates in points with intervals around zero; beyond chance in colour."""
    found = result.table
    columns = list(found.columns[: found.columns.get_loc("step")])
    steps = found["step"].where(found["of"] == "previous", label("funnel.whole", lang))
    sure = found["q"] < 1 - result.level
    table = found[[*columns, "step", "low", "high"]].assign(
        name=[
            " · ".join([*map(str, v), s])
            for v, s in zip(found[columns].to_numpy(), steps, strict=True)
        ],
        value=found["difference"],
        text=[points(v, lang) for v in found["difference"]],
        tone=[
            NEUTRAL if not s else BAD if d < 0 else GOOD
            for s, d in zip(sure, found["difference"], strict=True)
        ],
    )
    x = across(label("funnel.axis_difference", lang), "points", lang)
    return rows(table, x, head(result, lang))


def dropoff(result: DropoffResult, lang: str = "en") -> alt.TopLevelMixin:
    """What came next: shares among those that stopped (filled) and those that went on (hollow)."""
    following = result.table[result.table["kind"] == "next"]
    found = following.head(MOST)
    stopped, went = (label(f"funnel.{k}_group", lang) for k in ("stopped", "went"))
    pairs = zip(found["stopped_share"], found["went_share"], strict=True)
    table = pd.DataFrame(
        {
            "name": found["what"].replace({"path_end": label("paths.nothing", lang)}).astype(str),
            "value": found["stopped_share"],
            "hollow": found["went_share"],
            "text": [f"● {percent(s, lang)}   ○ {percent(w, lang)}" for s, w in pairs],
            "tone": PALETTE[0],
        }
    )
    title = head(result, lang, found, of=following, key=f"● {stopped}   ○ {went}")
    x = across(label("funnel.axis_share", lang), "percent", lang)
    return rows(table, x, title, zero=None)


def blindspots(result: BlindspotsResult, lang: str = "en") -> alt.TopLevelMixin:
    """Goals lost per step with intervals; unwatched steps stand out."""
    found = result.table
    groups = {True: label("funnel.watched", lang), False: label("funnel.unwatched", lang)}
    watched = [bool(w) for w in found["watched"]]
    sizes = zip(found["goal_lost"].round(), found["share"], watched, strict=True)
    table = found[["step", "low", "high"]].assign(
        name=found["step"].astype(str),
        value=found["goal_lost"],
        text=[f"{number(v, lang)} ({percent(s, lang)}) · {groups[w]}" for v, s, w in sizes],
        tone=[QUIET if w else BAD for w in watched],
    )
    x = across(label("funnel.axis_goals", lang), "number", lang)
    return rows(table, x, head(result, lang), mark="bar")
