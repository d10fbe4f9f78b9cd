"""Local regression: one combination of dimensions carries at least 80 % of a driver's fall."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.inside import candidate

KIND = "local_regression"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per driver that fell in one place."""
    return [candidate(KIND, case, evidence.now, f) for f in evidence.falls if f.pattern == "place"]
