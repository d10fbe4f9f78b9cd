"""The page of an experiment: health first, a row per variation, guardrails apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.trial import Outcome
from kpilab.show import bundle


@pytest.fixture(scope="module")
def result():
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"variant": np.resize(["A", "B", "<C>"], 600)})
    rows["x"] = rng.normal(10, 2, 600) + 2 * (rows["variant"] == "B")
    rows["slow"] = rng.normal(100, 20, 600)
    guard = Outcome("slow", role="guardrail", better="down", margin=0.1)
    return experiment(rows, metrics=["x", guard], control="A")


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("sample-ratio", "Ship B", "Guardrails", "What was done")),
     ("zh", ("样本比例", "上线 B", "护栏：", "处理方式"))],
)  # fmt: skip
def test_health_then_decision_then_metrics_then_guardrails_then_what_was_done(result, lang, words):
    html = bundle(result, lang)["text/html"]
    places = [html.index(word) for word in words]
    assert places == sorted(places)
    assert html.count("<tr>") == 2 + 4  # two heads, two metrics of two variations
    assert html.count("<svg width='160'") == 4
    assert (
        html.count("not shown to be worse, within 10" if lang == "en" else "没有证据表明变差") == 2
    )
    assert "&lt;C&gt;" in html
    assert "<C>" not in html.split("<svg class")[0]


def test_every_heading_has_words(result):
    assert "<th scope='col'></th>" not in bundle(result, "en")["text/html"]
