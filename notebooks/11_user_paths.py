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
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import PATHS, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, PATHS, store=store)

# %% [markdown]
# ## Ways from the first step

# %%
answer(opened, PATHS, "paths")

# %% [markdown]
# ## What follows what

# %%
answer(opened, PATHS, "transitions")
