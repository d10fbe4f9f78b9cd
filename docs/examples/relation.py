# %%
import numpy as np
import pandas as pd

import kpilab
from kpilab import relation

rng = np.random.default_rng(2)
weeks = pd.date_range("2024-01-01", periods=110, freq="7D")
signups = rng.normal(100, 9, 110)
orders = np.r_[50, 0.4 * signups[:-1]] + rng.normal(0, 2, 110)
frame = pd.DataFrame({"signups": signups, "orders": orders, "calls": rng.normal(9, 1, 110)}, weeks)

# %% screen
relation.screen(frame, goal="orders")

# %% goodhart
relation.goodhart(frame["signups"], frame["orders"], since=weeks[60].date())

# %% panel
stores = pd.DataFrame({"store": np.repeat(list("abcdefgh"), 20), "week": np.tile(weeks[:20], 8)})
stores["visits"] = rng.normal(100, 9, 160)
stores["sales"] = 3 * stores["visits"] + rng.normal(0, 20, 160)
relation.panel(stores, unit="store", time="week", kpi="visits", goal="sales")

# %% hollow_growth
case = kpilab.open_case("data/shop")
days = case.tables["daily"].table.to_pandas()
counts = days.groupby(["date", "channel"], as_index=False)[["n_register", "n_pay"]].sum()
counts = counts.rename(columns={"date": "day", "channel": "value"}).assign(dimension="channel")
relation.hollow_growth(
    counts, kpi="n_register", downstream=["n_pay"], baseline=case.baseline, current=case.current
)

# %% conflicts
tree = relation.MetricTree.parse("profit", "orders * (price - cost)", {})
before = {"orders": 900, "price": 20, "cost": 12}
relation.conflicts(tree, before, {"orders": "up", "price": "down"})

# %% smart
case = kpilab.open_case("data/shop")
relation.smart(case.kpis, metrics=case.metrics, tables=case.tables, current=case.current)

# %% kpi_cascade
case = kpilab.open_case("data/shop")
relation.kpi_cascade(case.kpis, goal=case.goal.metric, metrics=case.metrics, tree=case.goal.tree)
