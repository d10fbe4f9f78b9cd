"""Published numbers of process control."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kpilab.stats.operations.control import constants, xbar
from kpilab.stats.operations.run_length import cusum, ewma, shewhart


@pytest.fixture
def case(shared):
    cases = json.loads((shared / "reference/statistics_cases.json").read_text())["cases"]
    return {c["id"]: c for c in cases if c["area"] == "process"}


def test_run_length_of_a_shewhart_chart(case):
    known = case["spc_shewhart3"]
    assert shewhart(known["input"]["L"], known["input"]["shift"]) == pytest.approx(
        known["expected"], abs=known["tol"]
    )


@pytest.mark.parametrize(
    "name",
    [
        "ewma_l20_L2962",
        "ewma_l10_L2814_shift1.0",
        "ewma_l05_L3071_shift2.0",
        "ewma_crowder_l05_0",
        "ewma_crowder_l05_0.5",
    ],
)
def test_run_length_of_an_ewma_chart(case, name):
    given = case[name]["input"]
    found = ewma(given["lam"], given["L"], given["shift"])
    assert found == pytest.approx(case[name]["expected"], abs=case[name]["tol"])


@pytest.mark.parametrize(
    "name",
    [
        "cusum_h5_k0.5_shift0",
        "cusum_h4_k0.5_shift0",
        "cusum_h4_k0.5_shift1",
        "cusum1_sasqc",
        "cusum1_brook_evans",
    ],
)
def test_run_length_of_a_cumulative_sum(case, name):
    given = case[name]["input"]
    found = cusum(given["h"], given["k"], given["shift"], two_sided=given["two_sided"])
    assert found == pytest.approx(case[name]["expected"], abs=case[name]["tol"])


@pytest.mark.parametrize("name", ["spc_constants", "imr_const"])
def test_chart_constants(case, name):
    found = constants(case[name]["input"]["n"])
    for key, value in case[name]["expected"].items():
        assert getattr(found, key) == pytest.approx(value, abs=case[name]["tol"])


def test_piston_rings(case, shared):
    known = case["qcc_pistonrings_xbar"]
    rings = pd.read_csv(shared / "datasets" / known["input"]["file"], sep=r"\s+")
    rings = rings[rings["trial"].astype(str).str.upper() == "TRUE"]
    samples = np.stack(rings.groupby("sample")["diameter"].apply(np.array).to_list())
    chart = xbar(samples)
    found = {
        "center": chart.centre[0],
        "sd": chart.sigma,
        "LCL": chart.low[0],
        "UCL": chart.high[0],
    }
    for key, value in known["expected"].items():
        assert found[key] == pytest.approx(value, abs=known["tol"])
