"""The leaves of a cube as arrays, with what they would be if nothing had changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kpilab.core.values import Message, Where
from kpilab.engine.column import DEN0, DEN1, NUM0, NUM1
from kpilab.stats.rootcause.localise.counts import counted
from kpilab.stats.rootcause.localise.cuboids import Named
from kpilab.stats.rootcause.localise.expected import Succession, at_old_rates, succession

if TYPE_CHECKING:
    from numpy.typing import NDArray


SWEEPS = 10
FEW = 2_000  # leaves that are looked at before all are


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """Leaves as arrays: codes per dimension, the text of each code, expected and actual amounts.

    `spread`, `least`: what is known of their count noise; `sampled`: whether it is known to be
    that, or more. `whole`: denominators of a rate above one half: then its misses are searched, as
    the rarer side carries the noise. `unsigned`: amounts to search in place of those that
    may be negative (profit).
    """

    names: tuple[str, ...]
    codes: NDArray[np.intp]
    values: tuple[pd.Index, ...]
    expected: NDArray[np.float64]
    actual: NDArray[np.float64]
    spread: NDArray[np.float64]
    least: float = 0.0
    sampled: bool = False
    whole: NDArray[np.float64] | None = None
    unsigned: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    notes: tuple[Message, ...] = ()

    @property
    def searched(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected and actual amounts whose deviation is searched, none negative."""
        if self.unsigned is not None:
            return self.unsigned
        if self.whole is None:
            return self.expected, self.actual
        return np.maximum(self.whole - self.expected, 0.0), self.whole - self.actual

    def mean(self, at: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.float64]:
        """Mean of what is expected and there, of what is searched."""
        expected, actual = self.searched
        return (expected[at] + actual[at]) / 2

    @property
    def lowest(self) -> float:
        """The largest fall there can be, as a share."""
        return -1.0 if self.unsigned is None else -np.inf

    def parents(self, d: int) -> tuple[str, ...]:
        """Dimensions of several values of which each value of `d` has one alone, as a store its
        region."""
        mine, found = np.count_nonzero(np.bincount(self.codes[d])), []
        if 2 * mine > self.codes.shape[1]:  # most occur once, with one of everything
            return ()
        # An even step would meet the same values again and again in a complete cube.
        few = slice(None, None, max(1, self.codes.shape[1] // FEW) | 1)
        for other, code in enumerate(self.codes):
            if other == d or self._pairs(d, other, few) > mine or np.ptp(code) == 0:
                continue
            if self._pairs(d, other, slice(None)) == mine:
                found.append(self.names[other])
        return tuple(found)

    def _pairs(self, d: int, other: int, leaves: slice) -> int:
        """How many pairs of values of two dimensions occur."""
        pairs = self.codes[d, leaves] * len(self.values[other]) + self.codes[other, leaves]
        return int(np.count_nonzero(np.bincount(pairs)))

    def leaves(self, where: Where) -> NDArray[np.intp]:
        """Leaves inside a place; none where one of its values does not occur."""
        inside = self._matching(where.values)
        return np.flatnonzero(inside & ~self._matching(where.without) if where.without else inside)

    def _matching(self, values: Mapping[str, tuple[object, ...]]) -> NDArray[np.bool_]:
        inside = np.ones(self.codes.shape[1], dtype=bool)
        for name, wanted in values.items():
            d = self.names.index(name)
            known = [k for k, value in enumerate(self.values[d]) if value in wanted]
            inside &= (
                self.codes[d] == known[0] if len(known) == 1 else np.isin(self.codes[d], known)
            )
        return inside

    def where(self, named: Named, without: Sequence[Named] = ()) -> Where:
        values = {self.names[d]: self.values[d][c] for d, c in zip(*named, strict=True)}
        left: dict[str, list[object]] = {}
        for part in without:
            for d, c in zip(*part, strict=True):
                if d not in named[0] and self.values[d][c] not in left.setdefault(
                    self.names[d], []
                ):
                    left[self.names[d]].append(self.values[d][c])
        return Where(values, {d: tuple(v) for d, v in left.items()})


def categories(column: pd.Series) -> pd.Categorical[Any]:
    """The values of a column, numbered."""
    return column.array if isinstance(column.array, pd.Categorical) else pd.Categorical(column)


def cube_of(
    frame: pd.DataFrame,
    names: tuple[str, ...],
    *,
    rate: bool,
    ratio: float | None,
    shared: bool = False,
) -> Cube:
    """Leaves with what they would be if nothing had changed,
    new values against those they replaced.

    Args:
        shared: whether amounts are numbers of single things that may be shared among leaves: they
            vary no more than numbers of whole ones.
    """
    coded = [categories(frame[d]) for d in names]
    codes, values = (
        np.array([c.codes for c in coded], dtype=np.intp),
        tuple(c.categories for c in coded),
    )
    num0, num1 = frame[NUM0].to_numpy(float), frame[NUM1].to_numpy(float)
    if np.any(num0 < 0) or np.any(num1 < 0):
        cube = Cube(names, codes, values, num0, num1, np.ones(len(num0)))
        return _signed(cube, frame, rate=rate)
    whole_numbers, whole_reference = shared or counted(num1), shared or counted(num0)
    if rate:
        den0, den1 = frame[DEN0].to_numpy(float), frame[DEN1].to_numpy(float)
        return _at_old_rates(Cube(names, codes, values, num0, num1, np.ones(len(num0))), den0, den1)
    if ratio is None:
        return Cube(
            names,
            codes,
            values,
            num0,
            num1,
            np.ones(len(num0)),
            0.5 * whole_numbers * (1 + whole_reference),
        )
    spread = np.full(len(num0), (1 + ratio) / 2)
    return _with_successors_merged(
        Cube(names, codes, values, num0, num1, spread, 1.0 * whole_numbers, whole_numbers)
    )


def _signed(cube: Cube, frame: pd.DataFrame, *, rate: bool) -> Cube:
    """Amounts of either sign, beside those that are searched; no counts."""
    if rate:
        den0, den1 = frame[DEN0].to_numpy(float), frame[DEN1].to_numpy(float)
        cube = replace(_at_old_rates(cube, den0, den1), least=0.0, sampled=False, whole=None)
    return replace(cube, unsigned=_unsigned(cube))


def _unsigned(cube: Cube) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amounts of the same deviation and about the same size, none negative.

    What lies near zero is the difference of larger amounts and has their noise: every leaf is at
    least as large as the values of its dimensions make leaves.
    """
    size, gap = np.abs(cube.expected) + np.abs(cube.actual), cube.actual - cube.expected
    size = size + np.where(size > 0, _usual(cube.codes, size), 0.0)
    return (size - gap) / 2, (size + gap) / 2


def _usual(codes: NDArray[np.intp], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Size of each leaf as the product of what its values do to the mean one."""
    usual = np.full(len(size), float(size.mean()))
    for _ in range(SWEEPS):
        for code in codes:
            fair, seen = np.bincount(code, usual), np.bincount(code, size)
            usual = usual * np.divide(seen, fair, out=np.ones_like(fair), where=fair > 0)[code]
    return usual


def _at_old_rates(cube: Cube, den0: NDArray[np.float64], den1: NDArray[np.float64]) -> Cube:
    expected, spread, changed = at_old_rates(cube.codes, cube.expected, den0, cube.actual, den1)
    notes = tuple(_succession_note(cube, d, change) for d, change in changed)
    share = float(cube.actual.sum() / den1.sum()) if den1.sum() > 0 else 0.0
    told = replace(cube, expected=expected, spread=spread, notes=notes)
    if not counted(cube.actual) or np.any(cube.actual > den1):
        return told
    return replace(
        told, least=max(share, 1 - share), sampled=True, whole=den1 if share > 0.5 else None
    )


def _with_successors_merged(cube: Cube) -> Cube:
    """An amount that moved from old values to new ones has not changed: both become one value."""
    codes, values, notes = cube.codes.copy(), list(cube.values), []
    for d in range(len(codes)):
        change = succession(codes[d], cube.expected, cube.actual)
        if change.new and change.replaced:
            notes.append(_succession_note(cube, d, change))
            merged = [*change.replaced, *change.new]
            codes[d][np.isin(codes[d], merged)] = len(values[d])
            together = tuple(values[d][k] for k in merged)
            values[d] = pd.Index([*values[d], together], tupleize_cols=False)
    if not notes:
        return cube
    keys, leaf = np.unique(codes, axis=1, return_inverse=True)
    expected, actual = (
        np.bincount(leaf.ravel(), v, keys.shape[1]).astype(float)
        for v in (cube.expected, cube.actual)
    )
    spread = np.full(keys.shape[1], cube.spread[0])
    return replace(
        cube,
        codes=keys,
        values=tuple(values),
        expected=expected,
        actual=actual,
        spread=spread,
        notes=tuple(notes),
    )


def _succession_note(cube: Cube, dim: int, change: Succession) -> Message:
    new, replaced = (
        tuple(cube.values[dim][k] for k in part) for part in (change.new, change.replaced)
    )
    key = "localise.successor" if replaced else "localise.newcomer"
    return Message(key, {"dimension": cube.names[dim], "new": new, "replaced": replaced})
