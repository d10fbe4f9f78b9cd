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
# # External factors · 外部因素
# Is it us, or everybody?
#
# The market's movement is taken from the industry's and the peers' series; what is left of our own
# change is ours. Press **Show** in the panel: nothing is computed before. The cell below it asks
# the same in one line of Python.
#
# 是我们的问题，还是整个行业都这样？
#
# 大盘的变动取自行业和同行的序列；从我们自身的变化中扣除它，余下的才是我们自己的。
# 在面板中点击**显示**，在此之前不做任何计算。下方的单元格用一行 Python 提出同样的问题。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import EXTERNAL, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, EXTERNAL, store=store)

# %% [markdown]
# ## The market, our own series, and the rest · 大盘、我们自己的序列与余下部分

# %%
answer(opened, EXTERNAL, "market")
