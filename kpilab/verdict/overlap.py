"""Overlap: did two tests that ran on the same units change each other's effect?"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pandas as pd
from ibis import _

from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.subgroups import subgroups
from kpilab.core.table import EventLog
from kpilab.engine.column import own
from kpilab.errors import BadInput
from kpilab.questions.trial import TrialQuestion, trial

if TYPE_CHECKING:
    from kpilab.core.case import Case

OTHER = "other_test"
NAMES = ["first", "second", "metric", "units", "least", "most", "p"]


def overlaps(case: Case) -> pd.DataFrame:
    """Pairs of tests that ran at the same time on some of the same units.

    Columns: `first`, `second` (its arms are what the first is read by), `metric`, `units` (in
    both), `least`, `most` (the first's effect in the second's arms), `p` ("the effect is the same
    in every arm of the other").
    """
    asked = list[TrialQuestion]()
    for test in case.experiments.values():
        try:
            asked.append(trial(case, test))
        except BadInput:
            continue  # said where the test itself is read
    pairs = [(a, b) for a, b in combinations(asked, 2) if _together(a, b)]
    rows = [row for a, b in pairs if (row := _pair(a, b)) is not None]
    return pd.DataFrame(rows, columns=pd.Index(NAMES))


def _together(a: TrialQuestion, b: TrialQuestion) -> bool:
    ends = [(t.design.start, t.design.until) for t in (a, b)]
    (first, last), (start, until) = ends
    return bool(first and last and start and until and first <= until and start <= last)


def _pair(a: TrialQuestion, b: TrialQuestion) -> tuple[object, ...] | None:
    """The first test by the arms of the second; None where they share too few units."""
    key = a.log.user if isinstance(a.log, EventLog) else a.who.unit
    other = b.who.table.filter(_[b.who.experiment].cast("string") == b.test.name)
    arms = other.group_by(_[b.who.unit].name(own("unit"))).agg(
        **{OTHER: _[b.who.variant].cast("string").min(), own("arms"): _[b.who.variant].nunique()}
    )
    arms = arms.filter(_[own("arms")] == 1)
    table = a.log.table.inner_join(arms, [(key, own("unit"))])
    log = replace(a.log, table=table.drop(own("unit"), own("arms")), dimensions=(OTHER,))
    met = a.who.table.semi_join(arms, [(a.who.unit, own("unit"))])
    who = replace(a.who, table=met)
    metric = a.outcomes[0]
    try:
        read = experiment(who, log, **{**a.experiment, "metrics": [metric]}, by=[OTHER], ages=False)
        found = subgroups(
            read.moments, metric.name, by=OTHER, control=a.test.control, treatment=read.best
        )
    except BadInput:
        return None
    if len(found.table) < 2:
        return None
    effects = found.table["effect"]
    return (
        a.test.name, b.test.name, metric.name, read.moments.units(), float(effects.min()),
        float(effects.max()), found.interaction,
    )  # fmt: skip
