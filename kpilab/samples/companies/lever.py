"""What is planted: one driver of a company changed in one place from one day on.

A world is drawn once, more of it than is kept: every possible row has a mark between 0 and 1 and
is kept while the mark lies below what the levers leave of it. So a world with and without a lever
differs in nothing else, and the difference of the goal is the lever's true effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

Place = Mapping[str, tuple[str, ...]]
SPARE = 1.15  # rows drawn per row kept where nothing is planted: room for drifts


@dataclass(frozen=True, slots=True)
class Lever:
    """`what` is multiplied by `factor` in `where`, but not in `but`, from day `start` to `end`.

    `ramp`: days until the factor is fully there. `to`: where rows move, for levers that move them.
    `whole`: it is not pulled less far.
    """

    what: str
    factor: float
    where: Place = field(default_factory=dict)
    but: Place = field(default_factory=dict)
    start: int = 0
    end: int | None = None
    ramp: int = 0
    to: str = ""
    whole: bool = False

    def scaled(self, effect: float) -> Lever:
        """The same lever pulled less far."""
        if self.whole:
            return self
        return replace(self, factor=1 + effect * (self.factor - 1))


def inside(frame: pd.DataFrame, place: Place) -> np.ndarray:
    """Rows of the frame that lie in the place; all for the empty one."""
    rows = np.ones(len(frame), bool)
    for dim, values in place.items():
        rows &= frame[dim].isin(values).to_numpy()
    return rows


def touched(lever: Lever, frame: pd.DataFrame, day: np.ndarray) -> np.ndarray:
    """Rows on which the lever acts."""
    rows = inside(frame, lever.where) & (day >= lever.start)
    if lever.but:
        rows &= ~inside(frame, lever.but)
    return rows if lever.end is None else rows & (day < lever.end + 1)


def pulled(levers: Iterable[Lever], what: str, frame: pd.DataFrame, day: np.ndarray) -> np.ndarray:
    """Product of all levers of this name, row by row."""
    out = np.ones(len(frame))
    for lever in levers:
        if lever.what != what:
            continue
        rows = touched(lever, frame, day)
        grown = np.clip((day[rows] - lever.start + 1) / (lever.ramp or 1), 0, 1)
        out[rows] *= 1 + (lever.factor - 1) * grown
    return out


def kept(mark: np.ndarray, factor: np.ndarray | float, room: float) -> np.ndarray:
    """Which of the possible rows happen: their share is factor / room."""
    return mark * room < factor


def one(levers: Iterable[Lever], what: str) -> tuple[Lever, ...]:
    """The levers of this name."""
    return tuple(lever for lever in levers if lever.what == what)


def doubled(frame: pd.DataFrame, levers: Iterable[Lever]) -> pd.DataFrame:
    """The rows, those of some days a second time: a file loaded twice."""
    day = frame["day"].to_numpy()
    again = [frame[touched(lever, frame, day)] for lever in one(levers, "twice")]
    return pd.concat([frame, *again], ignore_index=True) if again else frame
