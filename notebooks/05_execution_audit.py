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
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import EXECUTION, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, EXECUTION, store=store)

# %% [markdown]
# ## Claims against traces

# %%
answer(opened, EXECUTION, "evidence")

# %% [markdown]
# ## Do too many claims land just above the target?

# %%
answer(opened, EXECUTION, "bunching")

# %% [markdown]
# ## What to check by hand
# First the order: whose records differ most from those of the colleagues. It is no finding about
# anybody; it only weighs the draw. `kpilab.write_worksheet(plan, "check.xlsx")` gives the sheet to
# fill in, `read_worksheet` and `audit` read it back.

# %%
answer(opened, EXECUTION, "priority")

# %%
plan = answer(opened, EXECUTION, "sample")
plan
