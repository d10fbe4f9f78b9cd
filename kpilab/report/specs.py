"""Vega-Lite specs of a review's charts: one per finding, one for the bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kpilab.core.finding import Finding, Review
from kpilab.core.result import Result
from kpilab.report.document import Json, main_result, plain, steady
from kpilab.report.first import course
from kpilab.report.words import Words
from kpilab.show import chart
from kpilab.show.charts.relation.series import expected
from kpilab.show.charts.review.bridge import bridge
from kpilab.show.labels import labelled
from kpilab.show.theme import themed

if TYPE_CHECKING:
    import altair as alt

BRIDGE, COURSE = "bridge", "course"


def specs(words: Words) -> dict[str, Json]:
    """Spec per finding id that has a chart, and `bridge`; each carries its alternative text."""
    found = {
        f.id: _spec(result, f, words)
        for f in words.review.findings
        if (result := _drawable(f)) is not None
    }
    steps = themed(bridge(words.review, words.say, words.lang)).to_dict(validate=False)
    found[BRIDGE] = described(steps, words.text("bridge_alt") + " " + words.goal_line())
    shown = course(words)
    if shown is not None:
        result, target = shown
        line = themed(expected(labelled(result, words.names), words.lang, target))
        found[COURSE] = described(line.to_dict(validate=False), words.goal_line())
    return found


def drawn(review: Review, lang: str) -> alt.TopLevelMixin:
    """The bridge of a review as a chart of its own."""
    words = Words(review, lang)
    return themed(bridge(review, words.say, lang).properties(width=560))


def _drawable(finding: Finding) -> Result | None:
    """The result to draw: none when the finding asks for no chart or has no rows."""
    result = None if finding.chart is None else main_result(finding)
    return None if result is None or result.table.empty else result


def _spec(result: Result, finding: Finding, words: Words) -> Json:
    spec = chart(labelled(result, words.names), words.lang).to_dict(validate=False)
    return described(spec, words.say(finding.statement))


def described(spec: Json, text: str) -> Json:
    """The spec with alternative text, the place's full width and steady names."""
    spec = wide({k: v for k, v in spec.items() if k != "description"})
    return steady({"description": text} | {k: plain(v) for k, v in _quiet(spec).items()})


def wide(spec: Json) -> Json:
    """The spec as wide as its place, unless its width is that of its columns."""
    if ("mark" in spec or "layer" in spec) and not isinstance(spec.get("width"), dict):
        return spec | {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return spec


def _quiet(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with the marks that carry no data (a line at zero) hidden from screen readers:
    they have no name."""
    parts: dict[str, Any] = {
        k: [_quiet(part) for part in spec[k]]
        for k in ("layer", "concat", "hconcat", "vconcat")
        if k in spec
    }
    if isinstance(spec.get("spec"), dict):
        parts["spec"] = _quiet(spec["spec"])
    if "mark" in spec and not any("field" in channel for channel in _channels(spec)):
        mark = spec["mark"]
        parts["mark"] = ({"type": mark} if isinstance(mark, str) else mark) | {"aria": False}
    return spec | parts


def _channels(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Every channel of a unit's encoding; a channel may hold several."""
    found = []
    for channel in spec.get("encoding", {}).values():
        found += channel if isinstance(channel, list) else [channel]
    return found
