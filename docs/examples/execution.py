# %%
from pathlib import Path

import pandas as pd

import kpilab
from kpilab import execution

case = kpilab.open_case("data/shop")
records = case.tables["records"]
chosen = execution.audit_sample(records, period=case.current)

# %% evidence
kpilab.evidence(records, baseline=case.baseline, current=case.current)

# %% bunching
execution.bunching(records, period=case.current)

# %% heaping
execution.heaping(records, period=case.current)

# %% timing
execution.timing(records, period=case.current)

# %% priority
execution.priority(records, period=case.current)

# %% audit_sample
chosen

# %% write_worksheet
print(execution.write_worksheet(chosen, Path("worksheet.csv")).read_text("utf-8")[:300])

# %% read_worksheet
path = execution.write_worksheet(chosen, Path("worksheet.csv"))
pd.read_csv(path, dtype=str).assign(confirmed="yes").to_csv(path, index=False)
execution.read_worksheet(chosen, path).head()

# %% audit
checked = chosen.table[["record"]].assign(confirmed=lambda t: t.index % 9 != 0)
execution.audit(chosen, checked)

# %% claims
shares = pd.DataFrame({"actor": ["Ann", "Bob", "Cid"], "part": ["north", "north", "south"]})
execution.claims(shares.assign(quantity=[40, 35, 20]), wanted={"north": 60, "south": 40})
