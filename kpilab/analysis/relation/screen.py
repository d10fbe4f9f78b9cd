"""Screen: which of many KPIs is related to the goal, and which say the same thing?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.door.frames import dated
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.multiplicity import benjamini_hochberg
from kpilab.stats.relation.axis import Calendar, axis, calendar_terms, peaks
from kpilab.stats.relation.redundancy import clusters, spokesman
from kpilab.stats.relation.related import LEAST_RHO, Question, relation_tests
from kpilab.stats.series import innovations

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame


@dataclass(frozen=True, slots=True, eq=False)
class ScreenResult(Result):
    """Answer of `screen`.

    Attributes:
        table: one row per KPI, strongest relation first; columns `kpi`, `lag` (periods by which it
            leads the goal), `rho`, `low`, `high` (corrected for the lags), `p`, `q` (corrected for
            the KPIs), `verdict` (related, unrelated, inconclusive), `detectable` (smallest rho
            found with 80 % power), `cluster` (KPIs with the same number say the same), `keep`
            (speaks for its cluster).
        goal: name of the goal. level: confidence level. same: correlation from which on two KPIs
            say the same.
        left_out: KPIs that never change or have gaps; they were not tested.
    """

    goal: str
    level: float
    same: float
    left_out: tuple[str, ...]
    kind: ClassVar[str] = "screen"

    @property
    def headline(self) -> Message:
        related = self.table[self.table["verdict"] == "related"]
        values = {
            "kpis": len(self.table), "related": len(related), "goal": self.goal,
            "core": int(self.table["keep"].sum()), "names": tuple(related.loc[related["keep"],
                "kpi"].head(5)),
        }  # fmt: skip
        return Message("screen.some" if len(related) else "screen.none", values)


@keywords("screen")
def screen(
    frame: Frame,
    *,
    goal: str,
    lags: Sequence[int] | None = None,
    given: Sequence[str] = (),
    calendar: str | Calendar | None = None,
    least: float = LEAST_RHO,
    same: float = 0.8,
    level: float = 0.95,
) -> ScreenResult:
    """Test every KPI of a table against the goal, corrected for their number, and group those that
    say the same.

    The test is that of `relate`; q-values keep the false discovery rate (Benjamini-Hochberg).

    Args:
        frame: one row per period, indexed by date; one numeric column per KPI, the goal among them.
        goal: column of the goal.
        lags: periods by which KPIs lead; as in `relate`.
        given: columns to hold constant (partial relations); they are not tested themselves.
        calendar: as in `relate`.
        least: smallest correlation that would matter.
        same: correlation from which on two KPIs say the same, 0 to 1.
        level: confidence level.

    Returns:
        ScreenResult with one row per KPI.

    Raises:
        BadInput: an unknown column, no dates, a day twice, no lags, a goal with gaps or that never
            changes, fewer than 12 periods.
    """
    fraction(level, "screen(level=)")
    fraction(least, "screen(least=)")
    if lags is not None and not len(lags):
        raise BadInput(
            "no lags",
            "screen(lags=)",
            "give at least one, e.g. (0, 1, 2), or leave the argument out",
        )
    rows = dated(frame, "screen(frame)")
    for name in (goal, *given):
        if name not in rows.columns:
            raise unknown("column", name, rows.columns, "screen(frame)")
    ax = axis(rows.index.to_numpy(), "screen(frame)")
    idle = [c for c in rows.columns if rows[c].isna().any() or rows[c].nunique() < 2]
    if {goal, *given} & set(idle):
        raise BadInput(
            f"{goal!r} or a given driver never changes or has gaps",
            "screen(goal=)",
            "give complete series",
        )
    kpis = [c for c in rows.columns if c not in {goal, *given, *idle}]
    if not kpis:
        raise BadInput(
            "no KPI is left to test", "screen(frame)", "give columns that vary and have no gaps"
        )
    question = Question(
        ax.season, rows[list(given)].to_numpy(float), calendar_terms(ax, calendar),
        peaks(ax), None if lags is None else tuple(lags), 1 - level, least,
    )  # fmt: skip
    values, aim = rows[kpis].to_numpy(float).T, rows[goal].to_numpy(float)[None, :]
    tests = relation_tests(values, aim, question)
    q = benjamini_hochberg(tests.p)
    group = clusters(innovations(values, question.regressors(aim)), same)
    verdict = np.where(
        (tests.verdict == "related") & (q >= 1 - level), "inconclusive", tests.verdict
    )
    table = pd.DataFrame(
        {
            "kpi": [str(k) for k in kpis], "lag": tests.lag, "rho": tests.rho, "low": tests.low,
            "high": tests.high,
            "p": tests.p, "q": q, "verdict": verdict, "detectable": tests.detectable,
            "cluster": group,
            "keep": spokesman(group, np.abs(tests.rho)),
        }
    ).sort_values(["q", "p"], ignore_index=True)  # fmt: skip
    left_out = tuple(str(c) for c in idle)
    notes = (Message("correlate.left_out", {"names": left_out}),) if left_out else ()
    return ScreenResult(table, goal, level, same, left_out, notes=notes)
