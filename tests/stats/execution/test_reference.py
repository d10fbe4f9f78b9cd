"""Published numbers of audit sampling, exact intervals and Benford's law."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from kpilab.stats.execution.audit import clopper_pearson, sample_size, upper_bound
from kpilab.stats.execution.digits import benford_counts, benford_shares
from kpilab.stats.execution.jump import density_jump
from kpilab.stats.proportion import wilson
from tests.conftest import DATA


@pytest.fixture(scope="module")
def cases():
    found = json.loads((DATA / "statistics_cases.json").read_text("utf-8"))["cases"]
    return {c["id"]: c for c in found if c["area"] == "execution"}


def chosen(cases, prefix):
    return [c for name, c in cases.items() if name.startswith(prefix)]


def test_sample_sizes(cases):
    for case in chosen(cases, "audit_n_"):
        given = case["input"]
        size = sample_size(given["tolerable"], given["risk"], given["allowed_deviations"])
        assert abs(size - case["expected"]) <= case["tol"], case["id"]


def test_sample_sizes_of_finite_populations(cases):
    for case in chosen(cases, "finite_"):
        given = case["input"]
        size = sample_size(given["prevalence"], 1 - given["conf"], 0, given["N"])
        assert abs(size - case["expected"]) <= case["tol"], case["id"]


def test_upper_bounds(cases):
    # The published table is rounded up to a tenth of a percent.
    for case in chosen(cases, "audit_upper_"):
        given = case["input"]
        bound = 100 * upper_bound(given["deviations"], given["n"], given["risk"])
        assert abs(bound - case["expected"]) <= case["tol"], case["id"]


@pytest.mark.parametrize(("prefix", "interval"), [("cp_", clopper_pearson), ("wilson_", wilson)])
def test_intervals(cases, prefix, interval):
    for case in chosen(cases, prefix):
        given = case["input"]
        ends = np.array(interval(given["x"], given["n"], given["conf"]))
        assert np.allclose(ends, case["expected"], atol=case["tol"]), case["id"]


def test_benford(cases, shared):
    assert np.allclose(benford_shares(1), cases["benford_expected_d1"]["expected"], atol=6e-6)
    critical = cases["benford_crit"]
    assert np.allclose(
        chi2.isf(critical["input"]["alpha"], critical["input"]["df"]),
        critical["expected"],
        atol=1e-3,
    )
    frame = pd.read_csv(shared / "datasets" / cases["benford_corporate_mad"]["input"]["file"])
    found = benford_counts(frame.iloc[:, 1], 2)
    expected = cases["benford_corporate_mad"]["expected"]
    assert found.values == expected["n"]
    assert found.deviation == pytest.approx(expected["mad"], abs=1e-8)
    case = cases["benford_corporate_chi2"]
    assert found.chi2 == pytest.approx(case["expected"]["chi2"], abs=case["tol"])


def test_density_jump(cases, shared):
    case = cases["rddensity_senate_default"]
    margin = pd.read_csv(shared / "datasets" / case["input"]["file"])["margin"].dropna()
    found = density_jump(margin, case["input"]["cutoff"])
    assert found is not None
    ends = {"T": found.z, "p": found.p, "h_left": found.width_left, "h_right": found.width_right}
    assert ends == pytest.approx(case["expected"], abs=case["tol"])


def test_every_published_case_has_a_test(cases):
    tested = (
        "audit_n_",
        "finite_",
        "audit_upper_",
        "cp_",
        "wilson_",
        "iso2859_",  # acceptance plans: no question of ours
        "benford_",
        "rddensity_",
    )
    assert [name for name in cases if not name.startswith(tested)] == []
