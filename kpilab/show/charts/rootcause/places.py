"""Charts of root causes: segment bars with intervals, heat map, next split, dated change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.core.values import Message, Where
from kpilab.show import say
from kpilab.show.charts.axes import Form, across, over, up
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head, lines
from kpilab.show.format import pvalue, signed, signed_percent
from kpilab.show.format import where as where_text
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, MUTED, PALETTE, QUIET

NOTE, LINE = 22, 14  # letters in a line of an entry, so that a phone has room; pixels of a line

if TYPE_CHECKING:
    from kpilab.analysis.rootcause.changepoint import ChangepointResult
    from kpilab.analysis.rootcause.localise import LocaliseResult
    from kpilab.analysis.rootcause.next_split import NextSplitResult
    from kpilab.analysis.rootcause.place_search import PlaceSearchResult
    from kpilab.analysis.rootcause.segment_search import SegmentSearchResult
    from kpilab.analysis.rootcause.user_intervals import UserIntervalsResult
    from kpilab.core.values import Where

MOST = 20
WIDTH = 480


def localise(result: LocaliseResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per combination found, with its interval; below it the cube by two dimensions.

    Of several metrics: what was found, in every metric.
    """
    if result.beside["metric"].nunique() > 1:
        return _beside(result, lang)
    found = result.table.head(MOST).reset_index(drop=True)
    text = [signed(v, lang) for v in found["contribution"]]
    for k, change in enumerate(found["change"]):
        text[k] += "" if change != change else f" ({signed_percent(change, lang)})"
    places = _bars(
        found.assign(name=[where_text(w, lang) for w in found["where"]], text=text),
        head(result, lang, found),
        lang,
    )
    if not result.across or result.cells.empty:
        return places
    return alt.vconcat(places, heat(result, lang)) if len(found) else heat(result, lang)


def _beside(result: LocaliseResult, lang: str) -> alt.LayerChart:
    """Places down, metrics along: colour is the deviation in standard errors."""
    rows = result.beside.drop(columns="where")
    rows["place"] = [where_text(w, lang) for w in result.beside["where"]]
    rows["text"] = ["" if pd.isna(v) else signed_percent(v, lang) for v in rows["change"]]
    orders = {c: rows[c].drop_duplicates().tolist() for c in ("place", "metric")}
    about = [label("localise.beside", lang), label("localise.framed", lang)]
    title = head(result, lang)
    base = alt.Chart(rows.head(MOST * len(orders["metric"])), title=title).encode(
        x=alt.X(
            "metric:N",
            sort=orders["metric"],
            title=" · ".join(about),
            axis=alt.Axis(orient="top", labelAngle=0),
        ),
        y=alt.Y("place:N", sort=orders["place"], title=None, axis=alt.Axis(labelLimit=360)),
    )
    rects = base.mark_rect(stroke="white").encode(color=_scores())
    frames = base.transform_filter("datum.found").mark_rect(
        fillOpacity=0, stroke=INK, strokeWidth=2
    )
    texts = base.mark_text(fontSize=11).encode(text="text:N")
    return alt.LayerChart(layer=[rects, frames, texts], width=alt.Step(120), height=alt.Step(26))


def _scores() -> alt.Color:
    """Standard errors as a colour."""
    scale = alt.Scale(
        domain=[-8, 0, 8], range=[BAD, "#F4F5F6", GOOD], clamp=True, interpolate="rgb"
    )
    return alt.Color("score:Q", scale=scale, legend=None)


