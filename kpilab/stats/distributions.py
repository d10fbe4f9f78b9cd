"""The laws tests are read from: the same figures as `scipy.stats`, which takes a second to load.

All methods take numbers or arrays that broadcast: `cdf` and `sf` the chance up to and beyond a
value (0-1), `ppf` and `isf` the value with that chance below and above it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special


class _Normal:
    """The standard normal law."""

    def pdf(self, x: Any) -> Any:
        return np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)

    def cdf(self, x: Any) -> Any:
        return special.ndtr(x)

    def sf(self, x: Any) -> Any:
        return special.ndtr(-np.asarray(x))

    def ppf(self, chance: Any) -> Any:
        return special.ndtri(chance)

    def isf(self, chance: Any) -> Any:
        return -special.ndtri(chance)


class _Student:
    """Student's t with `df` degrees of freedom."""

    def sf(self, x: Any, df: Any) -> Any:
        return special.stdtr(df, -np.asarray(x))

    def ppf(self, chance: Any, df: Any) -> Any:
        return special.stdtrit(df, chance)

    def isf(self, chance: Any, df: Any) -> Any:
        return -special.stdtrit(df, chance)


class _ChiSquare:
    """Chi-square with `df` degrees of freedom."""

    def cdf(self, x: Any, df: Any) -> Any:
        return special.chdtr(df, np.maximum(x, 0))

    def sf(self, x: Any, df: Any) -> Any:
        return special.chdtrc(df, np.maximum(x, 0))

    def ppf(self, chance: Any, df: Any) -> Any:
        return 2 * special.gammaincinv(np.asarray(df) / 2, chance)

    def isf(self, chance: Any, df: Any) -> Any:
        return special.chdtri(df, chance)


class _VarianceRatio:
    """Fisher's F with `above` and `below` degrees of freedom."""

    def sf(self, x: Any, above: Any, below: Any) -> Any:
        return special.fdtrc(above, below, np.maximum(x, 0))


class _Poisson:
    """Counts with the mean `mean`."""

    def cdf(self, k: Any, mean: Any) -> Any:
        return special.pdtr(np.floor(k), mean)


class _NegativeBinomial:
    """Failures before success number `size`, each trial a success with this chance."""

    def cdf(self, k: Any, size: Any, chance: Any) -> Any:
        return special.betainc(size, np.floor(k) + 1, chance)


class _Binomial:
    """Successes in `n` trials, each with this chance."""

    def cdf(self, k: Any, n: Any, chance: Any) -> Any:
        return special.bdtr(np.floor(k), n, chance)


class _Beta:
    """The beta law of a share."""

    def ppf(self, chance: Any, a: Any, b: Any) -> Any:
        return special.betaincinv(a, b, chance)


norm, student, chi2, variance_ratio = _Normal(), _Student(), _ChiSquare(), _VarianceRatio()
poisson, negative_binomial, binomial, beta = _Poisson(), _NegativeBinomial(), _Binomial(), _Beta()
