"""The moments of an experiment: one scan, one small table, everything else is arithmetic on it.

Sums of squares of raw values lose all digits when the mean is large against the spread; every
column is therefore shifted by a constant near its mean, which is stored with the sums. Tables with
the same shift can be added.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations_with_replacement
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpilab.core.values import Message
from kpilab.engine.column import unmarked
from kpilab.engine.experiments.tails import Tails, tails_of
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        proportion: whether the values are 0 and 1, and nothing adjusts them. share: whether they
            are told as shares, adjusted or not.
    """

    name: str
    columns: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    known: tuple[tuple[int, ...], ...] = ()
    proportion: bool = False
    share: bool = False

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
        tails: of the metrics whose test could lean to a side. unadjusted: metrics whose covariates
            the treatment may have moved: they adjust nothing.
    """

    frame: pd.DataFrame
    keys: tuple[str, ...]
    groups: tuple[Group, ...]
    shifts: Mapping[str, float]
    stored: bool = False
    tails: Mapping[str, Tails] = field(default_factory=dict)
    unadjusted: frozenset[str] = frozenset()

    def merged(self, other: Moments) -> Moments:
        """Both tables as one: for units that came later, never for the same units on other days."""
        if dict(self.shifts) != dict(other.shifts) or self.groups != other.groups:
            raise BadInput(
                "moments with other shifts or groups cannot be added",
                "Moments.merged",
                "use the first table's shifts",
            )
        frame = pd.concat([self.frame, other.frame], ignore_index=True)
        # The furthest values are those of one table: of both, they are not known.
        return replace(
            self, frame=_summed(frame, self.keys), stored=False, tails={},
            unadjusted=self.unadjusted | other.unadjusted,
        )  # fmt: skip

    def only(self, **where: object) -> Moments:
        """The rows of one segment or variant."""
        frame, tails = self.frame, self.tails
        for column, value in where.items():
            frame = frame[frame[column] == value]
            if column != "variant":  # tails are asked by variant
                tails = {name: t.only(column, value) for name, t in tails.items()}
        return replace(self, frame=frame, tails=tails)

    def until(self, day: object) -> Moments:
        """The rows up to a day."""
        return self._within(None, pd.Timestamp(str(day)))

    def on(self, day: object) -> Moments:
        """The rows of one day."""
        return self._within(pd.Timestamp(str(day)), pd.Timestamp(str(day)))

    def _within(self, first: pd.Timestamp | None, last: pd.Timestamp) -> Moments:
        days = pd.to_datetime(self.frame["day"])
        kept = (days <= last) & (True if first is None else days >= first)
        tails = {name: t.within(first, last) for name, t in self.tails.items()}
        return replace(self, frame=self.frame[kept], tails=tails)

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

    def covariates(self, name: str) -> tuple[tuple[int, ...], ...]:
        """What a metric is adjusted for: positions as in its group."""
        return () if name in self.unadjusted else self.group(name).known

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
            "unadjusted": sorted(self.unadjusted),
            "tails": {name: t.told() for name, t in self.tails.items()},
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
    tails = {name: tails_of(t) for name, t in told.get("tails", {}).items()}
    return Moments(
        table.to_pandas(), keys, groups, shifts, tails=tails,
        unadjusted=frozenset(told.get("unadjusted", ())),
    )  # fmt: skip


def _group(g: Mapping[str, Any]) -> Group:
    parts = tuple(g["columns"]), tuple(g["covariates"]), tuple(map(tuple, g["known"]))
    return Group(g["name"], *parts, g["proportion"], g.get("share", g["proportion"]))


def _summed(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return frame.groupby(list(keys), dropna=False).sum().reset_index()
