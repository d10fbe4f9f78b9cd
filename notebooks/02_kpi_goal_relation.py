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
# # KPI and goal
# Do the KPI and the goal move together, in which segment, and with what lag?
#
# Two series that both grow always look related. What is compared here is what is new in each on a
# day. Press **Show** in the panel: nothing is computed before. The cell below it asks the same in
# one line of Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab.workbench import RELATION, Panel, Workspace, ask

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, RELATION, store=store, lang=lang)

# %% [markdown]
# ## One KPI against the goal

# %%
ask.related(opened, opened.kpis[0].metric)

# %% [markdown]
# ## All KPIs against the goal

# %%
ask.screened(opened)
