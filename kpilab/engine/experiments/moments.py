"""The moments of an experiment: one scan, one small table, everything else is arithmetic on it.

Sums of squares of raw values lose all digits when the mean is large against the spread; every
column is therefore shifted by a constant near its mean, which is stored with the sums. Tables with
the same shift can be added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import combinations_with_replacement
from operator import and_, or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ibis import _

from kpilab.core.values import Message
from kpilab.engine.column import unmarked
from kpilab.engine.door.labels import label
from kpilab.engine.run import collect, collect_one
from kpilab.engine.stored import as_stored
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

SHIFT_ROWS = 1000
# Within so many standard deviations of zero a square loses no digit that matters.
NEAR = 3.0
ABOUT = b"kpilab moments"


@dataclass(frozen=True, slots=True)
class Group:
    """Columns whose moments belong together.

    A unit counts where none of `columns` is missing; a missing covariate is set to its mean.

    Attributes:
        columns: the metric's: one, or numerator and denominator. covariates: columns known before
            the test.
        known: positions (in columns + covariates) that form each covariate: one, or numerator and
            denominator.
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
        frame: one row per combination of `keys`; `units` (rows), then per group g: `g:n` (units
            that count), `g:i` (shifted sums), `g:i:j` (shifted sums of products).
        keys: key columns. groups: what was measured. shifts: column -> constant.
        stored: whether the columns were read as they are stored, and all are numbers.
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    groups: tuple[Group, ...]
    shifts: Mapping[str, float]
    stored: bool = False

    def merged(self, other: Moments) -> Moments:
        """Both tables as one: for units that came later, never for the same units on other days."""
        if dict(self.shifts) != dict(other.shifts) or self.groups != other.groups:
            raise BadInput(
                "moments with other shifts or groups cannot be added",
                "Moments.merged",
                "use the first table's shifts",
            )
        frame = pd.concat([self.frame, other.frame], ignore_index=True)
        return Moments(_summed(frame, self.keys), self.keys, self.groups, self.shifts)

    def only(self, **where: object) -> Moments:
        """The rows of one segment or variant."""
        frame = self.frame
        for column, value in where.items():
            frame = frame[frame[column] == value]
        return Moments(frame, self.keys, self.groups, self.shifts)

    def until(self, day: object) -> Moments:
        """The rows up to a day."""
        days = pd.to_datetime(self.frame["day"])
        return Moments(
            self.frame[days <= pd.Timestamp(str(day))], self.keys, self.groups, self.shifts
        )

    def days(self) -> int:
        """Calendar days of assignment; 0 where unknown."""
        if "day" not in self.keys:
            return 0
        days = pd.to_datetime(self.frame["day"])
        return int((days.max() - days.min()).days) + 1

    def values(self, key: str) -> list[object]:
        """Known values of a key, in order."""
        return sorted(self.frame[key].dropna().unique().tolist())

    def units(self) -> int:
        return int(self.frame["units"].sum())

    def group(self, name: str) -> Group:
        known = {g.name: g for g in self.groups}
        if name not in known:
            raise unknown("metric", name, known, "moments")
        return known[name]

    def totals(self, *keys: str) -> dict[tuple[str, ...], dict[str, float]]:
        """Sums of every column by the values of some keys, all at once."""
        values = [str(c) for c in self.frame.columns if c not in self.keys]
        table = self.frame[values].to_numpy(dtype=float)
        places: dict[tuple[str, ...], list[int]] = {}
        for row, place in enumerate(
            self.frame[list(keys)].astype(str).itertuples(index=False, name=None)
        ):
            places.setdefault(place, []).append(row)
        return {
            p: dict(zip(values, np.nansum(table[r], axis=0).tolist(), strict=True))
            for p, r in places.items()
        }

    def counts(self, key: str, variants: Sequence[str]) -> dict[str, list[float]]:
        """Value of a key -> units of each variant."""
        known = Moments(self.frame[self.frame[key].notna()], self.keys, self.groups, self.shifts)
        totals = known.totals("variant", key)
        values = sorted({value for _variant, value in totals})
        return {
            v: [totals.get((variant, v), {}).get("units", 0.0) for variant in variants]
            for v in values
        }

    def searched(self) -> tuple[str, ...]:
        """Dimensions among the keys in which something can be sought: those with several values."""
        return tuple(
            unmarked(k) for k in self.keys if unmarked(k) != k and self.frame[k].nunique() > 1
        )

    def unsearched(self) -> tuple[Message, ...]:
        """A note on the dimensions among the keys that have one value;
        nothing where there are none."""
        found = tuple(d for k in self.keys if (d := unmarked(k)) != k and d not in self.searched())
        return (Message("door.one_value", {"dimensions": found}),) if found else ()

    def sums(
        self, name: str, totals: Mapping[str, float] | None = None
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Units, shifted sums, shifted products and the shifts of a group,
        over all rows or of some `totals`."""
        group = self.group(name)
        size = range(len(group.all))
        pairs = list(combinations_with_replacement(size, 2))
        wanted = [f"{name}:n", *(f"{name}:{i}" for i in size)]
        wanted += [f"{name}:{i}:{j}" for i, j in pairs]
        if totals is None:
            total = np.nansum(self.frame[wanted].to_numpy(dtype=float), axis=0)
        else:
            total = np.array([totals[column] for column in wanted])
        products = np.zeros((len(size), len(size)))
        for (i, j), value in zip(pairs, total[1 + len(size) :], strict=True):
            products[i, j] = products[j, i] = value
        return (
            float(total[0]),
            total[1 : 1 + len(size)],
            products,
            np.array([self.shifts[c] for c in group.all]),
        )

    def write(self, path: str | Path) -> None:
        """Store the table with its shifts and groups in one parquet file,
        to be read again or added to."""
        about = {
            "keys": self.keys,
            "groups": [asdict(g) for g in self.groups],
            "shifts": {c: float(v).hex() for c, v in self.shifts.items()},
        }
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        kept = dict(table.schema.metadata or {}) | {ABOUT: json.dumps(about).encode()}
        pq.write_table(table.replace_schema_metadata(kept), str(path))


def read_moments(path: str | Path) -> Moments:
    """What `Moments.write` stored.

    Raises:
        BadInput: the file holds no moments.
    """
    table = pq.read_table(str(path))
    about = (table.schema.metadata or {}).get(ABOUT)
    if about is None:
        raise BadInput(
            "the file holds no moments", str(path), "give a file that Moments.write stored"
        )
    told = json.loads(about)
    shifts = {c: float.fromhex(v) for c, v in told["shifts"].items()}
    keys, groups = tuple(told["keys"]), tuple(map(_group, told["groups"]))
    return Moments(table.to_pandas(), keys, groups, shifts)


def _group(g: Mapping[str, Any]) -> Group:
    parts = tuple(g["columns"]), tuple(g["covariates"]), tuple(map(tuple, g["known"]))
    return Group(g["name"], *parts, g["proportion"])


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


def _summed(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.groupby(list(keys), dropna=False).sum().reset_index()
