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
# # Goal review · 目标复盘
# Forget the KPI. What result did the business want, what came, and which factor moved it?
#
# The classic finding: the KPI counts registrations, the business wanted active users. Press
# **Show** in the panel: nothing is computed before. The cell below it asks the same in one line of
# Python.
#
# 先放下 KPI：业务想要什么结果、得到了什么、是哪个因素推动了变化？
#
# 典型的发现：KPI 数的是注册人数，业务要的是活跃用户。在面板中点击**显示**，在此之前不做任何计算。
# 下方的单元格用一行 Python 提出同样的问题。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import GOAL, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, GOAL, store=store)

# %% [markdown]
# ## Goal and KPIs against target and baseline · 目标与 KPI：对比目标值与基期

# %%
answer(opened, GOAL, "reached")

# %% [markdown]
# ## Which factor moved the goal? · 哪个因素推动了目标？
# The contributions sum to the goal's change.
#
# 各因素的贡献之和等于目标的变化。

# %%
answer(opened, GOAL, "moved")

# %% [markdown]
# ## Day by day · 逐日走势

# %%
answer(opened, GOAL, "history")
