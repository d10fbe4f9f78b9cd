"""One function per chart; `draw` finds the one that fits a result's kind."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from kpilab.show.theme import themed, unchecked

if TYPE_CHECKING:
    import altair as alt

    from kpilab.core.result import Result

# Result kind -> (module, function); a kind that is not here gets the plain table chart.
CHARTS: dict[str, tuple[str, str]] = {
    "evidence": ("execution.evidence", "evidence"),
    "audit": ("execution.evidence", "audit"),
    "sample": ("execution.evidence", "sample"),
    "bunching": ("execution.evidence", "bunching"),
    "priority": ("data.faults", "priority"),
    "gaps": ("execution.evidence", "gaps"),
    "reconcile": ("execution.evidence", "reconcile"),
    "definitions": ("execution.evidence", "definitions"),
    "restatement": ("data.faults", "restatement"),
    "outages": ("data.faults", "outages"),
    "registry": ("data.metrics", "registry"),
    "smart": ("data.metrics", "smart"),
    "market": ("external.counterfactual", "market"),
    "counterfactual": ("external.counterfactual", "counterfactual"),
    "funnel": ("events.funnel", "funnel"),
    "funnel_change": ("events.funnel", "change"),
    "dropoff": ("events.funnel", "dropoff"),
    "blindspots": ("events.funnel", "blindspots"),
    "paths": ("events.flow", "paths"),
    "paths_change": ("events.steps", "paths_change"),
    "step_matrix": ("events.steps", "step_matrix"),
    "sequences": ("events.steps", "sequences"),
    "retention": ("events.lifecycle", "retention"),
    "activity": ("events.lifecycle", "activity"),
    "quality": ("data.faults", "quality"),
    "heaping": ("execution.evidence", "heaping"),
    "timing": ("execution.evidence", "timing"),
    "growth": ("customers.growth", "growth"),
    "churn": ("customers.parts", "segments"),
    "acquisition": ("customers.parts", "segments"),
    "pipeline": ("customers.parts", "segments"),
    "concentration": ("customers.parts", "concentration"),
    "channel_shift": ("customers.parts", "channel_shift"),
    "lifetime": ("customers.parts", "lifetime"),
    "price_volume_mix": ("customers.parts", "price_volume_mix"),
    "basket": ("customers.parts", "basket"),
    "survival": ("customers.curves", "survival"),
    "cohorts": ("customers.triangle", "cohorts"),
    "payback": ("customers.parts", "payback"),
    "service_effect": ("customers.parts", "service_effect"),
    "repeat": ("customers.curves", "repeat"),
    "pull_forward": ("customers.parts", "pull_forward"),
    "conflicts": ("relation.kpis", "conflicts"),
    "goodhart": ("relation.kpis", "goodhart"),
    "surge": ("relation.kpis", "surge"),
    "spread": ("rootcause.places", "spread"),
    "clustered": ("rootcause.places", "clustered"),
    "attainment": ("review.goal", "attainment"),
    "drivers": ("review.goal", "drivers"),
    "history": ("relation.series", "history"),
    "expected": ("relation.series", "expected"),
    "screen": ("relation.network", "screen"),
    "panel": ("relation.network", "panel"),
    "correlate": ("relation.pairs", "correlate"),
    "relate": ("relation.pairs", "relate"),
    "explore": ("rootcause.explore", "explore"),
    "split": ("rootcause.explore", "split"),
    "experiment": ("experiments.trial", "experiment"),
    "subgroups": ("experiments.trial", "subgroups"),
    "course": ("experiments.trial", "course"),
    "ages": ("experiments.trial", "ages"),
    "arrivals": ("experiments.trial", "arrivals"),
    "plan": ("experiments.plan", "plan"),
    "programme": ("experiments.programme", "programme"),
    "rereading": ("experiments.trial", "rereading"),
    "effects": ("review.loop", "effects"),
    "compare": ("review.loop", "compare"),
    "watch": ("review.loop", "watch"),
    "decompose": ("rootcause.formula", "decompose"),
    "localise": ("rootcause.places", "localise"),
    "place_search": ("rootcause.places", "place_search"),
    "ratemix": ("rootcause.formula", "ratemix"),
    "nextsplit": ("rootcause.places", "nextsplit"),
    "dating": ("rootcause.places", "dating"),
    "oee": ("operations.process", "oee"),
    "control": ("operations.process", "control"),
    "response": ("operations.process", "response"),
    "fair": ("operations.process", "fair"),
    "targets": ("operations.people", "targets"),
    "pace": ("operations.people", "pace"),
    "incentives": ("operations.people", "incentives"),
    "claims": ("operations.people", "claims"),
    "levels": ("operations.people", "levels"),
}


def draw(result: Result, lang: str = "en") -> alt.TopLevelMixin:
    """The chart of a result, titled with its headline."""
    module, function = CHARTS.get(result.kind, ("plain", "plain"))
    drawing = getattr(import_module(f"kpilab.show.charts.{module}"), function)
    with unchecked():
        return themed(drawing(result, lang))
