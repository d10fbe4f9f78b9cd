"""One function per chart; `draw` finds the one that fits a result's kind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from kpilab.show.theme import themed

if TYPE_CHECKING:
    import altair as alt

    from kpilab.core.result import Result

# Result kind -> (module, function); a kind that is not here gets the plain table chart.
CHARTS: dict[str, tuple[str, str]] = {
    "evidence": ("trust", "evidence"),
    "audit": ("trust", "audit"),
    "sample": ("trust", "sample"),
    "bunching": ("trust", "bunching"),
    "priority": ("data", "priority"),
    "gaps": ("trust", "gaps"),
    "reconcile": ("trust", "reconcile"),
    "definitions": ("trust", "definitions"),
    "restatement": ("data", "restatement"),
    "outages": ("data", "outages"),
    "registry": ("metrics", "registry"),
    "smart": ("metrics", "smart"),
    "market": ("counterfactual", "market"),
    "counterfactual": ("counterfactual", "counterfactual"),
    "funnel": ("funnel", "funnel"),
    "funnel_change": ("funnel", "change"),
    "dropoff": ("funnel", "dropoff"),
    "blindspots": ("funnel", "blindspots"),
    "paths": ("flow", "paths"),
    "paths_change": ("steps", "paths_change"),
    "step_matrix": ("steps", "step_matrix"),
    "sequences": ("steps", "sequences"),
    "retention": ("lifecycle", "retention"),
    "activity": ("lifecycle", "activity"),
    "attainment": ("goal", "attainment"),
    "drivers": ("goal", "drivers"),
    "history": ("series", "history"),
    "screen": ("network", "screen"),
    "panel": ("network", "panel"),
    "correlate": ("relation", "correlate"),
    "relate": ("relation", "relate"),
    "explore": ("explore", "explore"),
    "split": ("explore", "split"),
    "experiment": ("trial", "experiment"),
    "subgroups": ("trial", "subgroups"),
    "course": ("trial", "course"),
    "ages": ("trial", "ages"),
    "arrivals": ("trial", "arrivals"),
    "plan": ("trial", "plan"),
    "rereading": ("trial", "rereading"),
    "effects": ("loop", "effects"),
    "compare": ("loop", "compare"),
    "watch": ("loop", "watch"),
    "decompose": ("formula", "decompose"),
    "localise": ("rootcause", "localise"),
    "ratemix": ("formula", "ratemix"),
    "nextsplit": ("rootcause", "nextsplit"),
    "dating": ("rootcause", "dating"),
    "oee": ("process", "oee"),
    "control": ("process", "control"),
    "response": ("process", "response"),
    "fair": ("process", "fair"),
    "targets": ("people", "targets"),
    "pace": ("people", "pace"),
    "incentives": ("people", "incentives"),
    "claims": ("people", "claims"),
    "levels": ("people", "levels"),
}


def draw(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """The chart of a result, titled with its headline."""
    module, function = CHARTS.get(result.kind, ("plain", "plain"))
    chart = getattr(import_module(f"kpilab.show.charts.{module}"), function)(result, lang)
    return themed(chart)
