"""A metric as one column of its units, and what is asked of the tails of that column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, or_
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd
from ibis import _

from kpilab.engine.column import column, own, unmarked
from kpilab.engine.door.labels import label
from kpilab.engine.experiments.exposure import VARIANT
from kpilab.engine.experiments.tails import Tails
from kpilab.engine.run import collect

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.experiments.moments import Group

FURTHEST = 400  # of each arm, and of each arm in every part of the units
PLACE = own("place")


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """A metric as one column of its units: what is asked of its tails.

    Attributes:
        rows: columns `variant`, the other keys, and `e`: the weighed sum of a group's columns less
            their mean.
    """

    rows: ir.Table

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(c for c in self.rows.columns if c not in ("variant", "e"))

    def sums(self) -> pd.DataFrame:
        """Units and powers of their values by all keys."""
        powers = {f"s{k}": reduce(lambda a, b: a * b, [_.e] * k).sum() for k in range(1, 5)}
        by = self.rows.group_by("variant", *self.keys)
        return collect(by.agg(n=_.count(), **powers), "experiment")

    def tails(self, sums: pd.DataFrame) -> Tails:
        """With the furthest values: of the variant, and of it in every value of each key."""
        size, parts = _.e.abs().desc(), [(), *((k,) for k in self.keys)]
        rows = self.rows.mutate(**{
            f"{PLACE}{i}": ibis.row_number().over(
                ibis.window(group_by=["variant", *part], order_by=[size, _.e])
            )
            for i, part in enumerate(parts)
        })  # fmt: skip
        near = reduce(or_, (column(rows, f"{PLACE}{i}") < FURTHEST for i in range(len(parts))))
        kept = rows.filter(near).select("variant", *self.keys, "e")
        return Tails(sums, collect(kept, "experiment"))


def weighed(
    table: ir.Table,
    group: Group,
    weights: Sequence[float],
    centre: Sequence[float],
    *,
    by: Mapping[str, str] | None = None,
    zero: bool = False,
) -> Weighed:
    """A metric as one column.

    Args:
        weights, centre: per column of the group. by: keys of its parts -> columns, as those of the
            moments. zero: whether a missing value of the metric counts as 0; it leaves the unit out
            otherwise, and a missing covariate is at its mean.
    """
    at = {c: f"x{i}" for i, c in enumerate(group.all)}
    keys = {name: f"k{i}" for i, name in enumerate(by or {})}
    told: dict[str, Any] = {
        keys[name]: label(_[c]) if unmarked(name) != name else _[c]
        for name, c in (by or {}).items()
    }
    told |= {n: _[c].cast("float64") for c, n in at.items()}
    rows = table.select(arm=_[VARIANT].cast("string"), **told)
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
    named = {name: _[k] for name, k in keys.items()}
    return Weighed(rows.select(variant=_.arm, e=reduce(add, parts), **named))
