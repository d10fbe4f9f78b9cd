"""Shares of uneven arms: each tail holds what it promises, and the interval is the test's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from kpilab.stats.experiments.proportion_difference import miettinen_nurminen, score_z


def tails(p, na, nb):
    """Chance of z below -1.96 and above 1.96 where both arms have the share p: every outcome."""
    found = {-1: 0.0, 1: 0.0}
    ends = [int(binom.ppf(1 - 1e-6, n, p)) + 1 for n in (na, nb)]
    for a in range(ends[0]):
        for b in range(ends[1]):
            z = score_z(a, na, b, nb) if a + b else 0.0
            if abs(z) > 1.96:
                found[int(np.sign(z))] += binom.pmf(a, na, p) * binom.pmf(b, nb, p)
    return found[-1], found[1]


@pytest.mark.parametrize(("na", "nb"), [(4750, 250), (250, 4750)])
@pytest.mark.parametrize("p", [0.0005, 0.002])
def test_a_rare_share_of_uneven_arms_alarms_no_more_than_promised(na, nb, p):
    below, above = tails(p, na, nb)
    assert max(below, above) <= 0.033
    assert below + above <= 0.056


@pytest.mark.parametrize("counts", [(18, 1800, 6, 200), (9, 200, 20, 1800), (40, 3600, 0, 400)])
def test_the_interval_is_every_margin_that_is_not_rejected(counts):
    low, high = miettinen_nurminen(*counts)
    assert score_z(*counts, low) == pytest.approx(1.959964, abs=1e-4)
    assert score_z(*counts, high) == pytest.approx(-1.959964, abs=1e-4)
    inside = np.linspace(low, high, 9)[1:-1]
    z = [score_z(*counts, m) for m in inside]
    assert (np.diff(z) < 0).all()


def test_mirrored_outcomes_have_mirrored_z():
    assert score_z(1790, 1800, 194, 200) == pytest.approx(-score_z(10, 1800, 6, 200))
    assert score_z(6, 200, 10, 1800) == pytest.approx(-score_z(10, 1800, 6, 200))
