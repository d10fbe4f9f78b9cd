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
# # Growth team: whose share, and is it real? · 增长团队：谁的份额，真实吗？
# Six people claimed their own shares of the target. Do the claims add up, who is on the way, and do
# the registrations become users?
#
# Without a case of your own this notebook makes such a team, with a few things planted in it; the
# last cell names them. With your own: set `case` to its folder and the names below to yours.
#
# 六个人各自认领了目标的一部分。认领之和够吗、谁进度正常、注册会变成用户吗？
#
# 如果没有自己的案例，本笔记本会生成这样一个团队，其中预埋了若干情况，最后一个单元格会列出。如果有，
# 请把 `case` 设为它的文件夹，并把下面的名称改成您的。

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
results, work, promised = "daily", "work", "promised"
person, kpi, activation = "person", "registrations", "activation"
weekly, monthly = 40.0, 300.0  # rewards for a week, and for the month, on target

# %%
from datetime import timedelta

import pandas as pd

import kpilab
from kpilab import Period
from kpilab.data import Measured
from kpilab.operations import Tier
from kpilab.samples import sample_or, truth_of
from kpilab.workbench import ask

folder = sample_or(case, "growth")
opened = kpilab.open_case(folder, language=lang)
daily = opened.tables[results]
made = Measured(daily, opened.metrics[kpi])
both = Period(opened.baseline.first, opened.current.last)
print(opened.title, "|", opened.baseline, "→", opened.current)

# %% [markdown]
# ## Do the claims add up? · 认领之和够吗？
# A sum that fits can hide that one part is claimed twice and another by nobody. Bars are claims,
# ticks what the target needs; the names stand beside.
#
# 总和对得上，也可能一部分被认领了两次、另一部分无人认领。条形是认领量，刻度是目标所需，
# 姓名列在旁边。

# %%
claimed = opened.tables[promised]
rows = claimed.table.to_pandas()[[claimed.actor, claimed.action, claimed.quantity]]
rows.columns = ["actor", "part", "quantity"]
shares = kpilab.execution.claims(rows, wanted=opened.targets[kpi])
shares

# %%
shares.people.round(3)

# %% [markdown]
# ## The weekly list · 每周名单
# Who brought how many in each week of the period, and how many of them were active a week later.
# The second list is the one that counts.
#
# 本期每周谁带来了多少人，其中一周后仍活跃的有多少。算数的是第二份名单。

# %%
weekly_list = {}
for name in (kpi, activation):
    asked = {"by": (person,), "grain": "week", "periods": ("current",)}
    found = kpilab.rootcause.explore(opened, name, **asked).table
    weekly_list[name] = found.pivot(index=person, columns="date", values="value")
pd.concat(weekly_list, axis=1).round(2)

# %% [markdown]
# ## On pace? · 进度正常吗？

# %%
goals = shares.people.set_index("actor")["claimed"].to_dict()
halfway = opened.current.first + timedelta(days=13)
progress = kpilab.operations.pace(made, goals, by=person, period=opened.current, until=halfway)
progress

# %% [markdown]
# ## Stage rewards · 阶段奖励
# A reward for every week on target and one for the month. The weekly one moves those who have lost
# sight of the month; both together must fit the budget. The week's outlook is a quarter of the
# month's, and twice as uncertain in parts.
#
# 每周达标有一份奖励，全月达标另有一份。周奖励打动那些已对全月不抱希望的人；
# 两者合起来必须在预算之内。单周的预测值是全月的四分之一，相对不确定性是全月的两倍。

# %%
month = kpilab.operations.incentives(
    progress.table, tiers=(Tier("month", 1.0, monthly),), budget=1200.0
)
week = progress.table.assign(target=lambda t: t["target"] / 4, end=lambda t: t["end"] / 4)
half = (progress.table["high"] - progress.table["low"]) / 2 / 2
week = week.assign(low=week["end"] - half, high=week["end"] + half)
stage = kpilab.operations.incentives(week, tiers=(Tier("week", 1.0, weekly),))
both_rewards = {"month": month.table, "week": stage.table}
pd.concat(
    {k: t.set_index("unit")[["payout", "marginal", "moved"]] for k, t in both_rewards.items()},
    axis=1,
).round(2)

# %%
month

# %% [markdown]
# ## Registrations up, activity flat? · 注册上升，活跃不变？
# The goal is active users. Does it move with the KPI the team is paid for?
#
# 目标是活跃用户。它与团队据以拿奖金的 KPI 同步变化吗？

# %%
ask.reached(opened)

# %%
rate = Measured(daily, opened.metrics[activation])
kpilab.operations.control(
    rate, by=(person,), period=Period(both.first - timedelta(weeks=8), both.last), known=None
)

# %% [markdown]
# ## Does the work leave traces? · 工作留下痕迹了吗？
# Real registrations leave a trace in the system and come back. Each person's claims against both,
# and against the own past.
#
# 真实的注册会在系统中留下痕迹，并且会再回来。把每个人的申报与这两者对比，也与其自己的过去对比。

# %%
traces = kpilab.evidence(opened.tables[work], baseline=opened.baseline, current=opened.current)
traces

# %% [markdown]
# ## Planted, and found · 预埋的与找到的

# %%
table = shares.table
flagged = traces.table[traces.table["flagged"]]
found = {
    "wrong_kpi": ", ".join(flagged["actor"]),
    "claim_gap": ", ".join(table.loc[table["gap"] > 0, "part"]),
    "claim_overlap": ", ".join(table.loc[table["overlap"] > 0, "part"]),
}
truth = truth_of(folder)
truth.assign(found=truth["kind"].map(found))
