# %%

from kpilab import samples

# %% sample_or
samples.sample_or("", "activity")

# %% truth_of
samples.truth_of("data/shop")
