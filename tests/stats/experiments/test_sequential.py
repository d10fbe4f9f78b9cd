"""Boundaries and crossing chances against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.experiments.sequential import (
    constant,
    crossing,
    lan_demets,
    spending_p,
    uncorrected_p,
)


def test_lan_demets_obrien_fleming_of_five_looks():
    expected = [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]
    assert lan_demets([0.2, 0.4, 0.6, 0.8, 1.0]) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
def test_a_boundary_spends_exactly_its_error(spending):
    shares = [0.1, 0.35, 0.5, 0.9, 1.0]
    assert crossing(shares, lan_demets(shares, 0.95, spending)).sum() == pytest.approx(
        0.05, abs=1e-6
    )


def test_classic_constants_of_jennison_and_turnbull():
    assert constant(5, shape="pocock") == pytest.approx(2.413, abs=6e-4)
    assert constant(5) == pytest.approx(2.040, abs=6e-4)


def test_ten_uncorrected_looks_err_in_nineteen_percent():
    assert uncorrected_p(1.959964, np.arange(1, 11) / 10) == pytest.approx(0.193, abs=5e-4)


def test_one_look_needs_no_correction():
    assert uncorrected_p(1.959964, [1.0]) == pytest.approx(0.05, abs=1e-6)
    assert spending_p(1.959964, [1.0]) == pytest.approx(0.05, abs=1e-5)


def test_crossing_agrees_with_simulated_paths():
    shares, bound = np.array([0.25, 0.5, 0.75, 1.0]), np.full(4, 2.0)
    steps = np.random.default_rng(1).normal(size=(100_000, 4)) * np.sqrt(0.25)
    z = steps.cumsum(axis=1) / np.sqrt(shares)
    hit = (abs(z) >= bound).any(axis=1).mean()
    assert crossing(shares, bound).sum() == pytest.approx(hit, abs=0.003)
