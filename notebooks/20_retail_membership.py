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
# # Retail: membership conversion
# Headquarters wants more members. Who gets which share, who is on the way, what will the bonus
# cost, and which store has found a better way?
#
# Without a case of your own this notebook makes a small chain of six stores and twenty-four clerks,
# with a few things planted in it; the last cell names them. With your own: set `case` to its folder
# and the names below to yours.

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
levels = ("region", "store", "clerk")  # from headquarters down
sales, work = "pos", "records"  # a table of results, and one of records that people enter
total, rate, traffic = "new_members", "signup_rate", "customers"
budget = 9000

# %%
from datetime import timedelta
from tempfile import mkdtemp

import pandas as pd

import kpilab
from kpilab import Period
from kpilab.data import Measured
from kpilab.execution import bunching, timing
from kpilab.loop import Plan, add, effects
from kpilab.operations import Tier
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "retail")
opened = kpilab.open_case(folder, language=lang)
pos, records = opened.tables[sales], opened.tables[work]
results = Measured(pos, opened.metrics[total])
conversion = Measured(pos, opened.metrics[rate])
history = Period(
    opened.current.first - timedelta(weeks=26), opened.current.first - timedelta(days=1)
)
print(opened.title, "|", opened.current, "| target", opened.goal.target)

# %% [markdown]
# ## Who gets which share?
# The target goes down from headquarters to region, store and clerk. A share by last year's results
# alone makes one lucky month the new standard, so results are drawn towards those of the colleagues
# first. No share is set above what the clerk reaches with a chance of one in ten by his own past;
# the chance of every share is written beside it, and the shares of all children sum to their
# parent's, to the unit.

# %%
shares = kpilab.operations.targets(
    results, int(opened.goal.target), dimensions=levels, period=history, weeks=4
)
shares

# %% [markdown]
# By potential instead (customers served) the shares move to where there is room to grow. The method
# is a decision; the chances show what it asks of whom.

# %%
weeks = {"dimensions": levels, "period": history, "weeks": 4}
potential = Measured(pos, opened.metrics[traffic])
weights = kpilab.operations.Weights("potential", potential)
by_potential = kpilab.operations.targets(results, int(opened.goal.target), method=weights, **weeks)
leaves = {"history": shares.leaves, "potential": by_potential.leaves}
pd.concat(
    {name: t.set_index("unit")[["target", "chance"]] for name, t in leaves.items()}, axis=1
).head(8).round(2)

# %% [markdown]
# ## On pace?
# After two and a half weeks: the bar is what is there, the tick what should be there by now
# (Saturdays count for more), the line where the month will end if nothing changes. The interval has
# proved itself on each clerk's own past.

# %%
today = opened.current.first + timedelta(days=17)
goals = shares.leaves.set_index("unit")["target"].to_dict()
progress = kpilab.operations.pace(results, goals, by=levels[-1], period=opened.current, until=today)
progress

# %% [markdown]
# ## Does the bonus move anybody?
# A tier moves people who can just reach it. For whom it is out of reach it is an insult, for whom
# it is safe a gift. Sum, spread and budget come from a simulation in which a good season lifts all
# stores together.

# %%
tiers = (
    Tier("reached", 1.0, 300.0),
    Tier("excellent", 1.1, 500.0),
    Tier("outstanding", 1.25, 900.0),
)
bonus = kpilab.operations.incentives(progress.table, tiers=tiers, budget=budget)
bonus

# %% [markdown]
# ## Best practice: is one store really better, and since when?
# Every store's conversion rate on its own chart; limits are set on the first weeks and then held
# against the rest.

# %%
span = Period(history.first, opened.current.last)
known = Period(span.first, span.first + timedelta(weeks=18))
chart = kpilab.operations.control(conversion, by=(levels[1],), period=span, known=known)
chart

# %% [markdown]
# One store leaves its limits again and again. That it changed something can be chance all the same,
# so the change is tested as an action: the store against all the other stores, before and after the
# first day out.

# %%
judged = chart.table[chart.table["judged"]]
best = judged.groupby(levels[1])["outside"].mean().idxmax()
since = judged[(judged[levels[1]] == best) & judged["outside"]]["day"].min().date()
plan = Plan(
    f"what {best} does since {since}",
    str(best),
    metric=rate,
    where=(f"{levels[1]}={best}",),
    expected=20.0,
)
with kpilab.loop.Store.open(mkdtemp()) as store:
    store.finish(add(store, opened, plan), since)
    tested = effects(store, opened)
tested

# %% [markdown]
# ## Can the records be trusted?
# Three questions to ask before anybody is praised or blamed: are days missing at a store, are
# records entered late, and does claimed work leave the traces that real work leaves?

# %%
rows = pos.table.to_pandas()
rows = rows[pd.to_datetime(rows[pos.time]) >= pd.Timestamp(opened.current.first)]
open_days = rows.groupby(levels[1])[pos.time].nunique()
silent = open_days[open_days < open_days.max()]
print("days without rows:", (open_days.max() - silent).to_dict() or "none")
entered = timing(records, period=opened.current)
late = entered.table[entered.table["share"] > 0.5]
late[["actor", "records", "late", "share", "low", "high", "median_days"]]

# %%
bunching(records, period=opened.current)

# %%
claimed = kpilab.evidence(records, baseline=opened.baseline, current=opened.current)
claimed

# %% [markdown]
# ## Planted, and found
# What truth.json says was put into the world, beside what the cells above found. Your own case has
# no such file.

# %%
found = {
    "best_practice": f"{best} since {since}: {tested.table['effect'].iloc[0]:+.0%}, "
    f"{tested.table['answer'].iloc[0]}",
    "late_entry": ", ".join(sorted(late["actor"])),
    "data_loss": ", ".join(silent.index),
    "fabricated_execution": ", ".join(claimed.table.loc[claimed.table["flagged"], "actor"]),
}
truth = truth_of(folder)
truth.assign(found=truth["kind"].map(found))
