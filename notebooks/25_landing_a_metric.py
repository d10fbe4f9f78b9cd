# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Landing a metric: from goal to review
# A goal is written down quickly. This notebook takes one through the whole way: goal, SMART check,
# decomposition to people, data check, open board, incentive, review.
#
# Without a case of your own it takes the retention of a subscription, with a few things planted in
# it; the last cell names them. With your own: set `case` to its folder.

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
table, dimension = "daily", "region"
out = "board"

# %%
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import kpilab
from kpilab import Period, quality
from kpilab.data import Measured
from kpilab.loop import progress, watch, write_board
from kpilab.operations import Tier
from kpilab.relation import smart
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "landing")
opened = kpilab.open_case(folder, language=lang)
daily, goal = opened.tables[table], opened.goal
print(opened.title, "|", goal.metric, "→", goal.target, "|", opened.current)

# %% [markdown]
# ## 1. The goal, and the KPIs that serve it
# Each KPI has an owner and a parent. Following the parents up must end at the goal; and when a KPI
# gets better, its parent should not get worse. The second question is put to sixty weeks of data.

# %%
names = [k.metric for k in opened.kpis]
weeks = Period(opened.current.last - timedelta(weeks=60), opened.current.last)
asked = {"grain": "week", "periods": {"weeks": weeks}}
found = {n: kpilab.rootcause.explore(opened, n, **asked).table for n in names}
series = pd.DataFrame({n: t.set_index("date")["value"] for n, t in found.items()})
chain = kpilab.relation.kpi_cascade(
    opened.kpis, goal=goal.metric, metrics=opened.metrics, series=series, tree=goal.tree
)
chain

# %% [markdown]
# ## 2. SMART?
# Specific (defined, owned), measurable (its columns exist), achievable (chance of 10 % or more),
# ambitious (of 90 % or less: what comes anyway is no target), relevant (leads to the goal),
# time-bound (target and start). The chances are those on the first day of the period.

# %%
first_day = opened.current.first + timedelta(days=1)
ahead = {
    k.metric: progress(opened, opened.metrics[k.metric], k.target, today=first_day).chance
    for k in opened.kpis
}
chances = {name: chance for name, chance in ahead.items() if chance is not None}
smart(opened.kpis, metrics=opened.metrics, tables=opened.tables, tree=goal.tree, chances=chances)

# %% [markdown]
# ## 3. Down to regions and people
# Shares that sum to the target, none above what its owner can reach.

# %%
history = Period(
    opened.current.first - timedelta(weeks=26), opened.current.first - timedelta(days=1)
)
total = Measured(daily, opened.metrics[goal.metric])
shares = kpilab.operations.targets(
    total, int(goal.target), dimensions=(dimension,), period=history, weeks=4
)
shares

# %% [markdown]
# ## 4. Are the data there, whole and on time?
# The watch knows rules for values, pace and freshness; it speaks once per alarm. Here it is called
# twice: what was told is not told again.

# %%
with kpilab.loop.Store.open(mkdtemp()) as store:
    today = opened.current.last + timedelta(days=1)
    alarms, again = (watch(opened, store, today=today) for _ in range(2))
print("new alarms:", alarms.new, "| told again at the second call:", again.new)
alarms

# %%
quality(daily, period=opened.current)

# %% [markdown]
# ## 5. The board
# One offline page, per owner: target, pace, expected end, trend. `kpilab board CASE --out DIR`
# writes the same.

# %%
print(write_board(opened, Path(mkdtemp()) / out))
standing = kpilab.operations.pace(
    total, shares.leaves.set_index("unit")["target"].to_dict(), by=dimension, period=opened.current
)
standing

# %% [markdown]
# ## 6. The incentive
# A bonus is only linked to work if one result more makes a tier notably more likely. As the regions
# stand three weeks in, whom does it still move?

# %%
known = opened.current.first + timedelta(days=20)
goals = shares.leaves.set_index("unit")["target"].to_dict()
outlook = kpilab.operations.pace(total, goals, by=dimension, period=opened.current, until=known)
tiers = (Tier("reached", 1.0, 1000.0), Tier("excellent", 1.05, 1800.0))
kpilab.operations.incentives(outlook.table, tiers=tiers, budget=4000.0)

# %% [markdown]
# ## 7. The review
# What the data stand behind, and what to do next.

# %%
review = kpilab.review(opened)
print(review.summary(lang))

# %% [markdown]
# ## Planted, and found

# %%
conflicts = chain.table[chain.table["trouble"] == "moves_against"]
fired = alarms.table[alarms.table["state"] == "fired"]
found = {
    "kpi_conflict": "; ".join(
        f"{r.kpi} against {r.parent} ({r.rho:+.2f})" for r in conflicts.itertuples()
    ),
    "driver_decline": "; ".join(f"{c.kind}: {c.subject}" for c in review.causes),
    "late_data": ", ".join(fired["rule"]),
}
truth = truth_of(folder)
truth.assign(found=truth["kind"].map(found))
