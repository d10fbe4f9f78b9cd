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
# # The 5 Whys · 五个为什么
# Which factor fell, in which place, since which day?
#
# Click on a factor, then on a place: each click goes one why deeper and carries the filter along.
# *What next* proposes the split that carries most of the change, or says that none stands out.
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.
#
# 哪个因素下降了、在哪个范围、从哪一天开始？
#
# 先点击因素，再点击范围：每点一次就深入一层，并带上当前的筛选。*下一步？* 给出承载变化最多的拆分；
# 没有突出的拆分时也会说明。在面板中点击**显示**，在此之前不做任何计算。
# 下方的单元格用一行 Python 提出同样的问题。

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
# ## Why 1: which factor? · 为什么之一：哪个因素？

# %%
factors = answer(opened, WHYS, "moved")
factors

# %% [markdown]
# ## Why 2: in which place? · 为什么之二：在哪个范围？
# Of the factor with the largest contribution.
#
# 针对贡献最大的因素。

# %%
largest = {"metric": factors.result.largest} if factors.result else {}
answer(opened, WHYS, "next", largest)

# %% [markdown]
# ## Why 3: one dimension, value by value · 为什么之三：一个维度，逐个取值

# %%
answer(opened, WHYS, "split", largest)

# %% [markdown]
# ## Why 4: since when? · 为什么之四：从何时开始？

# %%
answer(opened, WHYS, "began", largest)
