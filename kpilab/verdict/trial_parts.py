"""The effect of an experiment by day, by age and by segment, from the sums that it kept."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kpilab.analysis.experiments.cumulative_effect import cumulative_effect
from kpilab.analysis.experiments.effect_by_age import effect_by_age
from kpilab.analysis.experiments.experiment import Prepared, prepared, read
from kpilab.analysis.experiments.subgroups import SubgroupsResult, subgroups
from kpilab.core.values import Message
from kpilab.errors import BadInput
from kpilab.stats.multiplicity import holm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd

    from kpilab.analysis.experiments.experiment import ExperimentResult
    from kpilab.core.result import Result
    from kpilab.questions.trial import TrialQuestion

FEWEST_DAYS = 3  # a course of fewer shows nothing
# Segments that a review looks into: so few that the sums of all of them at once stay small, and
# that a reader reads them.
MOST_DIMENSIONS, MOST_VALUES = 4, 12


def parts(result: ExperimentResult) -> tuple[Result, ...]:
    """The answers about the metric that decides and the treatment the decision is about; those
    that its data do not give are left out."""
    return tuple(_corrected([*_answers(result)]))


def ready_for(asked: TrialQuestion, segments: pd.DataFrame) -> tuple[Prepared, tuple[str, ...]]:
    """The units of a declared test, and the columns of the log that serve as its segments.

    Args:
        segments: units per value of each dimension, as `reanalysis` tells them.

    Raises:
        BadInput: as of `experiment`.
    """
    asks = {k: asked.experiment[k] for k in ("metrics", "design")}
    by = searched(asked.log.dimensions, segments)
    try:
        return prepared(*asked.tables, **asks, by=by), by
    except BadInput:  # a column of the log may not serve as a segment
        return prepared(*asked.tables, **asks), ()


def decided_parts(
    asked: TrialQuestion, ready: Prepared, by: Sequence[str], decided: ExperimentResult
) -> tuple[Result, ...]:
    """The parts of a declared test, with its segments and ages.

    They come from a reading of their own: what it finds of lost units and of wearing off would
    otherwise judge the test a second time, beside the rereading that has judged it.

    Args:
        ready, by: of `ready_for`. decided: the test as it stood at the decision.
    """
    try:
        alone = read(ready.of([asked.outcomes[0].name]), control=asked.test.control, by=by)
    except BadInput:
        return parts(decided)
    return parts(replace(alone, best=decided.best))


def searched(dimensions: Iterable[str], segments: pd.DataFrame) -> tuple[str, ...]:
    """The first of the dimensions with several values, but few."""
    sizes = segments["dimension"].value_counts().to_dict()
    few = [d for d in dimensions if 1 < sizes.get(d, 0) <= MOST_VALUES]
    return tuple(few[:MOST_DIMENSIONS])


def _answers(result: ExperimentResult) -> Iterator[Result]:
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


def _corrected(found: Sequence[Result]) -> Iterable[Result]:
    """The same, where segments of several dimensions are corrected for all that were looked at."""
    apart = [part for part in found if isinstance(part, SubgroupsResult)]
    differ = iter(holm([part.interaction for part in apart]).tolist())
    q = iter(holm([p for part in apart for p in part.table["p"]]).tolist())
    for part in found:
        if isinstance(part, SubgroupsResult):
            table = part.table.assign(q=[next(q) for _ in range(len(part.table))])
            # Said once, as the notes of a finding stand together.
            said = _many(len(apart)) if part is apart[0] else ()
            notes = (*part.notes, *said)
            yield replace(part, table=table, interaction=next(differ), notes=notes)
        else:
            yield part


def _many(dimensions: int) -> tuple[Message, ...]:
    told = {"dimensions": dimensions}
    return (Message("subgroups.note_dimensions", told),) if dimensions > 1 else ()
