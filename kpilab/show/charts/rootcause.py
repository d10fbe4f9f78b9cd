"""Charts of root causes: waterfall, segment bars with intervals, rate-mix quadrant, dated change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show import say
from kpilab.show.format import where as where_text
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.dating import DatingResult
    from kpilab.analysis.decompose import DecomposeResult
    from kpilab.analysis.localise import LocaliseResult
    from kpilab.analysis.ratemix import RatemixResult

MOST = 20
WIDTH = 480
UP_OR_DOWN = alt.condition("datum.amount >= 0", alt.value(GOOD), alt.value(BAD))


def decompose(result: DecomposeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Waterfall from the baseline to the current value, one bar per leaf of the formula."""
    leaves = result.leaves.sort_values("contribution", key=abs, ascending=False)
    end = result.before + leaves["contribution"].cumsum()
    steps = pd.DataFrame(
        {"name": leaves["node"], "start": end - leaves["contribution"], "end": end, "amount": leaves["contribution"]}
    )
    totals = pd.DataFrame(
        {
            "name": [label("decompose.baseline", lang), label("decompose.current", lang)],
            "start": 0.0,
            "end": [result.before, result.after],
            "amount": [result.before, result.after],
        }
    )
    rows = pd.concat([totals.iloc[:1], steps, totals.iloc[1:]], ignore_index=True)
    rows["total"] = rows["name"].isin(totals["name"])
    x = alt.X("name:N", sort=rows["name"].tolist(), title=None, axis=alt.Axis(labelAngle=0))
    base = alt.Chart(rows, title=say(result.headline, lang), width=WIDTH)
    colour = alt.condition("datum.total", alt.value(NEUTRAL), alt.value(GOOD))
    bars = base.mark_bar().encode(x=x, y=alt.Y("start:Q", title=result.goal), y2="end:Q", color=colour)
    falls = base.transform_filter("!datum.total && datum.amount < 0").mark_bar(color=BAD)
    falls = falls.encode(x=x, y="start:Q", y2="end:Q")
    text = base.mark_text(dy=-8, baseline="bottom").transform_calculate(top="max(datum.start, datum.end)")
    return bars + falls + text.encode(x=x, y="top:Q", text=alt.Text("amount:Q", format="+,.4~g"))


def localise(result: LocaliseResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per combination found, with its interval."""
    rows = result.table.head(MOST).drop(columns=["equivalent"])
    rows = rows.assign(place=[where_text(w, lang) for w in rows["where"]], amount=rows["contribution"])
    # The label stands at the right end of bar and interval, never on them.
    rows = rows.drop(columns="where").assign(outer=rows[["high", "contribution"]].max(axis=1).clip(lower=0))
    title = say(result.headline, lang)
    y = alt.Y("place:N", sort=rows["place"].tolist(), title=None, axis=alt.Axis(labelLimit=360))
    base = alt.Chart(rows, title=alt.TitleParams(title, limit=900), width=WIDTH)
    bars = base.mark_bar(size=18).encode(y=y, x=alt.X("amount:Q", title=label("localise.axis", lang)), color=UP_OR_DOWN)
    ends = base.mark_rule(color=NEUTRAL, strokeWidth=2).encode(y=y, x="low:Q", x2="high:Q")
    text = base.mark_text(align="left", dx=4).encode(y=y, x="outer:Q", text=alt.Text("change:Q", format="+.1%"))
    return (bars + ends + text).properties(height=alt.Step(32))


def ratemix(result: RatemixResult, lang: str = "en") -> alt.TopLevelMixin:
    """Quadrant: each segment's rate effect against its mix effect, dots as large as its share."""
    rows = result.table.head(MOST).assign(mix=lambda t: t["mix"] + t["entry"])
    base = alt.Chart(rows, title=alt.TitleParams(say(result.headline, lang), limit=900), width=WIDTH, height=340)
    x = alt.X("mix:Q", title=label("ratemix.mix", lang), axis=alt.Axis(format="+.2~p"))
    y = alt.Y("rate:Q", title=label("ratemix.rate", lang), axis=alt.Axis(format="+.2~p"))
    size = alt.Size("share1:Q", title=label("ratemix.share", lang), legend=alt.Legend(format=".0%"))
    dots = base.mark_circle(color=PALETTE[0], opacity=0.7).encode(x=x, y=y, size=size)
    names = base.mark_text(align="left", dx=9).encode(x=x, y=y, text="segment:N")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]}))
    cross = zero.mark_rule(color=QUIET).encode(x="zero:Q") + zero.mark_rule(color=QUIET).encode(y="zero:Q")
    return cross + dots + names


def dating(result: DatingResult, lang: str = "en") -> alt.TopLevelMixin:
    """The daily level with the fitted change; the days on which it may have begun are shaded."""
    rows = result.table.assign(day=pd.to_datetime(result.table["day"]))
    base = alt.Chart(rows, title=alt.TitleParams(say(result.headline, lang), limit=900), width=WIDTH + 120)
    x = alt.X("day:T", title=None)
    y = alt.Y("value:Q", title=label("dating.value", lang), scale=alt.Scale(zero=False))
    layers = base.mark_line(color=QUIET, point=alt.OverlayMarkDef(color=QUIET, size=18)).encode(x=x, y=y)
    layers += base.mark_line(color=PALETTE[0], strokeWidth=2.5, interpolate="step-after").encode(x=x, y="fitted:Q")
    if result.start is None or result.low is None or result.high is None:
        return layers
    span = pd.DataFrame({"low": [pd.Timestamp(result.low)], "high": [pd.Timestamp(result.high) + pd.Timedelta(days=1)]})
    return alt.Chart(span).mark_rect(color=PALETTE[1], opacity=0.18).encode(x="low:T", x2="high:T") + layers
