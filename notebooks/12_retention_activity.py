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
# # Retention and activity · 留存与活跃
# Who comes back, who is new, and who has gone quiet?
#
# Press **Show** in the panel: nothing is computed before. The cell below it asks the same in one
# line of Python.
#
# 谁会回来、谁是新用户、谁已沉默？
#
# 在面板中点击**显示**，在此之前不做任何计算。下方的单元格用一行 Python 提出同样的问题。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
workspace = "."

# %%
from kpilab.workbench import LIFECYCLE, Panel, answer, begin

opened, store = begin(case, lang, workspace)

# %%
Panel(opened, LIFECYCLE, store=store)

# %% [markdown]
# ## Retention by weekly cohort · 按周分群的留存

# %%
answer(opened, LIFECYCLE, "retention")

# %% [markdown]
# ## New, returning, back again, gone quiet · 新增、回访、回流与沉默

# %%
answer(opened, LIFECYCLE, "activity")
