"""Definition mismatch: one department's report jumped because it counts differently."""

from __future__ import annotations

from datetime import date

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message, Period, Where
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.evidence import Evidence

KIND = "definition_mismatch"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per reporter whose level broke away from the others."""
    found = []
    for noted in evidence.definitions:
        finding, result = noted.finding, noted.result
        column = next(iter(finding.where.values), "reporter")
        for row in result.table[result.table["jumped"]].to_dict("records"):
            values = {k: row[k] for k in ("metric", "reporter", "jump", "low", "high")}
            values |= {"definition": row["definition_after"]}
            cause = Cause(
                KIND,
                str(row["metric"]),
                "execution",
                Message("cause.definition_mismatch", values),
                0.0,
                where=Where({column: (str(row["reporter"]),)}),
                period=_period(case, row["since"]),
                effect_pct=100 * row["jump"],
                effect_on=f"reported {row['metric']} ({row['reporter']})",
                findings=(finding.id,),
                action=Message("action.definition_mismatch", values),
            )
            found.append(Candidate(cause, row["p"]))
    return found


def _period(case: Case, since: object) -> Period:
    if isinstance(since, date) and since <= case.current.last:
        return Period(since, case.current.last)
    return case.current
