"""What a few lines of ours give is what statsmodels gives, whose import alone takes a second."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from kpilab.stats.multiplicity import benjamini_hochberg, holm
from kpilab.stats.proportion import wilson

P = np.random.default_rng(1).beta(0.4, 1.0, 40).round(3)  # with ties


@pytest.mark.parametrize(("ours", "theirs"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_corrected_p_values(ours, theirs):
    assert ours(P) == pytest.approx(multipletests(P, method=theirs)[1], rel=1e-12)


def test_wilson_intervals():
    k, n = np.array([0, 1, 17, 50, 50]), np.array([5, 40, 50, 50, 1000])
    low, high = wilson(k, n, 0.9)
    assert np.array([low, high]) == pytest.approx(
        np.array(proportion_confint(k, n, alpha=0.1, method="wilson")), abs=1e-12
    )
