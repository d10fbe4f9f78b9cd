"""Days that were fetched once are those that would be measured."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import kpilab
from kpilab.core.case import Metric
from kpilab.core.values import Period
from kpilab.engine.metrics import BUCKET, PERIOD, Cut, measure
from kpilab.engine.rootcause.cells import PERIODS, pull

SHOP = Path(__file__).parents[3] / "data" / "shop"


@pytest.fixture(scope="module")
def case() -> kpilab.Case:
    return kpilab.open_case(SHOP)


@pytest.fixture(scope="module")
def cells(case):
    return pull(case)


@pytest.mark.parametrize("table", ["events", "daily", "records"])
def test_days_are_read_from_the_course_as_they_would_be_measured(case, cells, table):
    metrics = [m for m in case.metrics.values() if m.table == table and m.per is None]
    both = {name: case.periods[name] for name in PERIODS}
    whole = {"all": Period(date(2026, 5, 20), date(2026, 6, 10))}
    for periods in (both, whole):
        right = measure(case.tables[table], metrics, periods, Cut("day"))
        pd.testing.assert_frame_equal(cells.daily(metrics, periods)[right.columns], right)


def test_what_was_not_fetched_is_measured(case, cells):
    own = Metric("volume", "daily", measure="sum(n_pay)")  # not the case's own metric of that name
    periods = {"all": case.current}
    right = measure(case.tables["daily"], [own], periods, Cut("day"))
    pd.testing.assert_frame_equal(cells.daily([own], periods), right)
    later = {"all": Period(case.current.first, date(2026, 7, 31))}
    found = cells.daily([case.metrics["volume"]], later)
    assert (found[PERIOD] == "all").all()
    assert pd.to_datetime(found[BUCKET]).max().date() >= case.current.last
