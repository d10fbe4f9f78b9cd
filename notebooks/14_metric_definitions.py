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
# # Metric definitions
# Does every department count the same thing, and who changed how, when?
#
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import DEFINITIONS, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, DEFINITIONS, store=store)

# %% [markdown]
# ## Reports against each other, and against the log

# %%
answer(opened, DEFINITIONS, "definitions")

# %% [markdown]
# ## What every metric is made of, and whether the KPIs are SMART
# One definition per metric, with owner and the columns it reads; then the five criteria for every
# KPI.

# %%
answer(opened, DEFINITIONS, "registry")

# %%
answer(opened, DEFINITIONS, "smart")
