"""A segment of which one view says nothing is still judged by the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.analysis.customers.stand_out import View, stand_out
from kpilab.stats.customers.usual import Sums

VIEWS = (
    View("number", lambda x: Sums.of_counts(x["gone"], x["n"]), weight=0.5),
    View("amount", lambda x: Sums.of(x["b"], x["a"], x["b"], x["b"], x["a"]), weight=0.5),
)


def test_where_no_amount_is_known_customers_are_still_counted():
    rng = np.random.default_rng(1)
    rows = [
        {"window": w, "plan": p, "n": 400.0, "gone": float(rng.binomial(400, 0.1)),
         "a": 0.0 if p == "free" else 400.0, "b": 0.0 if p == "free" else 380.0}
        for w in range(-7, 1) for p in ("free", "team", "firm", "solo")
    ]  # fmt: skip
    leaves = pd.DataFrame(rows)
    leaves.loc[(leaves["window"] == 0) & (leaves["plan"] == "free"), "gone"] = 120.0
    found = stand_out(leaves, ["plan"], "n", VIEWS, 0.95)
    assert found.table[["p", "q"]].notna().all(axis=None)
    assert [w.plain() for w in found.places["where"]] == [{"plan": "free"}]
