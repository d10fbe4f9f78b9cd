"""Wins that do not add up: most of what the shipped tests claimed was the luck of the winners."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message, Period
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.tuned import OVERSTATED


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """At most one candidate: the programme of tests as a whole."""
    noted = evidence.programme
    if noted is None or not noted.result.overstated:
        return []
    result = noted.result
    shipped = result.table[result.table["shipped"]]
    days = [d for d in shipped["decided"] if d is not None and d <= case.current.last]
    values = {"wins": result.wins, "claimed": result.claimed.value, "gone": result.gone}
    values |= {"total": result.total.value, "low": result.total.low, "high": result.total.high}
    cause = Cause(
        "overstated_wins",
        "experiments",
        "execution",
        Message("cause.overstated_wins", values),
        OVERSTATED,
        actors=tuple(shipped["test"]),
        period=Period(min(days), case.current.last) if days else None,
        effect_pct=-100 * result.gone,
        effect_on="claimed wins",
        findings=(noted.finding.id,),
        action=Message("action.overstated_wins", values),
    )
    return [Candidate(cause, None)]
