"""Data loss: the log lost rows while the books show no drop. Before everything:
such a fall is not real."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause, GoalChange
from kpilab.core.values import Message
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence, Loss

KIND = "data_loss"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per loss that the goal of the current period lacks rows by."""
    return [
        _candidate(case, evidence.goal, loss)
        for loss in evidence.losses
        if evidence.goal and loss.confirmed and loss.goal.value < 0
    ]


def _candidate(case: Case, goal: GoalChange, loss: Loss) -> Candidate:
    # Its numbers have been put back before any step read them, so the review stands behind it
    # whatever else it asked.
    share = -loss.goal.value / goal.current
    values = {"table": loss.table, "where": loss.where, "period": loss.days, "share": share}
    cause = Cause(
        KIND,
        loss.table,
        "trust",
        Message("cause.data_loss", values),
        0.0,
        where=loss.where,
        period=loss.days,
        effect=loss.goal,
        effect_pct=-100 * share,
        effect_on=case.goal.metric,
        findings=(loss.finding,),
        action=Message("action.data_loss", values),
    )
    return Candidate(cause, loss.p, settled=True)
