# %%
import numpy as np
import pandas as pd

import kpilab
from kpilab import rootcause

case = kpilab.open_case("data/shop")
rng = np.random.default_rng(3)

# %% split
kpilab.split(case, "revenue", by="platform")

# %% history
rootcause.history(case)

# %% changepoint
days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=90)})
days["value"] = rng.poisson(np.where(days.index < 60, 100, 80))
rootcause.changepoint(days)

# %% next_split
cells = pd.DataFrame({"app": ["ios", "web"] * 20, "shop": [str(k // 2) for k in range(40)]})
cells["den0"] = cells["den1"] = 1000
cells["num0"] = rng.binomial(1000, 0.2, 40)
cells["num1"] = rng.binomial(1000, np.where(cells["app"] == "ios", 0.15, 0.2))
rootcause.next_split(cells, dimensions=["app", "shop"])

# %% ratemix
cells = pd.DataFrame({"app": ["ios", "web"], "num0": [300, 100], "den0": [1000, 1000]})
rootcause.ratemix(cells.assign(num1=[440, 50], den1=[1500, 500]), by="app")

# %% user_intervals
log = case.tables["events"].table.to_pandas().assign(date=lambda t: t["ts"])
rootcause.user_intervals(
    log,
    [kpilab.Where({"platform": "android"})],
    user="user_id",
    measure="amount",
    periods=(case.baseline, case.current),
)
