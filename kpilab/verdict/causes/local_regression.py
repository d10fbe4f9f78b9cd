"""Local regression: one combination of dimensions carries at least 80 % of a driver's fall."""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.core.case import Case
from kpilab.core.finding import StepReport
from kpilab.engine.cells import Cells
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.falls import falls
from kpilab.verdict.inside import candidate

KIND = "local_regression"


def judge(case: Case, cells: Cells, reports: Sequence[StepReport]) -> list[Candidate]:
    """One candidate per driver that fell in one place."""
    return [candidate(KIND, case, cells, f) for f in falls(case, cells, reports) if f.pattern == "place"]
