"""The values of a metric that lie furthest from its mean, and the powers of all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

POWERS = ("s1", "s2", "s3", "s4")


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """One arm: its values furthest from the mean, how many units it has, and the sums of the first
    four powers of all their values."""

    far: NDArray[np.float64]
    n: float
    powers: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """The tails of a metric in every part of the units.

    Attributes:
        sums: one row per combination of the variant and the other keys; `n` and `s1` … `s4`.
        far: the values `e` that are among the furthest of their variant, or of it in one value of a
            key; the same keys.
    """

    sums: pd.DataFrame
    far: pd.DataFrame

    def only(self, column: str, value: object) -> Tails:
        """Those of one segment, variant or day."""
        return Tails(*(f[f[column] == value] for f in (self.sums, self.far)))

    def without(self, column: str, value: object) -> Tails:
        """Those of all units but one segment."""
        return Tails(*(f[f[column] != value] for f in (self.sums, self.far)))

    def within(self, first: pd.Timestamp | None, last: pd.Timestamp) -> Tails:
        """Those of the units assigned on these days."""
        days = [pd.to_datetime(f["day"]) for f in (self.sums, self.far)]
        kept = [(d <= last) & (True if first is None else d >= first) for d in days]
        return Tails(self.sums[kept[0]], self.far[kept[1]])

    def told(self) -> dict[str, str]:
        """As text, to be stored; `tails_of` reads it."""
        return {k: _text(f) for k, f in (("sums", self.sums), ("far", self.far))}

    def arms(self) -> dict[str, Tail]:
        """Per variant."""
        far = {v: e.to_numpy(dtype=float) for v, e in self.far.groupby("variant")["e"]}
        sums = self.sums.groupby("variant")[["n", *POWERS]].sum()
        return {
            str(v): Tail(far.get(v, np.empty(0)), float(n), np.array(powers, dtype=float))
            for v, n, *powers in sums.itertuples(name=None)
        }


def tails_of(told: Mapping[str, str]) -> Tails:
    """What `Tails.told` wrote."""
    return Tails(*(_frame(told[k]) for k in ("sums", "far")))


def _text(frame: pd.DataFrame) -> str:
    """Columns as lists; a number keeps every digit, a day is its date."""
    days = {c: frame[c].astype(str) for c in ("day",) if c in frame}
    return json.dumps(frame.assign(**days).to_dict("list"))


def _frame(text: str) -> pd.DataFrame:
    frame = pd.DataFrame(json.loads(text))
    return frame.assign(day=pd.to_datetime(frame["day"])) if "day" in frame else frame
