"""Charts of root causes: waterfall, tree, segment bars with intervals, heat map, rate-mix quadrant, dated change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.core.values import Message
from kpilab.show import say
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, signed, signed_percent
from kpilab.show.format import where as where_text
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, MUTED, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.dating import DatingResult
    from kpilab.analysis.decompose import DecomposeResult
    from kpilab.analysis.localise import LocaliseResult
    from kpilab.analysis.ratemix import RatemixResult
    from kpilab.core.values import Where

MOST = 20
WIDTH = 480
UP_OR_DOWN = alt.condition("datum.amount >= 0", alt.value(GOOD), alt.value(BAD))


def decompose(result: DecomposeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Waterfall from the baseline to the current value, one bar per leaf of the formula; below it a nested tree."""
    leaves = result.leaves.groupby("node", sort=False)[["contribution", "low", "high"]].sum(min_count=1).reset_index()
    leaves = leaves.sort_values("contribution", key=abs, ascending=False)
    end = result.before + leaves["contribution"].cumsum()
    start = end - leaves["contribution"]
    steps = pd.DataFrame({"name": leaves["node"], "start": start, "end": end, "amount": leaves["contribution"]})
    steps = steps.assign(low=start + leaves["low"], high=start + leaves["high"])
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
    rows["text"] = [
        number(v, lang) if t else signed(v, lang) for v, t in zip(rows["amount"], rows["total"], strict=True)
    ]
    rows["top"] = rows[["start", "end", "high"]].max(axis=1)
    rows["colour"] = [
        NEUTRAL if t else GOOD if v >= 0 else BAD for v, t in zip(rows["amount"], rows["total"], strict=True)
    ]
    x = alt.X("name:N", sort=rows["name"].tolist(), title=None, axis=alt.Axis(labelAngle=0))
    base = alt.Chart(rows, title=head(result, lang), width=WIDTH)
    bars = base.mark_bar().encode(
        x=x, y=alt.Y("start:Q", title=result.goal), y2="end:Q", color=alt.Color("colour:N", scale=None)
    )
    ends = base.transform_filter("isValid(datum.low)").mark_rule(color=INK, strokeWidth=1.5)
    text = base.mark_text(dy=-4, baseline="bottom").encode(x=x, y="top:Q", text="text:N")
    waterfall = bars + ends.encode(x=x, y="low:Q", y2="high:Q") + text
    return waterfall if result.table["depth"].max() < 2 else alt.vconcat(waterfall, tree(result, lang))


def tree(result: DecomposeResult, lang: str = "en") -> alt.LayerChart:
    """The formula as a tree from left to right: what every node contributed, links as thick as its share."""
    rows = _placed(result.table, lang)
    parents = rows.drop_duplicates("node").set_index("node")[["x", "y"]].add_prefix("parent_")
    links = rows[rows["parent"] != ""].join(parents, on="parent")
    across, down = ([-0.1, float(rows["x"].max()) + 0.9], [float(rows["y"].max()) + 0.6, -0.6])
    scales = [alt.Scale(domain=d, nice=False) for d in (across, down)]
    x, y = alt.X("x:Q", axis=None, scale=scales[0]), alt.Y("y:Q", axis=None, scale=scales[1])
    start = alt.X("parent_x:Q", axis=None, scale=scales[0]), alt.Y("parent_y:Q", axis=None, scale=scales[1])
    colour = alt.Color("colour:N", scale=None)
    thick = alt.StrokeWidth("size:Q", scale=alt.Scale(domain=[0, 1], range=[1, 14]), legend=None)
    lines = alt.Chart(links).mark_rule(opacity=0.35, strokeCap="round")
    lines = lines.encode(x=start[0], y=start[1], x2="x:Q", y2="y:Q", color=colour, strokeWidth=thick)
    base = alt.Chart(rows, title=label("decompose.tree", lang), width=WIDTH)
    dots = base.mark_circle(size=90, opacity=1).encode(x=x, y=y, color=colour)
    names = base.mark_text(align="left", dx=9, dy=-9, fontWeight=600).encode(x=x, y=y, text="node:N")
    texts = base.mark_text(align="left", dx=9, dy=9, color=MUTED, fontSize=11).encode(x=x, y=y, text="text:N")
    halo = [t.copy().encode(stroke=alt.value("white"), strokeWidth=alt.value(4)) for t in (names, texts)]
    height = 46 * (int(rows["y"].max()) + 1) + 20
    return alt.LayerChart(layer=[lines, *halo, dots, names, texts], height=height)


