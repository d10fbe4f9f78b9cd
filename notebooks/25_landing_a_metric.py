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
# # Landing a metric: from goal to review · 指标落地：从目标到复盘
# A goal is written down quickly. This notebook takes one through the whole way: goal, SMART check,
# decomposition to people, data check, open board, incentive, review.
#
# Without a case of your own it takes the retention of a subscription, with a few things planted in
# it; the last cell names them. With your own: set `case` to its folder.
#
# 写下一个目标很快。本笔记本带一个目标走完全程：目标、SMART 检查、分解到人、数据检查、公开看板、
# 激励、复盘。
#
# 如果没有自己的案例，则以一项订阅业务的留存为例，其中预埋了若干情况，最后一个单元格会列出。如果有，
# 请把 `case` 设为它的文件夹。

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
table, dimension = "daily", "region"
out = "board"

# %%
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import kpilab
from kpilab import Period, quality
from kpilab.data import Measured
from kpilab.loop import progress, watch, write_board
from kpilab.operations import Tier
from kpilab.relation import smart
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "landing")
opened = kpilab.open_case(folder, language=lang)
daily, goal = opened.tables[table], opened.goal
print(opened.title, "|", goal.metric, "→", goal.target, "|", opened.current)

# %% [markdown]
# ## 1. The goal, and the KPIs that serve it · 目标与支撑它的 KPI
# Each KPI has an owner and a parent. Following the parents up must end at the goal; and when a KPI
# gets better, its parent should not get worse. The second question is put to sixty weeks of data.
#
# 每个 KPI 都有负责人和上级指标。逐级向上必须到达目标；KPI 变好时，其上级指标不应变差。
# 第二个问题用六十周的数据来回答。

# %%
names = [k.metric for k in opened.kpis]
weeks = Period(opened.current.last - timedelta(weeks=60), opened.current.last)
asked = {"grain": "week", "periods": {"weeks": weeks}}
found = {n: kpilab.rootcause.explore(opened, n, **asked).table for n in names}
series = pd.DataFrame({n: t.set_index("date")["value"] for n, t in found.items()})
chain = kpilab.relation.kpi_cascade(
    opened.kpis, goal=goal.metric, metrics=opened.metrics, series=series, tree=goal.tree
)
chain

# %% [markdown]
# ## 2. SMART? · 符合 SMART 吗？
# Specific (defined, owned), measurable (its columns exist), achievable (chance of 10 % or more),
# ambitious (of 90 % or less: what comes anyway is no target), relevant (leads to the goal),
# time-bound (target and start). The chances are those on the first day of the period.
#
# 具体（有口径、有负责人），可衡量（所需的列存在），可达成（可能性不低于 10%），
# 有挑战（可能性不高于 90%：本来就会达到的不算目标），相关（通向目标），有时限（有目标值和起点）。
# 可能性按本期第一天计算。

# %%
first_day = opened.current.first + timedelta(days=1)
ahead = {
    k.metric: progress(opened, opened.metrics[k.metric], k.target, today=first_day).chance
    for k in opened.kpis
}
chances = {name: chance for name, chance in ahead.items() if chance is not None}
smart(opened.kpis, metrics=opened.metrics, tables=opened.tables, tree=goal.tree, chances=chances)

# %% [markdown]
# ## 3. Down to regions and people · 分解到区域和个人
# Shares that sum to the target, none above what its owner can reach.
#
# 各份之和等于目标，任何一份都不超过其负责人能达到的水平。

# %%
history = Period(
    opened.current.first - timedelta(weeks=26), opened.current.first - timedelta(days=1)
)
total = Measured(daily, opened.metrics[goal.metric])
shares = kpilab.operations.targets(
    total, int(goal.target), dimensions=(dimension,), period=history, weeks=4
)
shares

# %% [markdown]
# ## 4. Are the data there, whole and on time? · 数据齐全、完整、及时吗？
# The watch knows rules for values, pace and freshness; it speaks once per alarm. Here it is called
# twice: what was told is not told again.
#
# 监控有数值、进度和新鲜度三类规则；每个报警只提醒一次。这里调用两次：说过的不再重复。

# %%
with kpilab.loop.Store.open(mkdtemp()) as store:
    today = opened.current.last + timedelta(days=1)
    alarms, again = (watch(opened, store, today=today) for _ in range(2))
print("new alarms:", alarms.new, "| told again at the second call:", again.new)
alarms

# %%
quality(daily, period=opened.current)

# %% [markdown]
# ## 5. The board · 看板
# One offline page, per owner: target, pace, expected end, trend. `kpilab board CASE --out DIR`
# writes the same.
#
# 一个离线页面，按负责人列出：目标、进度、预计结果、趋势。
# `kpilab board CASE --out DIR` 生成同样的页面。

# %%
print(write_board(opened, Path(mkdtemp()) / out))
standing = kpilab.operations.pace(
    total, shares.leaves.set_index("unit")["target"].to_dict(), by=dimension, period=opened.current
)
standing

# %% [markdown]
# ## 6. The incentive · 激励
# A bonus is only linked to work if one result more makes a tier notably more likely. As the regions
# stand three weeks in, whom does it still move?
#
# 只有当多一个结果就明显更可能升档时，奖金才与工作挂钩。按各区域三周后的情形，它还能打动谁？

# %%
known = opened.current.first + timedelta(days=20)
goals = shares.leaves.set_index("unit")["target"].to_dict()
outlook = kpilab.operations.pace(total, goals, by=dimension, period=opened.current, until=known)
tiers = (Tier("reached", 1.0, 1000.0), Tier("excellent", 1.05, 1800.0))
kpilab.operations.incentives(outlook.table, tiers=tiers, budget=4000.0)

# %% [markdown]
# ## 7. The review · 复盘
# What the data stand behind, and what to do next.
#
# 哪些结论有数据支持，接下来做什么。

# %%
review = kpilab.review(opened)
print(review.summary(lang))

# %% [markdown]
# ## Planted, and found · 预埋的与找到的

# %%
conflicts = chain.table[chain.table["trouble"] == "moves_against"]
fired = alarms.table[alarms.table["state"] == "fired"]
found = {
    "kpi_conflict": "; ".join(
        f"{r.kpi} against {r.parent} ({r.rho:+.2f})" for r in conflicts.itertuples()
    ),
    "driver_decline": "; ".join(f"{c.kind}: {c.subject}" for c in review.causes),
    "late_data": ", ".join(fired["rule"]),
}
truth = truth_of(folder)
truth.assign(found=truth["kind"].map(found))
