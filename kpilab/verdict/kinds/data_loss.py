"""Data loss: the log lost rows while the books show no drop. Before everything: such a fall is not real."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Effect, Message, Period
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.faults import place

KIND = "data_loss"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per gap that the books confirm and that touches the current period."""
    found = []
    for noted in evidence.gaps:
        finding, result = noted.finding, noted.result
        for row in result.table.to_dict("records"):
            days = Period(row["first"], row["last"])
            if not row["confirmed"] or days.last < case.current.first or row["goal_share"] != row["goal_share"]:
                continue
            values = {"table": finding.subject, "where": place(row), "period": days, "share": row["goal_share"]}
            cause = Cause(
                KIND,
                str(finding.subject),
                "trust",
                Message("cause.data_loss", values),
                0.0,
                where=place(row),
                period=days,
                effect=Effect(-row["goal_lost"], -row["goal_high"], -row["goal_low"], case.goal.metric),
                effect_pct=-100 * row["goal_share"],
                effect_on=case.goal.metric,
                findings=(finding.id,),
                action=Message("action.data_loss", values),
            )
            found.append(Candidate(cause, row["p"]))
    return found
