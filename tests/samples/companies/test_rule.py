"""The scoring of company reviews agrees with the published rule, and with common sense."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

KINDS = ("volume_decline", "local_regression", "returns_rise", "duplicate_rows")


def loaded(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # benchmarks lie side by side
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


@pytest.fixture(scope="module")
def benchmark():
    return loaded(Path(__file__).parents[3] / "benchmarks" / "companies.py")


def cause(rng):
    """A stated cause with parts drawn from few values, so that they often agree."""
    return {
        "kind": str(rng.choice(KINDS)),
        "where": {k: v for k, v in (("x", "1"), ("t.y", ["2", "3"])) if rng.random() < 0.5},
        "effect_pct": float(rng.choice([-20.0, 2.0])),
        "confidence": float(rng.choice([0.4, 0.6, 0.95])),
        "effect": -3.0,
        "low": None,
        "high": None,
    }


def truth(rng):
    """One reason, or none."""
    kinds = [] if rng.random() < 0.3 else [str(k) for k in rng.choice(KINDS, 2)]
    family = "double_load" if kinds and rng.random() < 0.2 else "volume_place"
    places = [{"x": "1"}, {"y": "2"}, {"x": "1", "y": ["2", "3"]}, {}]
    where = [places[int(k)] for k in rng.choice(4, 2)]
    return {"family": family, "kinds": kinds, "where": where if kinds else [], "sign": -1}


def test_agrees_with_the_published_rule_on_random_reviews(shared, benchmark):
    published = loaded(shared / "companies" / "score.py")
    rng = np.random.default_rng(4)
    for _ in range(2000):
        want, causes = truth(rng), [cause(rng) for _ in range(rng.integers(0, 5))]
        theirs = published.one(want, {"causes": causes, "data_quality": []})[0]
        assert benchmark.judge(want, causes, [])["score"] == pytest.approx(max(0.0, theirs))


def found(kind, where, pct=-5.0):
    return {
        "kind": kind, "where": where, "effect_pct": pct, "confidence": 0.9,
        "effect": pct, "low": pct - 1, "high": pct + 1,
    }  # fmt: skip


def reason(kind, where, sign=-1, effect=-5.0):
    return {
        "family": kind, "kinds": [kind], "where": [where], "sign": sign, "effect": effect,
        "effect_baseline": 0.0,
    }  # fmt: skip


def test_each_of_two_reasons_is_met_by_its_own_cause(benchmark):
    want = {
        "family": "two",
        "reasons": [reason("volume_decline", {"x": "1"}), reason("stockout", {"y": "2"})],
    }
    both = [found("stockout", {"y": "2"}), found("volume_decline", {"x": "1"})]
    result = benchmark.judge(want, both, [])
    assert result["score"] == pytest.approx(1.0)
    assert [m["covered"] for m in result["met"]] == [1.0, 1.0]
    assert benchmark.judge(want, both[:1], [])["score"] == pytest.approx(0.5)


def test_a_rise_is_looked_for_among_the_gains_and_a_cause_beside_it_is_false(benchmark):
    want = {"family": "rise", "reasons": [reason("volume_decline", {"x": "1"}, 1, 5.0)]}
    gain = found("volume_decline", {"x": "1"}, 5.0)
    assert benchmark.judge(want, [], [gain])["score"] == pytest.approx(1.0)
    beside = benchmark.judge(want, [found("stockout", {"y": "2"})], [gain])
    assert beside["score"] == pytest.approx(0.85)
    assert beside["false"] == 1


def test_a_tolerated_kind_does_not_count_against_silence(benchmark):
    want = {"family": "n_market", "reasons": [], "tolerated": ["external_decline"]}
    assert benchmark.judge(want, [found("external_decline", {})], [])["score"] == 1.0
    assert benchmark.judge(want, [found("stockout", {})], [])["score"] == 0.5
