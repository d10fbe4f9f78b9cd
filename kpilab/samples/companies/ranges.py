"""From what ranges worlds are drawn: two splits that share no world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpilab.samples.companies.company import Company, Setting
from kpilab.samples.companies.span import Course, span, weekly_span

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Ranges:
    """What one split draws from.

    Attributes:
        stream: number of its stream of seeds. companies: those it prefers.
        rows: part of the company's own range of rows, 0-1. history: months.
        growth (log, a year), season, weekend, noise, drift: see `Course`.
        kept_back: families that this split leaves to the other.
        loss: what a reason takes of the goal. share: the part of the goal its place holds.
    """

    stream: int
    companies: tuple[str, ...]
    rows: Range
    history: tuple[int, ...]
    growth: Range
    season: Range
    weekend: Range
    noise: Range
    drift: Range
    loss: Range
    share: Range
    kept_back: tuple[str, ...] = ()


RANGES: Mapping[str, Ranges] = {
    "tune": Ranges(
        stream=1,
        companies=("shop", "subscription", "sales", "clinic", "factory"),
        rows=(0.3, 0.9),
        history=(18, 24, 24, 36),
        growth=(0.02, 0.22),
        season=(0.02, 0.12),
        weekend=(0.8, 1.35),
        noise=(0.02, 0.05),
        drift=(0.004, 0.012),
        loss=(0.04, 0.09),
        share=(0.07, 0.33),
        kept_back=(
            "volume_triple",
            "exception",
            "two_values",
            "scrap",
            "cannibalisation",
            "acquisition_quality",
            "rise_pair",
            "three_reasons",
            "n_trend",
            "n_log",
        ),
    ),
    "report": Ranges(
        stream=2,
        companies=("shop", "subscription", "sales", "clinic", "factory", "restaurants", "market"),
        rows=(0.0, 1.0),
        history=(12, 18, 24, 30, 36),
        growth=(-0.05, 0.3),
        season=(0.0, 0.2),
        weekend=(0.6, 1.7),
        noise=(0.015, 0.07),
        drift=(0.0, 0.016),
        loss=(0.03, 0.11),
        share=(0.05, 0.45),
    ),
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a family asks of the history: months at least, a year ago, periods of given months,
    its own growth, season or drift; few rows (part of the fewest); a February after a January."""

    history: int = 0
    year_ago: bool = False
    months: tuple[int, ...] = (1, 3, 3, 3)
    growth: Range | None = None
    season: Range | None = None
    drift: Range | None = None
    few: Range | None = None
    february: bool = False


def setting(
    rng: np.random.Generator,
    firm: Company,
    ranges: Ranges,
    need: Need,
    room: Mapping[str, float],
) -> Setting:
    """Dates, size and course of a company."""
    length = 1 if need.february else int(rng.choice(firm.months or need.months))
    history = max(int(rng.choice(ranges.history)), need.history, 12 if length == 3 else 8)
    past = need.year_ago or (history >= length + 12 and bool(rng.random() < 0.7))
    if firm.weekly:
        weeks = 13 if length == 3 else 8
        days = weekly_span(rng, weeks, max(history * 52 // 12, weeks * 4), year_ago=past)
    else:
        month = 2 if need.february else None
        days = span(rng, length, history, year_ago=past, month=month)
    course = Course(
        growth=_drawn(rng, need.growth or ranges.growth),
        season=_drawn(rng, need.season or ranges.season),
        weekend=_drawn(rng, ranges.weekend),
        noise=_drawn(rng, ranges.noise),
        drift=_drawn(rng, need.drift or ranges.drift),
    )
    low_end = firm.rows[0]
    low, high = np.log(firm.rows)
    step = 7 if firm.weekly else max(31 * bool(firm.months), 1)
    rows = np.exp(low + _drawn(rng, ranges.rows) * (high - low))
    if need.few:
        rows = low_end * _drawn(rng, need.few)
    return Setting(int(rng.integers(2**31)), days, course, float(rows), firm.cycle, step, room)


def _drawn(rng: np.random.Generator, limits: Range) -> float:
    return float(rng.uniform(*limits))
