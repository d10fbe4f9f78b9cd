"""Two sides asked together are what each is by itself."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Where
from kpilab.engine.events.funnels import SIDE, TOUCHES, Breakdown, counts, reached, reached_apart
from kpilab.engine.events.steps import Steps, planned
from kpilab.errors import BadInput
from tests.case.conftest import events

STEPS = Steps(["visit", "cart", "pay"])
SIDES = [(Where({"city": ("a",)}), None), (EVERYWHERE, None)]


@pytest.fixture(scope="module")
def log():
    return EventLog(events(), time="at", dimensions=["city"])


@pytest.mark.parametrize("attribution", [None, *TOUCHES])
def test_both_sides_are_counted_as_each_alone(log, attribution):
    plan, cut = planned(STEPS, timedelta(days=1), log), None
    if attribution:
        cut = Breakdown("city", attribution, step=2)
    by = cut.columns if cut else ()
    both = counts(reached_apart(log, plan, SIDES, by="user", breakdown=cut), plan, (*by, SIDE))
    for side, (where, period) in enumerate(SIDES):
        alone = reached(log, plan, by="user", where=where, period=period, breakdown=cut)
        mine = both[both[SIDE] == side].drop(columns=SIDE)
        found, wanted = (f.sort_values([*by, "n1"]) for f in (mine, counts(alone, plan, by)))
        pd.testing.assert_frame_equal(
            found.reset_index(drop=True), wanted.reset_index(drop=True), check_like=True
        )


def test_an_attribution_that_is_none_is_refused(log):
    plan = planned(STEPS, timedelta(days=1), log)
    with pytest.raises(BadInput, match="attribution"):
        reached_apart(log, plan, SIDES, by="user", breakdown=Breakdown("city", "middle"))
