"""Rows loaded twice: they are counted once, and what they would have done to the comparison is
said."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence

KIND = "duplicate_rows"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per table whose comparison they change by more than the floor."""
    found = []
    for twice in evidence.twice:
        if 100 * abs(twice.off) < case.floor:
            continue
        values = {"table": twice.table, "period": twice.days, "off": twice.off}
        values |= {"before": twice.before, "after": twice.after}
        cause = Cause(
            KIND,
            twice.table,
            "trust",
            Message("cause.duplicate_rows", values),
            SURE,
            period=twice.days,
            effect_pct=100 * twice.off,
            effect_on="comparison as loaded",
            findings=(twice.finding,),
            action=Message("action.duplicate_rows", values),
        )
        found.append(Candidate(cause, None))
    return found


SURE = 0.99  # they are equal in every column
