"""A decided test as it stood at the end of any of its days."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from kpilab.analysis.experiments.tails import EVEN, tails_of
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.core.trial import Design, Outcome
from kpilab.engine.experiments.standing import standing
from kpilab.engine.experiments.trial import Trial, extremes, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kpilab.engine.experiments.moments import Moments
    from kpilab.engine.experiments.tails import Tails


@dataclass(frozen=True, slots=True, eq=False)
class Stood:
    """The tables of a test, and its moments by day.

    Attributes:
        uneven: whether one arm has so many more units that its tails are asked for every day.
    """

    who: Assignments
    log: EventLog | Facts
    metric: Outcome
    experiment: str
    setup: Design
    moments: Moments
    uneven: bool

    def trial(self, day: date, names: tuple[str, ...] = ()) -> Trial:
        """What `experiment` would have read at the end of a day."""
        design = replace(self.setup, until=day, seen_until=day)
        return prepare(self.who, self.log, [self.metric], self.experiment, design, names)

    def at(self, day: date, trial: Trial | None = None) -> Moments:
        """Its moments at the end of a day, with what its test needs beside them.

        Args:
            trial: of that day, if it is there already.
        """
        found = self.moments.until(day)
        if self.metric.kind == "proportion" or not (self.uneven or trial):
            return found
        return replace(found, tails=self.tails(trial or self.trial(day), found))

    def tails(
        self, trial: Trial, found: Moments, by: Mapping[str, str] | None = None
    ) -> dict[str, Tails]:
        """The tails of the metric where its test could lean, and of each value of `by`."""
        if not all(arm > 1 for arm in units_of(found).values()):
            return {}
        # What a log shows of the time before a test cannot have been moved by it.
        return tails_of(trial, found, self.setup, extremes(trial, [self.metric]), frozenset(), by)


def stood(
    who: Assignments, log: EventLog | Facts, metric: Outcome, experiment: str, setup: Design
) -> Stood:
    """Read a test day by day."""
    moments = standing(who, log, metric, experiment, setup)
    units = list(units_of(moments).values())
    uneven = len(units) > 1 and max(units) > EVEN * min(units)
    return Stood(who, log, metric, experiment, setup, moments, uneven)


def units_of(moments: Moments) -> dict[str, int]:
    """Variant -> units."""
    found = moments.frame.groupby("variant")["units"].sum()
    return {str(v): int(n) for v, n in pd.Series(found).items()}
