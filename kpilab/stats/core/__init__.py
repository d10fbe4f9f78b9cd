"""What every statistic of this room stands on: level, pattern, dependence, change, contrast.
Arrays only."""
