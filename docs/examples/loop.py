# %%
from datetime import date
from pathlib import Path

import kpilab
from kpilab.loop import Plan, Store

case = kpilab.open_case("data/shop")
Path("workspace").mkdir()

# %% add
with Store.open("workspace") as store:
    plan = Plan("mend the card form", "Ann", "2026-07-15", metric="pay_per_place_order", expected=5)
    number = kpilab.loop.add(store, case, plan)
number

# %% effects
with Store.open("workspace") as store:
    number = kpilab.loop.add(store, case, Plan("mend the form", "Ann", metric="revenue"))
    store.finish(number, date(2026, 6, 8))
    answer = kpilab.loop.effects(store, case)
answer

# %% compare
with Store.open("workspace") as store:
    old, new = (store.review(store.save(kpilab.review(case))) for _ in range(2))
kpilab.loop.compare(old, new)

# %% progress
kpilab.loop.progress(case, case.metrics["revenue"], 300_000, today=date(2026, 6, 20))

# %% watch
with Store.open("workspace") as store:
    told = kpilab.loop.watch(case, store, today=date(2026, 6, 29))
told

# %% write_board
kpilab.loop.write_board(case, "board", place="workspace", today=date(2026, 6, 29))
