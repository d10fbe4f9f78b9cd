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
# # The 5 Whys
# Which factor fell, in which place, since which day?
#
# Click on a factor, then on a place: each click goes one why deeper and carries the filter along.
# *What next* proposes the split that carries most of the change, or says that none stands out.
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import WHYS, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, WHYS, store=store)

# %% [markdown]
# ## Why 1: which factor?

# %%
factors = answer(opened, WHYS, "moved")
factors

# %% [markdown]
# ## Why 2: in which place?
# Of the factor with the largest contribution.

# %%
largest = {"metric": factors.result.largest} if factors.result else {}
answer(opened, WHYS, "next", largest)

# %% [markdown]
# ## Why 3: one dimension, value by value

# %%
answer(opened, WHYS, "split", largest)

# %% [markdown]
# ## Why 4: since when?

# %%
answer(opened, WHYS, "began", largest)
