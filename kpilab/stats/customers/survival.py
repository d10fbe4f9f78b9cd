"""How long until something happens, where not everybody was watched until it did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import chi2
from kpilab.stats.proportion import wilson

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Steps of time 0, 1, 2 ….

    Attributes:
        risk: how many it had not happened to before the step and who were still watched.
        rate: share to whom it has happened by the end of the step (Kaplan-Meier), with its ends
            `low`, `high`; NaN once nobody is watched.
    """

    risk: Array
    rate: Array
    low: Array
    high: Array

    def when(self, share: float) -> tuple[float, float, float]:
        """The step by which it has happened to a share, and its interval; NaN: not within sight."""
        found = [np.flatnonzero(x >= share - 1e-12) for x in (self.rate, self.high, self.low)]
        first, low, high = (float(k[0]) if len(k) else float("nan") for k in found)
        return first, low, high


def curve(events: Array, ended: Array, level: float) -> Curve:
    """The share to whom something has happened, by time.

    The interval is Wilson's of as many as would be as uncertain (Greenwood), which holds where it
    has happened to nobody or to all.

    Args:
        events: how many it happened to in each step. ended: how many were last seen in it.

    References: Kaplan, Meier (1958); Greenwood (1926); Rothman (1978).
    """
    risk = (events + ended)[::-1].cumsum()[::-1]
    with np.errstate(all="ignore"):
        left = np.cumprod(np.where(risk > 0, 1 - events / risk, np.nan)).astype(float)
        spread = np.cumsum(np.where(risk > events, events / (risk * (risk - events)), 0.0))
        worth = np.where(spread > 0, (1 - left) / (left * spread), risk)
    known = np.isfinite(worth)
    last = np.maximum.accumulate(np.where(known, np.arange(len(worth)), 0))
    worth = np.where(known, worth, worth[last] if len(worth) else worth)
    low, high = wilson((1 - left) * worth, worth, level)
    return Curve(risk, 1 - left, low, high)


def logrank(events: Array, risk: Array) -> tuple[float, float]:
    """Whether groups (rows) differ in when it happens (columns): chi-square and its p.

    References: Mantel (1966).
    """
    n, d = risk.sum(axis=0), events.sum(axis=0)
    there = (n > 1) & (d > 0)
    n, d, share = n[there], d[there], risk[:, there] / n[there]
    beyond = (events[:, there] - d * share).sum(axis=1)
    weight = d * (n - d) / (n - 1)
    spread = np.diag((weight * share).sum(axis=1)) - (weight * share) @ share.T
    statistic = float(beyond @ np.linalg.pinv(spread) @ beyond)
    df = int((events.sum(axis=1) + risk.sum(axis=1) > 0).sum()) - 1
    return statistic, float(chi2.sf(statistic, df)) if df > 0 else float("nan")
