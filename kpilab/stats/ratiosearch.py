"""Evidence under relative noise: each leaf deviates by about the same share of its size, whatever its size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.cuboids import Cuboid, Hit, best_elements, sums

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
BINS, TAIL = 40, 30
STRAY = 0.05  # share of an element's leaves that may behave as if nothing had happened
MOSTLY = 0.6  # at least this share of an element's leaves must have shifted
ALL = 0.9  # and this share of all leaves, before everything is said to have shifted
NARROWEST = 0.01  # smallest spread of a common shift
CANDIDATES = 60  # elements looked at closely
SETTLED = 1e-4  # change of that share from which it is taken as found
MOST_PER_LEAF = 50.0  # nats of evidence one leaf may give
NARROW = float(np.log(0.1 + 0.9 / (NARROWEST * np.sqrt(2 * np.pi))))  # log density at the centre of the narrowest shift
GAINED = NARROW - float(np.log1p(-STRAY)) + 1e-9  # nats a leaf can win at most when the common shift is fitted


def deviation(expected: Array, actual: Array, rounding: float = 0.0) -> tuple[Array, Mask]:
    """Signed relative deviation in [-1, 1], positive where the actual fell short; and which leaves say anything.

    Args:
        expected, actual: amounts per leaf, none negative.
        rounding: most that rounding can have moved actual − expected; that much is not counted, and a leaf whose
            deviation is within it, and large for its size, says nothing.
    """
    largest, gap = np.maximum(expected, actual), expected - actual
    scale = np.where(largest > 0, largest, 1.0)
    x = np.sign(gap) * np.maximum(np.abs(gap) - rounding, 0.0) / scale
    if rounding == 0:
        return x, np.ones(len(x), dtype=bool)
    usual = np.median(np.abs(x[x != 0])) if np.any(x) else 0.0
    return x, (x != 0) | (rounding <= usual * scale)


def null_log_density(ordered: Array, at: Array) -> Array:
    """Log density of |deviation| at `at`, learnt from leaves taken as normal: quantile bins, then a Weibull tail.

    Args:
        ordered: their |deviation|, ascending; at: ascending as well.
    """
    n = len(ordered)
    if n < 20:
        return np.zeros_like(at)
    tail = min(TAIL, max(2, n // 20))
    body, start = ordered[: n - tail], max(ordered[n - tail - 1], 1e-6)
    edges = np.unique(np.append(0.0, np.quantile(body, np.linspace(0, 1, BINS + 1)[1:])))
    if len(edges) < 2:
        edges = np.array([0.0, start])
    counts = np.diff(np.append(np.searchsorted(body, edges[:-1]), len(body)))
    density = np.log((counts + 0.5) / n / np.maximum(np.diff(edges), 1e-6))
    inner = np.searchsorted(at, edges[1:-1])
    found = np.repeat(density, np.diff([0, *inner, len(at)]))
    far = int(np.searchsorted(at, start, "right"))
    found[far:] = _tail_log_density(ordered, tail, at[far:])
    return found


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


def search(
    spaces: list[Cuboid], codes: NDArray[np.intp], deviations: tuple[Array, Mask], least: float, most: int
) -> list[Hit]:
    """The elements whose common shift shortens the description, the best first, each without those before it.

    Args:
        spaces, codes: the cuboids, and the code of every leaf in every dimension.
        deviations: of every leaf, and which leaves say anything; see `deviation`.
        least: evidence (nats) an element must have beyond the cost of naming it.
        most: elements at most.
    """
    (x, told), hits = deviations, []
    live = told.copy()
    ranked = np.argsort(x)
    above, below = ranked[x[ranked] > 0], ranked[x[ranked] < 0][::-1]
    views = (x, above, below), (-x, below, above)
    sides = [_side(*view, live) for view in views]
    while len(hits) < most:
        found = [(hit, k) for k, side in enumerate(sides) if (hit := _best(spaces, codes, side, live, least))]
        if not found:
            break
        hit, mine = max(found, key=lambda f: f[0].gain)
        hits.append(hit)
        member = spaces[hit.cuboid].members(hit.element)
        live[member] = False
        # A side's null is learnt from the leaves of the other side: only the other one changes.
        sides[mine].leaf[member] = 0.0
        sides[1 - mine] = _side(*views[1 - mine], live)
    return hits


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Deviations to one side: `y`, up to it; `leaf`, log odds of 'shifted to this side by any amount' against the null;
    `null`, its log density.
    """

    y: Array
    leaf: Array
    null: Array


def _side(y: Array, up: NDArray[np.intp], down: NDArray[np.intp], live: Mask) -> _Side:
    """`up`, `down`: leaves that deviate to this side and to the other, by the size of their deviation."""
    up, down = up[live[up]], down[live[down]]
    null, leaf = np.zeros(len(y)), np.where(live, np.log(STRAY), 0.0)
    null[up] = null_log_density(-y[down], y[up]) - np.log(2)
    leaf[up] = np.logaddexp(np.log1p(-STRAY) - null[up], np.log(STRAY))
    return _Side(y, leaf, null)


def _best(spaces: list[Cuboid], codes: NDArray[np.intp], side: _Side, live: Mask, least: float) -> Hit | None:
    """The element of one side with the largest gain above `least`."""
    best, evidence = None, sums(spaces, side.leaf)
    for k, element in best_elements(spaces, evidence, 0.0, CANDIDATES):
        space, enough = spaces[k], least if best is None else best.gain
        if evidence[k][element] + GAINED * space.leaves[element] - space.cost <= enough:
            continue
        member = space.members(element)
        member = member[live[member]]
        if len(member) < 2 and space.leaves[element] > 1:
            continue
        gain = _refitted(side.y[member], side.null[member], side.leaf[member], codes[:, member], space.dims)
        if gain - space.cost > enough:
            best = Hit(k, element, gain - space.cost)
    return best


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
        shifted = share * odds
        shifted /= shifted + (1 - share)
        before, share = share, min(max(float(shifted.sum()) / len(ratio), 1e-6), 1 - 1e-6)
        if abs(share - before) < SETTLED:
            break
    return share


def _weighted_median(values: Array, weights: Array) -> float:
    if weights.sum() <= 0:
        return float(np.median(values))
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(cumulative, cumulative[-1] / 2)])
