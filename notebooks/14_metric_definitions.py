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
# # Metric definitions · 指标口径
# Does every department count the same thing, and who changed how, when?
#
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.
#
# 各部门统计的是同一回事吗，谁在何时改了什么？
#
# 在面板中点击**显示**，在此之前不做任何计算。下方的单元格用一行 Python 提出同样的问题。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import DEFINITIONS, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, DEFINITIONS, store=store)

# %% [markdown]
# ## Reports against each other, and against the log · 部门报数相互对比，并与日志对比

# %%
answer(opened, DEFINITIONS, "definitions")

# %% [markdown]
# ## What every metric is made of, and whether the KPIs are SMART · 指标的构成与 SMART
# One definition per metric, with owner and the columns it reads; then the five criteria for every
# KPI.
#
# 每个指标一条口径，附负责人和所读取的列；然后是每个 KPI 的五项标准。

# %%
answer(opened, DEFINITIONS, "registry")

# %%
answer(opened, DEFINITIONS, "smart")
