"""Published and peers' numbers for relation and external variables."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.external.counterfactual import counterfactual
from kpilab.stats.external.structural import structural
from kpilab.stats.relation.breaks import sup_f
from kpilab.stats.relation.related import Question, relation_tests
from tests.conftest import DATA, few


@pytest.fixture
def case():
    cases = json.loads((DATA / "statistics_cases.json").read_text())["cases"]
    return {c["id"]: c for c in cases if c["area"] in ("relation", "external")}


@pytest.fixture
def smoking():
    return pd.read_csv(DATA / "california_prop99.csv", sep=";")


@pytest.mark.parametrize(
    ("method", "expected", "tolerance"),
    [
        ("did", -27.34911, 0.001),
        ("synthetic control", -19.61966, 0.1),
        ("synthetic did", -15.60383, 0.02),
    ],
)
def test_proposition_99(smoking, method, expected, tolerance):
    result = counterfactual(
        smoking,
        treated="California",
        since=1989,
        time="Year",
        unit="State",
        value="PacksPerCapita",
        method=method,
    )
    assert result.effect.value == pytest.approx(expected, abs=tolerance)
    assert result.false_positives <= 0.16  # 38 placebo states, nominal 5 %


def test_nile_break(case):
    nile = pytest.importorskip("statsmodels.api").datasets.nile.load_pandas().data
    found = sup_f(nile["volume"].to_numpy(), np.ones((100, 1)), trim=0.15)
    assert int(nile["year"].iloc[found.last]) == case["nile_break"]["expected"]["break_year"]
    assert found.sup == pytest.approx(case["nile_break"]["expected"]["supF"], abs=0.01)
    assert found.p < 0.001


def test_granger_newbold_are_fooled_and_we_are_not(case):
    rng = np.random.default_rng(1)
    x, y = np.cumsum(rng.standard_normal((2, 4000, 50)), axis=2)
    r = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)])
    t = r * np.sqrt(48 / (1 - r**2))
    assert np.mean(np.abs(t) > 2) == pytest.approx(case["granger_newbold"]["expected"], abs=0.02)
    assert np.mean(relation_tests(x, y, Question()).p < 0.05) < 0.06


@pytest.mark.parametrize("name", few(["arma", "basque", "volks"], 2))
def test_causal_impact(case, name):
    entry = case[f"causalimpact_{name}"]
    path = DATA / entry["input"]["file"]
    numbers = pd.read_csv(path, sep=" " if name == "volks" else ",").select_dtypes("number")
    if name == "arma":
        numbers = numbers[["y", "X"]]
        numbers.loc[70:, "y"] += 1
    before, expected = entry["input"]["pre_rows"], entry["expected"]
    y, x = numbers.iloc[:, 0].to_numpy(float), numbers.iloc[:, 1:].to_numpy(float)
    fit = structural(y, x, before, draws=4000)
    got = {"eff": fit.effect, "sd": fit.error, "lo": fit.effect_low, "hi": fit.effect_high}
    got["pred"] = float(fit.expected[before:].mean())
    assert got == {k: pytest.approx(expected.get(k, got[k]), abs=entry["tol"]) for k in got}
