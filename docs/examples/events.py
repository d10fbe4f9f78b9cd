# %%
import kpilab

case = kpilab.open_case("data/shop")
log = case.tables["events"]
steps = ("visit", "view_item", "add_to_cart", "place_order", "pay")

# %% funnel_change
kpilab.events.funnel_change(log, steps, baseline=case.baseline, current=case.current, within="1d")

# %% dropoff
kpilab.events.dropoff(log, steps, after="place_order", within="1d")

# %% blindspots
kpilab.events.blindspots(log, steps, watched=steps[:-1], within="1d")
