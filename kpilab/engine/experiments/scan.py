"""The one scan that the moments of an experiment are collected by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import combinations_with_replacement
from operator import and_, or_
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from ibis import _

from kpilab.engine.column import unmarked
from kpilab.engine.door.labels import label
from kpilab.engine.experiments.moments import Group, Moments
from kpilab.engine.run import collect, collect_one
from kpilab.engine.stored import as_stored
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

SHIFT_ROWS = 1000
# Within so many standard deviations of zero a square loses no digit that matters.
NEAR = 3.0


def moments(
    table: ir.Table,
    groups: Sequence[Group],
    *,
    by: Mapping[str, str] | Sequence[str],
    nulls: str = "drop",
    shifts: Mapping[str, float] | None = None,
) -> Moments:
    """Collect the moments of all groups by all keys in one scan.

    A second scan is made only where a value is missing.

    Args:
        table: one row per unit. by: key columns, the variant first; a mapping names them otherwise
            in the result. Dimensions (see `marked`) are read as text (see `label`): units without a
            value are a segment of their own.
        nulls: drop (the unit does not count for that group), zero, or error.
        shifts: of an earlier table, to be able to merge with it.
    """
    keys = dict(by) if isinstance(by, Mapping) else {name: name for name in by}
    columns = tuple(dict.fromkeys(c for g in groups for c in g.all))
    for column in (*keys.values(), *columns):
        if column not in table.columns:
            raise unknown("column", column, table.columns, "experiment")
    # Inside the query every column is numbered, so that none of them can be called like one of
    # ours.
    at = {column: f"x{i}" for i, column in enumerate(columns)}
    k = [f"k{i}" for i in range(len(keys))]
    zero = {at[c] for g in groups for c in g.columns} if nulls == "zero" else set()
    rows = _numbered(table, keys, at, zero)
    shifts = dict(shifts) if shifts else _shifts(rows, at)
    bare = as_stored(table, tuple(keys.values()))
    stored, frame = bare is not None, pd.DataFrame()
    if bare is not None:
        frame = collect(_fast(_numbered(bare, keys, at, zero), groups, k, at, shifts), "moments")
        stored = bool(np.isfinite(frame.drop(columns=k).to_numpy(dtype=float)).all())
    if not stored:
        frame = collect(_fast(rows, groups, k, at, shifts), "moments")
    if frame["holed"].any():
        named = _renamed(collect(_masked(rows, groups, k, at, shifts), "moments"), groups)
        missing = [g.name for g in groups if (named[f"{g.name}:n"] < named["units"]).any()]
        if nulls == "error" and missing:
            raise BadInput(
                f"metric {missing[0]!r} has missing values",
                "experiment",
                "choose nulls='drop' or 'zero'",
            )
    else:
        named = _named(frame, groups, k, at)
    named = named.rename(columns=dict(zip(k, keys, strict=True)))
    if "variant" in keys and table[keys["variant"]].type().is_integer():
        named["variant"] = named["variant"].astype("Int64").astype("string").astype(object)
    return Moments(named, tuple(keys), tuple(groups), shifts, stored)


def _numbered(
    table: ir.Table, keys: Mapping[str, str], at: Mapping[str, str], zero: set[str]
) -> ir.Table:
    """Keys and columns by their numbers; the columns `zero` with 0 where a value is missing."""
    told = {
        f"k{i}": label(_[c]) if unmarked(name) != name else _[c]
        for i, (name, c) in enumerate(keys.items())
    }
    rows = table.select(**told, **{n: _[c].cast("float64") for c, n in at.items()})
    return rows.mutate(**{n: _[n].fill_null(0.0) for n in zero}) if zero else rows


def _shifts(rows: ir.Table, at: Mapping[str, str]) -> dict[str, float]:
    """Mean of each column's first rows: near enough to the mean, and free;
    0 where none is needed."""
    if not at:
        return {}
    parts = [
        part for n in at.values() for part in (_[n].mean().name(n), _[n].std().name(f"{n}_sd"))
    ]
    first = collect(rows.select(*at.values()).limit(SHIFT_ROWS).agg(parts), "moments").to_numpy(
        dtype=float
    )[0]
    return {c: _shift(*first[2 * i : 2 * i + 2]) for i, c in enumerate(at)}


def _shift(mean: float, sd: float) -> float:
    """The mean, unless it is so near zero that squares keep their digits without."""
    return float(mean) if np.isfinite(mean) and not abs(mean) <= NEAR * sd else 0.0


def _fast(
    rows: ir.Table,
    groups: Sequence[Group],
    keys: Sequence[str],
    at: Mapping[str, str],
    shifts: Mapping[str, float],
) -> ir.Table:
    """Each column and each pair once, whatever number of groups it serves."""
    pairs = dict.fromkeys(p for g in groups for p in combinations_with_replacement(g.all, 2))
    near = {n: _[n] - shifts[c] if shifts[c] else _[n] for c, n in at.items()}
    moved = rows.select(*keys, **near)
    sums = {f"s_{n}": _[n].sum() for n in at.values()}
    sums |= {f"s_{at[a]}_{at[b]}": (_[at[a]] * _[at[b]]).sum() for a, b in pairs}
    # One count for all columns, of a test that costs nothing where the engine knows that nothing is
    # missing.
    holed = (
        reduce(or_, (_[n].isnull() for n in at.values())).cast("int8").sum()
        if at
        else ibis.literal(0)
    )
    return moved.group_by(*keys).agg(units=_.count(), holed=holed, **sums)


def _named(
    frame: pd.DataFrame, groups: Sequence[Group], keys: Sequence[str], at: Mapping[str, str]
) -> pd.DataFrame:
    """The fast table in the columns of `Moments`."""
    parts: dict[str, pd.Series] = {c: frame[c] for c in (*keys, "units")}
    for g in groups:
        parts |= {f"{g.name}:n": frame["units"]}
        parts |= {f"{g.name}:{i}": frame[f"s_{at[c]}"] for i, c in enumerate(g.all)}
        pairs = combinations_with_replacement(range(len(g.all)), 2)
        parts |= {
            f"{g.name}:{i}:{j}": frame[_pair(frame, at[g.all[i]], at[g.all[j]])] for i, j in pairs
        }
    return pd.DataFrame(parts)


def _pair(frame: pd.DataFrame, a: str, b: str) -> str:
    return f"s_{a}_{b}" if f"s_{a}_{b}" in frame.columns else f"s_{b}_{a}"


def _masked(
    rows: ir.Table,
    groups: Sequence[Group],
    keys: Sequence[str],
    at: Mapping[str, str],
    shifts: Mapping[str, float],
) -> ir.Table:
    """The same where values are missing: complete outcomes only,
    missing covariates at their mean."""
    known = dict.fromkeys(at[c] for g in groups for c in g.covariates)
    near = (
        collect_one(rows.aggregate([_[n].mean().name(n) for n in known]), "moments")
        if known
        else {}
    )
    moved, sums = {}, {}
    for k, g in enumerate(groups):
        whole = reduce(and_, (_[at[c]].notnull() for c in g.columns))
        for i, c in enumerate(g.all):
            value = _[at[c]] if c in g.columns else _[at[c]].fill_null(near[at[c]])
            moved[f"g{k}_{i}"] = whole.ifelse(value - shifts[c], None)
        sums |= {f"g{k}_n": _[f"g{k}_0"].count()}
        sums |= {f"g{k}_s{i}": _[f"g{k}_{i}"].sum() for i in range(len(g.all))}
        for i, j in combinations_with_replacement(range(len(g.all)), 2):
            sums[f"g{k}_s{i}_{j}"] = (_[f"g{k}_{i}"] * _[f"g{k}_{j}"]).sum()
    return rows.select(*keys, **moved).group_by(*keys).agg(units=_.count(), **sums)


def _renamed(frame: pd.DataFrame, groups: Sequence[Group]) -> pd.DataFrame:
    """The masked table in the columns of `Moments`."""
    names = {f"g{k}_n": f"{g.name}:n" for k, g in enumerate(groups)}
    for k, g in enumerate(groups):
        names |= {f"g{k}_s{i}": f"{g.name}:{i}" for i in range(len(g.all))}
        pairs = combinations_with_replacement(range(len(g.all)), 2)
        names |= {f"g{k}_s{i}_{j}": f"{g.name}:{i}:{j}" for i, j in pairs}
    return frame.rename(columns=names)
