"""Uneven arms and a skewed metric: the interval leans, and where a few units carry it nothing is
judged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.trial import Design, Outcome, Units
from kpilab.show import say


def read(y, n, *metrics, **design):
    small, large = sorted(n)
    split = {v: k / (small + large) for v, k in zip("AB", n, strict=True)}
    rows = pd.DataFrame({"variant": np.repeat(["A", "B"], n), "y": y, "one": 1.0})
    rows["shop"] = np.arange(len(rows)) // 2
    return experiment(
        Units(rows), metrics=metrics or ["y"], control="A", design=Design(split=split, **design)
    )


def lucky(n, seed=2):
    return np.random.default_rng(seed).lognormal(0, 1.5, sum(n))


@pytest.mark.parametrize("n", [(1800, 200), (200, 1800)])
def test_the_interval_leans_and_the_note_says_so(n):
    row = (found := read(lucky(n), n)).table.iloc[0]
    reach = (row["effect"] - row["low"], row["high"] - row["effect"])
    assert (reach[1] > 1.4 * reach[0]) == (n[1] == 200)  # the small arm may have missed big values
    assert (reach[0] > 1.4 * reach[1]) == (n[0] == 200)
    side = row["p"] / 2
    assert min(row["chance"], 1 - row["chance"]) == pytest.approx(side, abs=1e-6)
    for lang, word in (("en", "lean to one side"), ("zh", "偏向一侧")):
        assert any(word in say(note, lang) for note in found.notes)


def test_a_metric_that_few_units_carry_costs_itself_only():
    n = (1800, 200)
    rng = np.random.default_rng(2)
    y = (rng.random(2000) < 0.02) * rng.lognormal(0, 1.5, 2000)
    found = read(y, n)
    row = found.table.iloc[0]
    assert (found.decision, found.reason) == ("continue", "unread")
    assert np.isfinite(row["effect"])
    assert np.isnan([row["p"], row["low"], row["high"], row["chance"]]).all()
    wanted = found.checks.set_index("check").loc["unread_skewed", "value"]
    assert wanted > 200
    said = [say(m, lang) for lang in ("en", "zh") for m in found.card]
    assert any("cannot be judged" in text for text in said)
    assert any("无法判断" in text for text in said)
    assert not any("nan" in text.lower() for text in said)
    found.chart().to_json()
    whole = read(y + rng.normal(0, 1, 2000), n, "y", Outcome("capped", "y", cap=0.98))
    assert np.isfinite(whole.table["p"]).all()


def test_even_arms_and_plain_metrics_ask_nothing_more():
    n = (1000, 1000)
    found = read(lucky(n), n)
    assert not any(note.key.endswith("uneven") for note in found.notes)


def test_clusters_ratios_and_strata_lean_too():
    n = (1800, 200)
    for metric, design in (
        (Outcome("r", "y", per="one"), {}), ("y", {"cluster": "shop"}), ("y", {"strata": "one"}),
    ):  # fmt: skip
        row = read(lucky(n), n, metric, **design).table.iloc[0]
        assert row["high"] - row["effect"] > 1.2 * (row["effect"] - row["low"])
