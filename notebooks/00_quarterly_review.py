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
# # Quarterly review · 季度复盘
# The KPIs hit target. Why did the business not grow?
#
# This notebook asks the five questions of a reverse review of one case: what result was wanted, do
# the KPIs move with it, where exactly was it lost, is it us or everybody, and was the work really
# done.
#
# KPI 都达标了，业务为什么没有增长？
#
# 本笔记本对一个案例提出倒推复盘的五个问题：想要什么结果，KPI 是否与之同步变化，究竟丢在哪里，
# 是我们的问题还是整个行业都这样，工作是否真的做了。

# %% tags=["parameters"]
case = ""  # a folder with a case.yml; empty: that of `kpilab lab CASE`, else the bundled shop
lang = ""  # "en" or "zh"; empty: that of the case
out = "review"

# %%
import altair as alt
import pandas as pd

import kpilab
from kpilab.report import write
from kpilab.workbench import FUNNEL, Panel, ReviewPanel, begin

alt.renderers.enable("svg")

# %% [markdown]
# ## The case · 案例
# A folder with a `case.yml` and its tables. Nothing is computed yet; what is wrong with the file or
# the data is said here, all at once.
#
# 一个文件夹，内有 `case.yml` 及其数据表。此时还不做任何计算；文件或数据的问题会在这里一次说清。

# %%
opened, store = begin(case, lang, out)
lang = opened.language
print(opened.title, "|", "baseline", opened.baseline, "|", "current", opened.current)
pd.Series(
    {name: type(table).__name__ for name, table in opened.tables.items()}, name="kind"
).to_frame()

# %% [markdown]
# ## The review as an app · 复盘面板
# Press the button; nothing is computed before. The cells below say the same in code.
#
# 点击按钮开始，在此之前不做任何计算。下方的单元格用代码得到同样的结果。

# %%
ReviewPanel(opened)

# %% [markdown]
# ## Ask further · 继续追问
# Click on a step of the funnel to break it out, on a value to go inside it; what you find can be
# added to the review.
# The notebooks beside this one hold an app for each question.
#
# 点击漏斗的步骤可拆分，点击取值可进入该分组；您的发现可以加入复盘。
# 旁边的笔记本为每个问题各备有一个面板。

# %%
Panel(opened, FUNNEL, store=store)

# %% [markdown]
# ## The verdict · 结论

# %%
review = kpilab.review(opened)
print(review.summary(lang))

# %% [markdown]
# ## From what was expected to what is in the log · 从预期到日志中的实际
# The rows sum to the gap. What the causes do not explain stands there as its own row.
#
# 各行之和等于缺口。原因未能解释的部分单独列为一行。

# %%
review.chart(lang)

# %% [markdown]
# ## All findings · 全部发现
# Also what is fine, and what could not be told.
#
# 也包括一切正常的和无法判断的。

# %%
findings = pd.DataFrame(
    [(f.id, f.verdict, f.strength, review.say(f.statement, lang)) for f in review.findings],
    columns=["finding", "verdict", "strength", "statement"],
)
findings.style.hide(axis="index").set_properties(**{"text-align": "left", "white-space": "normal"})

# %% [markdown]
# ## The evidence of one finding · 一项发现的证据
# Each finding carries the results its numbers come from: a sentence, a table, a picture.
#
# 每项发现都带有其数字的来源：一句话、一张表、一幅图。

# %%
shown = [f for f in review.findings if f.evidence]
trouble = [f for f in shown if f.verdict == "trouble"]
next((f.evidence[0] for f in trouble or shown), None)

# %% [markdown]
# ## The report · 报告
# One HTML file that opens offline, the same as JSON and Markdown, and all tables as a workbook.
#
# 一个可离线打开的 HTML 文件，同样内容的 JSON 和 Markdown，以及含全部表格的工作簿。

# %%
print(write(review, out, lang).html)
