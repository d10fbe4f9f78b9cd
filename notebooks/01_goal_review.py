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
# # Goal review
# Forget the KPI. What result did the business want, what came, and which factor moved it?
#
# The classic finding: the KPI counts registrations, the business wanted active users. Press
# **Show** in the panel: nothing is computed before. The cell below it asks the same in one line of
# Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab.rootcause import history
from kpilab.workbench import GOAL, Panel, Workspace, ask

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, GOAL, store=store, lang=lang)

# %% [markdown]
# ## Goal and KPIs against target and baseline

# %%
ask.reached(opened)

# %% [markdown]
# ## Which factor moved the goal?
# The contributions sum to the goal's change.

# %%
ask.moved(opened)

# %% [markdown]
# ## Day by day

# %%
history(opened)
