"""kpilab: the KPIs hit target, so why did the business not grow?"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Public name -> module; loaded on first use, so that importing kpilab costs next to nothing.
_WHERE = {
    "EventLog": "kpilab.core.table",
    "Facts": "kpilab.core.table",
    "Benchmark": "kpilab.core.table",
    "Reports": "kpilab.core.table",
    "Executions": "kpilab.core.table",
    "Assignments": "kpilab.core.table",
    "Incidents": "kpilab.core.table",
    "Units": "kpilab.core.trial",
    "Outcome": "kpilab.core.trial",
    "Design": "kpilab.core.trial",
    "Period": "kpilab.core.values",
    "Where": "kpilab.core.values",
    "KpilabError": "kpilab.errors",
    "BadInput": "kpilab.errors",
    "open_case": "kpilab.case.read",
    "review": "kpilab.verdict.run",
    "funnel": "kpilab.analysis.events.funnel",
    "Step": "kpilab.analysis.events.funnel",
    "Breakdown": "kpilab.analysis.events.funnel",
    "Exclusion": "kpilab.analysis.events.funnel",
    "funnel_change": "kpilab.analysis.events.funnel_change",
    "dropoff": "kpilab.analysis.events.dropoff",
    "blindspots": "kpilab.analysis.events.blindspots",
    "paths": "kpilab.analysis.events.paths",
    "paths_change": "kpilab.analysis.events.paths_change",
    "step_matrix": "kpilab.analysis.events.step_matrix",
    "Gap": "kpilab.analysis.events.step_matrix",
    "sequences": "kpilab.analysis.events.sequences",
    "retention": "kpilab.analysis.events.retention",
    "activity": "kpilab.analysis.events.activity",
    "correlate": "kpilab.analysis.relation.correlate",
    "relate": "kpilab.analysis.relation.relate",
    "screen": "kpilab.analysis.relation.screen",
    "panel": "kpilab.analysis.relation.panel",
    "goodhart": "kpilab.analysis.relation.goodhart",
    "surge": "kpilab.analysis.relation.hollow_growth",
    "market": "kpilab.analysis.external.market",
    "explore": "kpilab.analysis.rootcause.explore",
    "split": "kpilab.analysis.rootcause.split",
    "history": "kpilab.analysis.rootcause.history",
    "decompose": "kpilab.analysis.rootcause.decompose",
    "localise": "kpilab.analysis.rootcause.localise",
    "clustered": "kpilab.analysis.rootcause.user_intervals",
    "dating": "kpilab.analysis.rootcause.changepoint",
    "ratemix": "kpilab.analysis.rootcause.ratemix",
    "nextsplit": "kpilab.analysis.rootcause.next_split",
    "conflicts": "kpilab.analysis.relation.conflicts",
    "counterfactual": "kpilab.analysis.external.counterfactual",
    "audit": "kpilab.analysis.execution.audit",
    "sample": "kpilab.analysis.execution.audit",
    "priority": "kpilab.analysis.execution.priority",
    "write_worksheet": "kpilab.analysis.execution.worksheet",
    "read_worksheet": "kpilab.analysis.execution.worksheet",
    "bunching": "kpilab.analysis.execution.bunching",
    "heaping": "kpilab.analysis.execution.heaping",
    "timing": "kpilab.analysis.execution.timing",
    "quality": "kpilab.analysis.data.quality",
    "gaps": "kpilab.analysis.data.missing_rows",
    "outages": "kpilab.analysis.data.outages",
    "reconcile": "kpilab.analysis.data.reconcile",
    "restatement": "kpilab.analysis.data.restatement",
    "Measured": "kpilab.engine.daily",
    "registry": "kpilab.analysis.data.registry",
    "smart": "kpilab.analysis.relation.smart",
    "evidence": "kpilab.analysis.execution.evidence",
    "definitions": "kpilab.analysis.data.definitions",
    "experiment": "kpilab.analysis.experiments.experiment",
    "plan": "kpilab.analysis.experiments.plan",
    "subgroups": "kpilab.analysis.experiments.subgroups",
    "course": "kpilab.analysis.experiments.cumulative_effect",
    "ages": "kpilab.analysis.experiments.effect_by_age",
    "arrivals": "kpilab.analysis.experiments.sample_ratio",
    "reread": "kpilab.analysis.experiments.reanalysis",
    "oee": "kpilab.analysis.operations.oee",
    "Machines": "kpilab.analysis.operations.oee",
    "control": "kpilab.analysis.operations.control",
    "response": "kpilab.analysis.operations.response",
    "fair": "kpilab.analysis.operations.fair_targets",
    "targets": "kpilab.analysis.operations.targets",
    "pace": "kpilab.analysis.operations.pace",
    "incentives": "kpilab.analysis.operations.incentives",
    "Tier": "kpilab.analysis.operations.incentives",
    "claims": "kpilab.analysis.execution.claims",
    "levels": "kpilab.analysis.relation.kpi_cascade",
    "Store": "kpilab.track.store",
}

__all__ = sorted(_WHERE)

if TYPE_CHECKING:
    from kpilab.core.table import Assignments as Assignments
    from kpilab.core.table import Benchmark as Benchmark
    from kpilab.core.table import EventLog as EventLog
    from kpilab.core.table import Executions as Executions
    from kpilab.core.table import Facts as Facts
    from kpilab.core.table import Incidents as Incidents
    from kpilab.core.table import Reports as Reports
    from kpilab.core.values import Period as Period
    from kpilab.core.values import Where as Where
    from kpilab.errors import BadInput as BadInput
    from kpilab.errors import KpilabError as KpilabError


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module 'kpilab' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return __all__