def _placed(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Nodes with places: depth from left to right, leaves one below the other, parents in the middle of theirs."""
    rows = table.reset_index(drop=True).assign(x=table["depth"].to_numpy(float), y=float("nan"))
    leaf = ~rows["node"].isin(rows["parent"])
    rows.loc[leaf, "y"] = range(int(leaf.sum()))
    for node in reversed(rows.loc[~leaf, "node"].tolist()):
        rows.loc[rows["node"] == node, "y"] = rows.loc[rows["parent"] == node, "y"].mean()
    rows["text"] = [
        signed(c, lang) + ("" if pd.isna(s) else f" ({percent(s, lang)})")
        for c, s in zip(rows["contribution"], rows["share"], strict=True)
    ]
    most = rows["contribution"].abs().max() or 1.0
    return rows.assign(
        size=rows["contribution"].abs() / most, colour=[GOOD if v >= 0 else BAD for v in rows["contribution"]]
    )


def localise(result: LocaliseResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per combination found, with its interval; below it the cube by two dimensions."""
    rows = result.table.head(MOST).drop(columns=["equivalent"])
    rows = rows.assign(place=[where_text(w, lang) for w in rows["where"]], amount=rows["contribution"])
    # The label stands at the right end of bar and interval, never on them.
    rows = rows.drop(columns="where").assign(outer=rows[["high", "contribution"]].max(axis=1).clip(lower=0))
    y = alt.Y("place:N", sort=rows["place"].tolist(), title=None, axis=alt.Axis(labelLimit=360))
    base = alt.Chart(rows, title=head(result, lang), width=WIDTH)
    bars = base.mark_bar(size=18).encode(y=y, x=alt.X("amount:Q", title=label("localise.axis", lang)), color=UP_OR_DOWN)
    ends = base.mark_rule(color=NEUTRAL, strokeWidth=2).encode(y=y, x="low:Q", x2="high:Q")
    text = base.mark_text(align="left", dx=4).encode(y=y, x="outer:Q", text=alt.Text("change:Q", format="+.1%"))
    places = (bars + ends + text).properties(height=alt.Step(32))
    return alt.vconcat(places, heat(result, lang)) if result.across and len(result.cells) else places


def heat(result: LocaliseResult, lang: str = "en") -> alt.LayerChart:
    """The cube by two dimensions: colour is the deviation in standard errors, what was found is framed."""
    down, along = result.across
    kept = [result.cells.groupby(d)["expected"].sum().nlargest(MOST).index.tolist() for d in (down, along)]
    cells = result.cells[result.cells[down].isin(kept[0]) & result.cells[along].isin(kept[1])].copy()
    cells = cells.rename(columns={down: "row", along: "column"})
    cells["found"] = [
        any(_inside(place, {down: r, along: c}) for place in result.places)
        for r, c in zip(cells["row"], cells["column"], strict=True)
    ]
    change = (cells["actual"] - cells["expected"]) / cells["expected"].where(cells["expected"] > 0)
    cells["text"] = ["" if pd.isna(v) else signed_percent(v, lang) for v in change]
    title = say(Message("localise.cells", {"rows": down, "columns": along}), lang)
    base = alt.Chart(cells, title=alt.TitleParams(title, limit=900)).encode(
        x=alt.X("column:N", sort=kept[1], title=along, axis=alt.Axis(orient="top", labelAngle=0, labelLimit=90)),
        y=alt.Y("row:N", sort=kept[0], title=down),
        tooltip=[
            alt.Tooltip("row:N", title=down),
            alt.Tooltip("column:N", title=along),
            alt.Tooltip("expected:Q", title=label("localise.expected", lang), format=",.4~g"),
            alt.Tooltip("actual:Q", title=label("localise.actual", lang), format=",.4~g"),
            alt.Tooltip("score:Q", title=label("localise.score", lang), format="+.1f"),
        ],
    )
    scale = alt.Scale(domain=[-8, 0, 8], range=[BAD, "#F4F5F6", GOOD], clamp=True, interpolate="rgb")
    rects = base.mark_rect(stroke="white").encode(color=alt.Color("score:Q", scale=scale, legend=None))
    frames = base.transform_filter("datum.found").mark_rect(fillOpacity=0, stroke=INK, strokeWidth=2)
    texts = base.mark_text(fontSize=10).encode(text="text:N")
    return alt.LayerChart(layer=[rects, frames, texts], width=alt.Step(58), height=alt.Step(26))


def _inside(place: Where, cell: dict[str, str]) -> bool:
    """Whether a cell of two dimensions lies in a place found that names no third one, and not in its exception."""
    if not place.values or not {*place.values, *place.without} <= set(cell):
        return False
    left = [cell[d] in _texts(v) for d, v in place.without.items()]
    return all(cell[d] in _texts(v) for d, v in place.values.items()) and not (left and all(left))


def _texts(values: tuple[object, ...]) -> list[str]:
    return [str(v) for v in values]


def ratemix(result: RatemixResult, lang: str = "en") -> alt.TopLevelMixin:
    """Quadrant: each segment's rate effect against its mix effect, dots as large as its share."""
    rows = result.table.head(MOST).assign(mix=lambda t: t["mix"] + t["entry"])
    base = alt.Chart(rows, title=head(result, lang), width=WIDTH, height=340)
    roomy = alt.Scale(padding=40)
    x = alt.X("mix:Q", title=label("ratemix.mix", lang), axis=alt.Axis(format="+.2~p", grid=False), scale=roomy)
    y = alt.Y("rate:Q", title=label("ratemix.rate", lang), axis=alt.Axis(format="+.2~p", grid=False), scale=roomy)
    size = alt.Size("share1:Q", title=label("ratemix.share", lang), legend=alt.Legend(format=".0%"))
    dots = base.mark_circle(color=PALETTE[0], opacity=0.7).encode(x=x, y=y, size=size)
    names = base.mark_text(align="left", dx=9).encode(x=x, y=y, text="segment:N")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]}))
    cross = zero.mark_rule(color=QUIET).encode(x="zero:Q") + zero.mark_rule(color=QUIET).encode(y="zero:Q")
    return cross + dots + names


def dating(result: DatingResult, lang: str = "en") -> alt.TopLevelMixin:
    """The daily level with the fitted change; the days on which it may have begun are shaded."""
    rows = result.table.assign(day=pd.to_datetime(result.table["day"]))
    base = alt.Chart(rows, title=head(result, lang), width=WIDTH + 120)
    x = alt.X("day:T", title=None)
    y = alt.Y("value:Q", title=label("dating.value", lang), scale=alt.Scale(zero=False))
    layers = base.mark_line(color=QUIET, point=alt.OverlayMarkDef(color=QUIET, size=18)).encode(x=x, y=y)
    layers += base.mark_line(color=PALETTE[0], strokeWidth=2.5, interpolate="step-after").encode(x=x, y="fitted:Q")
    if result.start is None or result.low is None or result.high is None:
        return layers
    span = pd.DataFrame({"low": [pd.Timestamp(result.low)], "high": [pd.Timestamp(result.high) + pd.Timedelta(days=1)]})
    return alt.Chart(span).mark_rect(color=PALETTE[1], opacity=0.18).encode(x="low:T", x2="high:T") + layers
