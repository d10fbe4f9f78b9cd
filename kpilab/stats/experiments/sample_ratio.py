"""Sample ratio: did as many units arrive in each variant as the split promised?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import comb, gammaln

from kpilab.stats.distributions import chi2
from kpilab.stats.tail import critical

Array = NDArray[np.float64]
# Fewer units expected in an arm are tested exactly, where they can fall in no more ways than that.
FEW, MOST_WAYS = 50, 5000


@dataclass(frozen=True, slots=True)
class RatioTest:
    """Chi-square of counts against declared shares."""

    statistic: float
    p: float


def sample_ratio(counts: ArrayLike, shares: ArrayLike) -> RatioTest:
    """Test of the counts per variant against the declared shares (which are scaled to sum to 1).

    Few units are tested exactly: every way that they could have fallen and that is no likelier than
    what was seen counts against the split. Many by chi-square.

    Example:
        >>> round(sample_ratio([821588, 815482], [0.5, 0.5]).p, 8)
        1.82e-06
    """
    n, share = np.asarray(counts, dtype=float), np.asarray(shares, dtype=float)
    expected = n.sum() * share / share.sum()
    if not n.sum():
        return RatioTest(float("nan"), float("nan"))
    statistic = float(((n - expected) ** 2 / expected).sum())
    ways = comb(n.sum() + len(n) - 1, len(n) - 1)
    if len(n) > 1 and expected.min() < FEW and ways <= MOST_WAYS:
        return RatioTest(statistic, _exact(n, share / share.sum()))
    return RatioTest(statistic, float(chi2.sf(statistic, len(n) - 1)))


def _exact(n: Array, share: Array) -> float:
    """Chance of counts no likelier than these."""
    ways = np.arange(int(n.sum()) + 1)[:, None]
    for _arm in range(len(n) - 2):
        left = int(n.sum()) - ways.sum(axis=1)
        more = np.concatenate([np.arange(k + 1) for k in left])
        ways = np.column_stack([np.repeat(ways, left + 1, axis=0), more])
    ways = np.column_stack([ways, n.sum() - ways.sum(axis=1)])
    log = gammaln(n.sum() + 1) - gammaln(ways + 1).sum(axis=1) + ways @ np.log(share)
    seen = gammaln(n.sum() + 1) - gammaln(n + 1).sum() + n @ np.log(share)
    return float(min(np.exp(log[log <= seen + 1e-9]).sum(), 1.0))


def ratios(
    control: ArrayLike, treatment: ArrayLike, shares: tuple[float, float], level: float = 0.95
) -> Array:
    """Treatment to control per row of counts, 1 = as declared, with its interval; columns ratio,
    low, high."""
    a, b = np.asarray(control, dtype=float), np.asarray(treatment, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = b / shares[1] / (a / shares[0])
        spread = np.exp(critical(level) * np.sqrt(1 / a + 1 / b))
        return np.column_stack([ratio, ratio / spread, ratio * spread])


def sequential_ratio(
    daily: ArrayLike, shares: ArrayLike, concentration: float = 10_000.0
) -> NDArray[np.float64]:
    """p-values that stay valid however often they are looked at, one per day.

    A Dirichlet-multinomial Bayes factor of "some other split" against the declared one; its
    inverse, at its running minimum, is an always-valid p-value.

    Args:
        daily: one row per day, one column per variant, units that arrived that day.
        shares: declared shares.
        concentration: weight of the prior around the declared split (larger: smaller deviations
            expected).

    References: Lindon & Malek (2022), Anytime-valid inference for multinomial count data.
    """
    total = np.cumsum(np.asarray(daily, dtype=float), axis=0)
    share = np.asarray(shares, dtype=float) / np.sum(shares)
    prior = concentration * share
    n = total.sum(axis=1)
    log_factor = (
        gammaln(prior.sum())
        - gammaln(prior.sum() + n)
        + (gammaln(prior + total) - gammaln(prior)).sum(axis=1)
        - (total * np.log(share)).sum(axis=1)
    )
    return np.minimum.accumulate(np.minimum(np.exp(-log_factor), 1.0))
