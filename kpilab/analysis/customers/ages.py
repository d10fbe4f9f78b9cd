"""Cohorts by age: every cell they have reached, and what a customer has brought by it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.engine.customers.triangle import Triangle
from kpilab.stats.proportion import wilson
from kpilab.stats.tail import critical

SUMS = ["size", "active", "orders", "amount", "total", "squares"]


def filled(seen: Triangle, keys: list[str]) -> pd.DataFrame:
    """Every cohort at every age it has reached, zeros included; `total` and `squares` are sums over
    customers of what each brought so far, and of its square."""
    sizes = seen.sizes.sort_values([*keys, "cohort"]).reset_index(drop=True)
    ages = seen.last - sizes["cohort"].to_numpy(int) + 1
    rows = sizes.loc[sizes.index.repeat(ages)].reset_index(drop=True)
    rows["age"] = np.concatenate([np.arange(n) for n in ages]) if len(ages) else []
    rows = rows.merge(seen.cells, on=[*keys, "cohort", "age"], how="left")
    numbers = ["active", "orders", "amount", "squares"]
    rows[numbers] = rows[numbers].fillna(0.0)
    grown = rows.groupby([*keys, "cohort"])[["amount", "squares"]].cumsum()
    rows["total"], rows["squares"] = grown["amount"], grown["squares"]
    return rows.astype({"size": "int64", "active": "int64", "orders": "int64"})


def valued(cells: pd.DataFrame, level: float) -> pd.DataFrame:
    """With shares and amounts per customer, and their intervals."""
    size = cells["size"]
    low, high = wilson(cells["active"], size, level)
    value, half = cells["total"] / size, critical(level) * error(cells)
    return cells.assign(
        rate=cells["active"] / size, rate_low=low, rate_high=high,
        value=value, value_low=value - half, value_high=value + half,
    )  # fmt: skip


def error(cells: pd.DataFrame) -> pd.Series:
    """Standard error of what a customer brought so far; NaN of a single one."""
    size = cells["size"].where(cells["size"] > 1)
    spread = (cells["squares"] - cells["total"] ** 2 / size).clip(lower=0) / (size - 1)
    return np.sqrt(spread / size)
