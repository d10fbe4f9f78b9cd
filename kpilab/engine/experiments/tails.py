"""The values of a metric that lie furthest from its mean, and the powers of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
from ibis import _

from kpilab.engine.experiments.exposure import VARIANT
from kpilab.engine.run import collect

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from kpilab.engine.experiments.moments import Group

FURTHEST = 400  # of each arm, on average


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """One arm: its share of the values furthest from the mean, how many units it has, and the sums
    of the first four powers of all their values."""

    far: NDArray[np.float64]
    n: float
    powers: NDArray[np.float64]


def tails(
    table: ir.Table,
    group: Group,
    weights: Sequence[float],
    centre: Sequence[float],
    *,
    zero: bool = False,
) -> dict[str, Tail]:
    """Per variant, of the metric as one column: the weighed sum of a group's columns less their
    mean.

    Args:
        weights, centre: per column of the group. zero: whether a missing value of the metric counts
            as 0; it leaves the unit out otherwise, and a missing covariate is at its mean.
    """
    at = {c: f"x{i}" for i, c in enumerate(group.all)}
    rows = table.select(arm=_[VARIANT].cast("string"), **{
        n: _[c].cast("float64") for c, n in at.items()
    })  # fmt: skip
    for c, near in zip(group.all, centre, strict=True):
        if c in group.covariates or zero:
            empty = float(near) if c in group.covariates else 0.0
            rows = rows.mutate(**{at[c]: _[at[c]].fill_null(empty)})
    rows = rows.filter(*(_[at[c]].notnull() for c in group.columns))
    parts = [
        float(w) * (_[n] - float(near))
        for w, n, near in zip(weights, at.values(), centre, strict=True)
        if w
    ]
    value = rows.select("arm", e=reduce(add, parts))
    powers = {f"s{k}": reduce(lambda a, b: a * b, [_.e] * k).sum() for k in range(1, 5)}
    sums = collect(value.group_by("arm").agg(n=_.count(), **powers), "experiment")
    most = FURTHEST * len(sums)
    far = collect(value.order_by([_.e.abs().desc(), _.e]).limit(most), "experiment")
    return {
        str(row["arm"]): Tail(
            far.loc[far["arm"] == row["arm"], "e"].to_numpy(dtype=float),
            float(row["n"]),
            np.array([row[f"s{k}"] for k in range(1, 5)], dtype=float),
        )
        for row in sums.to_dict("records")
    }
