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
# # User paths
# Which ways do users take, and what follows what?
#
# Click on an event to walk on from there. Press **Show** in the panel: nothing is computed before.
# The cell below it asks the same in one line of Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab import EventLog
from kpilab.workbench import PATHS, Panel, Workspace

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, PATHS, store=store, lang=lang)

# %% [markdown]
# ## Ways from the first step

# %%
log = next(iter(opened.of_kind(EventLog).values()))
start = next(iter(opened.funnels.values())).steps[0]
ways = kpilab.paths(log, start=start, period=opened.current)
ways

# %% [markdown]
# ## What follows what

# %%
ways.transitions.sort_values("count", ascending=False).head(12)
