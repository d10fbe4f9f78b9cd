"""Numbers in, numbers out: statistics on arrays; no table, no column name."""
