"""Mix shift: a rate fell in (nearly) every segment,
and a change of shares hides or changes it (Simpson)."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.inside import candidate

KIND = "mix_shift"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per driver whose total hides its segments."""
    return [candidate(KIND, case, evidence.now, f) for f in evidence.falls if f.pattern == "mix"]
