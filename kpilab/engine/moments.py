"""The moments of an experiment: one scan, one small table, everything else is arithmetic on it.

Sums of squares of raw values lose all digits when the mean is large against the spread; every column is therefore
shifted by a constant near its mean, which is stored with the sums. Tables with the same shift can be added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations_with_replacement
from operator import and_
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from ibis import _

from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

SHIFT_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Group:
    """Columns whose moments belong together.

    A unit counts where none of `columns` is missing; a missing covariate is set to the shift, which is near its mean.

    Attributes:
        columns: the metric's: one, or numerator and denominator. covariates: columns known before the test.
        known: positions (in columns + covariates) that form each covariate: one, or numerator and denominator.
        proportion: whether the values are 0 and 1.
    """

    name: str
    columns: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    known: tuple[tuple[int, ...], ...] = ()
    proportion: bool = False

    @property
    def metric(self) -> tuple[int, ...]:
        """Positions of the columns that form the metric: one for a mean, two for a ratio."""
        return tuple(range(len(self.columns)))

    @property
    def all(self) -> tuple[str, ...]:
        return self.columns + self.covariates


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Moments by key.

    Attributes:
        frame: one row per combination of `keys`; `units` (rows), then per group g: `g:n` (units that count), `g:i`
            (shifted sums), `g:i:j` (shifted sums of products).
        keys: key columns. groups: what was measured. shifts: column -> constant.
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    groups: tuple[Group, ...]
    shifts: Mapping[str, float]

    def merged(self, other: Moments) -> Moments:
        """Both tables as one: for units that came later, never for the same units on other days."""
        if dict(self.shifts) != dict(other.shifts) or self.groups != other.groups:
            raise BadInput(
                "moments with other shifts or groups cannot be added", "Moments.merged", "use the first table's shifts"
            )
        frame = pd.concat([self.frame, other.frame], ignore_index=True)
        return Moments(_summed(frame, self.keys), self.keys, self.groups, self.shifts)

    def only(self, **where: object) -> Moments:
        """The rows of one segment or variant."""
        frame = self.frame
        for column, value in where.items():
            frame = frame[frame[column] == value]
        return Moments(frame, self.keys, self.groups, self.shifts)

    def values(self, key: str) -> list[object]:
        """Known values of a key, in order."""
        return sorted(self.frame[key].dropna().unique().tolist())

    def units(self) -> int:
        return int(self.frame["units"].sum())

    def group(self, name: str) -> Group:
        for group in self.groups:
            if group.name == name:
                return group
        raise unknown("metric", name, [g.name for g in self.groups], "moments")

    def sums(self, name: str) -> tuple[float, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Units, shifted sums, shifted products and the shifts of a group, over all rows."""
        group = self.group(name)
        size = range(len(group.all))
        pairs = list(combinations_with_replacement(size, 2))
        wanted = [f"{name}:n", *(f"{name}:{i}" for i in size), *(f"{name}:{i}:{j}" for i, j in pairs)]
        total = np.nansum(self.frame[wanted].to_numpy(dtype=float), axis=0)
        products = np.zeros((len(size), len(size)))
        for (i, j), value in zip(pairs, total[1 + len(size) :], strict=True):
            products[i, j] = products[j, i] = value
        return float(total[0]), total[1 : 1 + len(size)], products, np.array([self.shifts[c] for c in group.all])


