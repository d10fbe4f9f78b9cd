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
# # Funnel
# Where are users lost, which users, and since when?
#
# Click on a step to break it out, on a value to go inside it; the filter goes along. Press **Show**
# in the panel: nothing is computed before. The cell below it asks the same in one line of Python.

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import FUNNEL, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, FUNNEL, store=store)

# %% [markdown]
# ## The funnel

# %%
answer(opened, FUNNEL, "funnel")

# %% [markdown]
# ## What changed since the baseline

# %%
answer(opened, FUNNEL, "change")

# %% [markdown]
# ## Which next split of the last step shows most?

# %%
answer(opened, FUNNEL, "next")

# %% [markdown]
# ## Where did those go who did not reach it?

# %%
answer(opened, FUNNEL, "lost")
