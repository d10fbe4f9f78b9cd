"""The furthest values of a metric, and the powers of all: what numpy says of the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.column import marked
from kpilab.engine.experiments.tails import tails_of
from kpilab.engine.experiments.trial import prepare
from kpilab.engine.experiments.weighed import FURTHEST, weighed


@pytest.mark.parametrize("zero", [False, True])
def test_of_a_metric_with_holes_and_a_covariate(zero):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"variant": np.repeat(["A", "B"], [1500, 300])})
    frame["y"], frame["before"] = rng.lognormal(0, 1, 1800), rng.normal(5, 1, 1800)
    frame.loc[::7, "y"], frame.loc[::11, "before"] = np.nan, np.nan
    trial = prepare(Units(frame), None, [Outcome("y", covariates=("before",))], None, Design(), ())
    rows = weighed(trial.table, trial.groups[0], (1.0, -0.5), (1.6, 5.0), zero=zero)
    found = rows.tails(rows.sums()).arms()
    known = frame.assign(y=frame["y"].fillna(0.0)) if zero else frame.dropna(subset="y")
    known = known.assign(e=(known["y"] - 1.6) - 0.5 * (known["before"].fillna(5.0) - 5.0))
    for arm, rows in known.groupby("variant")["e"]:
        tail = found[arm]
        assert tail.n == len(rows)
        assert tail.powers == pytest.approx([(rows**k).sum() for k in range(1, 5)])
        right = rows.loc[rows.abs().sort_values(ascending=False).index[:FURTHEST]]
        assert np.sort(tail.far) == pytest.approx(np.sort(right))


def test_parts_of_the_units_have_tails_of_their_own_and_can_be_stored():
    rng = np.random.default_rng(1)
    n = 3000
    frame = pd.DataFrame({"variant": rng.choice(["A", "B"], n, p=[0.8, 0.2])})
    frame["y"], frame["place"] = rng.lognormal(0, 1, n), rng.choice(["n", "s", None], n)
    frame["at"] = pd.Timestamp("2026-03-01") + pd.to_timedelta(rng.integers(0, 4, n), "D")
    frame["y"] *= 1 + 5 * (frame["place"] == "s")  # the furthest of all are in one place
    trial = prepare(Units(frame, time="at"), None, [Outcome("y")], None, Design(), ("place",))
    keys = {k: c for k, c in trial.keys(("place",)).items() if k != "variant"}
    rows = weighed(trial.table, trial.groups[0], (1.0,), (2.0,), by=keys)
    found = rows.tails(rows.sums())
    frame["e"] = frame["y"] - 2.0
    first, last = pd.Timestamp("2026-03-02"), pd.Timestamp("2026-03-03")
    parts = {
        "place": (found.only(marked("place"), "n"), frame["place"] == "n"),
        "other": (found.without(marked("place"), "s"), frame["place"] != "s"),
        "days": (found.within(first, last), frame["at"].between(first, last)),
        "until": (found.within(None, last), frame["at"] <= last),
    }
    for part, mine in parts.values():
        stored = tails_of(part.told())
        for tails in (part, stored):
            for arm, rows_ in frame[mine].groupby("variant")["e"]:
                tail = tails.arms()[arm]
                assert tail.n == len(rows_)
                assert tail.powers == pytest.approx([(rows_**k).sum() for k in range(1, 5)])
                size = rows_.abs().sort_values(ascending=False).index[:200]
                far = tail.far[np.argsort(-np.abs(tail.far))][:200]
                assert np.sort(far) == pytest.approx(np.sort(rows_.loc[size]))
