"""Banded: dimensions that are numbers, in the bands between which their deviation changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.analysis.rootcause.cube import categories
from kpilab.core.values import MISSING, Message
from kpilab.engine.column import DEN0, DEN1, NUM0, NUM1, SIDES
from kpilab.engine.rootcause.leaves import Leaves
from kpilab.stats.rootcause.localise.bands import bands

Array = NDArray[np.float64]
MANY = 30  # whole numbers from which a dimension may be an amount, as an age, and no name


def banded(leaves: Leaves, names: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[Message, ...]]:
    """The leaves with bands in place of numbers, and how they were cut.

    A number with a fraction is always cut; whole ones may be names (a shop's), and are cut only
    where the deviation changes along them.
    """
    frame, notes = leaves.frame, ()
    for name in names:
        held = categories(frame[name])
        whole = name not in leaves.edges
        if whole and len(held.categories) <= MANY:
            continue
        texts = held.categories.astype("str")
        values = pd.to_numeric(pd.Series(texts), errors="coerce").to_numpy(float)
        if whole and (name in leaves.grouped or not _is_amount(values[texts != MISSING])):
            continue
        number = values[held.codes]
        starts = np.unique(number[np.isfinite(number)])[1:] if whole else leaves.edges[name]
        place = np.searchsorted(starts, number, "right") if whole else number
        band, told = _cut(frame, [d for d in names if d != name], place)
        if whole and (not told or np.bincount(band).min() < 2):
            continue
        labels = np.array([*_labels(starts, band, whole=whole), MISSING], dtype=object)
        known = np.where(np.isfinite(number), place, len(band)).astype(np.intp)
        frame = _summed(frame.assign(**{name: labels[known]}), names)
        key = "localise.banded" if told else "localise.quartered"
        cut = tuple(dict.fromkeys(labels[:-1].tolist()))
        notes += (Message(key, {"dimension": name, "bands": cut}),)
    return frame, notes


def _is_amount(values: Array) -> bool:
    """Whether values are whole numbers, and many."""
    return len(values) > MANY and bool(
        np.all(np.isfinite(values)) and np.all(values == np.round(values))
    )


def _cut(frame: pd.DataFrame, others: list[str], place: Array) -> tuple[NDArray[np.intp], bool]:
    """Band of every bin, and whether the deviation told where to cut."""
    rows, bins = frame[np.isfinite(place)], place[np.isfinite(place)].astype(np.intp)
    codes = np.array([pd.factorize(rows[d])[0] for d in others], dtype=np.intp)
    expected, actual = rows[NUM0].to_numpy(float), rows[NUM1].to_numpy(float)
    if DEN0 in rows:
        den0, den1 = rows[DEN0].to_numpy(float), rows[DEN1].to_numpy(float)
        rate = np.divide(expected, den0, out=np.zeros(len(rows)), where=den0 > 0)
        expected = np.where(den0 > 0, rate * den1, actual)
    return bands(bins, codes.reshape(len(others), len(rows)), expected, actual)


def _labels(starts: Array, band: NDArray[np.intp], *, whole: bool) -> list[str]:
    """The range of values of every bin's band."""
    first = {int(b): int(np.argmax(band == b)) for b in np.unique(band)}
    last = {int(b): len(band) - 1 - int(np.argmax(band[::-1] == b)) for b in np.unique(band)}
    return [_range(starts, first[b], last[b], whole=whole) for b in band.tolist()]


def _range(starts: Array, first: int, last: int, *, whole: bool) -> str:
    if last >= len(starts):
        return f"≥ {starts[first - 1]:.6g}" if first else "(all)"
    if first == 0:
        return f"< {starts[last]:.6g}"
    high = starts[last - 1] if whole else starts[last]
    return f"{starts[first - 1]:.6g} – {high:.6g}"


def _summed(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    found = frame.groupby(list(names), observed=True, sort=True)
    return found[[c for c in SIDES if c in frame]].sum().reset_index()
