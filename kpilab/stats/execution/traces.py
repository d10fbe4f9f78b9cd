"""Claims against their traces: which claimants leave fewer traces than their claims explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpilab.stats.distributions import student

Floats = NDArray[np.float64]

TRIM, LEAST_KEPT, MOST_ROUNDS = 2.5, 2 / 3, 10


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums per claimant over records: N claimants, J traces.

    Attributes:
        records: number of records, N.
        claims, squares: sums of the claim and of its square, N.
        traces, cross: sums of each trace, and of trace times claim, N x J.
        products: sums of trace times trace, N x J x J.
    """

    records: Floats
    claims: Floats
    squares: Floats
    traces: Floats
    cross: Floats
    products: Floats

    def scatter(self, ratio: Floats) -> Floats:
        """Sums of residual products around `trace = ratio * claim`, N x J x J (`ratio`: N x J)."""
        across = ratio[:, :, None] * self.cross[:, None, :]
        own = ratio[:, :, None] * ratio[:, None, :] * self.squares[:, None, None]
        return self.products - across - across.transpose(0, 2, 1) + own


@dataclass(frozen=True, slots=True, eq=False)
class Deficit:
    """Share of each claimant's claims that has no traces.

    Attributes:
        share, error: estimate over all traces and its standard error, N.
        p: one-sided p-value of `share` > 0; `p_without`: the largest after leaving one trace out.
        expected: trace per claim expected of each claimant, N x J.
        ratio: trace per claim as found, N x J.
        drift: colleagues' ratio in the baseline, as a multiple of the current one, J.
        precision: of one unit of claim, per trace, J.
        df: degrees of freedom of the t distribution behind `p`.
    """

    share: Floats
    error: Floats
    p: Floats
    p_without: Floats
    expected: Floats
    ratio: Floats
    drift: Floats
    precision: Floats
    df: float


def deficit(current: Sums, baseline: Sums | None = None) -> Deficit:
    """Compare each claimant's traces per claim with the colleagues' and the own past.

    The expected ratio is the colleagues' one, moved towards the claimant's own ratio in the
    baseline as far as honest claimants are known to differ (empirical Bayes). The shortfalls of all
    traces are combined by generalised least squares with their covariance, and their spread over
    the claimants widens the errors (over-dispersion). Those who stand out are left out of the
    reference and the fit is repeated.

    References: Gelman et al. (2013), Bayesian Data Analysis, ch. 5 (partial pooling).
    """
    keep = current.claims > 0
    for _ in range(MOST_ROUNDS):
        fit = _Fit(current, baseline, keep)
        kept = _kept(fit.score(), current.claims > 0)
        if np.array_equal(kept, keep):
            break
        keep = kept
    fit = _Fit(current, baseline, keep)
    n = current.traces.shape[1]
    share, error, p = fit.test(np.arange(n))
    without = [fit.test(np.delete(np.arange(n), j))[2] for j in range(n)] if n > 1 else [p]
    return Deficit(
        share,
        error,
        p,
        np.max(without, axis=0),
        fit.expected,
        fit.found,
        fit.drift,
        fit.precision,
        fit.df,
    )


def onset(claims: Floats, traces: Floats, expected: Floats, precision: Floats) -> int:
    """Index of the day from which claims outrun their traces until the end (largest likelihood
    gain).

    Args:
        claims: per day, D. traces, expected: per day and trace (expected per unit of claim), D x J.
        precision: weight of each trace, J.
    """
    weights = precision / precision.sum()
    missing = claims - (traces / expected) @ weights
    tail, base = np.cumsum(missing[::-1])[::-1], np.cumsum(claims[::-1])[::-1]
    return int(np.argmax(np.sign(tail) * tail**2 / np.maximum(base, 1e-300)))


