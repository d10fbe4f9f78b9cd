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
# # User paths · 用户路径
# Which ways do users take, and what follows what?
#
# Click on an event to walk on from there. Press **Show** in the panel: nothing is computed before.
# The cell below it asks the same in one line of Python.
#
# 用户走哪些路径，什么之后是什么？
#
# 点击一个事件，可从该处继续。在面板中点击**显示**，在此之前不做任何计算。
# 下方的单元格用一行 Python 提出同样的问题。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import PATHS, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, PATHS, store=store)

# %% [markdown]
# ## Ways from the first step · 从第一步出发的路径

# %%
answer(opened, PATHS, "paths")

# %% [markdown]
# ## What follows what · 什么之后是什么

# %%
answer(opened, PATHS, "transitions")
