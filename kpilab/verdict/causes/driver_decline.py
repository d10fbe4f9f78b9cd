"""Driver decline: a watched driver fell everywhere, for no reason found yet."""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.core.case import Case
from kpilab.core.finding import StepReport
from kpilab.engine.cells import Cells
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.falls import falls
from kpilab.verdict.inside import candidate

KIND = "driver_decline"


def judge(case: Case, cells: Cells, reports: Sequence[StepReport]) -> list[Candidate]:
    """One candidate per watched driver that fell everywhere."""
    return [
        candidate(KIND, case, cells, f)
        for f in falls(case, cells, reports)
        if f.pattern == "everywhere" and f.driver in case.watched
    ]
