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
# # Execution audit
# Was the work really done?
#
# Real work leaves traces. Here claims are held against them, thresholds against the claims just
# above, and a sample is drawn for checking by hand. Press **Show** in the panel: nothing is
# computed before. The cell below it asks the same in one line of Python.

# %% tags=["parameters"]
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab import Executions
from kpilab.execution import audit_sample, bunching
from kpilab.workbench import EXECUTION, Panel, Workspace

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, EXECUTION, store=store, lang=lang)

# %% [markdown]
# ## Claims against traces

# %%
records = next(iter(opened.of_kind(Executions).values()))
kpilab.evidence(records, baseline=opened.baseline, current=opened.current)

# %% [markdown]
# ## Do too many claims land just above the target?

# %%
bunching(records, period=opened.current)

# %% [markdown]
# ## What to check by hand
# First the order: whose records differ most from those of the colleagues. It is no finding about
# anybody; it only weighs the draw. `kpilab.write_worksheet(plan, "check.xlsx")` gives the sheet to
# fill in, `read_worksheet` and `audit` read it back.

# %%
order = kpilab.execution.priority(records, period=opened.current)
order

# %%
plan = audit_sample(records, period=opened.current, weights=order.weights)
plan
