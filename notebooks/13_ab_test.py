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
# # A/B test · A/B 实验
# Did the treatment work, can the test be trusted, and was it read rightly?
#
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.
#
# 方案有效吗、实验可信吗、结论解读正确吗？
#
# 在面板中点击**显示**，在此之前不做任何计算。下方的单元格用一行 Python 提出同样的问题。

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
# ## The decision card · 决策卡

# %%
answer(opened, TRIAL, "experiment")

# %% [markdown]
# ## The decision, read again · 重新审视决策
# Lost units, a novelty that fades, or one look too many?
#
# 样本丢失、新奇效应消退，还是多看了一次结果？

# %%
reread = answer(opened, TRIAL, "reread")
reread

# %% [markdown]
# ## The same as code · 用代码得到同样的结果

# %%
print(reread.code)
