"""Charts of free exploration: a metric by dimensions and time, a split by one dimension,
places that stand out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import Form, across, over, up
from kpilab.show.charts.rows import ends, rows
from kpilab.show.charts.words import head
from kpilab.show.format import number, percent, signed, signed_percent, where
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, PALETTE

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
        return _lines(table.assign(date=pd.to_datetime(table["date"])), result.by, title, lang)
    if len(result.by) == 2:
        return _grid(table, result.by, title)
    return _points(table, result.by, title, lang)


def _period(name: str, lang: str) -> str:
    return label(f"report.{name}", lang) if name in PERIODS else name


def _largest(table: pd.DataFrame, dimension: str, most: int = MOST) -> list[str]:
    """The values with the largest denominators or amounts, in the table's order; a chart has room
    for so many."""
    weight = table["denominator"] if (table["denominator"] != 1).any() else table["value"].abs()
    sizes = weight.groupby(table[dimension]).sum().sort_values(ascending=False)
    kept = set(sizes.index[:most])
    # The last period first, as a new value is in no earlier one.
    last = table[table["period"] == table["period"].iloc[-1]] if len(table) else table
    return [str(v) for v in dict.fromkeys([*last[dimension], *table[dimension]]) if v in kept]


def _lines(
    table: pd.DataFrame, by: tuple[str, ...], title: alt.TitleParams, lang: str
) -> alt.TopLevelMixin:
    tip = ["date:T", *(f"{d}:N" for d in by), "period:N", "said:N"]
    y = up(None, "number", lang, zero=not by)
    base = alt.Chart(table).encode(x=over(lang, field="date"), y=y, tooltip=tip)
    dash = alt.StrokeDash("period:N", title=None, legend=alt.Legend(orient="bottom"))
    if not by:
        line = base.mark_line(point=True, color=PALETTE[0]).encode(strokeDash=dash)
        return line.properties(width=WIDTH, height=260, title=title)
    kept = _largest(table, by[0], 8)
    key = alt.Color(f"{by[0]}:N", sort=kept, legend=alt.Legend(orient="top", columns=3))
    lines = base.transform_filter(alt.FieldOneOfPredicate(field=by[0], oneOf=kept))
    lines = lines.mark_line(point=True).encode(color=key, strokeDash=dash)
    if len(by) == 1:
        return lines.properties(width=WIDTH, height=280, title=title)
    panels = _largest(table, by[1], 6)
    filtered = lines.transform_filter(alt.FieldOneOfPredicate(field=by[1], oneOf=panels))
    facet = filtered.properties(width=WIDTH, height=110).facet(
        facet=alt.Facet(f"{by[1]}:N", sort=panels, title=None), columns=1
    )
    return facet.properties(title=title)


def _grid(table: pd.DataFrame, by: tuple[str, ...], title: alt.TitleParams) -> alt.TopLevelMixin:
    """Both dimensions: the value of the last period written into each cell, and below it that of
    the first."""
    rows, columns = _largest(table, by[0]), _largest(table, by[1])
    table = table[table[by[0]].isin(rows) & table[by[1]].isin(columns)]
    spans = list(dict.fromkeys(table["period"]))
    last = table[table["period"] == spans[-1]] if spans else table
    if len(spans) > 1:
        first = table.loc[table["period"] == spans[0], [*by, "said"]].rename(
            columns={"said": "was"}
        )
        last = last.merge(first, "outer", list(by)).fillna({"said": "–", "was": "–"})
        last["was"] = "○ " + last["was"]
        title = alt.TitleParams(title.text, subtitle=f"● {spans[-1]}   ○ {spans[0]}")
    most = float(last["value"].max()) if len(last) else 1.0
    shown = [f"{by[0]}:N", f"{by[1]}:N", "said:N", *(["was:N"] if len(spans) > 1 else [])]
    base = alt.Chart(last).encode(
        x=alt.X(
            f"{by[1]}:N", sort=columns, axis=alt.Axis(orient="top", labelAngle=0, labelLimit=90)
        ),
        y=alt.Y(f"{by[0]}:N", sort=rows),
        tooltip=shown,
    )
    fill = alt.Color("value:Q", scale=alt.Scale(scheme="blues"), legend=None)
    dark = alt.condition(f"datum.value > {0.6 * most}", alt.value("white"), alt.value(INK))
    layers = [base.mark_rect(stroke="white").encode(color=fill)]
    lines = {"said": -7, "was": 8} if len(spans) > 1 else {"said": 0}
    for field, shift in lines.items():
        layers.append(base.mark_text(fontSize=11, dy=shift).encode(text=f"{field}:N", color=dark))
    step = alt.Step(ROW + 10 if len(spans) > 1 else ROW)
    return alt.layer(*layers).properties(width=alt.Step(84), height=step, title=title)


def _points(
    table: pd.DataFrame, by: tuple[str, ...], title: alt.TitleParams, lang: str
) -> alt.TopLevelMixin:
    """Current as a filled point, baseline as a hollow one, joined by a line."""
    dimension = by[0] if by else ""
    was, now = (_period(p, lang) for p in PERIODS)
    keys = table[dimension].astype(str) if by else pd.Series("", index=table.index)
    wide = table.assign(key=keys).pivot_table("value", "key", "period", sort=False)
    kept = [k for k in (_largest(table, dimension) if by else [""]) if k in wide.index]
    wide = wide.reindex(kept).reindex(columns=[was, now])
    found = pd.DataFrame({"name": kept, "segment": kept, "value": wide[now].to_numpy()})
    found = found.assign(
        hollow=wide[was].to_numpy(),
        text=[number(v, lang) for v in wide[now]],
        was=[number(v, lang) for v in wide[was]],
        tone=PALETTE[0],
    )
    if by:
        found[dimension] = kept
    tips = {"name": " ", "was": was, "text": now}
    legend = alt.TitleParams(title.text, subtitle=f"● {now}   ○ {was}")
    return rows(found, across(None, "number", lang), legend, zero=None, tips=tips)


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
    return _forest(table, label("report.contribution_axis", lang), head(result, lang, table), lang)


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
    table["contribution"] = table["difference"]
    table["text"] = [
        f"{percent(b, lang)} → {percent(c, lang)}"
        for b, c in zip(table["baseline"], table["current"], strict=True)
    ]
    table = table.sort_values("contribution").head(MOST)
    keep = ["name", "segment", "contribution", "low", "high", "text"]
    return _forest(
        table[keep],
        label("explore.axis_points", lang),
        head(result, lang, table),
        lang,
        "points",
    )


def _forest(
    table: pd.DataFrame,
    axis: str,
    title: alt.TitleParams,
    lang: str,
    form: Form = "signed",
) -> alt.LayerChart:
    """A point with its interval per row, a line at zero, the numbers as text."""
    signs = zip(table["low"], table["high"], strict=True)
    tones = [BAD if high < 0 else GOOD if low > 0 else NEUTRAL for low, high in signs]
    table = table.rename(columns={"contribution": "value"}).assign(tone=tones)
    table["ends"] = ends(table, lang)
    tips = {"name": " ", "text": label("report.value", lang)}
    tips |= {} if form == "points" else {"ends": label("report.interval", lang)}
    return rows(table, across(axis, form, lang), title, tips=tips)
