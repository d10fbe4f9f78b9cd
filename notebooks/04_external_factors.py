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
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab.workbench import EXTERNAL, Panel, Workspace

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, EXTERNAL, store=store, lang=lang)

# %% [markdown]
# ## The market, our own series, and the rest

# %%
asked = EXTERNAL.asked(opened, EXTERNAL.start(opened))
asked.call.ask()
