"""Winner's curse: what is left of an estimate that was picked because it was large."""

from __future__ import annotations

from scipy.optimize import brentq

from kpilab.stats.distributions import norm


def unselected(z: float, threshold: float) -> float:
    """The most likely true z-value behind an observed |z| that had to exceed `threshold` to be
    seen.

    Maximises the likelihood of a normal variable truncated to |z| > threshold; never changes sign.
    References: Zhong & Prentice (2008), Bias-reduced estimators after genome-wide scans.
    """
    size = abs(z)
    if size <= threshold:
        return 0.0
    if size > threshold + 6:
        return z

    def slope(mu: float) -> float:
        seen = norm.sf(threshold - mu) + norm.cdf(-threshold - mu)
        return float(size - mu - (norm.pdf(threshold - mu) - norm.pdf(threshold + mu)) / seen)

    if slope(0.0) <= 0:
        return 0.0
    # brentq without full_output returns a float
    root = float(brentq(slope, 0.0, size))  # type: ignore[arg-type]
    return root if z > 0 else -root
