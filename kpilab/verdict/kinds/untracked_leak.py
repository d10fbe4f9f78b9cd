"""Untracked leak: a driver fell everywhere, and no dashboard or KPI covers it."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.inside import candidate

KIND = "untracked_leak"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per unwatched driver that fell everywhere."""
    return [
        candidate(KIND, case, evidence.now, f)
        for f in evidence.falls
        if f.pattern == "everywhere" and f.driver not in case.watched
    ]
