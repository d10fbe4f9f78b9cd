"""Vega-Lite specs of a review's charts: one per finding, one for the bridge."""

from __future__ import annotations

from kpilab.core.finding import Finding
from kpilab.report.document import Json, main_result, plain, steady
from kpilab.report.words import Words
from kpilab.show import chart
from kpilab.show.charts.bridge import bridge
from kpilab.show.theme import themed

BRIDGE = "bridge"


def specs(words: Words) -> dict[str, Json]:
    """Spec per finding id that has a chart, and `bridge`; each carries its alternative text."""
    found = {f.id: _spec(f, words) for f in words.review.findings if f.chart is not None and f.evidence}
    drawn = themed(bridge(words.review, words.say, words.lang)).to_dict()
    found[BRIDGE] = described(drawn, words.text("bridge_alt") + " " + words.goal_line())
    return found


def _spec(finding: Finding, words: Words) -> Json:
    result = main_result(finding)
    assert result is not None  # noqa: S101  # specs() asks only for findings with evidence
    return described(chart(result, words.lang).to_dict(), words.say(finding.statement))


def described(spec: Json, text: str) -> Json:
    """The spec with alternative text, the place's full width and steady names."""
    spec = {k: v for k, v in spec.items() if k != "description"}
    if ("mark" in spec or "layer" in spec) and not isinstance(spec.get("width"), dict):
        spec |= {"width": "container", "autosize": {"type": "fit-x", "contains": "padding"}}
    return steady({"description": text} | {k: plain(v) for k, v in spec.items()})
