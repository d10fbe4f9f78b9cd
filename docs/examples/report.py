# %%
import kpilab

review = kpilab.review(kpilab.open_case("data/shop"))

# %% write
kpilab.report.write(review, "review")
