"""The effect of an experiment by day, by age and by segment, from the sums that it kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kpilab.analysis.experiments.cumulative_effect import cumulative_effect
from kpilab.analysis.experiments.effect_by_age import effect_by_age
from kpilab.analysis.experiments.subgroups import subgroups
from kpilab.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kpilab.analysis.experiments.experiment import ExperimentResult
    from kpilab.core.result import Result

FEWEST_DAYS = 3  # a course of fewer shows nothing


def parts(result: ExperimentResult) -> Iterator[Result]:
    """The answers about the metric that decides and the treatment the decision is about; those
    that its data do not give are left out."""
    rows = result.table[result.table["treatment"] == result.best]
    deciding = rows[rows["role"] == "primary"] if (rows["role"] == "primary").any() else rows
    metric, moments = str(deciding["metric"].iloc[0]), result.moments
    control, best = result.control, result.best
    asked: list[Callable[[], Result]] = []
    if moments.days() >= FEWEST_DAYS:
        asked.append(lambda: cumulative_effect(moments, metric, control=control, treatment=best))
    if result.by_age is not None:
        aged = result.by_age
        asked.append(lambda: effect_by_age(aged, metric, control=control, treatment=best))
    asked += [
        partial(subgroups, moments, metric, by=d, control=control, treatment=best)
        for d in moments.searched()
    ]
    for one in asked:
        try:
            found = one()
        except BadInput:  # a quantile has no sums, a metric may have no ages
            continue
        if not found.table.empty:
            yield found
