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
# Does every department count the same thing, and who changed how, when? And what is any metric by
# any two dimensions?
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
from kpilab.rootcause import explore
from kpilab.workbench import DEFINITIONS, EXPLORE, Panel, Workspace

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, DEFINITIONS, store=store, lang=lang)

# %% [markdown]
# ## Reports against each other, and against the log

# %%
DEFINITIONS.asked(opened, DEFINITIONS.start(opened)).call.ask()

# %% [markdown]
# ## What every metric is made of, and whether the KPIs are SMART
# One definition per metric, with owner and the columns it reads; then the five criteria for every
# KPI.

# %%
kpilab.data.registry(opened.metrics, definitions=opened.definitions)

# %%
kpilab.relation.smart(
    opened.kpis,
    metrics=opened.metrics,
    tables=opened.tables,
    tree=opened.goal.tree,
    current=opened.current,
)

# %% [markdown]
# ## Explore
# Any metric of the case by any two dimensions and time, as it is defined in `case.yml`.

# %%
Panel(opened, EXPLORE, store=store, lang=lang)

# %%
explore(opened, opened.goal.metric, grain="week")
