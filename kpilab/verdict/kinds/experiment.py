"""A past test whose read-out does not stand: lost units, a novelty, or a lucky look."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.tuned import REREAD


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per test that fails its re-reading."""
    found = []
    for noted in evidence.rereadings:
        finding, result = noted.finding, noted.result
        if result.verdict == "fine":
            continue
        values = {"experiment": result.experiment, "where": result.where or None} | result.figures
        cause = Cause(
            f"ab_{result.verdict}",
            result.experiment,
            "execution",
            Message(f"cause.ab_{result.verdict}", values),
            REREAD[result.verdict],
            where=result.where,
            period=result.period,
            effect_pct=result.lasting_pct,
            effect_on="experiment readout",
            findings=(finding.id,),
            action=Message(f"action.ab_{result.verdict}", values),
        )
        found.append(
            Candidate(
                cause, None, rate_effect=result.effect.value / result.base if result.base else None
            )
        )
    return found
