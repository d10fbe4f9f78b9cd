# %%
import kpilab

case = kpilab.open_case("data/shop")

# %% market
kpilab.market(case.tables["market"], baseline=case.baseline, current=case.current)

# %% counterfactual
weeks = case.tables["market"].table.to_pandas()
kpilab.external.counterfactual(
    weeks, treated="own_goal", since="2026-06-01", time="week", unit="series", value="value"
)
