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
# # Retail: membership conversion · 零售：会员转化
# Headquarters wants more members. Who gets which share, who is on the way, what will the bonus
# cost, and which store has found a better way?
#
# Without a case of your own this notebook makes a small chain of six stores and twenty-four clerks,
# with a few things planted in it; the last cell names them. With your own: set `case` to its folder
# and the names below to yours.
#
# 总部想要更多会员。谁承担多少目标、谁进度正常、奖金要花多少、哪家门店找到了更好的办法？
#
# 如果没有自己的案例，本笔记本会生成一家小型连锁：六家门店、二十四名店员，其中预埋了若干情况，
# 最后一个单元格会列出。如果有，请把 `case` 设为它的文件夹，并把下面的名称改成您的。

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
levels = ("region", "store", "clerk")  # from headquarters down
sales, work = "pos", "records"  # a table of results, and one of records that people enter
total, rate, traffic = "new_members", "signup_rate", "customers"
budget = 9000

# %%
from datetime import timedelta
from tempfile import mkdtemp

import pandas as pd

import kpilab
from kpilab import Period
from kpilab.data import Measured
from kpilab.execution import bunching, timing
from kpilab.loop import Plan, add, effects
from kpilab.operations import Tier
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "retail")
opened = kpilab.open_case(folder, language=lang)
pos, records = opened.tables[sales], opened.tables[work]
results = Measured(pos, opened.metrics[total])
conversion = Measured(pos, opened.metrics[rate])
history = Period(
    opened.current.first - timedelta(weeks=26), opened.current.first - timedelta(days=1)
)
print(opened.title, "|", opened.current, "| target", opened.goal.target)

# %% [markdown]
# ## Who gets which share? · 谁承担多少目标？
# The target goes down from headquarters to region, store and clerk. A share by last year's results
# alone makes one lucky month the new standard, so results are drawn towards those of the colleagues
# first. No share is set above what the clerk reaches with a chance of one in ten by his own past;
# the chance of every share is written beside it, and the shares of all children sum to their
# parent's, to the unit.
#
# 目标从总部逐级分到区域、门店和店员。只按去年的成绩分，一个走运的月份就会成为新标准，
# 因此先让成绩向同事的水平靠拢。任何一份都不超过该店员按自己的历史有十分之一机会达到的水平；
# 每一份旁边写明达成的可能性，各下级之和与上级分毫不差。

# %%
shares = kpilab.operations.targets(
    results, int(opened.goal.target), dimensions=levels, period=history, weeks=4
)
shares

# %% [markdown]
# By potential instead (customers served) the shares move to where there is room to grow. The method
# is a decision; the chances show what it asks of whom.
#
# 若改按潜力（服务的顾客数）来分，目标就流向有增长空间的地方。选哪种方法是一项决策；
# 达成的可能性说明它对谁提出了什么要求。

# %%
weeks = {"dimensions": levels, "period": history, "weeks": 4}
potential = Measured(pos, opened.metrics[traffic])
weights = kpilab.operations.Weights("potential", potential)
by_potential = kpilab.operations.targets(results, int(opened.goal.target), method=weights, **weeks)
leaves = {"history": shares.leaves, "potential": by_potential.leaves}
pd.concat(
    {name: t.set_index("unit")[["target", "chance"]] for name, t in leaves.items()}, axis=1
).head(8).round(2)

# %% [markdown]
# ## On pace? · 进度正常吗？
# After two and a half weeks: the bar is what is there, the tick what should be there by now
# (Saturdays count for more), the line where the month will end if nothing changes. The interval has
# proved itself on each clerk's own past.
#
# 两周半之后：条形是已有的数量，刻度是此时应有的数量（周六权重更高），线段是照此下去月末的结果。
# 区间已用每名店员自己的历史检验过。

# %%
today = opened.current.first + timedelta(days=17)
goals = shares.leaves.set_index("unit")["target"].to_dict()
progress = kpilab.operations.pace(results, goals, by=levels[-1], period=opened.current, until=today)
progress

