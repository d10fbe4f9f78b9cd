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
# # Execution audit · 执行核查
# Was the work really done?
#
# Real work leaves traces. Here claims are held against them, thresholds against the claims just
# above, and a sample is drawn for checking by hand. Press **Show** in the panel: nothing is
# computed before. The cell below it asks the same in one line of Python.
#
# 工作真的做了吗？
#
# 真实的工作会留下痕迹。这里用痕迹检验所报数字，查看是否有过多数字恰好越过门槛，
# 并抽取样本供人工核查。在面板中点击**显示**，在此之前不做任何计算。
# 下方的单元格用一行 Python 提出同样的问题。

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
# ## Claims against traces · 所报数字与痕迹

# %%
answer(opened, EXECUTION, "evidence")

# %% [markdown]
# ## Do too many claims land just above the target? · 是否有过多数字恰好达标？

# %%
answer(opened, EXECUTION, "bunching")

# %% [markdown]
# ## What to check by hand · 需要人工核查的样本
# First the order: whose records differ most from those of the colleagues. It is no finding about
# anybody; it only weighs the draw. `kpilab.write_worksheet(plan, "check.xlsx")` gives the sheet to
# fill in, `read_worksheet` and `audit` read it back.
#
# 先排顺序：谁的记录与同事差别最大。这不是对任何人的结论，只作为抽样的权重。
# `kpilab.write_worksheet(plan, "check.xlsx")` 生成待填写的核查表，
# `read_worksheet` 和 `audit` 把结果读回。

# %%
answer(opened, EXECUTION, "priority")

# %%
plan = answer(opened, EXECUTION, "sample")
plan
