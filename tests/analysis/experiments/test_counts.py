"""Counts per variant: read as if their units had been read one by one; days are no units."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.trial import Counts, Design, Outcome, Units
from kpilab.errors import BadInput
from kpilab.show import say

PAID = Outcome("paid", kind="proportion")


@pytest.fixture(scope="module")
def units():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"variant": np.resize(["A", "B"], 2000), "units": 1})
    rows["spend"], rows["visits"] = rng.gamma(2, 3, 2000), rng.poisson(2, 2000) + 1.0
    rows["paid"] = (rng.random(2000) < 0.3).astype(int)
    rows["day"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(np.arange(2000) // 4 % 7, "D")
    rows["app"] = np.resize(["ios", "ios", "web", "web"], 2000)
    return rows


@pytest.fixture(scope="module")
def counts(units):
    squares = {"spend_sq": units["spend"] ** 2, "visits_sq": units["visits"] ** 2}
    rows = units.assign(**squares, both=units["spend"] * units["visits"])
    return rows.groupby(["variant", "day", "app"], as_index=False).sum(numeric_only=True)


def test_counts_give_what_their_units_give(units, counts):
    metrics = [PAID, Outcome("spend", role="secondary"), Outcome("rate", "spend", per="visits")]
    squares = {"spend": "spend_sq", "visits": "visits_sq", "spend * visits": "both"}
    asked = {"metrics": metrics, "control": "A", "by": ["app"]}
    right = experiment(Units(units, time="day"), **asked)
    found = experiment(Counts(counts, time="day", squares=squares), **asked)
    pd.testing.assert_frame_equal(found.table, right.table)
    same = found.checks["check"] != "outliers"
    pd.testing.assert_frame_equal(
        found.checks[same], right.checks[right.checks["check"] != "outliers"]
    )


def test_days_as_units_are_refused_and_as_counts_give_the_published_test():
    # The totals of a course's free-trial test, spread over its 23 days: 3,785 of 17,293 against
    # 3,423 of 17,260; two-proportion test 2.6e-6, read as days "no effect".
    spread = np.random.default_rng(2).dirichlet(np.full(23, 40), 2)
    rows = pd.DataFrame({"arm": ["control"] * 23 + ["test"] * 23})
    rows["day"] = [f"day {k}" for k in range(23)] * 2
    for name, totals in (("clicks", (17293, 17260)), ("enrolled", (3785, 3423))):
        parts = [np.floor(s * t) for s, t in zip(spread, totals, strict=True)]
        for part, total in zip(parts, totals, strict=True):
            part[0] += total - part.sum()
        rows[name] = np.concatenate(parts).astype(int)
    ratio = Outcome("gross", "enrolled", per="clicks")
    with pytest.raises(BadInput, match="each row is one 'day' of a variant, not a unit") as told:
        experiment(Units(rows, variant="arm"), metrics=[ratio], control="control")
    assert "Counts(table, units=" in str(told.value)
    share = Outcome("gross", "enrolled", kind="proportion")
    found = experiment(
        Counts(rows, variant="arm", units="clicks"), metrics=[share], control="control"
    )
    assert found.table["p"].iloc[0] == pytest.approx(2.6e-6, rel=0.05)
    assert found.table["effect"].iloc[0] == pytest.approx(-0.0206, abs=1e-4)
    assert "pp" in say(found.headline)


def test_days_in_segments_are_no_units_either(counts):
    rows = counts[["variant", "day", "app", "paid"]]
    with pytest.raises(BadInput, match="'day and app' of a variant"):
        experiment(Units(rows.iloc[1:]), metrics=["paid"], control="A")


@pytest.mark.parametrize(
    ("metric", "design", "what"),
    [
        (Outcome("spend"), Design(), "the sum of squares of 'spend' is missing"),
        (Outcome("spend", kind="proportion"), Design(), "more did than there are units"),
        (Outcome("spend", kind="quantile"), Design(), "no quantile"),
        (PAID, Design(cluster="app"), "'cluster' cannot be read"),
        (PAID, Design(window=7), "'window' cannot be read"),
        (Outcome("gone"), Design(), "no column named 'gone'"),
    ],
)
def test_what_counts_cannot_tell_is_refused(counts, metric, design, what):
    with pytest.raises(BadInput, match=what):
        experiment(Counts(counts), metrics=[metric], control="A", design=design)


@pytest.mark.parametrize("spoilt", [-1.0, 2.5, None])
def test_units_are_whole_numbers(counts, spoilt):
    rows = counts.astype({"units": float})
    rows.loc[0, "units"] = spoilt
    with pytest.raises(BadInput, match="no whole number of units"):
        experiment(Counts(rows), metrics=[PAID], control="A")


def test_a_design_chooses_days_and_strata_of_counts(units, counts):
    design = Design(start=pd.Timestamp("2026-01-07").date(), strata="app")
    right = experiment(Units(units, time="day"), metrics=[PAID], control="A", design=design)
    found = experiment(Counts(counts, time="day"), metrics=[PAID], control="A", design=design)
    pd.testing.assert_frame_equal(found.table, right.table)
