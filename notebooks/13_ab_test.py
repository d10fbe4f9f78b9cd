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
# # A/B test
# Did the treatment work, can the test be trusted, and was it read rightly?
#
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import TRIAL, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, TRIAL, store=store)

# %% [markdown]
# ## The decision card

# %%
answer(opened, TRIAL, "experiment")

# %% [markdown]
# ## The decision, read again
# Lost units, a novelty that fades, or one look too many?

# %%
reread = answer(opened, TRIAL, "reread")
reread

# %% [markdown]
# ## The same as code

# %%
print(reread.code)
