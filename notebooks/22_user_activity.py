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
# # Internet: user activity · 互联网：用户活跃
# Registrations go up. Are there more active users, of which product, and which of forty KPIs must
# one look at?
#
# Without a case of your own this notebook makes an app with three products and eight weeks of
# events, with a few things planted in it; the last cell names them. With your own: set `case` to
# its folder and the names below to yours.
#
# 注册人数上升了。活跃用户也多了吗，是哪个产品的，四十个 KPI 中必须看哪几个？
#
# 如果没有自己的案例，本笔记本会生成一个应用：三个产品、八周的事件，其中预埋了若干情况，
# 最后一个单元格会列出。如果有，请把 `case` 设为它的文件夹，并把下面的名称改成您的。

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
log, books, wall = "events", "daily", "wall"
product, channel, kind = "product", "channel", "user_type"
registered, opened_app, in_books = "registrations", "opens", "opens_booked"
test = "winback"

# %%
import pandas as pd

import kpilab
from kpilab import Period, Where
from kpilab.data import Measured, missing_rows
from kpilab.relation import screen
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "activity")
opened = kpilab.open_case(folder, language=lang)
events, daily = opened.tables[log], opened.tables[books]
both = Period(opened.baseline.first, opened.current.last)
print(opened.title, "|", opened.baseline, "→", opened.current)

# %% [markdown]
# ## First: did the log lose anything? · 首先：日志有没有丢数据？
# A fall that is only in the log is no fall. Every segment is held against its own weeks before and
# after, and against the books.
#
# 只出现在日志里的下降不是下降。每个分组都与自己前后几周对比，也与账目对比。

# %%
lost = missing_rows(events, period=both, books=Measured(daily, opened.metrics[in_books]))
lost

# %% [markdown]
# ## Who is active, who comes, who goes quiet? · 谁活跃、谁新来、谁沉默？

# %%
kpilab.events.activity(events)

# %%
parts = kpilab.events.activity(events, by=(product, channel, kind), period=opened.current)
last = parts.table[parts.table["day"] == parts.table["day"].max()]
names = [product, channel, kind, "dau", "wau", "mau", "stickiness", "low", "high"]
last.sort_values("wau", ascending=False)[names].head(8).round(3)

# %%
kpilab.retention(events)

# %% [markdown]
# ## Registered is not active · 注册不等于活跃
# Registrations by channel, and how many of the newly registered come back in the week after: a
# channel that grows in the first column and not in the second has been bought, not won.
#
# 各渠道的注册人数，以及新注册者中下一周还会回来的人数：第一列增长而第二列不增长的渠道，是买来的，
# 不是赢来的。

# %%
counts = kpilab.rootcause.explore(opened, registered, by=(channel,)).table
table = counts.pivot(index=channel, columns="period", values="value")
table["growth"] = table["current"] / table["baseline"] - 1
shares = {}
for name in table.index:
    users = {"where": Where({channel: name}), "period": opened.current}
    came = kpilab.events.sequences(events, ("register", "open"), at_least="1d", **users)
    shares[name] = came.table.iloc[0][["rate", "low", "high"]]
table.join(pd.DataFrame(shares).T).round(3)

# %% [markdown]
# ## Early warning · 预警
# Opens per day with limits that know the weekday and what yesterday tells about today.
# `kpilab watch` draws the same chart once a day and speaks up when a new point is outside.
#
# 每日打开次数及控制限，控制限已考虑星期几和昨天能预示的部分。`kpilab watch` 每天绘制同一张图，
# 新的点越限时就会提醒。

# %%
kpilab.operations.control(
    Measured(events, opened.metrics[opened_app]), period=both, known=opened.baseline, by=(product,)
)

# %% [markdown]
# ## Did the push bring fading users back? · 推送把快要沉默的用户带回来了吗？
# Half of them got it, by lot. Counted are all opens from the assignment on; units are compared as
# assigned.
#
# 随机抽取其中一半发送推送。统计分组之后的全部打开次数，并按最初的分组比较。

# %%
trial = opened.experiments[test]
counted = "count(*) filter (where event = 'open')"
who = opened.tables[trial.assignments]
design = kpilab.experiments.Design(name=test)
pushed = kpilab.experiment(who, events, metrics=[counted], control=trial.control, design=design)
pushed

# %% [markdown]
# ## Forty KPIs on the wall · 墙上的四十个 KPI
# Which of them move with the goal, and which only repeat each other? Trend, season and the number
# of looks are accounted for; of each group one KPI is enough.
#
# 哪些与目标同步变化，哪些只是彼此重复？趋势、季节和查看次数都已计入；每组留一个 KPI 就够了。

# %%
series = opened.tables[wall].table.to_pandas().set_index(opened.tables[wall].time)
kept = screen(series, goal=opened.goal.metric)
kept

# %%
core = kept.table[kept.table["keep"]]
core[["kpi", "rho", "low", "high", "q", "verdict", "cluster"]].round(3)

# %% [markdown]
# ## Planted, and found · 预埋的与找到的

# %%
effect = pushed.table.iloc[0]
found = {
    "wrong_kpi": f"{table['growth'].idxmax()} {table['growth'].max():+.0%} registrations",
    "data_loss": "; ".join(
        f"{r.dimension} = {r.value}, {r.first} to {r.last}" for r in lost.table.itertuples()
    ),
    "working_action": f"p = {effect['p']:.4f}",
    "redundant_kpis": f"{core['cluster'].nunique()} of {len(kept.table)} say something of "
    "their own",
}
truth = truth_of(folder)
truth.assign(found=truth["kind"].map(found))
