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
    "funnel": "kpilab.analysis.funnel",
    "Step": "kpilab.analysis.funnel",
    "Breakdown": "kpilab.analysis.funnel",
    "Exclusion": "kpilab.analysis.funnel",
    "funnel_change": "kpilab.analysis.funnel_change",
    "dropoff": "kpilab.analysis.dropoff",
    "blindspots": "kpilab.analysis.blindspots",
    "paths": "kpilab.analysis.paths",
    "paths_change": "kpilab.analysis.paths_change",
    "step_matrix": "kpilab.analysis.step_matrix",
    "Gap": "kpilab.analysis.step_matrix",
    "sequences": "kpilab.analysis.sequences",
    "retention": "kpilab.analysis.retention",
    "activity": "kpilab.analysis.activity",
    "correlate": "kpilab.analysis.correlate",
    "relate": "kpilab.analysis.relate",
    "screen": "kpilab.analysis.screen",
    "panel": "kpilab.analysis.panel",
    "goodhart": "kpilab.analysis.goodhart",
    "surge": "kpilab.analysis.surge",
    "market": "kpilab.analysis.market",
    "explore": "kpilab.analysis.explore",
    "split": "kpilab.analysis.split",
    "history": "kpilab.analysis.history",
    "decompose": "kpilab.analysis.decompose",
    "localise": "kpilab.analysis.localise",
    "clustered": "kpilab.analysis.clustered",
    "dating": "kpilab.analysis.dating",
    "ratemix": "kpilab.analysis.ratemix",
    "nextsplit": "kpilab.analysis.nextsplit",
    "conflicts": "kpilab.analysis.conflicts",
    "counterfactual": "kpilab.analysis.counterfactual",
    "audit": "kpilab.analysis.audit",
    "sample": "kpilab.analysis.audit",
    "priority": "kpilab.analysis.priority",
    "write_worksheet": "kpilab.analysis.worksheet",
    "read_worksheet": "kpilab.analysis.worksheet",
    "bunching": "kpilab.analysis.bunching",
    "heaping": "kpilab.analysis.heaping",
    "timing": "kpilab.analysis.timing",
    "quality": "kpilab.analysis.quality",
    "gaps": "kpilab.analysis.gaps",
    "outages": "kpilab.analysis.outages",
    "reconcile": "kpilab.analysis.reconcile",
    "restatement": "kpilab.analysis.restatement",
    "Measured": "kpilab.engine.daily",
    "registry": "kpilab.analysis.registry",
    "smart": "kpilab.analysis.smart",
    "evidence": "kpilab.analysis.evidence",
    "definitions": "kpilab.analysis.definitions",
    "experiment": "kpilab.analysis.experiment",
    "plan": "kpilab.analysis.plan",
    "subgroups": "kpilab.analysis.subgroups",
    "course": "kpilab.analysis.course",
    "ages": "kpilab.analysis.ages",
    "arrivals": "kpilab.analysis.arrivals",
    "reread": "kpilab.analysis.rereading",
    "oee": "kpilab.analysis.oee",
    "Machines": "kpilab.analysis.oee",
    "control": "kpilab.analysis.control",
    "response": "kpilab.analysis.response",
    "fair": "kpilab.analysis.fair",
    "targets": "kpilab.analysis.targets",
    "pace": "kpilab.analysis.pace",
    "incentives": "kpilab.analysis.incentives",
    "Tier": "kpilab.analysis.incentives",
    "claims": "kpilab.analysis.claims",
    "levels": "kpilab.analysis.levels",
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
