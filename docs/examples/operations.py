# %%
from datetime import timedelta
from pathlib import Path

import pandas as pd

import kpilab
from kpilab import Period, operations
from kpilab.data import Measured, Metric
from kpilab.samples.write import write

case = kpilab.open_case(write("equipment", Path("equipment")))
hours = case.tables["hours"]
both = Period(case.baseline.first, case.current.last)

# %% oee
stops = ("planned_stop", "breakdown", "changeover", "minor_stop")
columns = operations.Machines(
    scheduled="scheduled", total="units", scrap="scrap", cycle="cycle", stops={s: s for s in stops}
)
operations.oee(hours, columns, by=("machine",), period=case.current)

# %% control
down = Measured(hours, case.metrics["downtime"])
operations.control(down, period=both, known=case.baseline, by=("machine",))

# %% response
operations.response(case.tables["incidents"], by=("shift",))

# %% fair_targets
oee = Measured(hours, case.metrics["oee"])
operations.fair_targets(oee, by="machine", strata="type", period=case.current, aim=0.80)

# %% targets
days = pd.DataFrame({"date": pd.date_range("2026-01-05", periods=112)}).merge(
    pd.DataFrame({"store": ["N1", "N2", "S1"], "sales": [30, 50, 20]}), how="cross"
)
days["sales"] += days.index % 7
sold = Measured(kpilab.Facts(days), Metric("sales", "facts", measure="sum(sales)"))
history = Period(days["date"].iloc[0].date(), days["date"].iloc[-1].date())
operations.targets(sold, 3000, dimensions=("store",), period=history, weeks=4)

# %% pace
operations.pace(
    Measured(hours, case.metrics["good_time"]),
    {"M1": 20_000},
    by="machine",
    period=case.current,
    until=case.current.first + timedelta(days=13),
)

# %% incentives
outlook = pd.DataFrame({"unit": ["ann", "bob", "cid"], "target": 100.0, "end": [104.0, 95.0, 80.0]})
outlook["low"], outlook["high"] = outlook["end"] - 9, outlook["end"] + 9
operations.incentives(outlook, tiers=(operations.Tier("reached", 1.0, 300),))
