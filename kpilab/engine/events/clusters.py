"""Counts of rows whose user is behind several of them: what an interval over users needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kpilab.engine.column import column
from kpilab.engine.run import collect

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

# Sums over users: of the square of their rows of an item, of its product with all their rows of the
# group, of all these and their squares; and how many users have any.
SUMS = ("squares", "products", "trials", "trial_squares", "clusters")


def clustered(rows: ir.Table, item: tuple[str, ...], group: tuple[str, ...] = ()) -> pd.DataFrame:
    """Per group and item: `count` (rows), `users`, and the sums over users (`SUMS`).

    Args:
        rows: one row per trial, with its `unit`. item: columns that say what came of it.
        group: columns within which shares sum to 1.
    """
    own = rows.group_by(["unit", *group, *item]).agg(met=rows.count())
    units = own.group_by(["unit", *group]).agg(tried=column(own, "met").sum().cast("int64"))
    on = [own[c].identical_to(units[c]) for c in ("unit", *group)]
    both = own.inner_join(units, on).select(own, units["tried"])
    met, tried = (column(both, c).cast("float64") for c in ("met", "tried"))
    found = both.group_by([*group, *item]).agg(
        count=column(both, "met").sum().cast("int64"),
        users=both.count(),
        squares=(met * met).sum(),
        products=(met * tried).sum(),
    )
    all_of = column(units, "tried").cast("float64")
    sums = {
        "trials": all_of.sum(), "trial_squares": (all_of * all_of).sum(), "clusters": units.count()
    }  # fmt: skip
    whole = units.group_by(list(group)).agg(**sums) if group else units.aggregate(**sums)
    first, second = (collect(t, "shares by user") for t in (found, whole))
    return first.merge(second, on=list(group)) if group else first.merge(second, how="cross")


def sums_of(
    owner: NDArray[np.int64], item: NDArray[np.int64], items: int
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The sums of each of so many items, and its users, from one entry per trial."""
    _, owner = np.unique(owner, return_inverse=True)
    tried = np.bincount(owner) if len(owner) else np.zeros(0, np.int64)
    key, met = np.unique(owner * max(items, 1) + item, return_counts=True)
    what, who = key % max(items, 1), key // max(items, 1)
    found = pd.DataFrame({
        "squares": np.bincount(what, met.astype(float) ** 2, items),
        "products": np.bincount(what, met * tried[who].astype(float), items),
    })  # fmt: skip
    whole = {"trials": float(tried.sum()), "trial_squares": float((tried.astype(float) ** 2).sum())}
    return found.assign(**whole, clusters=len(tried)), np.bincount(what, minlength=items)
