"""All decided tests together: do the wins add up to what they claim?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kpilab.analysis.experiments.programme import FEWEST, WINS, ProgrammeResult, programme
from kpilab.core.case import Case
from kpilab.core.finding import Finding
from kpilab.core.values import Message
from kpilab.questions.trial import trial
from kpilab.verdict.past import decided

if TYPE_CHECKING:
    from kpilab.analysis.experiments.reanalysis import ReanalysisResult
    from kpilab.verdict.evidence import Noted


def together(
    case: Case, tests: Sequence[Noted[ReanalysisResult]]
) -> Iterator[Message | tuple[Finding, ProgrammeResult]]:
    """One finding where enough tests were decided, and enough of them shipped."""
    if len(tests) < FEWEST:
        return
    asked = [trial(case, case.experiments[t.result.experiment]) for t in tests]
    past = [p for a, t in zip(asked, tests, strict=True) if (p := decided(a, t.result))]
    if len(past) < FEWEST or sum(p.shipped for p in past) < WINS:
        return
    result = programme(past)
    yield (
        Finding(
            "",
            "execution",
            "trouble" if result.overstated else "fine",
            result.headline,
            subject="experiments",
            effect=result.total,
            strength="randomised",
            evidence=(result,),
        ),
        result,
    )
