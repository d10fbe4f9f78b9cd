"""Charts of free exploration: a metric by dimensions and time, a split by one dimension,
places that stand out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.words import head, room
from kpilab.show.format import interval, number, plain, signed, signed_percent, where
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.analysis.rootcause.explore import ExploreResult
    from kpilab.analysis.rootcause.localise import LocaliseResult
    from kpilab.analysis.rootcause.split import SplitResult
    from kpilab.core.result import Result

WIDTH, ROW, MOST = 480, 28, 20
PERIODS = ("baseline", "current")


def explore(result: ExploreResult, lang: str = "en") -> alt.TopLevelMixin:
    """Lines over time, a grid for two dimensions, else points of both periods."""
    table = result.table.assign(
        period=[_period(p, lang) for p in result.table["period"].astype(str)]
    )
    table["said"] = [number(v, lang) for v in table["value"]]
    title = head(result, lang)
    if result.grain:
        return _lines(table.assign(date=pd.to_datetime(table["date"])), result.by, title)
    if len(result.by) == 2:
        return _grid(table, result.by, title)
    return _points(table, result.by, title, lang)


def _period(name: str, lang: str) -> str:
    return label(f"report.{name}", lang) if name in PERIODS else name


def _largest(table: pd.DataFrame, dimension: str) -> list[str]:
    """The values with the largest denominators or amounts; a chart has room for so many."""
    weight = table["denominator"] if (table["denominator"] != 1).any() else table["value"].abs()
    sizes = weight.groupby(table[dimension]).sum().sort_values(ascending=False)
    return [str(v) for v in sizes.index[:MOST]]


def _lines(table: pd.DataFrame, by: tuple[str, ...], title: alt.TitleParams) -> alt.TopLevelMixin:
    x = alt.X("date:T", title=None)
    y = alt.Y("value:Q", title=None, scale=alt.Scale(zero=not by))
    tip = ["date:T", *(f"{d}:N" for d in by), "period:N", "said:N"]
    base = alt.Chart(table).encode(x=x, y=y, tooltip=tip)
    shown = {"stroke": alt.StrokeDash("period:N", title=None, legend=alt.Legend(orient="top"))}
    if not by:
        return base.mark_line(point=True,
            color=PALETTE[0]).encode(strokeDash=shown["stroke"]).properties(
            width=WIDTH, height=260, title=title
        )  # fmt: skip
    kept = _largest(table, by[0])[:8]
    lines = base.transform_filter(alt.FieldOneOfPredicate(field=by[0],
        oneOf=kept)).mark_line(point=True).encode(
        color=alt.Color(f"{by[0]}:N", sort=kept, legend=alt.Legend(orient="right")),
        strokeDash=shown["stroke"]
    )  # fmt: skip
    if len(by) == 1:
        return lines.properties(width=WIDTH, height=280, title=title)
    rows = _largest(table, by[1])[:6]
    filtered = lines.transform_filter(alt.FieldOneOfPredicate(field=by[1], oneOf=rows))
    return filtered.properties(width=WIDTH, height=110).facet(row=alt.Row(f"{by[1]}:N",
        sort=rows)).properties(
        title=title
    )  # fmt: skip


def _grid(table: pd.DataFrame, by: tuple[str, ...], title: alt.TitleParams) -> alt.TopLevelMixin:
    """Both dimensions of the current period (or of the only one),
    the value written into each cell."""
    last = table["period"].iloc[-1] if len(table) else ""
    table = table[table["period"] == last]
    rows, columns = _largest(table, by[0]), _largest(table, by[1])
    table = table[table[by[0]].isin(rows) & table[by[1]].isin(columns)]
    most = float(table["value"].max()) if len(table) else 1.0
    base = alt.Chart(table).encode(
        x=alt.X(
            f"{by[1]}:N", sort=columns, axis=alt.Axis(orient="top", labelAngle=0, labelLimit=90)
        ),
        y=alt.Y(f"{by[0]}:N", sort=rows),
        tooltip=[f"{by[0]}:N", f"{by[1]}:N", "said:N"],
    )
    fill = alt.Color("value:Q", scale=alt.Scale(scheme="blues"), legend=None)
    dark = alt.condition(f"datum.value > {0.6 * most}", alt.value("white"), alt.value(INK))
    layers = [
        base.mark_rect(stroke="white").encode(color=fill),
        base.mark_text(fontSize=11).encode(text="said:N", color=dark),
    ]
    return alt.layer(*layers).properties(width=alt.Step(84), height=alt.Step(ROW), title=title)


def _points(
    table: pd.DataFrame, by: tuple[str, ...], title: alt.TitleParams, lang: str
) -> alt.TopLevelMixin:
    """Current as a filled point, baseline as a hollow one, joined by a line."""
    name = by[0] if by else "name"
    table = table if by else table.assign(name="")
    kept = _largest(table, name)
    table = table[table[name].isin(kept)]
    y = alt.Y(
        f"{name}:N", sort=kept, title=None, axis=alt.Axis(labelLimit=200, ticks=False, domain=False)
    )
    base = alt.Chart(table).encode(y=y, tooltip=[*(f"{d}:N" for d in by), "period:N", "said:N"])
    x = alt.X(
        "value:Q", title=None, scale=alt.Scale(zero=False, padding=50), axis=alt.Axis(tickCount=6)
    )
    names = [_period(p, lang) for p in PERIODS]
    colour = alt.Color("period:N", scale=alt.Scale(domain=names, range=[QUIET, PALETTE[0]]),
        title=None,
                       legend=alt.Legend(orient="top"))  # fmt: skip
    spans = base.mark_line(color=QUIET, strokeWidth=3).encode(x=x, detail=f"{name}:N")
    points = base.mark_point(filled=True, size=110, opacity=1).encode(x=x, color=colour)
    texts = base.transform_filter(alt.datum.period == names[1]).mark_text(
        align="left", dx=10, color=INK
    )
    layers = [spans, points, texts.encode(x=x, text="said:N")]
    return alt.layer(*layers).properties(
        width=WIDTH, height=max(ROW * table[name].nunique(), 60), title=title
    )


def split(result: SplitResult, lang: str = "en") -> alt.TopLevelMixin:
    """What each value contributed, with its interval, around zero."""
    table = result.table.reindex(
        result.table["contribution"].abs().sort_values(ascending=False).index
    ).head(MOST)
    table = table.sort_values("contribution").assign(name=lambda t: t["segment"])
    table["text"] = [
        f"{signed(c, lang)} ({signed_percent(v, lang)})" if v == v else signed(c, lang)
        for c, v in zip(table["contribution"], table["change"], strict=True)
    ]
    return _forest(table, label("report.contribution_axis", lang), head(result, lang), lang)


def places(result: LocaliseResult, lang: str = "en") -> alt.TopLevelMixin:
    """The places found, what each contributed with its interval;
    a place of one dimension carries its value."""
    table = result.table.assign(name=[where(w, lang) for w in result.table["where"]])
    singles = [
        next(iter(w.values.items())) if len(w.values) == 1 else ("", ("",)) for w in table["where"]
    ]
    table["dimension"], table["segment"] = [d for d, _ in singles], [str(v[0]) for _, v in singles]
    table["text"] = [
        f"{signed(c, lang)} ({signed_percent(s, lang)})" if s == s else signed(c, lang)
        for c, s in zip(table["contribution"], table["change"], strict=True)
    ]
    keep = ["name", "dimension", "segment", "contribution", "low", "high", "text"]
    return _forest(table[keep], label("report.contribution_axis", lang), head(result, lang), lang)


def step_by(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """One step of a funnel by the values of a dimension: its change between the periods,
    with interval."""
    dimension = str(result.table.columns[0])
    table = result.table.assign(
        name=result.table[dimension].astype(str), segment=result.table[dimension].astype(str)
    )
    table["contribution"], table["low"], table["high"] = (
        100 * table[c] for c in ("difference", "low", "high")
    )
    table["text"] = [
        f"{plain(round(100 * b, 1), lang)} % → {plain(round(100 * c, 1), lang)} %"
        for b, c in zip(table["baseline"], table["current"], strict=True)
    ]
    table = table.sort_values("contribution").head(MOST)
    keep = ["name", "segment", "contribution", "low", "high", "text"]
    return _forest(table[keep], label("explore.axis_points", lang), head(result, lang), lang)


def _forest(table: pd.DataFrame, axis: str, title: alt.TitleParams, lang: str) -> alt.LayerChart:
    """A point with its interval per row, a line at zero, the numbers as text."""
    signs = zip(table["low"], table["high"], strict=True)
    table = table.assign(
        tone=[BAD if high < 0 else GOOD if low > 0 else NEUTRAL for low, high in signs]
    )
    table["right"] = table["high"].where(table["high"].notna(), table["contribution"])
    table["ends"] = [
        interval((a, b), lang) for a, b in zip(table["low"], table["high"], strict=True)
    ]
    y = alt.Y(
        "name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False)
    )
    scale = {
        "title": axis,
        "scale": alt.Scale(padding=room(table["text"])),
        "axis": alt.Axis(format="+~s", tickCount=6),
    }
    tone = alt.Color("tone:N", scale=None, legend=None)
    base = alt.Chart(table).encode(y=y, tooltip=["name:N", "text:N", "ends:N"])
    zero = alt.Chart(table.head(1)).mark_rule(color=QUIET).encode(x=alt.datum(0))
    spans = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", **scale), x2="high:Q", color=tone)
    points = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=alt.X("contribution:Q", **scale), color=tone
    )
    texts = base.mark_text(align="left", dx=8, color=INK).encode(x="right:Q", text="text:N")
    height = max(ROW * len(table), 60)
    return alt.LayerChart(
        layer=[zero, spans, points, texts],  # points on top: they are clicked
        width=WIDTH,
        height=height,
        title=title,
    )
