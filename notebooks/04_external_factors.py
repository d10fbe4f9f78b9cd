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
# # External factors
# Is it us, or everybody?
#
# The market's movement is taken from the industry's and the peers' series; what is left of our own
# change is ours. Press **Show** in the panel: nothing is computed before. The cell below it asks
# the same in one line of Python.

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import EXTERNAL, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, EXTERNAL, store=store)

# %% [markdown]
# ## The market, our own series, and the rest

# %%
answer(opened, EXTERNAL, "market")
