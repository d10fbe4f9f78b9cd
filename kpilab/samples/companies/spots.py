"""Where a reason is planted: places large enough to matter and to be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import Draw, Setting
from kpilab.samples.companies.lever import Place

SEEN = 8.0  # standard errors by which the place stands out from the rest, at full effect
TRIES = 12


class NoPlace(Exception):
    """This draw of the company has no place that fits the reason; another may."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How large a reason is to be.

    Attributes:
        dims: how many dimensions bound the place. share: the place's part of the goal.
        loss: what the reason takes, as part of the goal (negative for a gain).
        least, most: the factor of the driver. pull: goal in the place per driver.
        seen: the metric whose past says how noisy a place is; "" for the goal.
        plain: how much more clearly the driver itself shows the change.
    """

    dims: int
    share: tuple[float, float]
    loss: tuple[float, float]
    least: float
    most: float
    pull: float = 1.0
    seen: str = ""
    plain: float = 1.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, the factor of the driver there, and since when."""

    where: Place
    factor: float
    share: float
    start: int


def start_day(rng: np.random.Generator, setting: Setting, *, latest: float = 0.35) -> int:
    """The first day of the current period, or one soon after on which rows may begin."""
    first, last = setting.days.current
    later = int(rng.uniform(0, latest) * (last - first))
    return first if rng.random() < 0.5 else first + later // setting.step * setting.step


def spot(
    rng: np.random.Generator,
    base: Draw,
    setting: Setting,
    metric: str,
    names: tuple[str, ...],
    wish: Wish,
) -> Spot:
    """A random place in which the wished loss comes from a factor in range and can be seen."""
    book = base.books[metric]
    for _ in range(TRIES):
        dims = [str(d) for d in rng.choice(names, min(wish.dims, len(names)), replace=False)]
        weekly, share = parts(book, setting, dims)
        start = start_day(rng, setting)
        loss = rng.uniform(*wish.loss, len(share))
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = 1 - loss / (share * wish.pull)
            change = 1 - loss / share
        fits = (share >= wish.share[0]) & (share <= wish.share[1]) & (change > 0.02)
        fits &= (factor >= wish.least) & (factor <= wish.most)
        seen = np.zeros(len(share))
        past = parts(base.books[wish.seen], setting, dims)[0] if wish.seen else weekly
        past = past.reindex(weekly.index, fill_value=0)
        seen[fits] = clear(past.to_numpy()[fits], setting, change[fits], start, past)
        rows = np.flatnonzero(seen * wish.plain >= SEEN)
        if len(rows):
            row = int(rows[rng.integers(len(rows))])
            key = weekly.index[row]
            values = key if isinstance(key, tuple) else (key,)
            place = {d: (str(v),) for d, v in zip(dims, values, strict=True)}
            return Spot(place, float(factor[row]), float(share[row]), start)
    raise NoPlace


def parts(book: pd.DataFrame, setting: Setting, dims: list[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """The metric by place and full cycle before the current period; the places' shares of the
    baseline."""
    first, last = setting.days.baseline
    week = (book["day"].to_numpy() - last - 1) // setting.cycle
    past = (week < 0) & (week > week.min())
    rows = book.loc[past, [*dims, "value"]].assign(week=week[past])
    weekly = rows.groupby([*dims, "week"], observed=True)["value"].sum().unstack(fill_value=0)
    length = max(1, (last + 1 - first) // setting.cycle)
    usual = weekly.to_numpy()[:, -length:].sum(axis=1)
    return weekly, usual / usual.sum()


def clear(
    here: np.ndarray, setting: Setting, change: np.ndarray, start: int, weekly: pd.DataFrame
) -> np.ndarray:
    """By how many standard errors of its own history each place would stand out from the rest.

    The error is the larger of two: what the scatter of single weeks makes of a difference between
    periods, and how much periods as long differed before (drifts and slow waves are in that).
    """
    days = setting.days
    rest = weekly.to_numpy().sum(axis=0) - here
    after = max(1, (days.current[1] + 1 - start) // setting.cycle)
    before = max(1, (days.baseline[1] + 1 - days.baseline[0]) // setting.cycle)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(here / rest)
    usable = np.isfinite(ratio).mean(axis=1) > 0.8
    steps = np.diff(np.where(np.isfinite(ratio), ratio, 0.0), axis=1)
    weeks = steps.std(axis=1) / np.sqrt(2) * np.sqrt(1 / after + 1 / before)
    error = np.maximum(weeks, _periods(here, rest, before, after))
    return np.where(usable, np.abs(np.log(change)) / error, 0.0)


def _periods(here: np.ndarray, rest: np.ndarray, before: int, after: int) -> np.ndarray:
    """How much neighbouring periods differed in the past, place to rest; 0 for a short past."""
    n = here.shape[1] - before - after
    if n < 12:
        return np.zeros(len(here))

    def level(values: np.ndarray, first: int, width: int) -> np.ndarray:
        total = np.cumsum(np.insert(values, 0, 0, axis=-1), axis=-1)
        return total[..., first + width : first + width + n] - total[..., first : first + n]

    with np.errstate(divide="ignore", invalid="ignore"):
        late = np.log(level(here, before, after) / level(rest, before, after))
        early = np.log(level(here, 0, before) / level(rest, 0, before))
        moves = late - early
    return np.sqrt(np.nanmean(np.where(np.isfinite(moves), moves, np.nan) ** 2, axis=1))


def distinct(
    base: Draw, setting: Setting, metric: str, place: Place, change: float, start: int
) -> bool:
    """Whether such a change of the metric in the place would stand out."""
    weekly, _ = parts(base.books[metric], setting, list(place))
    rows = np.ones(len(weekly), bool)
    for dim, values in place.items():
        rows &= weekly.index.get_level_values(dim).astype(str).isin(values)
    here = weekly.to_numpy()[rows].sum(axis=0, keepdims=True)
    return bool(clear(here, setting, np.array([change]), start, weekly)[0] >= SEEN)