def place_search(result: PlaceSearchResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per place found: what it made of the goal, with its interval."""
    found = result.table.head(MOST)
    named = [
        f"{driver} · {where_text(w, lang)}"
        for driver, w in zip(found["driver"], found["where"], strict=True)
    ]
    bars = found[["low", "high"]].assign(
        name=named, contribution=found["effect"], text=[signed(v, lang) for v in found["effect"]]
    )
    return _bars(bars, head(result, lang, found), lang, "place_search.axis")


def clustered(result: UserIntervalsResult, lang: str = "en") -> alt.LayerChart:
    """One bar per place: what it contributed, with its interval over users."""
    found = result.table.head(MOST)
    text = [signed(v, lang) for v in found["contribution"]]
    names = [where_text(w, lang) for w in found["where"]]
    return _bars(
        found.assign(name=names, text=text),
        head(result, lang, found),
        lang,
    )


def spread(result: SegmentSearchResult, lang: str = "en") -> alt.LayerChart:
    """One bar per place: how the rate changed there, with its interval."""
    found = result.table.head(MOST)
    table = found[["low", "high"]].assign(
        name=[where_text(w, lang) for w in found["where"]],
        contribution=found["change"],
        text=[signed_percent(v, lang) for v in found["change"]],
    )
    return _bars(
        table,
        head(result, lang, found),
        lang,
        "report.change_axis",
        "signed_percent",
    )


def _bars(
    found: pd.DataFrame,
    title: alt.TitleParams,
    lang: str,
    axis: str = "localise.axis",
    form: Form = "signed",
) -> alt.LayerChart:
    """One bar per `name`: its `contribution` from `low` to `high`, its `text`; a line alone where
    nothing was found."""
    if found.empty:
        return alt.LayerChart(layer=[alt.Chart(pd.DataFrame({"x": [0]}), width=WIDTH,
            height=1).mark_point(opacity=0)], title=title)  # fmt: skip
    table = found[["name", "low", "high", "text"]].assign(value=found["contribution"])
    if "where" in found:
        table["at"] = [at(w) for w in found["where"]]
    table["tone"] = (
        found["tone"] if "tone" in found else [GOOD if v >= 0 else BAD for v in table["value"]]
    )
    x = across(label(axis, lang), form, lang)
    return rows(table, x, title, mark="bar")


def heat(result: LocaliseResult, lang: str = "en") -> alt.LayerChart:
    """The cube by two dimensions: colour is the deviation in standard errors,
    what was found is framed."""
    down, along = result.across
    kept = [
        result.cells.groupby(d)["expected"].sum().nlargest(MOST).index.tolist()
        for d in (down, along)
    ]
    cells = result.cells[
        result.cells[down].isin(kept[0]) & result.cells[along].isin(kept[1])
    ].copy()
    cells = cells.rename(columns={down: "row", along: "column"})
    cells["found"] = [
        any(_inside(place, {down: r, along: c}) for place in result.places)
        for r, c in zip(cells["row"], cells["column"], strict=True)
    ]
    pairs = zip(cells["row"], cells["column"], strict=True)
    cells["at"] = [at(Where({down: (r,), along: (c,)})) for r, c in pairs]
    change = (cells["actual"] - cells["expected"]) / cells["expected"].where(cells["expected"] > 0)
    cells["text"] = ["" if pd.isna(v) else signed_percent(round(v, 3) + 0.0, lang) for v in change]
    about = [say(Message("localise.colours"), lang)]
    about += [say(Message("localise.framed"), lang)] if cells["found"].any() else []
    title = lines(say(Message("localise.cells", {"rows": down, "columns": along}), lang))
    base = alt.Chart(cells, title=alt.TitleParams(title, subtitle=about)).encode(
        x=alt.X(
            "column:N",
            sort=kept[1],
            title=along,
            axis=alt.Axis(orient="top", labelAngle=0, labelLimit=56),
        ),
        y=alt.Y("row:N", sort=kept[0], title=down),
        tooltip=[
            alt.Tooltip("row:N", title=down),
            alt.Tooltip("column:N", title=along),
            alt.Tooltip("expected:Q", title=label("localise.expected", lang), format=",.4~g"),
            alt.Tooltip("actual:Q", title=label("localise.actual", lang), format=",.4~g"),
            alt.Tooltip("score:Q", title=label("localise.score", lang), format="+.1f"),
        ],
    )
    rects = base.mark_rect(stroke="white").encode(color=_scores())
    frames = base.transform_filter("datum.found").mark_rect(
        fillOpacity=0, stroke=INK, strokeWidth=2
    )
    texts = base.mark_text(fontSize=10).encode(text="text:N")
    return alt.LayerChart(layer=[rects, frames, texts], width=alt.Step(58), height=alt.Step(26))


def at(place: Where) -> str:
    """A place as text, for clicks: its values, and the exception, as JSON."""
    sides = {"values": place.values, "without": place.without}
    return json.dumps({k: {d: _texts(v) for d, v in side.items()} for k, side in sides.items()})


def _inside(place: Where, cell: dict[str, str]) -> bool:
    """Whether a cell of two dimensions lies in a place found that names no third one,
    and not in its exception."""
    if not place.values or not {*place.values, *place.without} <= set(cell):
        return False
    left = [cell[d] in _texts(v) for d, v in place.without.items()]
    return all(cell[d] in _texts(v) for d, v in place.values.items()) and not (left and all(left))


def _texts(values: tuple[object, ...]) -> list[str]:
    return [str(v) for v in values]


def nextsplit(result: NextSplitResult, lang: str = "en") -> alt.TopLevelMixin:
    """One bar per dimension: its value that deviates most, with its interval;
    splits beyond noise in colour."""
    found = result.table.head(MOST)
    beyond = (found["q"] <= result.alpha).tolist()
    sides = [GOOD if v >= 0 else BAD for v in found["contribution"]]
    pairs = zip(found["contribution"], found["q"], strict=True)
    text = [f"{signed(c, lang)}, p {'' if q < 0.001 else '= '}{pvalue(q, lang)}" for c, q in pairs]
    table = found.assign(
        name=[f"{d} = {v}" for d, v in zip(found["dimension"], found["value"], strict=True)],
        text=text,
        tone=[c if b else QUIET for c, b in zip(sides, beyond, strict=True)],
    )
    return _bars(table, head(result, lang, found), lang)


def dating(result: ChangepointResult, lang: str = "en") -> alt.TopLevelMixin:
    """The daily level with the fitted change; the days it may have begun on are shaded,
    what was logged is named."""
    rows = result.table.assign(day=pd.to_datetime(result.table["day"]))[["day", "value", "fitted"]]
    base = alt.Chart(rows, title=head(result, lang), width=WIDTH + 120)
    x, y = over(lang), up(label("dating.value", lang), "number", lang)
    layers = base.mark_line(color=QUIET, point=alt.OverlayMarkDef(color=QUIET, size=18)).encode(
        x=x, y=y
    )
    layers += base.mark_line(color=PALETTE[0], strokeWidth=2.5, interpolate="step-after").encode(
        x=x, y="fitted:Q"
    )
    if result.start is None or result.low is None or result.high is None:
        return layers
    span = pd.DataFrame(
        {
            "low": [pd.Timestamp(result.low)],
            "high": [pd.Timestamp(result.high) + pd.Timedelta(days=1)],
        }
    )
    shade = alt.Chart(span).mark_rect(color=PALETTE[1], opacity=0.18).encode(x="low:T", x2="high:T")
    return alt.layer(shade, layers, *_logged(result))


def _logged(result: ChangepointResult) -> list[alt.Chart]:
    """Entries of the change log near the start, one below the other, on the side with more room."""
    days = result.table["day"]
    late = [
        (day - days.iloc[0]).days > 0.5 * (days.iloc[-1] - days.iloc[0]).days
        for day, _ in result.candidates
    ]
    rules, layers, above = [], [], 0
    for (day, text), is_late in zip(result.candidates, late, strict=True):
        said = lines(text, NOTE)
        held = pd.DataFrame({"day": [pd.Timestamp(day)], "text": [said]})
        base = alt.Chart(held).encode(x="day:T")
        side = {"align": "right", "dx": -5} if is_late else {"align": "left", "dx": 5}
        rules.append(base.mark_rule(color=MUTED, strokeDash=[3, 3]))
        words = base.mark_text(
            y=9 + LINE * above, fontSize=11, lineHeight=LINE, color=MUTED, **side
        ).encode(text="text:N")
        above += len(said)
        # A white rim, so that the line of another entry does not cross the words.
        layers += [words.encode(stroke=alt.value("white"), strokeWidth=alt.value(4)), words]
    return [*rules, *layers]