def moments(
    table: ir.Table,
    groups: Sequence[Group],
    *,
    by: Sequence[str],
    nulls: str = "drop",
    shifts: Mapping[str, float] | None = None,
) -> Moments:
    """Collect the moments of all groups by all keys in one scan.

    A second scan is made only for groups in which a value is missing.

    Args:
        table: one row per unit. by: key columns, the variant first.
        nulls: drop (the unit does not count for that group), zero, or error.
        shifts: of an earlier table, to be able to merge with it.
    """
    columns = tuple(dict.fromkeys(c for g in groups for c in g.all))
    for column in (*by, *columns):
        if column not in table.columns:
            raise unknown("column", column, table.columns, "experiment")
    rows = table.select(*by, **{c: _[c].cast("float64") for c in columns if c not in by})
    if nulls == "zero":
        rows = rows.mutate(**{c: _[c].fill_null(0.0) for g in groups for c in g.columns})
    shifts = dict(shifts) if shifts else _shifts(rows, columns)
    frame = collect(_fast(rows, groups, by, shifts), "moments")
    holed = [g for g in groups if any((frame[f"{c}#n"] < frame["units"]).any() for c in g.all)]
    outcomes_missing = [g.name for g in holed if any((frame[f"{c}#n"] < frame["units"]).any() for c in g.columns)]
    if nulls == "error" and outcomes_missing:
        raise BadInput(
            f"metric {outcomes_missing[0]!r} has missing values", "experiment", "choose nulls='drop' or 'zero'"
        )
    named = _named(frame, groups, by)
    if holed:
        masked = collect(_masked(rows, holed, by, shifts), "moments")
        keep = [c for c in named.columns if not any(str(c).startswith(f"{g.name}:") for g in holed)]
        named = named[keep].merge(masked, on=list(by), how="left")
    return Moments(named, tuple(by), tuple(groups), shifts)


def _shifts(rows: ir.Table, columns: Sequence[str]) -> dict[str, float]:
    """Mean of each column's first rows: near enough to the mean, and free."""
    if not columns:
        return {}
    first = collect(rows.select(*columns).limit(SHIFT_ROWS).agg([_[c].mean().name(c) for c in columns]), "moments")
    return {
        c: float(v) if np.isfinite(v) else 0.0 for c, v in zip(columns, first.to_numpy(dtype=float)[0], strict=True)
    }


def _fast(rows: ir.Table, groups: Sequence[Group], by: Sequence[str], shifts: Mapping[str, float]) -> ir.Table:
    """Each column and each pair once, whatever number of groups it serves."""
    columns = dict.fromkeys(c for g in groups for c in g.all)
    pairs = dict.fromkeys(p for g in groups for p in combinations_with_replacement(g.all, 2))
    moved = rows.select(*by, **{c: _[c] - shifts[c] for c in columns})
    sums = {c: _[c].sum() for c in columns} | {f"{c}#n": _[c].count() for c in columns}
    sums |= {f"{a}*{b}": (_[a] * _[b]).sum() for a, b in pairs}
    return moved.group_by(*by).agg(units=_.count(), **sums)


def _named(frame: pd.DataFrame, groups: Sequence[Group], by: Sequence[str]) -> pd.DataFrame:
    """The fast table in the columns of `Moments`."""
    parts: dict[str, pd.Series] = {c: frame[c] for c in (*by, "units")}
    for g in groups:
        parts |= {f"{g.name}:n": frame[f"{g.columns[0]}#n"]}
        parts |= {f"{g.name}:{i}": frame[c] for i, c in enumerate(g.all)}
        pairs = combinations_with_replacement(range(len(g.all)), 2)
        parts |= {f"{g.name}:{i}:{j}": frame[_pair(frame, g.all[i], g.all[j])] for i, j in pairs}
    return pd.DataFrame(parts)


def _pair(frame: pd.DataFrame, a: str, b: str) -> str:
    return f"{a}*{b}" if f"{a}*{b}" in frame.columns else f"{b}*{a}"


def _masked(rows: ir.Table, groups: Sequence[Group], by: Sequence[str], shifts: Mapping[str, float]) -> ir.Table:
    """The same for groups with missing values: complete outcomes only, missing covariates at their shift."""
    moved, sums = {}, {}
    for g in groups:
        whole = reduce(and_, (_[c].notnull() for c in g.columns))
        for i, c in enumerate(g.all):
            value = _[c] - shifts[c]
            moved[f"{g.name}:{i}"] = whole.ifelse(value if c in g.columns else value.fill_null(0.0), None)
        sums |= {f"{g.name}:n": _[f"{g.name}:0"].count()}
        sums |= {f"{g.name}:{i}": _[f"{g.name}:{i}"].sum() for i in range(len(g.all))}
        for i, j in combinations_with_replacement(range(len(g.all)), 2):
            sums[f"{g.name}:{i}:{j}"] = (_[f"{g.name}:{i}"] * _[f"{g.name}:{j}"]).sum()
    return rows.select(*by, **moved).group_by(*by).agg(**sums)


def _summed(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.groupby(list(keys), dropna=False).sum().reset_index()
