"""Lines by age: only what is known well enough, and only what is drawn in the legend."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from kpilab import Period
from kpilab.customers import repeat, survival
from tests.browser.charts import series


def invoices(seed: int = 1, n: int = 200) -> pd.DataFrame:
    """Accounts that begin over two years; a tenth of them leaves every month."""
    noise = np.random.default_rng(seed)
    first, stay = noise.integers(0, 24, n), noise.geometric(0.1, n)
    parts = [
        pd.DataFrame({"date": day, "who": np.flatnonzero((first <= m) & (m < first + stay))})
        for m, day in enumerate(pd.date_range("2024-07-01", "2026-06-01", freq="MS"))
    ]
    return pd.concat(parts).assign(amount=10.0)


def test_a_survival_curve_ends_where_few_are_followed():
    found = survival(invoices(), customer="who", amount="amount", until=date(2026, 6, 30))
    drawn = [r["x"] for rows in found.chart().to_dict()["datasets"].values() for r in rows]
    followed = found.curve.set_index("age")["risk"]
    assert followed[max(drawn)] >= 10 > followed[max(drawn) + 1] > 0


def test_the_legend_names_what_is_drawn():
    quarter = Period(date(2026, 1, 1), date(2026, 3, 31))
    found = repeat(invoices(), customer="who", amount="amount", current=quarter)
    for _, declared, held in series(found.chart().to_dict()):
        assert declared == held == {"Current", "Before"}
    # A first period has nothing before it; one line needs no legend.
    alone = replace(found, curve=found.curve[found.curve["period"] == "current"])
    for _, declared, held in series(alone.chart().to_dict()):
        assert declared == held == {"Current"}
