"""Data loss: the log lost rows while the books show no drop. Before everything: such a fall is not real."""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.analysis.gaps import GapsResult
from kpilab.core.case import Case
from kpilab.core.finding import Cause, StepReport
from kpilab.core.values import Effect, Message, Period
from kpilab.engine.cells import Cells
from kpilab.verdict.candidate import Candidate, results
from kpilab.verdict.steps.trust import place

KIND = "data_loss"


def judge(case: Case, cells: Cells, reports: Sequence[StepReport]) -> list[Candidate]:
    """One candidate per gap that the books confirm and that touches the current period."""
    found = []
    for finding, result in results(reports, GapsResult):
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