# %% [markdown]
# ## Does the bonus move anybody? · 奖金能打动谁？
# A tier moves people who can just reach it. For whom it is out of reach it is an insult, for whom
# it is safe a gift. Sum, spread and budget come from a simulation in which a good season lifts all
# stores together.
#
# 档位只能打动刚好够得着的人。对够不着的人是羞辱，对稳拿的人是白送。总额、波动和预算来自模拟，
# 其中旺季会同时抬高所有门店。

# %%
tiers = (
    Tier("reached", 1.0, 300.0),
    Tier("excellent", 1.1, 500.0),
    Tier("outstanding", 1.25, 900.0),
)
bonus = kpilab.operations.incentives(progress.table, tiers=tiers, budget=budget)
bonus

# %% [markdown]
# ## Best practice: is one store really better, and since when? · 最佳实践：真有门店更好吗？
# Every store's conversion rate on its own chart; limits are set on the first weeks and then held
# against the rest.
#
# 每家门店的转化率各有一张控制图；控制限按最初几周设定，再用于之后的各周。

# %%
span = Period(history.first, opened.current.last)
known = Period(span.first, span.first + timedelta(weeks=18))
chart = kpilab.operations.control(conversion, by=(levels[1],), period=span, known=known)
chart

# %% [markdown]
# One store leaves its limits again and again. That it changed something can be chance all the same,
# so the change is tested as an action: the store against all the other stores, before and after the
# first day out.
#
# 有一家门店一再越出控制限。它做了某种改变仍可能只是巧合，因此把这一改变当作行动来检验：
# 以首次越限的那天为界，把该店与其他所有门店作前后对比。

# %%
judged = chart.table[chart.table["judged"]]
best = judged.groupby(levels[1])["outside"].mean().idxmax()
since = judged[(judged[levels[1]] == best) & judged["outside"]]["day"].min().date()
plan = Plan(
    f"what {best} does since {since}",
    str(best),
    metric=rate,
    where=(f"{levels[1]}={best}",),
    expected=20.0,
)
with kpilab.loop.Store.open(mkdtemp()) as store:
    store.finish(add(store, opened, plan), since)
    tested = effects(store, opened)
tested

# %% [markdown]
# ## Can the records be trusted? · 记录可信吗？
# Three questions to ask before anybody is praised or blamed: are days missing at a store, are
# records entered late, and does claimed work leave the traces that real work leaves?
#
# 在表扬或批评任何人之前先问三件事：门店有没有缺日子，记录是否补录过晚，
# 所报的工作是否留下了真实工作该有的痕迹。

# %%
rows = pos.table.to_pandas()
rows = rows[pd.to_datetime(rows[pos.time]) >= pd.Timestamp(opened.current.first)]
open_days = rows.groupby(levels[1])[pos.time].nunique()
silent = open_days[open_days < open_days.max()]
print("days without rows:", (open_days.max() - silent).to_dict() or "none")
entered = timing(records, period=opened.current)
late = entered.table[entered.table["share"] > 0.5]
late[["actor", "records", "late", "share", "low", "high", "median_days"]]

# %%
bunching(records, period=opened.current)

# %%
claimed = kpilab.evidence(records, baseline=opened.baseline, current=opened.current)
claimed

# %% [markdown]
# ## Planted, and found · 预埋的与找到的
# What truth.json says was put into the world, beside what the cells above found. Your own case has
# no such file.
#
# 左边是 truth.json 中记录的预埋内容，旁边是上面各单元格的发现。您自己的案例没有这个文件。

# %%
found = {
    "best_practice": f"{best} since {since}: {tested.table['effect'].iloc[0]:+.0%}, "
    f"{tested.table['answer'].iloc[0]}",
    "late_entry": ", ".join(sorted(late["actor"])),
    "data_loss": ", ".join(silent.index),
    "fabricated_execution": ", ".join(claimed.table.loc[claimed.table["flagged"], "actor"]),
}
truth = truth_of(folder)
truth.assign(found=truth["kind"].map(found))
