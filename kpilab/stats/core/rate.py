"""One rate over the days of a period, with an interval that knows that a bad day brings another."""

from __future__ import annotations

import numpy as np

from kpilab.stats.core.dependence import LEAST, LongRun, long_run
from kpilab.stats.core.level import Window
from kpilab.stats.tail import critical


def rate_interval(days: Window, level: float = 0.95) -> tuple[float, float]:
    """Ends of the interval of a rate (sum over sum); NaN with fewer than two days.

    How days in a row resemble each other is read off their slow waves; too few days to tell (under
    two weeks) count as independent.
    """
    if days.days < 2:
        return float("nan"), float("nan")
    moved = days.influence()
    apart = LongRun(float(np.nanvar(moved, ddof=1)), days.days - 1)
    noise = long_run(moved) if days.days >= LEAST else apart
    half = critical(level, noise.df) * float(np.sqrt(noise.variance / days.days))
    return days.rate - half, days.rate + half


def variances(units: list[Window]) -> list[float]:
    """Variance of the rate of each of several like units, their days alike by a common measure.

    A unit of few days tells little of how its days resemble each other; all together tell more.
    """
    moved = [w.influence() for w in units]
    own = [float(np.nanvar(x, ddof=1)) for x in moved]
    scaled = [x / np.sqrt(v) for x, v in zip(moved, own, strict=True) if v > 0]
    known = sum(w.days for w in units) >= LEAST and scaled
    alike = long_run(*scaled).variance if known else 1.0
    return [alike * v / w.days for v, w in zip(own, units, strict=True)]
