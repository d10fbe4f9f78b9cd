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
# # Manufacturing: equipment utilisation
# How much of the planned time was fully productive, where did the rest go, and does everybody mean
# the same by it?
#
# Without a case of your own this notebook makes a plant of eight machines in two workshops, with a
# few things planted in it; the last cell names them. With your own: set `case` to its folder and
# the names below to yours.

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
# ## One definition, and its loss tree
# planned = scheduled − planned stops; run = planned − breakdowns − changeovers; availability = run
# / planned; performance = units × ideal cycle / run; quality = good units / units; OEE is their
# product. The losses and OEE together are the whole of the planned time, so no loss can hide.

# %%
by_machine = kpilab.operations.oee(hours, columns, by=(machine,), period=opened.current)
by_machine

# %% [markdown]
# ## By machine, shift and hour
# The lowest combination first. An average over the shifts would have hidden it.

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
# ## Since when?
# Breakdown minutes per machine and shift. Bad days come in rows; a plain chart would alarm on one
# point in ten of a machine that is as usual. Here what yesterday tells about today is taken out
# first. Limits are set on the baseline.

# %%
down = Measured(hours, opened.metrics["downtime"])
chart = kpilab.operations.control(down, period=both, known=opened.baseline, by=(machine, shift))
chart

# %% [markdown]
# ## Is the log whole?
# A sensor that is silent hides stops and flatters the machine. Logged machine hours should be the
# same every day.

# %%
logged = kpilab.operations.control(
    Measured(hours, opened.metrics["hours_logged"]), period=both, by=(machine,)
)
silent = logged.table[logged.table["outside"]]
silent[[machine, "day", "value", "low", "high"]]

# %% [markdown]
# ## Alarm, response, solution, review
# Alarms that nobody answered count as waiting; leaving them out would make those look fast who
# leave most alone.

# %%
waits = kpilab.operations.response(opened.tables[alarms], by=(shift,))
waits

# %% [markdown]
# ## Targets that are fair to old machines
# One target for all asks too much of some machines and nothing of others. Each figure is drawn
# towards those of like machines (empirical Bayes), the more so the less is known of it; together
# the targets still reach the aim.

# %%
oee = Measured(hours, opened.metrics["oee"])
fair = kpilab.operations.fair_targets(
    oee, by=machine, strata=like, period=opened.current, aim=opened.kpis[0].target
)
fair

# %% [markdown]
# ## Does every workshop mean the same?
# Figures decide, not declarations: whose report left its former level against the others', and
# when?

# %%
said = kpilab.definitions(
    opened.tables[reports],
    baseline=opened.baseline,
    current=opened.current,
    declared=opened.definitions,
)
said

# %% [markdown]
# ## What kpilab refuses
# Faster than the ideal cycle, no target, stops longer than the shift: such rows are named, not
# averaged. Two rows of this kind are added to the table here.

# %%
rows = hours.table.to_pandas()
rows.loc[rows.index[:1], cycle] = 0.0
rows.loc[rows.index[1:2], units] *= 50
try:
    kpilab.operations.oee(Facts(rows, time=hours.time, name="with faults"), columns)
except BadInput as refused:
    print(refused)

# %% [markdown]
# ## Planted, and found

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
