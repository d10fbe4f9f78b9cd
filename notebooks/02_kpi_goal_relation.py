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
# # KPI and goal · KPI 与目标
# Do the KPI and the goal move together, in which segment, and with what lag?
#
# Two series that both grow always look related. What is compared here is what is new in each on a
# day. Press **Show** in the panel: nothing is computed before. The cell below it asks the same in
# one line of Python.
#
# KPI 与目标是否同步变化、在哪个分组、滞后多久？
#
# 两条都在增长的曲线看上去总是相关。这里比较的是每一天各自新出现的变化。在面板中点击**显示**，
# 在此之前不做任何计算。下方的单元格用一行 Python 提出同样的问题。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import RELATION, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, RELATION, store=store)

# %% [markdown]
# ## One KPI against the goal · 单个 KPI 与目标

# %%
answer(opened, RELATION, "related")

# %% [markdown]
# ## All KPIs against the goal · 所有 KPI 与目标

# %%
answer(opened, RELATION, "screened")
