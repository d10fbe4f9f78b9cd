"""The law of Welch's t when units are dealt to the arms at random."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from kpilab.stats.distributions import norm
from kpilab.stats.experiments.permutation import Law, Values, dealt, imbalance, skewness
from kpilab.stats.experiments.readout import Looks, Reading, guarded, one_sided, read, unsure
from kpilab.stats.mean import Sample


def values(x, furthest=400):
    x = np.asarray(x, dtype=float)
    far = x[np.argsort(-np.abs(x))][:furthest]
    return Values(far, len(x), np.array([(x**k).sum() for k in range(1, 5)]))


def skewed(n=(900, 100), seed=1):
    y = np.exp(1.2 * np.random.default_rng(seed).standard_normal(sum(n)))
    return y[: n[0]], y[n[0] :]


def law_of(a, b, furthest=400):
    middle = np.concatenate([a, b]).mean()
    return dealt(values(a - middle, furthest), values(b - middle, furthest))


def welch(a, b):
    return (b.mean() - a.mean()) / np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def test_of_few_units_it_is_every_way_to_deal_them():
    x = np.array([0.0, 1, 2, 3, 5, 8, 13, 40, 41, 90])
    t = []
    for mine in combinations(range(10), 3):
        rest = [k for k in range(10) if k not in mine]
        t.append(welch(x[rest], x[list(mine)]))
    law = law_of(x[:7], x[7:])
    for z in (-1.5, -0.5, 0.5, 1.5):
        share = (np.array(t) <= law.t_of(z) + 1e-9).mean()
        assert share == pytest.approx(norm.cdf(z), abs=0.03)


@pytest.mark.parametrize("furthest", [400, 50])
def test_of_many_units_the_near_ones_move_together(furthest):
    a, b = skewed()
    x, rng, t = np.concatenate([a, b]), np.random.default_rng(2), []
    for _ in range(3000):
        rng.shuffle(x)
        t.append(welch(x[:900], x[900:]))
    law = law_of(a, b, furthest)
    ends = [law.t_of(z) for z in (-1.96, 1.96)]
    assert ends == pytest.approx(np.quantile(t, [0.025, 0.975]), abs=0.12)
    assert ends[0] < -2.4  # Student's would be -1.98: a small arm without big values looks sure
    assert ends[1] < 1.8


def test_even_arms_and_normal_values_are_students():
    rng = np.random.default_rng(3)
    law = law_of(*rng.normal(size=(2, 1000)))
    assert [law.t_of(z) for z in (-1.96, 1.96)] == pytest.approx([-1.96, 1.96], abs=0.06)
    assert imbalance(500, 500) == 0
    assert imbalance(900, 100) == -imbalance(100, 900)


def test_skewness_is_that_of_both_arms():
    a, b = skewed()
    x = np.concatenate([a, b])
    right = ((x - x.mean()) ** 3).mean() / x.std() ** 3
    assert skewness(values(a - 2), values(b - 2)) == pytest.approx(right)


def test_z_and_t_are_each_others_way_back():
    law = law_of(*skewed())
    for z in (-6, -3, -1, 0, 2.5, 3, 7):
        assert law.z_of(law.t_of(z)) == pytest.approx(z, abs=1e-6)
    assert law.z_of(60) - law.z_of(50) <= 10  # beyond the draws it grows no faster than t


@pytest.mark.parametrize("looks", [Looks(), Looks("pocock", (0.5, 1.0)), Looks("always valid")])
@pytest.mark.parametrize("better", [1, -1])
def test_p_intervals_and_chance_are_one(looks, better):
    for seed in range(6):
        a, b = skewed(seed=seed)
        b = b * (0.7 + 0.15 * seed)
        arms = [Sample.of_values(v) for v in (a, b)]
        how = Reading(looks, better=better)
        r = read(*arms, (0,), how=how, law=law_of(a, b))
        d = r.difference
        assert (d.p <= 0.05) == (not d.low < 0 < d.high)
        if r.lift.bounds == "interval":
            assert (d.p <= 0.05) == (not r.lift.low < 0 < r.lift.high)
        if looks == Looks():
            side = d.p / 2 if d.statistic * better < 0 else 1 - d.p / 2
            assert r.chance == pytest.approx(side, abs=1e-6)
            one = one_sided(
                read(*arms, (0,), how=Reading(level=0.9, better=better), law=law_of(a, b)), better
            )
            assert one.difference.p == pytest.approx(1 - r.chance, abs=1e-6)
        assert r.loss_ship >= 0 <= r.loss_keep


def test_a_guardrail_is_safe_by_the_same_law():
    a, b = skewed()
    arms = [Sample.of_values(v) for v in (a, b)]
    plain, own = (read(*arms, (0,), law=law) for law in (None, law_of(a, b)))
    safe = [guarded(r, 1e-9) for r in (plain, own)]
    assert safe[1] == pytest.approx(1 - own.chance, abs=1e-3)
    assert safe[0] != pytest.approx(safe[1], abs=1e-3)


def test_what_cannot_be_judged_keeps_its_estimate_alone():
    r = unsure(read(*[Sample.of_values(v) for v in skewed()], (0,)))
    assert np.isfinite([r.difference.effect, r.lift.value]).all()
    assert np.isnan([r.difference.p, r.difference.low, r.lift.high, r.chance]).all()


def test_a_law_rises():
    law = law_of(*skewed(n=(50, 20)))
    assert isinstance(law, Law)
    assert (np.diff(law.t) > 0).all()
