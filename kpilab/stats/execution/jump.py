"""A jump of the density at a threshold: are there more values just above it than just below?

The distribution function is fitted by a polynomial on either side of the threshold; its slope there
is the density. The bandwidths weigh noise against curvature, both estimated from the data at pilot
bandwidths of a normal distribution. The test takes one degree more than the bandwidths are made
for: curvature left over shall not count as a jump.

References: Cattaneo, Jansson and Ma (2018), Manipulation testing based on density discontinuity;
the same (2020), Simple local polynomial density estimators; McCrary (2008), Manipulation of the
running variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kpilab.stats.distributions import norm

Floats = NDArray[np.float64]
DEGREE = 2
LEAST_SIDE = 20


@dataclass(frozen=True, slots=True)
class Jump:
    """Densities left and right of the threshold, their bandwidths, and the test that they are
    equal.

    Attributes:
        left, right: density on either side. z: their difference over its standard error. p:
            two-sided.
        width_left, width_right: bandwidths.
    """

    left: float
    right: float
    z: float
    p: float
    width_left: float
    width_right: float


@dataclass(frozen=True, slots=True, eq=False)
class _Slope:
    """A derivative of the distribution function at the threshold,
    and the variance of its estimate."""

    value: float
    variance: float


def density_jump(values: ArrayLike, threshold: float) -> Jump | None:
    """Test whether the density jumps at the threshold; None with fewer than 20 values on a side.

    Note: for values without many ties. Power against a few padded values is low: see
    `density.excess_above`.
    """
    x = np.sort(np.asarray(values, dtype=float)) - threshold
    x = x[np.isfinite(x)]
    if min((x < 0).sum(), (x >= 0).sum()) < LEAST_SIDE or x.std() == 0:
        return None
    left, right = _bandwidths(x)
    below, above = _slope(x, left, -1, DEGREE + 1, 1), _slope(x, right, 1, DEGREE + 1, 1)
    z = (above.value - below.value) / np.sqrt(above.variance + below.variance)
    return Jump(below.value, above.value, float(z), float(2 * norm.sf(abs(z))), left, right)


def _bandwidths(x: Floats) -> tuple[float, float]:
    """Per side the middle one of three: best for its own density, for the difference,
    and for the sum of both."""
    wide, narrow = _pilots(x)
    bias = _constants(DEGREE, 1, triangular=True)[1] / factorial(DEGREE + 1)
    curves, noise = [], []
    for side in (-1, 1):
        near, far = (max(h, _nearest(x, side)) for h in (narrow, wide))
        curves.append(bias * _slope(x, far, side, DEGREE + 2, DEGREE + 1).value)
        noise.append(near * _slope(x, near, side, DEGREE, 1).variance)
    both = [_best(sum(noise), curves[1] - curves[0]), _best(sum(noise), curves[1] + curves[0])]
    own = [_best(v, b) for v, b in zip(noise, curves, strict=True)]
    left, right = (
        max(float(np.median([h, *both])), _nearest(x, s)) for h, s in zip(own, (-1, 1), strict=True)
    )
    return left, right


def _best(noise: float, bias: float) -> float:
    """Bandwidth of least mean squared error when the variance is noise / h and the bias is bias x
    h^p."""
    return float((noise / (2 * DEGREE * max(bias**2, 1e-300))) ** (1 / (2 * DEGREE + 1)))


def _pilots(x: Floats) -> tuple[float, float]:
    """Bandwidths for the curvature and for the noise, best for a normal distribution."""
    n, p = len(x), DEGREE
    found = []
    for degree, derivative in ((p + 2, p + 1), (p, 1)):
        variance, bias = _constants(degree, derivative, triangular=False)
        beyond = bias * _normal(x, degree + 1) / factorial(degree + 1)
        ratio = variance * _normal(x, 1) / max(beyond**2, 1e-300) / n
        around = (2 * derivative - 1) / (2 * (degree + 1 - derivative))
        found.append((around * ratio) ** (1 / (2 * degree + 1)))
    return found[0], found[1]


def _normal(x: Floats, derivative: int) -> float:
    """A derivative at 0 of the normal distribution function with the mean and spread of x."""
    spread = x.std(ddof=1)
    z = -x.mean() / spread
    wave = np.polynomial.hermite_e.HermiteE.basis(derivative - 1)(z)
    return float((-1) ** (derivative - 1) * wave * norm.pdf(z) / spread**derivative)


def _constants(degree: int, derivative: int, *, triangular: bool) -> tuple[float, float]:
    """Variance (uniform kernel) and bias constants of a local polynomial at the end of the
    range."""
    i = np.arange(degree + 1)
    if triangular:
        moments = lambda k: 1 / (k + 1) - 1 / (k + 2)  # noqa: E731  # of u^k (1 - u)
    else:
        moments = lambda k: 1 / (k + 1)  # noqa: E731  # of u^k
    inverse = np.linalg.inv(moments(i[:, None] + i))
    bias = float((inverse @ moments(i + degree + 1))[derivative])
    # Integral of min(u, v) u^i v^j over the unit square.
    a, b = i[:, None], i[None, :]
    spread = (1 - 1 / (a + 2) - 1 / (b + 2) + 1 / (a + b + 3)) / ((a + 1) * (b + 1))
    return float((inverse @ spread @ inverse)[derivative, derivative]), bias


def _slope(x: Floats, width: float, side: int, degree: int, derivative: int) -> _Slope:
    """A derivative of the distribution function from one side, triangular weights.

    The variance sums what each value moves the estimate by: a value moves the distribution function
    at all values that are not smaller.
    """
    n = len(x)
    near = (x < 0) & (x >= -width) if side < 0 else (x >= 0) & (x <= width)
    t = x[near] / width
    design = np.vander(t, degree + 1, increasing=True)
    weighted = design * ((1 - np.abs(t)) / width / n)[:, None]
    inverse = np.linalg.inv(weighted.T @ design)
    scale = factorial(derivative) / width**derivative
    value = scale * float((inverse @ (weighted.T @ (np.flatnonzero(near) / (n - 1))))[derivative])
    moved = scale * (weighted[::-1].cumsum(0)[::-1] @ inverse[:, derivative])
    # Values before the window shift the level alone, those after it nothing.
    return _Slope(value, float(moved @ moved) / (n - 1) ** 2)


def _nearest(x: Floats, side: int) -> float:
    """Distance within which the least number of values lies on a side."""
    own = np.sort(np.abs(x[x < 0] if side < 0 else x[x >= 0]))
    return float(own[min(LEAST_SIDE + DEGREE + 2, len(own) - 1)])
