# %%
from datetime import date

import numpy as np
import pandas as pd

import kpilab
from kpilab import Period

rng = np.random.default_rng(1)
orders = pd.DataFrame({"date": rng.choice(pd.date_range("2025-01-01", "2026-06-30"), 6000)})
orders["who"] = rng.integers(0, 600, 6000)
orders["region"] = np.where(orders["who"] % 3 == 0, "north", "south")
orders["channel"] = np.where(rng.random(6000) < 0.5, "shop", "web")
orders["pieces"] = rng.integers(1, 5, 6000)
orders["amount"] = (orders["pieces"] * rng.gamma(9, 2, 6000)).round(2)
# In the last quarter half of the north's orders are gone.
late = (orders["date"] >= "2026-04-01") & (orders["region"] == "north")
orders = orders[~late | (rng.random(6000) < 0.5)]
before = Period(date(2026, 1, 1), date(2026, 3, 31))
now = Period(date(2026, 4, 1), date(2026, 6, 30))
who = {"customer": "who", "amount": "amount"}

# %% growth
kpilab.customers.growth(orders, **who, baseline=before, current=now)

# %% churn
kpilab.customers.churn(orders, **who, current=now, by=["region"])

# %% acquisition
kpilab.customers.acquisition(orders, **who, current=now, by=["region"])

# %% basket
lines = kpilab.customers.Lines("order", item="product", quantity="pieces")
sold = orders.assign(order=orders["date"].astype(str) + orders["who"].astype(str))
sold["product"] = np.where(orders["pieces"] > 2, "pack", "piece")
kpilab.customers.basket(sold, lines, **who, baseline=before, current=now)

# %% cohorts
kpilab.customers.cohorts(orders, **who, until=now.last, grain="quarter")

# %% payback
came = orders.sort_values("date").drop_duplicates("who").rename(columns={"who": "id"})
days = pd.date_range("2025-01-01", "2026-06-30", freq="MS")
paid = pd.DataFrame({"date": days.repeat(2), "region": ["north", "south"] * len(days)})
paid["cost"] = np.where(paid["region"] == "north", 300, 900)
spend = kpilab.data.Measured(
    kpilab.Facts(paid), kpilab.data.Metric("cost", "facts", measure="sum(cost)")
)
kpilab.customers.payback(
    orders,
    spend,
    **who,
    by="region",
    until=now.last,
    customers=kpilab.customers.Entities(came[["id", "date", "region"]], time="date"),
)

# %% survival
kpilab.customers.survival(orders, **who, until=now.last, by=["region"])

# %% service_effect
served = orders.assign(late=rng.random(len(orders)) < 0.1)
kpilab.customers.service_effect(served, "late", **who, within="60d")

# %% repeat
kpilab.customers.repeat(orders, **who, current=before, by=["region"], within="60d")

# %% concentration
kpilab.customers.concentration(orders, **who, current=now)

# %% channel_shift
kpilab.customers.channel_shift(orders, **who, current=now, by="channel")

# %% price_volume_mix
kpilab.customers.price_volume_mix(
    orders, by=["region"], quantity="pieces", amount="amount", baseline=before, current=now
)

# %% lifetime
kpilab.customers.lifetime(orders, customer="who", until=now.last)

# %% pull_forward
kpilab.customers.pull_forward(orders, **who, peak=Period(date(2026, 2, 1), date(2026, 2, 28)))

# %% pipeline
start = pd.Timestamp("2025-09-01") + pd.to_timedelta(rng.integers(0, 280 * 24, 900), "h")
waits = rng.exponential(150, (900, 2)).cumsum(axis=1)
cases = pd.DataFrame({"user": np.arange(900), "region": np.resize(["north", "south"], 900)})
moments = {"open": start, "offer": start + pd.to_timedelta(waits[:, 0], "h")}
moments["won"] = start + pd.to_timedelta(waits[:, 1], "h")
deals = pd.concat([cases.assign(event=event, time=at) for event, at in moments.items()])
kpilab.customers.pipeline(deals, ["open", "offer", "won"], current=now, by=["region"])
