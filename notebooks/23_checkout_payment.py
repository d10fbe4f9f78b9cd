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
# # E-commerce: the payment step · 电商：支付环节
# The order rate is above its target, and revenue fell. Where are users lost, did the repair help,
# and is it still true at the next review?
#
# Without a case of your own this notebook makes an online shop and its next review, with something
# planted in both; the last cell names it. With your own: set `case` to the folder of the first
# review, `later` to the next one's.
#
# 下单率高于目标，收入却下降了。用户在哪里流失，修复有没有用，到下一次复盘时还成立吗？
#
# 如果没有自己的案例，本笔记本会生成一家网店及其下一次复盘，两者都预埋了情况，最后一个单元格会列出。
# 如果有，请把 `case` 设为第一次复盘的文件夹，把 `later` 设为下一次的。

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
later = ""  # folder of the next review; empty: <case>/next/<name of the case>
lang = "en"
funnel = "main"
expected = 20.0  # per cent, what the repair is hoped to bring

# %%
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

import kpilab
from kpilab.loop import Plan, add, compare, effects
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "checkout")
first = kpilab.open_case(folder, language=lang)
log = first.tables[first.funnels[funnel].table]
steps = first.funnels[funnel].steps
print(first.title, "|", first.baseline, "→", first.current)

# %% [markdown]
# ## What the team watches · 团队在看什么
# The KPIs with their targets, and the goal nobody is measured on.
#
# 各 KPI 及其目标值，以及没有考核到人的目标。

# %%
names = [k.metric for k in first.kpis]
values = {}
for name in (first.goal.metric, *names):
    values[name] = kpilab.rootcause.explore(first, name).table.set_index("period")["value"]
targets = {k.metric: k.target for k in first.kpis} | {first.goal.metric: first.goal.target}
pd.DataFrame(values).T.assign(target=pd.Series(targets)).round(3)

# %% [markdown]
# ## What users do · 用户在做什么
# The whole path, to the money. The lowest rate is not the news; what changed is.
#
# 完整的路径，直到付款。比率最低不是新闻，发生变化的才是。

# %%
kpilab.funnel(log, steps, within="1d", period=first.current)

# %%
change = kpilab.events.funnel_change(
    log, steps, baseline=first.baseline, current=first.current, within="1d"
)
change

# %% [markdown]
# ## Which step does nobody watch? · 哪一步无人监控？

# %%
watched = [
    s for s in steps if s == steps[0] or any(m.startswith(f"{s}_per_") for m in first.watched)
]
kpilab.events.blindspots(log, steps, watched=watched, within="1d", period=first.current)

# %% [markdown]
# ## The verdict · 结论
# The review weighs all five questions and says what it stands behind; the rows of the bridge sum to
# the gap.
#
# 复盘权衡五个问题，只说有把握的话；各行之和等于缺口。

# %%
review = kpilab.review(first)
print(review.summary(lang))

# %%
review.chart(lang)

# %% [markdown]
# ## The repair, and the next review · 修复与下一次复盘
# The cause gets an action with an owner and an expected effect. At the next review it is tested on
# the new data: did the step come back, by how much, and is the cause gone or only no longer
# falling?
#
# 原因对应一项行动，有负责人和预期效果。到下一次复盘时用新数据检验：这一步恢复了吗、恢复了多少，
# 原因是消失了，还是只是不再恶化？

# %%
following = Path(later) if later else folder / "next" / folder.name
second = kpilab.open_case(following, language=lang)
cause = review.causes[0]
with kpilab.loop.Store.open(mkdtemp()) as store:
    plan = Plan(f"repair {cause.subject}", "product", metric=cause.subject, expected=expected)
    store.finish(add(store, first, plan), second.current.first)
    old = store.save(review)
    new = store.save(kpilab.review(second))
    worked = effects(store, second)
    became = compare(store.review(old), store.review(new))
worked

# %%
became

# %% [markdown]
# ## Planted, and found · 预埋的与找到的

# %%
row = worked.table.iloc[0]
found = {
    "untracked_leak": f"{cause.kind}: {cause.subject}, {cause.effect_pct:+.1f} %",
    "mended": f"{row['metric']}: {row['effect']:+.1%} ({row['low']:+.1%} to "
    f"{row['high']:+.1%}), {row['answer']}",
}
truth = pd.concat([truth_of(folder), truth_of(following)], ignore_index=True)
truth.assign(found=truth["kind"].map(found))
