"""Customers who come, return unequally often, and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import Setting, column
from kpilab.samples.companies.lever import SPARE, Lever, kept, one, pulled, touched
from kpilab.samples.companies.span import alike, drifts, grown

BACKLOG = 2.5  # lifetimes before the first day from which customers are still there
FADE = 21.0  # days within which those who leave because of something do so


def crowd(
    rng: np.random.Generator,
    setting: Setting,
    *,
    joins: float,
    life: float,
    dims: Mapping[str, tuple[Sequence[str], np.ndarray]],
    source: str,
) -> pd.DataFrame:
    """Possible customers: `joined`, `left` (days), `rate` (around one), dimensions, marks.

    `joins` a day and `life` in days are means; each value of the dimension `source` has weeks in
    which more or fewer join.
    """
    days, room = setting.days, setting.spare("join", SPARE)
    before = int(BACKLOG * life)
    level = grown(days, setting.course.growth)
    level = np.concatenate(
        [level[0] * np.exp(-setting.course.growth * np.arange(before, 0, -1) / 365.25), level]
    )
    count = rng.poisson(joins * level * room)
    joined = np.repeat(np.arange(-before, days.days), count) + rng.random(count.sum())
    n = len(joined)
    frame = pd.DataFrame({"joined": joined, "left": joined + rng.exponential(life, n)})
    frame["rate"] = rng.gamma(1.3, 1 / 1.3, n)
    for dim, (names, p) in dims.items():
        frame[dim] = column(rng, names, p, n)
    frame["mark"], frame["leaves"], frame["fades"] = rng.random((3, n))
    frame["wave"] = _weeks(rng, frame, source, joined)
    there = frame["left"].to_numpy() > 0
    return frame[there].reset_index(drop=True)


def _weeks(
    rng: np.random.Generator, frame: pd.DataFrame, source: str, joined: np.ndarray
) -> np.ndarray:
    """A factor per source and week in which somebody joined."""
    values = frame[source].cat.categories
    week = (np.floor(joined) // 7).astype(int)
    week -= week.min()
    wave = np.stack([np.exp(alike(rng, week.max() + 1, 0.4, 0.05)) for _ in values])
    return np.clip(wave, None, SPARE)[frame[source].cat.codes, week]


def settled(people: pd.DataFrame, setting: Setting, levers: Sequence[Lever]) -> pd.DataFrame:
    """The customers as the levers leave them: `here` says who joined, `left` when they go."""
    joined = people["joined"].to_numpy()
    room = setting.spare("join", SPARE)
    factor = people["wave"].to_numpy() * pulled(levers, "join", people, joined)
    left = people["left"].to_numpy().copy()
    for lever in one(levers, "leave"):
        going = touched(lever, people, np.full(len(people), lever.start)) & (joined < lever.start)
        going &= people["leaves"].to_numpy() > lever.factor
        when = lever.start + people["fades"].to_numpy() * FADE
        left = np.where(going, np.minimum(left, when), left)
    return people.assign(left=left, here=kept(people["mark"].to_numpy(), factor, room))


def visits(
    rng: np.random.Generator, people: pd.DataFrame, clock: np.ndarray, *, room: float
) -> pd.DataFrame:
    """Possible visits in order of time: `person` (row of people), `time`, `day`, `first`, `mark`.

    Everybody comes on joining, and then at their own rate a day.
    """
    total = np.concatenate([[0.0], np.cumsum(clock)])
    grid = np.arange(len(total))
    since = np.clip(people["joined"].to_numpy(), 0, len(clock))
    until = np.clip(people["left"].to_numpy(), 0, len(clock))
    low, high = np.interp(since, grid, total), np.interp(until, grid, total)
    count = rng.poisson(room * people["rate"].to_numpy() * (high - low))
    person = np.repeat(np.arange(len(people)), count)
    at = low[person] + rng.random(len(person)) * (high - low)[person]
    fresh = np.flatnonzero(people["joined"].to_numpy() >= 0)
    frame = pd.DataFrame(
        {
            "person": np.concatenate([person, fresh]),
            "time": np.concatenate([np.interp(at, total, grid), since[fresh]]),
            "first": np.repeat([False, True], [len(person), len(fresh)]),
        }
    )
    frame["mark"] = rng.random(len(frame))
    frame = frame.sort_values("time", kind="stable", ignore_index=True)
    frame["day"] = np.minimum(np.floor(frame["time"]), len(clock) - 1).astype(int)
    return frame


def happening(
    visit: pd.DataFrame, free: np.ndarray, planted: np.ndarray, again: np.ndarray, room: float
) -> pd.Series:
    """Which visits happen: `free` is innocent drift, `planted` acts on every visit, `again` not on
    first ones; there are as many first visits as people, so they need no room."""
    first = visit["first"].to_numpy()
    factor = planted * np.where(first, room, free * again)
    stays = visit["here"] & (visit["time"] <= visit["left"] + 1)
    return stays & kept(visit["mark"].to_numpy(), factor, room)


def forwarded(frame: pd.DataFrame, levers: Sequence[Lever], mark: np.ndarray) -> pd.DataFrame:
    """Visits of the days of a lever that are made earlier, in the `ramp` days before it starts."""
    for lever in one(levers, "forward"):
        day = frame["day"].to_numpy()
        opens = lever.start - lever.ramp
        rows = touched(lever, frame, day) & (frame["joined"] < opens).to_numpy()
        rows &= mark > lever.factor
        # The mark is even above the factor: it also says on which of the days the visit falls.
        turn = (mark[rows] - lever.factor) / (1 - lever.factor)
        time = frame["time"].to_numpy().copy()
        time[rows] = opens + turn * lever.ramp
        frame = frame.assign(time=time, day=np.floor(time).astype(int))
    return frame


def wandering(
    rng: np.random.Generator, setting: Setting, frame: pd.DataFrame, dims: Sequence[str]
) -> np.ndarray:
    """Innocent drift of each row's values, never above the room for it."""
    out = np.ones(len(frame))
    day = frame["day"].to_numpy()
    for dim in dims:
        wander = drifts(rng, setting.days, len(frame[dim].cat.categories), setting.course.drift)
        out *= wander[frame[dim].cat.codes, day]
    return np.clip(out, None, SPARE)
