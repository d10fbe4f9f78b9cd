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
# # Manufacturing: equipment utilisation · 制造：设备利用
# How much of the planned time was fully productive, where did the rest go, and does everybody mean
# the same by it?
#
# Without a case of your own this notebook makes a plant of eight machines in two workshops, with a
# few things planted in it; the last cell names them. With your own: set `case` to its folder and
# the names below to yours.
#
# 计划时间中有多少完全有效，其余去了哪里，大家说的是同一回事吗？
#
# 如果没有自己的案例，本笔记本会生成一家工厂：两个车间、八台设备，其中预埋了若干情况，
# 最后一个单元格会列出。如果有，请把 `case` 设为它的文件夹，并把下面的名称改成您的。

# %% tags=["parameters"]
case = ""  # folder of your own case; empty: a sample world is made
lang = "en"
log, alarms, reports = "hours", "incidents", "reported"
machine, shift, like = "machine", "shift", "type"
scheduled, units, scrap, cycle = "scheduled", "units", "scrap", "cycle"
stops = ("planned_stop", "breakdown", "changeover", "minor_stop")

# %%
from pathlib import Path

import kpilab
from kpilab import BadInput, Facts, Period
from kpilab.data import Measured
from kpilab.operations import Machines
from kpilab.samples import sample_or, truth_of

folder = sample_or(case, "equipment")
opened = kpilab.open_case(folder, language=lang)
hours = opened.tables[log]
columns = Machines(
    scheduled=scheduled, total=units, scrap=scrap, cycle=cycle, stops={s: s for s in stops}
)
both = Period(opened.baseline.first, opened.current.last)
print(opened.title, "|", opened.baseline, "→", opened.current)

# %% [markdown]
# ## One definition, and its loss tree · 同一口径与损失树
# planned = scheduled − planned stops; run = planned − breakdowns − changeovers; availability = run
# / planned; performance = units × ideal cycle / run; quality = good units / units; OEE is their
# product. The losses and OEE together are the whole of the planned time, so no loss can hide.
#
# 计划时间 = 排产时间 − 计划停机；运行时间 = 计划时间 − 故障 − 换型；可用率 = 运行时间 / 计划时间；
# 性能率 = 件数 × 理想节拍 / 运行时间；质量率 = 合格件数 / 件数；三者之积即 OEE。
# 各项损失与 OEE 合起来正好是全部计划时间，任何损失都藏不住。

# %%
by_machine = kpilab.operations.oee(hours, columns, by=(machine,), period=opened.current)
by_machine

# %% [markdown]
# ## By machine, shift and hour · 按设备、班次和小时
# The lowest combination first. An average over the shifts would have hidden it.
#
# 最低的组合排在最前。只看各班次的平均值就看不到它。

# %%
by_shift = kpilab.operations.oee(hours, columns, by=(machine, shift), period=opened.current)
by_shift.table[
    [machine, shift, "oee", "low", "high", "availability", "performance", "quality"]
].head(6).round(3)

# %%
hourly = kpilab.operations.oee(hours, columns, by=(machine, shift, "hour"), period=opened.current)
hourly.table[[machine, shift, "hour", "oee", "low", "high", "planned", "breakdown"]].head(5).round(
    3
)

# %% [markdown]
# ## Since when? · 从何时开始？
# Breakdown minutes per machine and shift. Bad days come in rows; a plain chart would alarm on one
# point in ten of a machine that is as usual. Here what yesterday tells about today is taken out
# first. Limits are set on the baseline.
#
# 每台设备、每个班次的故障分钟数。坏日子往往接连出现；
# 普通控制图会对一切如常的设备每十个点就报警一次。这里先去掉昨天已能预示的部分。控制限按基期设定。

# %%
down = Measured(hours, opened.metrics["downtime"])
chart = kpilab.operations.control(down, period=both, known=opened.baseline, by=(machine, shift))
chart

# %% [markdown]
# ## Is the log whole? · 日志完整吗？
# A sensor that is silent hides stops and flatters the machine. Logged machine hours should be the
# same every day.
#
# 传感器沉默时，停机被隐藏，设备显得更好。每天记录的机时应当相同。

# %%
logged = kpilab.operations.control(
    Measured(hours, opened.metrics["hours_logged"]), period=both, by=(machine,)
)
silent = logged.table[logged.table["outside"]]
silent[[machine, "day", "value", "low", "high"]]

# %% [markdown]
# ## Alarm, response, solution, review · 报警、响应、解决、复盘
# Alarms that nobody answered count as waiting; leaving them out would make those look fast who
# leave most alone.
#
# 无人响应的报警按仍在等待计算；若不计入，不理会报警最多的人反而显得最快。

# %%
waits = kpilab.operations.response(opened.tables[alarms], by=(shift,))
waits

# %% [markdown]
# ## Targets that are fair to old machines · 对旧设备公平的目标
# One target for all asks too much of some machines and nothing of others. Each figure is drawn
# towards those of like machines (empirical Bayes), the more so the less is known of it; together
# the targets still reach the aim.
#
# 所有设备一个目标，对有的要求过高，对有的等于没有要求。每个数字向同类设备靠拢（经验贝叶斯），
# 所知越少靠拢越多；合起来仍达到总目标。

# %%
oee = Measured(hours, opened.metrics["oee"])
fair = kpilab.operations.fair_targets(
    oee, by=machine, strata=like, period=opened.current, aim=opened.kpis[0].target
)
fair

# %% [markdown]
# ## Does every workshop mean the same? · 各车间说的是同一回事吗？
# Figures decide, not declarations: whose report left its former level against the others', and
# when?
#
# 以数字而不是以声明为准：谁的报数相对于其他车间偏离了原有水平，从何时开始？

# %%
said = kpilab.definitions(
    opened.tables[reports],
    baseline=opened.baseline,
    current=opened.current,
    declared=opened.definitions,
)
said

# %% [markdown]
# ## What kpilab refuses · kpilab 拒绝什么
# Faster than the ideal cycle, no target, stops longer than the shift: such rows are named, not
# averaged. Two rows of this kind are added to the table here.
#
# 快于理想节拍、没有目标、停机时间长于班次：这样的行会被指出，而不是被平均掉。
# 这里在表中加入了两行这样的数据。

# %%
rows = hours.table.to_pandas()
rows.loc[rows.index[:1], cycle] = 0.0
rows.loc[rows.index[1:2], units] *= 50
try:
    kpilab.operations.oee(Facts(rows, time=hours.time, name="with faults"), columns)
except BadInput as refused:
    print(refused)

# %% [markdown]
# ## Planted, and found · 预埋的与找到的

# %%
out = chart.table[chart.table["judged"]].groupby([machine, shift])["outside"].sum()
jumped = said.table[said.table["jumped"]]
slow = waits.table.iloc[0]
found = {
    "local_regression": " · ".join(out.idxmax()),
    "data_loss": ", ".join(sorted(set(silent[machine]))),
    "definition_mismatch": ", ".join(
        f"{r.reporter} {r.jump:+.1%} since {r.since}" for r in jumped.itertuples()
    ),
    "slow_response": f"{slow[shift]}: {slow['minutes']:.0f} minutes",
}
truth = truth_of(Path(folder))
truth.assign(found=truth["kind"].map(found))
