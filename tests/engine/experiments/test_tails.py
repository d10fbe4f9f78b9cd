"""The furthest values of a metric, and the powers of all: what numpy says of the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.core.trial import Design, Outcome, Units
from kpilab.engine.experiments.tails import FURTHEST, tails
from kpilab.engine.experiments.trial import prepare


@pytest.mark.parametrize("zero", [False, True])
def test_of_a_metric_with_holes_and_a_covariate(zero):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"variant": np.repeat(["A", "B"], [1500, 300])})
    frame["y"], frame["before"] = rng.lognormal(0, 1, 1800), rng.normal(5, 1, 1800)
    frame.loc[::7, "y"], frame.loc[::11, "before"] = np.nan, np.nan
    trial = prepare(Units(frame), None, [Outcome("y", covariates=("before",))], None, Design(), ())
    found = tails(trial.table, trial.groups[0], (1.0, -0.5), (1.6, 5.0), zero=zero)
    known = frame.assign(y=frame["y"].fillna(0.0)) if zero else frame.dropna(subset="y")
    known = known.assign(e=(known["y"] - 1.6) - 0.5 * (known["before"].fillna(5.0) - 5.0))
    size = known["e"].abs().sort_values(ascending=False)
    for arm, rows in known.groupby("variant")["e"]:
        tail = found[arm]
        assert tail.n == len(rows)
        assert tail.powers == pytest.approx([(rows**k).sum() for k in range(1, 5)])
        right = rows[rows.abs() >= size.iloc[2 * FURTHEST - 1]]
        assert np.sort(tail.far) == pytest.approx(np.sort(right))
