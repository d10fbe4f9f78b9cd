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
# # Funnel · 漏斗
# Where are users lost, which users, and since when?
#
# Click on a step to break it out, on a value to go inside it; the filter goes along. Press **Show**
# in the panel: nothing is computed before. The cell below it asks the same in one line of Python.
#
# 用户在哪里流失、是哪些用户、从何时开始？
#
# 点击步骤可拆分，点击取值可进入该分组，筛选会一直带上。在面板中点击**显示**，在此之前不做任何计算。
# 下方的单元格用一行 Python 提出同样的问题。

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
# ## The funnel · 整个漏斗

# %%
answer(opened, FUNNEL, "funnel")

# %% [markdown]
# ## What changed since the baseline · 与基期相比有什么变化？

# %%
answer(opened, FUNNEL, "change")

# %% [markdown]
# ## Which next split of the last step shows most? · 最后一步：哪种拆分最能说明问题？

# %%
answer(opened, FUNNEL, "next")

# %% [markdown]
# ## Where did those go who did not reach it? · 没有到达的用户去了哪里？

# %%
answer(opened, FUNNEL, "lost")
