# %%
import kpilab

case = kpilab.open_case("data/shop")
log = case.tables["events"]
both = kpilab.Period(case.baseline.first, case.current.last)
books = kpilab.data.Measured(case.tables["daily"], case.metrics["ledger_goal"])

# %% quality
kpilab.quality(log, period=both)

# %% missing_rows
kpilab.data.missing_rows(log, period=both, books=books)

# %% outages
kpilab.data.outages(log, period=both)

# %% reconcile
logged = kpilab.data.Measured(log, case.metrics["revenue"])
kpilab.data.reconcile(logged, books, period=case.current)

# %% restatement
rows = case.tables["daily"].table.to_pandas()
rows.loc[rows.index[-40:], "ledger_goal"] *= 1.05  # as reported a month later
later = kpilab.data.Measured(kpilab.Facts(rows), case.metrics["ledger_goal"])
kpilab.data.restatement(books, later, period=case.current)

# %% registry
kpilab.data.registry(case.metrics)

# %% definitions
kpilab.definitions(
    case.tables["reported"],
    baseline=case.baseline,
    current=case.current,
    declared=case.definitions,
    tables=case.tables,
    log=log,
)
