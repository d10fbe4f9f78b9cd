"""Moments by day are those of a look at the end of that day,
whatever is measured and whatever columns are called."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Design, Outcome
from kpilab.core.values import MISSING
from kpilab.engine.experiments.exposure import VARIANT
from kpilab.engine.experiments.scan import moments
from kpilab.engine.experiments.standing import standing
from kpilab.engine.experiments.trial import by_segment, prepare

FIRST = pd.Timestamp("2026-03-02")
OUTCOMES = [
    Outcome("bought", "max(case when event = 'pay' then 1 else 0 end)", kind="proportion"),
    Outcome("amount", "sum(amount)"),
    Outcome("lowest", "min(amount)"),
    Outcome("payments", "count(*) filter (where event = 'pay')"),
    Outcome("kinds", "count(distinct event)"),
    Outcome("average", "avg(amount)"),
    Outcome("basket", "sum(amount)", per="count(*)"),
    Outcome("helped", "sum(amount)", covariates=("count(*)",)),
]


@pytest.fixture(scope="module")
def tables():
    """60 units over 6 days of assignment; the log has columns called like those of a table of
    units."""
    rng = np.random.default_rng(5)
    unit, day = rng.integers(0, 60, 700), rng.integers(-6, 14, 700)
    log = pd.DataFrame(
        {"user": unit, "time": FIRST + pd.to_timedelta(day * 24 + rng.integers(0, 24, 700), "h")}
    )
    log["event"] = rng.choice(["visit", "pay", "see"], 700)
    log["amount"] = np.where(log["event"] == "pay", rng.normal(5, 9, 700).round(2), np.nan)
    log = log.assign(variant=rng.choice(["x", "y"], 700), unit="u", since=1, rows=3, d0="n")
    given = pd.DataFrame(
        {"user": np.arange(60), "experiment": "t", "variant": np.where(np.arange(60) % 3, "A", "B")}
    )
    given["time"] = FIRST + pd.to_timedelta(rng.integers(0, 6 * 24, 60), "h")
    return Assignments(given), EventLog(log, dimensions=("variant", "rows", "d0"))


SETUPS = [{"window": 4}, {"exposure": "see"}, {"exposure": "see", "window": 3}]


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("m", "setup"),
    [
        *((m, {}) for m in OUTCOMES),
        *zip((OUTCOMES[0], OUTCOMES[5], OUTCOMES[7]), SETUPS, strict=True),
    ],
)
def test_every_day_reads_what_an_experiment_asked_on_it_reads(tables, m, setup):
    design = Design(before=5 if m.covariates else 0, **setup)
    last = date(2026, 3, 14)
    stood = standing(*tables, m, "t", Design(**{**setup, "before": design.before}, seen_until=last))
    for day in (date(2026, 3, 6), last):
        asked = Design(**{**setup, "before": design.before}, until=day, seen_until=day)
        trial = prepare(*tables, [m], "t", asked, ())
        whole = moments(
            trial.table,
            trial.groups,
            by={"variant": VARIANT},
            shifts=dict.fromkeys(trial.groups[0].all, 0),
        )
        for variant in "AB":
            now = stood.until(day).only(variant=variant)
            n, sums, products, _shift = now.sums(m.name)
            right = whole.only(variant=variant).sums(m.name)
            assert n == right[0]
            assert sums == pytest.approx(right[1])
            assert products == pytest.approx(right[2])


def test_a_dimension_may_be_called_like_a_column_of_ours(tables):
    m, names = OUTCOMES[0], ("variant", "rows", "d0")
    trial = prepare(*tables, [m], "t", Design(), names)
    found = by_segment(trial, names)
    whole = found.only(dimension="")
    assert whole.units() == len(trial.table.to_pandas())
    for name, values in (
        ("variant", [MISSING, "x", "y"]),
        ("rows", [MISSING, "3"]),
        ("d0", [MISSING, "n"]),
    ):
        assert found.only(dimension=name).units() == whole.units()
        assert found.only(dimension=name).values("value") == values
