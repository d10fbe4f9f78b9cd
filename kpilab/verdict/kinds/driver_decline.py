"""Driver decline: a watched driver fell everywhere, for no reason found yet."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.inside import candidate

KIND = "driver_decline"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per watched driver that fell everywhere."""
    return [
        candidate(KIND, case, evidence.now, f)
        for f in evidence.falls
        if f.pattern == "everywhere" and f.driver in case.watched
    ]
