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
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import LIFECYCLE, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, LIFECYCLE, store=store)

# %% [markdown]
# ## Retention by weekly cohort

# %%
answer(opened, LIFECYCLE, "retention")

# %% [markdown]
# ## New, returning, back again, gone quiet

# %%
answer(opened, LIFECYCLE, "activity")
