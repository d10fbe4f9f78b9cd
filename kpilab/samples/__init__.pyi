from kpilab.samples.trades.write import sample_or as sample_or
from kpilab.samples.trades.write import truth_of as truth_of
