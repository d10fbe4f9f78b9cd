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
case = "../data/shop"
lang = "en"
workspace = "."

# %%
import altair as alt

import kpilab
from kpilab.workbench import TRIAL, Panel, Workspace

alt.renderers.enable("svg")
opened = kpilab.open_case(case, language=lang)
store = Workspace(opened, workspace)

# %%
Panel(opened, TRIAL, store=store, lang=lang)

# %% [markdown]
# ## The decision card

# %%
state = TRIAL.start(opened)
TRIAL.asked(opened, state).call.ask()

# %% [markdown]
# ## The decision, read again
# Lost units, a novelty that fades, or one look too many?

# %%
asked = TRIAL.asked(opened, state.looking("reread"))
asked.call.ask()

# %% [markdown]
# ## The same as code

# %%
print(asked.call.code(opened))
