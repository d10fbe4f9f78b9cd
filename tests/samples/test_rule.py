"""The benchmark's scoring rule agrees with the published one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from kpilab.samples.harmless import HARMLESS
from kpilab.samples.kinds import KINDS as KINDS_PLANTED

KINDS = ("untracked_leak", "mix_shift", "fabricated_execution", "ab_srm")
DAYS = (["2025-03-31", "2025-04-27"], ["2025-04-10", "2025-04-27"], ["2025-03-01", "2025-03-20"])


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def benchmark():
    return loaded(Path(__file__).parents[2] / "benchmarks" / "verdict.py")


def cause(rng):
    """A planted or stated cause with parts drawn from few values, so that they often agree."""
    return {
        "kind": str(rng.choice(KINDS)),
        "subject": str(rng.choice(["a", "b"])),
        "where": {k: v for k, v in (("x", "1"), ("y", "2")) if rng.random() < 0.5},
        "actors": [name for name in ("p", "q") if rng.random() < 0.5],
        "period": DAYS[int(rng.integers(3))],
        "effect_pct": float(rng.choice([-20.0, -12.0, -2.0])),
        "confidence": float(rng.choice([0.4, 0.6, 0.95])),
    }


def test_agrees_with_the_published_rule_on_random_reviews(shared, benchmark):
    published = loaded(shared / "cases" / "score.py")
    rng = np.random.default_rng(4)
    for _ in range(2000):
        wanted = [cause(rng) for _ in range(rng.integers(0, 3))]
        stated = [cause(rng) for _ in range(rng.integers(0, 6))]
        mine, theirs = benchmark.judge(wanted, stated), published.score(wanted, stated)
        assert {k: mine[k] for k in theirs} == pytest.approx(theirs)


def test_silence_is_right_when_nothing_is_wrong(benchmark):
    assert benchmark.judge([], [])["score"] == 1.0


def test_every_fourth_world_has_nothing_wrong_and_all_kinds_take_their_turn(benchmark):
    names = [benchmark.name_of(k) for k in range(64)]
    assert sum(name in HARMLESS for name in names) == 16
    assert set(names) == {*KINDS_PLANTED, *HARMLESS, "two_causes"}
