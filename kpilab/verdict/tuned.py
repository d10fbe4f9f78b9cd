"""Every constant of the verdict that no paper and no law gives.

Where the case format or a measurement settles a value, that is named; the others were chosen on the
sample worlds (`kpilab sample`), whose measured error rates stand in docs/benchmarks/verdict.md.
Change one, and measure those anew.
"""

from __future__ import annotations

from datetime import timedelta

# Rank: chance of any false cause in a review where nothing is wrong, over all questions asked; the
# usual level.
ALPHA = 0.05
# Part of it that places have; the other half is for what is everywhere.
HALF = 0.5
# Corrected p-value up to which a confidence is stated: measured, docs/benchmarks/verdict.md, "What
# a confidence means".
CONFIDENCE = ((1e-4, 0.99), (1e-3, 0.97), (1e-2, 0.93), (0.02, 0.85), (ALPHA, 0.55))
# The share of true ones among failed re-readings that were said: measured, the same page.
REREAD = {"srm": 0.97, "novelty": 0.9, "peeking": 0.9}
# The same for programmes whose wins are said not to add up: docs/benchmarks/experiment.md.
OVERSTATED = 0.85
# One thing made another that it explains by this part at least: more than anything else.
MOST_OF_IT = 0.5
# What is left of a fall outside a rival's place stands on its own below this: a stricter level than
# SURE, as the place was not chosen for this driver. Chosen on the sample worlds.
ALONE = 0.003
# A confidence for what is rejected never reads like one for what is stated (0.5 and above, by the
# case format).
MOST_REJECTED = 0.4

# Goal. Off its history, or a target out of its reach, below this p: the usual level.
USUAL = 0.05
# How many breaks before the periods are said of each metric: the latest ones.
OLD_NEWS = 3

# Falls. "A combination that carries at least 80 %": the case format's rule of which kind wins.
CARRIES = 0.8
# "In every segment": four fifths of the weight, as single small segments stray. Chosen on the
# sample worlds.
NEARLY_ALL = 0.8
# Everywhere is also each single value that holds more of a driver than this.
LARGE = 0.25
# The mix hides a fall when the total looks better than the segments by this share of their fall.
# Chosen there.
HIDDEN = 0.3
# A place or driver stands out below this p, its own search counted. The usual strict level.
SURE = 0.01
# A value that holds more of a driver cannot be told from everywhere. Chosen on the sample worlds
# (finished roll-outs).
MOST_SHARE = 0.7
# Chance of a shift of shares in noise: shares are many, and looked at only to explain a fall.
# Chosen there.
SHIFTED = 0.001
# Shares of a segment vary more between days than counts would: a factor on the error, chosen there
# as generous.
SHARES_VARY = 2.0
# The least that the rest of the driver may fall by, as part of the place's fall, before the place
# is not all of it.
BESIDE = 0.5
# A start is said where the days tell it within this time, and counted as this period's trouble so
# long before it.
TWO_WEEKS = timedelta(days=14)

# External: our own volume must have fallen below this p before the market explains it. The usual
# level.
OWN_MUST_FALL = 0.05

# Bridge: a driver's rise is said on its own below this p, or where it is clearly beyond its
# interval's half.
CLEAR_GAIN = 0.01
BEYOND_HALF = 1.3
# A cause's share of the gap is said up to here; beyond it, causes and gains offset each other and a
# share misleads.
MOST_OF_GAP = 1.5
# The formula's departure from the goal that is worth a finding, as part of the goal. Chosen as
# twice the usual floor.
FORMULA_DEPARTS = 0.02

# Repair: a table that shows less than half of the log's own shortfall is not fed by that log:
# halfway between a table that is (all of it) and one that is not (none).
FED_BY_THE_LOG = 0.5
# A table without the place's dimension is short as a whole; below a tenth that drowns in the noise
# of its days.
LEAST_SEEN = 0.1

# Whys: an entry of the change log this near to a start may belong to it; releases take a few days
# to roll out.
NEAR = timedelta(days=3)

# Days in a row without rows that count as missing and not as closed: a day alone is often a feast.
LEAST_EMPTY = 2
