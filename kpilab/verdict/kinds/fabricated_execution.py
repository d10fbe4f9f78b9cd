"""Fabricated execution: claimed work that left none of the traces that real work leaves."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message
from kpilab.questions.records import kpi_of
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence

KIND = "fabricated_execution"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per action in which actors' claims do not match their traces."""
    found = []
    for noted in evidence.records:
        finding, result = noted.finding, noted.result
        if not result.flagged:
            continue
        subject = kpi_of(case, result.action)
        values = {"kpi": subject, "actors": result.flagged, "share": result.total.value}
        values |= {"low": result.total.low, "high": result.total.high}
        cause = Cause(
            KIND,
            subject,
            "execution",
            Message("cause.fabricated_execution", values),
            0.0,
            actors=result.flagged,
            period=case.current,
            effect_pct=100 * result.total.value,
            effect_on=subject,
            findings=(finding.id,),
            action=Message("action.fabricated_execution", values),
        )
        # That somebody's claims do not match is as sure as the surest name.
        found.append(Candidate(cause, float(result.table["q"].min())))
    return found
