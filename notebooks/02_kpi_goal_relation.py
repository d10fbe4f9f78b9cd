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
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import RELATION, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, RELATION, store=store)

# %% [markdown]
# ## One KPI against the goal

# %%
answer(opened, RELATION, "related")

# %% [markdown]
# ## All KPIs against the goal

# %%
answer(opened, RELATION, "screened")
