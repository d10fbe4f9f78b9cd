"""Wrong KPI: it jumped in one place, and nothing downstream of it followed."""

from __future__ import annotations

from kpilab.analysis.relation.hollow_growth import HollowGrowthResult
from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence

KIND = "wrong_kpi"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per KPI with a hollow jump."""
    found = []
    for noted in evidence.surges:
        finding, result = noted.finding, noted.result
        if result.where is None or finding.subject is None:
            continue
        values = {
            "kpi": finding.subject,
            "where": result.where,
            "change": result.total.value,
            "there": result.change.value,
            "goal": case.goal.metric,
        }
        cause = Cause(
            KIND,
            finding.subject,
            "relation",
            Message("cause.wrong_kpi", values),
            0.0,
            where=result.where,
            period=case.current,
            effect_pct=100 * result.total.value,
            effect_on=finding.subject,
            findings=(finding.id,),
            action=Message("action.wrong_kpi", values),
        )
        found.append(Candidate(cause, jump(result)))
    return found


def jump(result: HollowGrowthResult) -> float:
    """Chance of such a jump in any segment in noise alone.

    The whole review corrects this one; that nothing downstream followed is a condition with its own
    level.
    """
    return float(min(1.0, result.table["jump"].iloc[:-1].min() * (len(result.table) - 1)))
