"""Charts of a formula and of a ratio: waterfall, tree, and the quadrant of rate and mix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import written
from kpilab.show.charts.waterfall import waterfall
from kpilab.show.charts.words import head
from kpilab.show.format import interval, number, percent, signed
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, MUTED, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.rootcause.decompose import DecomposeResult
    from kpilab.analysis.rootcause.ratemix import RatemixResult

MOST, NAMED = 20, 8
SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)  # sizes that the legend may show
WIDTH = 480


def decompose(result: DecomposeResult, lang: str = "en") -> alt.TopLevelMixin:
    """Waterfall from the baseline to the current value, one bar per leaf of the formula; below it a
    nested tree."""
    told = (("decompose.baseline", result.before), ("decompose.current", result.after))
    totals = pd.DataFrame(
        [{"name": label(k, lang), "value": v, "text": number(v, lang)} for k, v in told]
    )
    tips = {"name": " ", "text": label("decompose.contribution", lang)}
    tips["interval"] = label("decompose.interval", lang)
    steps = _steps(result, lang)
    fall = waterfall(
        steps, totals, head(result, lang), unit=result.goal or None, lang=lang, tips=tips
    )
    return fall if result.table["depth"].max() < 2 else alt.vconcat(fall, tree(result, lang))


def _steps(result: DecomposeResult, lang: str) -> pd.DataFrame:
    """One row per leaf, the largest first."""
    leaves = (
        result.leaves.groupby("node", sort=False)[["contribution", "low", "high"]]
        .sum(min_count=1)
        .reset_index()
        .sort_values("contribution", key=abs, ascending=False)
    )
    leaves = leaves.rename(columns={"node": "name", "contribution": "amount"})
    return leaves.reset_index(drop=True).assign(
        text=[signed(v, lang) for v in leaves["amount"]],
        tone=[GOOD if v >= 0 else BAD for v in leaves["amount"]],
        interval=[interval(p, lang) for p in zip(leaves["low"], leaves["high"], strict=True)],
    )


def tree(result: DecomposeResult, lang: str = "en") -> alt.LayerChart:
    """The formula as a tree from left to right: what every node contributed,
    links as thick as its share."""
    rows = _placed(result.table, lang)
    parents = rows.drop_duplicates("node").set_index("node")[["x", "y"]].add_prefix("parent_")
    links = rows[rows["parent"] != ""].join(parents, on="parent")
    across, down = ([-0.1, float(rows["x"].max()) + 0.9], [float(rows["y"].max()) + 0.6, -0.6])
    scales = [alt.Scale(domain=d, nice=False) for d in (across, down)]
    x, y = alt.X("x:Q", axis=None, scale=scales[0]), alt.Y("y:Q", axis=None, scale=scales[1])
    start = (
        alt.X("parent_x:Q", axis=None, scale=scales[0]),
        alt.Y("parent_y:Q", axis=None, scale=scales[1]),
    )
    colour = alt.Color("colour:N", scale=None)
    thick = alt.StrokeWidth("size:Q", scale=alt.Scale(domain=[0, 1], range=[1, 14]), legend=None)
    lines = alt.Chart(links).mark_rule(opacity=0.35, strokeCap="round")
    lines = lines.encode(
        x=start[0], y=start[1], x2="x:Q", y2="y:Q", color=colour, strokeWidth=thick
    )
    base = alt.Chart(rows, title=label("decompose.tree", lang), width=WIDTH + 120)
    dots = base.mark_circle(size=90, opacity=1).encode(x=x, y=y, color=colour)
    names = base.mark_text(align="left", dx=9, dy=-9, fontWeight=600).encode(
        x=x, y=y, text="node:N"
    )
    texts = base.mark_text(align="left", dx=9, dy=9, color=MUTED, fontSize=11).encode(
        x=x, y=y, text="text:N"
    )
    halo = [
        t.copy().encode(stroke=alt.value("white"), strokeWidth=alt.value(4)) for t in (names, texts)
    ]
    height = 46 * (int(rows["y"].max()) + 1) + 20
    return alt.LayerChart(layer=[lines, *halo, dots, names, texts], height=height)


def _placed(table: pd.DataFrame, lang: str) -> pd.DataFrame:
    """Nodes with places: depth from left to right, leaves one below the other,
    parents in the middle of theirs."""
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
        size=rows["contribution"].abs() / most,
        colour=[GOOD if v >= 0 else BAD for v in rows["contribution"]],
    )


def ratemix(result: RatemixResult, lang: str = "en") -> alt.TopLevelMixin:
    """Quadrant: each segment's rate effect against its mix effect, dots as large as its share."""
    rows = result.table.head(MOST).assign(mix=lambda t: t["mix"] + t["entry"])
    form, suffix = ("points", "_points") if result.is_share else ("signed", "")
    rows["label"] = rows["segment"].where(rows.index < NAMED, "")
    axis = alt.Axis(labelExpr=written(form, lang), grid=False, tickCount=4)
    across, up = (label(f"ratemix.{name}{suffix}", lang) for name in ("mix", "rate"))
    x = alt.X("mix:Q", title=across, axis=axis, scale=alt.Scale(padding=50))
    y = alt.Y("rate:Q", title=up, axis=axis, scale=alt.Scale(padding=30))
    shares = [v for v in SHARES if v <= rows["share1"].max()][-3:]
    legend = alt.Legend(
        format=".0%",
        values=shares,
        symbolFillColor=PALETTE[0],
        symbolStrokeWidth=0,
        orient="bottom",
    )
    size = alt.Size(
        "share1:Q",
        title=label("ratemix.share", lang),
        legend=legend,
        scale=alt.Scale(range=[30, 450]),
    )
    tips = [alt.Tooltip("segment:N", title=" ")]
    for field, title in (("mix", across), ("rate", up)):
        unit = 100 if form == "points" else 1
        rows[f"{field}_text"] = [signed(unit * v, lang) for v in rows[field]]
        tips.append(alt.Tooltip(f"{field}_text:N", title=title))
    base = alt.Chart(rows, title=head(result, lang, rows), width=WIDTH, height=340)
    dots = base.mark_circle(color=PALETTE[0], opacity=0.7).encode(x=x, y=y, size=size, tooltip=tips)
    names = base.mark_text(align="left", dx=14).encode(x=x, y=y, text="label:N")
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]}))
    cross = zero.mark_rule(color=QUIET).encode(x="zero:Q") + zero.mark_rule(color=QUIET).encode(
        y="zero:Q"
    )
    return cross + dots + names
