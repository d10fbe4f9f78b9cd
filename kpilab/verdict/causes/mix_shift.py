"""Mix shift: a rate fell in (nearly) every segment, and a change of shares hides or changes it (Simpson)."""

from __future__ import annotations

from collections.abc import Sequence

from kpilab.core.case import Case
from kpilab.core.finding import StepReport
from kpilab.engine.cells import Cells
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.falls import falls
from kpilab.verdict.inside import candidate

KIND = "mix_shift"


def judge(case: Case, cells: Cells, reports: Sequence[StepReport]) -> list[Candidate]:
    """One candidate per driver whose total hides its segments."""
    return [candidate(KIND, case, cells, f) for f in falls(case, cells, reports) if f.pattern == "mix"]
