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
# # Why, five times
# Which factor fell, in which place, since which day?
#
# Click on a factor, then on a place: each click goes one why deeper and carries the filter along.
# *What next* proposes the split that carries most of the change, or says that none stands out.
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab import split
from kpilab.workbench import WHYS, Panel, Workspace, ask

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, WHYS, store=store, lang=lang)

# %% [markdown]
# ## Why 1: which factor?

# %%
factors = ask.moved(opened)
factors

# %% [markdown]
# ## Why 2: in which place?

# %%
worst = factors.table.sort_values("contribution")["driver"].iloc[0]
ask.places(opened, worst)

# %% [markdown]
# ## Why 3: one dimension, value by value

# %%
dimension = opened.tables[opened.metrics[worst].table].dimensions_named[0]
split(opened, worst, by=dimension)

# %% [markdown]
# ## Why 4: since when?

# %%
ask.began(opened, worst)
