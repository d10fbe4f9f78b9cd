# %%
import numpy as np
import pandas as pd

import kpilab
from kpilab import experiments

case = kpilab.open_case("data/shop")
tests, log = case.tables["tests"], case.tables["events"]
counted = "count(*) filter (where event = 'pay')"
design = experiments.Design(name="exp_1")
found = kpilab.experiment(
    tests, log, metrics=[counted], control="A", design=design, by=["platform"]
)
arms = {"control": "A", "treatment": "B"}

# %% sample_ratio
experiments.sample_ratio(found.moments, **arms)

# %% effect_by_age
experiments.effect_by_age(found.by_age, counted, **arms)

# %% cumulative_effect
experiments.cumulative_effect(found.moments, counted, **arms)

# %% subgroups
experiments.subgroups(found.moments, counted, by="platform", **arms)

# %% read_moments
found.moments.write("moments.parquet")
experiments.read_moments("moments.parquet").frame.shape

# %% reanalysis
test = case.experiments["exp_1"]
decision = experiments.Decision(
    test.name, test.split, test.start, test.planned_days, test.decided_on
)
experiments.reanalysis(tests, log, decision=decision, outcome=test.outcome, control="A")

# %% plan
units = pd.DataFrame({"variant": "history", "spend": np.random.default_rng(1).gamma(2, 20, 2000)})
kpilab.plan(units, metric="spend", effects=[0.02, 0.05])
