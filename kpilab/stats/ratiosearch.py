"""Evidence under relative noise: each leaf deviates by about the same share of its size, whatever its size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.cuboids import Cuboid, Hit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
BINS, TAIL = 40, 30
STRAY = 0.05  # share of an element's leaves that may behave as if nothing had happened
MOSTLY = 0.6  # at least this share of an element's leaves must have shifted
ALL = 0.9  # and this share of all leaves, before everything is said to have shifted
NARROWEST = 0.01  # smallest spread of a common shift
CANDIDATES = 60  # elements looked at closely
MOST_PER_LEAF = 50.0  # nats of evidence one leaf may give


def deviation(expected: Array, actual: Array) -> Array:
    """Signed relative deviation in [-1, 1]: positive where the actual fell short; 0 where both are 0."""
    largest = np.maximum(np.abs(expected), np.abs(actual))
    ratio = np.divide(np.minimum(expected, actual), largest, out=np.ones_like(largest), where=largest > 0)
    return np.sign(expected - actual) * np.minimum(1 - ratio, 1.0)


def null_log_density(sizes: Array, at: Array) -> Array:
    """Log density of |deviation| at `at`, learnt from leaves taken as normal: quantile bins, then a Weibull tail."""
    ordered, n = np.sort(sizes), len(sizes)
    if n < 20:
        return np.zeros_like(at)
    tail = min(TAIL, max(2, n // 20))
    body, start = ordered[: n - tail], max(ordered[n - tail - 1], 1e-6)
    edges = np.unique(np.append(0.0, np.quantile(body, np.linspace(0, 1, BINS + 1)[1:])))
    if len(edges) < 2:
        edges = np.array([0.0, start])
    counts = np.histogram(body, edges)[0]
    density = np.log((counts + 0.5) / n / np.maximum(np.diff(edges), 1e-6))
    inside = density[np.clip(np.searchsorted(edges, at, "right") - 1, 0, len(density) - 1)]
    return np.where(at <= start, inside, _tail_log_density(ordered, tail, np.maximum(at, start)))


def _tail_log_density(ordered: Array, tail: int, at: Array) -> Array:
    """Survival exp(-H (x/start)^shape): the shape from the 10 % point to the tail, the scale from the tail itself."""
    n = len(ordered)
    start, tenth = max(ordered[n - tail - 1], 1e-6), max(ordered[int(n * 0.9)], 1e-9)
    hazard = np.log(n / tail)
    shape = np.log(hazard / np.log(10)) / np.log(start / tenth) if start > tenth * 1.01 and hazard > 2.5 else 1.0
    shape = float(np.clip(shape, 0.5, 2.5))
    grown = hazard * (at / start) ** shape
    # One stray leaf in a thousand cubes may lie anywhere: the tail is never thinner than that.
    return np.maximum(np.log(grown * shape / at) - grown, -np.log(1e3 * n))


def leaf_evidence(x: Array, live: Mask, side: float) -> tuple[Array, Array]:
    """Per leaf: log odds of 'shifted to this side by any amount' against the null, and the null's log density."""
    y = side * x
    null = null_log_density(-y[live & (y < 0)], np.abs(y)) - np.log(2)
    leaf = np.where(y > 0, np.logaddexp(np.log1p(-STRAY) - null, np.log(STRAY)), np.log(STRAY))
    return np.where(live, leaf, 0.0), null


def search(spaces: list[Cuboid], codes: NDArray[np.intp], x: Array, live: Mask, least: float) -> Hit | None:
    """The element whose common shift shortens the description most; None when none does."""
    best = None
    for side in (1.0, -1.0):
        if not np.any(live & (side * x > 0)):
            continue
        leaf, null = leaf_evidence(x, live, side)
        for k, element in _candidates(spaces, leaf):
            member = spaces[k].members(element)
            member = member[live[member]]
            if len(member) < 2 and spaces[k].leaves[element] > 1:
                continue
            gain = _refitted(side * x[member], null[member], leaf[member], codes[:, member], spaces[k].dims)
            gain -= spaces[k].cost
            if gain > least and (best is None or gain > best.gain):
                best = Hit(k, element, gain)
    return best


def _candidates(spaces: list[Cuboid], leaf: Array) -> list[tuple[int, int]]:
    """The elements with most evidence, over all cuboids."""
    found = []
    for k, space in enumerate(spaces):
        total = space.sums(leaf) - space.cost
        top = np.flatnonzero(total > 0)
        if len(top) > CANDIDATES:
            top = top[np.argpartition(-total[top], CANDIDATES)[:CANDIDATES]]
        found += [(-total[e], k, int(e)) for e in top]
    return [(k, e) for _, k, e in sorted(found)[:CANDIDATES]]


def _refitted(y: Array, null: Array, leaf: Array, codes: NDArray[np.intp], dims: tuple[int, ...]) -> float:
    """Evidence for one common shift with its own spread; -inf when a part of the element is plainly normal."""
    broad = float(leaf.sum())
    weight = np.maximum(leaf, 0)
    centre = _weighted_median(y, weight)
    spread = max(NARROWEST, 1.4826 * _weighted_median(np.abs(y - centre), weight))
    peak = -0.5 * ((y - centre) / spread) ** 2 - np.log(spread) - 0.5 * np.log(2 * np.pi)
    peak = np.logaddexp(peak + np.log(0.9), np.log(0.1))
    ratio = np.where(y > 0, np.clip(peak - null, -MOST_PER_LEAF, MOST_PER_LEAF), -MOST_PER_LEAF)
    share = _free_share(ratio)
    if share < (MOSTLY if dims else ALL):
        return -np.inf
    share = min(share, 1 - STRAY)
    per_leaf = np.logaddexp(ratio + np.log(share), np.log1p(-share))
    fitted = float(per_leaf.sum()) - np.log(len(y) + 1)
    if share < 1 - 2 * STRAY and _children_say_more(ratio, codes, dims, fitted):
        return -np.inf
    return max(broad, fitted)


def _children_say_more(ratio: Array, codes: NDArray[np.intp], dims: tuple[int, ...], fitted: float) -> bool:
    """Occam: is it cheaper to say which values of one further dimension shifted than that the whole did?"""
    per_leaf = np.logaddexp(ratio + np.log1p(-STRAY), np.log(STRAY))
    for d in set(range(len(codes))) - set(dims):
        child = np.bincount(codes[d], per_leaf)
        present = np.bincount(codes[d]) > 0
        listed = np.maximum(child, 0)[present].sum() - present.sum() * np.log(2)
        if listed > fitted and np.any(child[present] < -3):
            return True
    return False


def _free_share(ratio: Array) -> float:
    """Most likely share of shifted leaves, by EM."""
    share, odds = 0.5, np.exp(ratio)
    for _ in range(20):
        share = float(np.clip(np.mean(share * odds / (share * odds + 1 - share)), 1e-6, 1 - 1e-6))
    return share


def _weighted_median(values: Array, weights: Array) -> float:
    if weights.sum() <= 0:
        return float(np.median(values))
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, cumulative[-1] / 2)])
