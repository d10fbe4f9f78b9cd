"""Fabricated execution: claimed work that left none of the traces that real work leaves."""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.analysis.evidence import EvidenceResult
from kpilab.core.case import Case
from kpilab.core.finding import Cause, StepReport
from kpilab.core.values import Message
from kpilab.engine.cells import Cells
from kpilab.questions.records import kpi_of
from kpilab.verdict.candidate import Candidate, results

KIND = "fabricated_execution"


def judge(case: Case, cells: Cells, reports: Sequence[StepReport]) -> list[Candidate]:
    """One candidate per action in which actors' claims do not match their traces."""
    found = []
    for finding, result in results(reports, EvidenceResult):
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
