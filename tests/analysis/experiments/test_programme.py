"""A programme of tests: lucky wins shrink, honest ones stand, the hold-out has its say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.programme import programme
from kpilab.core.values import Effect
from kpilab.errors import BadInput
from kpilab.show import say


def rows_of(effects, error=0.01, **more):
    named = [f"t{k}" for k in range(len(effects))]
    return pd.DataFrame({"test": named, "effect": effects, "error": error} | more)


# Sixteen tests without a trace of an effect, and four that were stopped at two standard errors.
LUCKY = [0.004 * z for z in (-1.2, -0.9, -0.7, -0.5, -0.4, -0.3, -0.2, -0.1)] * 2 + [0.021] * 4
HONEST = [0.08, 0.1, 0.09, 0.12, 0.0, 0.01, -0.01, 0.07]


def test_lucky_wins_do_not_add_up():
    found = programme(rows_of(LUCKY))
    assert (found.wins, found.tests) == (4, 20)
    assert found.claimed.value == pytest.approx(4 * 0.021)
    assert found.overstated
    assert found.total.high < found.claimed.value
    assert found.table.loc[found.table["shipped"], "why"].eq("chance").all()
    for lang in ("en", "zh"):
        assert "4" in found.summary(lang)
        found.chart(lang).to_dict()


def test_honest_wins_stand():
    found = programme(rows_of(HONEST))
    assert not found.overstated
    assert found.total.value == pytest.approx(found.claimed.value, rel=0.05)
    assert found.total.low < found.claimed.value < found.total.high * 1.02
    assert found.table.loc[found.table["shipped"], "stands"].all()


def test_order_of_tests_and_scale_change_nothing():
    found, turned = programme(rows_of(LUCKY)), programme(rows_of(LUCKY[::-1]))
    scaled = programme(rows_of([10 * e for e in LUCKY], error=0.1))
    assert turned.total.value == pytest.approx(found.total.value)
    assert scaled.total.value == pytest.approx(10 * found.total.value)
    assert scaled.total.high == pytest.approx(10 * found.total.high)


def test_a_hold_out_that_shows_nothing_is_believed():
    held = Effect(0.02, -0.01, 0.05)
    found = programme(rows_of(HONEST), holdout=held)
    assert found.p_holdout < 1e-6
    assert found.overstated
    assert "+2.0 %" in say(found.headline)
    assert not programme(rows_of(HONEST), holdout=Effect(0.45, 0.42, 0.48)).overstated


def test_reach_direction_and_decisions_are_read():
    rows = rows_of(HONEST, reach=[0.5] * 8, better="down", shipped=[True] * 4 + [False] * 4)
    found = programme(rows.assign(effect=[-e for e in HONEST]))
    assert found.claimed.value == pytest.approx(0.5 * sum(HONEST[:4]))
    missed = found.table.set_index("test").loc["t7"]
    assert (missed["why"], bool(missed["stands"])) == ("missed", False)
    assert "not shipped" in say(found.log[7])


def test_metrics_that_move_together_across_tests():
    rng = np.random.default_rng(1)
    first = rng.normal(0, 0.03, 12)
    rows = [rows_of(e, metric=m) for e, m in ((first, "a"), (first * 2, "b"), (-first, "c"))]
    found = programme(pd.concat(rows)).correlations.set_index(["first", "second"])["correlation"]
    assert found.to_dict() == pytest.approx({("a", "b"): 1.0, ("a", "c"): -1.0, ("b", "c"): -1.0})


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (rows_of(HONEST).drop(columns="error"), "'error'"),
        (rows_of(HONEST, error=0.0), "no effect with an error above 0"),
        (rows_of(HONEST[:2]), "too few decided tests for a programme"),
    ],
)
def test_what_is_no_programme_is_refused(rows, what):
    with pytest.raises(BadInput, match=what):
        programme(rows)
