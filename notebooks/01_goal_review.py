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
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import GOAL, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, GOAL, store=store)

# %% [markdown]
# ## Goal and KPIs against target and baseline

# %%
answer(opened, GOAL, "reached")

# %% [markdown]
# ## Which factor moved the goal?
# The contributions sum to the goal's change.

# %%
answer(opened, GOAL, "moved")

# %% [markdown]
# ## Day by day

# %%
answer(opened, GOAL, "history")
