"""Time until something happens, held to published figures and to another tool."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.stats.customers.survival import curve, logrank


def counted(time: pd.Series, event: pd.Series, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Events and last sights by step."""
    found = [np.bincount(time[event == e].astype(int), minlength=steps) for e in (1, 0)]
    return found[0].astype(float), found[1].astype(float)


def drawn(seed: int, n: int = 200) -> pd.DataFrame:
    noise = np.random.default_rng(seed)
    life, watched = noise.integers(1, 40, n), noise.integers(1, 60, n)
    group = noise.integers(0, 3, n)
    return pd.DataFrame({"T": np.minimum(life, watched), "E": life <= watched, "g": group})


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_and_the_test_are_those_of_statsmodels(seed):
    from statsmodels.duration.survfunc import SurvfuncRight, survdiff

    rows = drawn(seed)
    found = curve(*counted(rows["T"], rows["E"], 60), 0.95)
    peer = SurvfuncRight(rows["T"], rows["E"])
    at = peer.surv_times.astype(int)
    np.testing.assert_allclose(1 - found.rate[at], peer.surv_prob, atol=1e-12)
    np.testing.assert_allclose(found.risk[at], peer.n_risk)
    parts = [curve(*counted(p["T"], p["E"], 60), 0.95) for _, p in rows.groupby("g")]
    events = np.array([counted(p["T"], p["E"], 60)[0] for _, p in rows.groupby("g")])
    told = logrank(events, np.array([p.risk for p in parts]))
    assert told == pytest.approx(survdiff(rows["T"], rows["E"], rows["g"]))


def test_the_interval_covers_where_it_happened_to_nobody_and_to_all():
    none = curve(np.zeros(4), np.array([0.0, 0, 0, 10]), 0.95)
    assert (none.rate == 0).all()
    assert (none.high[:3] == none.high[0]).all()
    assert 0.2 < none.high[0] < 0.35
    every = curve(np.array([2.0, 8.0]), np.zeros(2), 0.95)
    assert every.rate[-1] == 1
    assert every.low[-1] < 1


def test_what_nobody_saw_is_not_known():
    found = curve(np.array([1.0, 0, 0]), np.array([0.0, 3, 0]), 0.95)
    assert np.isnan(found.rate[-1])
    assert np.isnan(found.when(0.5)[0])


def test_waltons_flies_are_those_of_the_book(shared):
    # lifelines' documentation: median 56 days, log-rank 122.25.
    rows = pd.read_csv(shared / "datasets/survival_waltons.csv")
    parts = {g: counted(p["T"], p["E"], 80) for g, p in rows.groupby("group")}
    drawn = {g: curve(*p, 0.95) for g, p in parts.items()}
    assert curve(*counted(rows["T"], rows["E"], 80), 0.95).when(0.5)[0] == 56
    assert drawn["control"].when(0.5)[0] == 58
    assert drawn["miR-137"].when(0.5)[0] == 26
    told = logrank(np.array([p[0] for p in parts.values()]),
                   np.array([c.risk for c in drawn.values()]))  # fmt: skip
    assert told[0] == pytest.approx(122.25, abs=0.005)
