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
# # Funnel
# Where are users lost, which users, and since when?
#
# Click on a step to break it out, on a value to go inside it; the filter goes along. Press **Show**
# in the panel: nothing is computed before. The cell below it asks the same in one line of Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab.workbench import FUNNEL, Panel, Workspace, ask

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, FUNNEL, store=store, lang=lang)

# %% [markdown]
# ## The funnel

# %%
name, plan = next(iter(opened.funnels.items()))
log = opened.tables[plan.table]
kpilab.funnel(
    log, kpilab.events.Steps(plan.steps, unit=plan.by), within=plan.within, period=opened.current
)

# %% [markdown]
# ## What changed since the baseline

# %%
kpilab.events.funnel_change(
    log,
    kpilab.events.Steps(plan.steps, unit=plan.by),
    current=opened.current,
    baseline=opened.baseline,
    within=plan.within,
)

# %% [markdown]
# ## Which next split of the last step shows most?

# %%
ask.next_split(opened, name, plan.steps[-1])

# %% [markdown]
# ## Where did those go who did not reach it?

# %%
ask.lost(opened, name, plan.steps[-1], period=opened.current)