class _Fit:
    """One fit with the claimants `keep` as reference."""

    def __init__(self, current: Sums, baseline: Sums | None, keep: NDArray[np.bool_]) -> None:
        self.keep, self.df = keep, max(keep.sum() - 1.0, 1.0)
        self.found = _per(current.traces, current.claims)
        common = current.traces[keep].sum(0) / current.claims[keep].sum()
        noise = _noise([s for s in (current, baseline) if s is not None], keep)
        if baseline is None or baseline.claims[keep].sum() == 0:
            past, weight = np.zeros_like(self.found), np.zeros_like(self.found)
            spread, self.drift = (
                _spread(self.found / common - 1, current.claims, noise, keep),
                np.ones(len(common)),
            )
        else:
            before = baseline.traces[keep].sum(0) / baseline.claims[keep].sum()
            self.drift = before / common
            past = np.nan_to_num(_per(baseline.traces, baseline.claims) / before - 1)
            spread = _spread(past, baseline.claims, noise, keep & (baseline.claims > 0))
            claims = baseline.claims[:, None]
            weight = claims * spread / np.maximum(claims * spread + np.diagonal(noise), 1e-300)
        self.precision = 1 / np.maximum(np.diagonal(noise), 1e-12)
        self.expected = common * (1 + weight * past)
        self.short = 1 - self.found / self.expected
        sampling = noise / np.maximum(current.claims, 1e-300)[:, None, None]
        self.covariance = sampling + np.eye(len(spread)) * (spread * (1 - weight))[:, None, :]

    def combine(self, traces: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Share without traces and its error, from the chosen traces."""
        covariance = self.covariance[:, traces][:, :, traces]
        weights = np.linalg.pinv(covariance, hermitian=True).sum(2)
        # A negative weight would let one trace vouch for another: leave it out instead.
        weights = np.maximum(weights, 0)
        weights = weights / weights.sum(1, keepdims=True)
        share = (weights * self.short[:, traces]).sum(1)
        error = np.sqrt(np.einsum("ij,ijk,ik->i", weights, covariance, weights))
        return share, error

    def test(self, traces: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
        share, error = self.combine(traces)
        z = (share / error)[self.keep]
        error = error * np.sqrt(max(1.0, float(np.sum(z**2)) / self.df))
        return share, error, student.sf(share / error, self.df)

    def score(self) -> Floats:
        """Robust z of every claimant, for choosing the reference."""
        share, error = self.combine(np.arange(self.found.shape[1]))
        z = share / error
        centre = np.nanmedian(z)
        return (z - centre) / max(1.0, 1.4826 * float(np.nanmedian(np.abs(z - centre))))


def _per(traces: Floats, claims: Floats) -> Floats:
    return traces / np.where(claims > 0, claims, np.nan)[:, None]


def _noise(parts: list[Sums], keep: NDArray[np.bool_]) -> Floats:
    """Relative covariance of the traces of one unit of claim, pooled over claimants and periods,
    J x J."""
    total, claims, freedom, records = 0.0, 0.0, 0.0, 0.0
    for sums in parts:
        mean = sums.traces[keep].sum(0) / max(sums.claims[keep].sum(), 1e-300)
        enough = bool((sums.records[keep] > 1).any())
        own = np.where(enough, _per(sums.traces, sums.claims), mean)
        scatter = sums.scatter(np.nan_to_num(own))[keep].sum(0)
        total = total + scatter / np.maximum(np.outer(mean, mean), 1e-300)
        claims += sums.claims[keep].sum()
        records += sums.records[keep].sum()
        freedom += sums.records[keep].sum() - (keep.sum() if enough else 1)
    return np.asarray(total) / claims * records / max(freedom, 1.0)


def _spread(x: Floats, claims: Floats, noise: Floats, keep: NDArray[np.bool_]) -> Floats:
    """Variance of the honest ratios between claimants beyond noise (moments, never negative), J."""
    w, x = claims[keep][:, None], x[keep]
    if len(x) < 3:
        return np.zeros(x.shape[1])
    excess = (w * (x - (w * x).sum(0) / w.sum()) ** 2).sum(0) - (len(x) - 1) * np.diagonal(noise)
    return np.maximum(excess / (w.sum() - (w**2).sum() / w.sum()), 0.0)


def _kept(score: Floats, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Claimants that serve as reference: not far below the others, at least two thirds of all."""
    score = np.where(known & ~np.isnan(score), score, np.inf)
    limit = np.sort(score)[max(int(np.ceil(LEAST_KEPT * known.sum())) - 1, 0)]
    return known & (score <= max(TRIM, float(limit)))
