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
# # Retention and activity
# Who comes back, who is new, and who has gone quiet?
#
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab import EventLog
from kpilab.workbench import LIFECYCLE, Panel, Workspace

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, LIFECYCLE, store=store, lang=lang)

# %% [markdown]
# ## Retention by weekly cohort

# %%
log = next(iter(opened.of_kind(EventLog).values()))
kpilab.retention(log)

# %% [markdown]
# ## New, returning, back again, gone quiet

# %%
kpilab.events.activity(log)
