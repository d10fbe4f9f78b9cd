"""Evidence under count noise: the variance of a leaf grows with its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.cuboids import Cuboid, Hit, best_elements, sums
from kpilab.stats.noise import Noise

Array = NDArray[np.float64]
CANDIDATES = 40  # elements looked at closely
FAR, FAR_SHARE, HEAVY = 9.0, 0.0027, 2.0  # squared score, how often normal noise exceeds it, errors above that


def count_evidence(expected: Array, actual: Array) -> Array:
    """Log likelihood ratio (nats) of 'two Poisson means' against 'one', for effective counts."""
    half = (expected + actual) / 2
    safe = np.where(half > 0, half, 1.0)
    parts = [np.where(v > 0, v * np.log(np.where(v > 0, v, 1.0) / safe), 0.0) for v in (expected, actual)]
    return parts[0] + parts[1]


def heavy_tails(expected: Array, actual: Array) -> bool:
    """Do leaves of both sides lie beyond three errors more often than normal noise allows? For effective counts."""
    score = 2 * count_evidence(expected, actual)
    for side in (actual > expected, actual < expected):
        usual = FAR_SHARE * np.count_nonzero(side)
        if np.count_nonzero(score[side] > FAR) <= usual + HEAVY * np.sqrt(usual):
            return False
    return True


def search(
    spaces: list[Cuboid], codes: NDArray[np.intp], expected: Array, actual: Array, noise: Noise, least: float
) -> Hit | None:
    """The element whose deviation shortens the description most; None when none does.

    Args:
        spaces: all cuboids, with the whole (no dimension) among them or not.
        codes: one row per dimension, one column per leaf.
        expected, actual: effective counts per leaf (variance about equal to mean).
        noise: how well it is known tempers the evidence.
        least: evidence (nats) an element must have beyond the cost of naming it.
    """
    pairs = zip(sums(spaces, expected), sums(spaces, actual), strict=True)
    evidence = [noise.tempered(count_evidence(f, v)) for f, v in pairs]
    for k, element in best_elements(spaces, evidence, least, CANDIDATES):
        member = spaces[k].members(element)
        if not _parts_say_more(spaces[k], codes[:, member], expected[member], actual[member]):
            return Hit(k, element, float(evidence[k][element]) - spaces[k].cost)
    return None


def _parts_say_more(space: Cuboid, codes: NDArray[np.intp], expected: Array, actual: Array) -> bool:
    """Occam: does naming some values of one further dimension describe the element's leaves better than the whole?"""
    whole = float(count_evidence(np.array([expected.sum()]), np.array([actual.sum()]))[0])
    for d in set(range(len(codes))) - set(space.dims):
        f, v = (np.bincount(codes[d], x).astype(float) for x in (expected, actual))
        present = f + v > 0
        f, v = f[present], v[present]
        if len(f) < 2:
            continue
        order = np.argsort(v / (f + v))
        order = order if actual.sum() < expected.sum() else order[::-1]
        best = count_evidence(np.cumsum(f[order]), np.cumsum(v[order]))[:-1]
        chosen = np.arange(1, len(f))
        # Naming k of n values costs ln C(n, k), and saying how many ln n.
        cost = _log_choose(len(f), chosen) + np.log(len(f))
        # More than half of the values: the whole with exceptions is the shorter description.
        if np.any((best - cost > whole) & (2 * chosen <= len(f))):
            return True
    return False


def _log_choose(n: int, k: NDArray[np.intp]) -> Array:
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
