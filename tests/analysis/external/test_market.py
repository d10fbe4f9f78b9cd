"""Is it us, or everybody?"""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
import yaml

from kpilab.analysis.external.market import market
from kpilab.core.table import Benchmark
from kpilab.core.values import Period
from kpilab.errors import BadInput
from kpilab.show import say

BASE = Period(date(2025, 3, 3), date(2025, 3, 30))
NOW = Period(date(2025, 3, 31), date(2025, 4, 27))


def world(seed=1, shock=0.0, ours=0.0, rho=0.6, beta=1.0, weeks=60):
    rng = np.random.default_rng(seed)
    factor = np.zeros(weeks)
    for t in range(1, weeks):
        factor[t] = rho * factor[t - 1] + rng.normal(0, 0.012)
    factor[-4:] += np.log1p(shock)
    frame = pd.DataFrame(
        index=pd.date_range(end="2025-04-21", periods=weeks, freq="7D", name="date")
    )
    for name, noise in {"index": 0.008, "a": 0.02, "b": 0.02}.items():
        frame[name] = 100 * np.exp(factor + rng.normal(0, noise, weeks))
    own = beta * factor + rng.normal(0, 0.015, weeks)
    own[-4:] += np.log1p(ours)
    frame["own"] = 100 * np.exp(own)
    return frame.reset_index().melt("date", var_name="series", value_name="value")


def test_a_market_that_fell_is_found_with_its_size():
    result = market(world(shock=-0.18), baseline=BASE, current=NOW, own="own")
    assert result.cause == "market"
    assert result.market.low < -0.18 < result.market.high
    assert result.share.low < 1 < result.share.high


def test_our_own_fall_is_not_the_markets():
    result = market(world(ours=-0.15), baseline=BASE, current=NOW, own="own")
    assert result.cause == "own"
    assert result.remainder.low < -0.15 < result.remainder.high
    assert result.market_p > 0.05


def test_both_are_told_apart():
    result = market(world(shock=-0.2, ours=-0.25), baseline=BASE, current=NOW, own="own")
    assert result.cause == "both"
    assert result.explained.value == pytest.approx(-0.2, abs=0.08)


@pytest.mark.slow
@pytest.mark.parametrize("rho", [0.0, 0.7, 1.0])
def test_a_quiet_market_is_called_quiet(rho):
    p = np.array(
        [
            market(world(s, rho=rho), baseline=BASE, current=NOW, own="own").market_p
            for s in range(120)
        ]
    )
    assert np.mean(p < 0.05) <= 0.11  # nominal 5 %; 120 draws: three standard errors


@pytest.mark.slow
def test_beta_is_estimated_not_assumed():
    betas = [
        market(world(s, beta=1.8), baseline=BASE, current=NOW, own="own").beta_history
        for s in range(60)
    ]
    assert np.median([b.value for b in betas]) == pytest.approx(1.8, abs=0.15)
    assert (
        np.mean([b.low < 1.8 < b.high for b in betas]) >= 0.86
    )  # nominal 95 %, three standard errors


def test_row_order_and_scale_change_nothing():
    frame = world(shock=-0.1)
    one = market(frame, baseline=BASE, current=NOW, own="own")
    other = market(
        frame.sample(frac=1, random_state=3).assign(value=lambda f: 7 * f["value"]),
        baseline=BASE,
        current=NOW,
        own="own",
    )
    assert other.market.value == pytest.approx(one.market.value, rel=1e-9)
    assert other.remainder_p == pytest.approx(one.remainder_p, rel=1e-9)


def test_a_peer_that_ends_early_is_left_out_and_named():
    frame = world()
    frame = frame[~((frame["series"] == "a") & (frame["date"] > "2025-04-08"))]
    result = market(frame, baseline=BASE, current=NOW, own="own")
    assert set(result.table["series"]) == {"own", "market", "remainder", "index", "b"}
    assert "a" in say(result.notes[0], "en")


def test_a_benchmark_that_ends_before_the_current_period_is_an_error():
    frame = world()
    frame = frame[(frame["series"] == "own") | (frame["date"] < "2025-04-10")]
    with pytest.raises(BadInput, match="does not cover both periods"):
        market(frame, baseline=BASE, current=NOW, own="own")


def test_a_short_history_is_said_and_nothing_is_tested():
    result = market(world(weeks=12), baseline=BASE, current=NOW, own="own")
    assert result.cause == "unclear"
    assert np.isnan(result.market_p)
    assert result.market.low is None


def test_faults_are_named():
    with pytest.raises(BadInput, match="no series named"):
        market(world(), baseline=BASE, current=NOW, own="ours")
    with pytest.raises(BadInput, match="two values"):
        market(pd.concat([world(), world()]), baseline=BASE, current=NOW, own="own")
    with pytest.raises(BadInput, match="no date of the benchmark"):
        market(
            world(), baseline=BASE, current=Period(date(2026, 1, 1), date(2026, 1, 9)), own="own"
        )


def test_the_development_cases(shared):
    for folder in sorted((shared / "cases").glob("s*/")):
        truth = json.loads((shared / "cases/truth" / f"{folder.name}.json").read_text())
        case = yaml.safe_load((folder / "case.yml").read_text())
        periods = {k: Period(*map(date.fromisoformat, v)) for k, v in case["periods"].items()}
        role = case["tables"]["market"]
        table = Benchmark(
            folder / role["source"], time=role["time"], own=role["own"], peers=tuple(role["peers"])
        )
        result = market(table, baseline=periods["baseline"], current=periods["current"])
        planted = [c["effect_pct"] for c in truth["causes"] if c["kind"] == "external_decline"]
        assert (result.market_p < 0.01) == bool(planted), folder.name
        if planted:
            assert 100 * result.market.value == pytest.approx(planted[0], abs=3)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_says_so(lang):
    assert "%" in say(
        market(world(shock=-0.2), baseline=BASE, current=NOW, own="own").headline, lang
    )


@pytest.mark.parametrize("gone", [np.inf, np.nan])
def test_a_missing_or_infinite_value_is_a_gap(gone):
    frame = world(shock=-0.18)
    holed = frame.assign(value=frame["value"].where(frame.index != 5, gone))
    result = market(holed, baseline=BASE, current=NOW, own="own")
    assert np.isfinite(result.table["change"]).all()
    assert result.market.value == pytest.approx(
        market(frame, baseline=BASE, current=NOW, own="own").market.value, abs=0.02
    )


@pytest.mark.parametrize(
    "as_",
    [
        lambda t: t.dt.date,
        lambda t: t.dt.tz_localize("Asia/Shanghai"),
        lambda t: t.dt.to_period("W"),
        lambda t: t.astype(str),
    ],
)
def test_types_of_dates_do_not_matter(as_):
    frame = world(shock=-0.18)
    one = market(frame, baseline=BASE, current=NOW, own="own")
    assert (
        market(frame.assign(date=as_(frame["date"])), baseline=BASE, current=NOW, own="own").market
        == one.market
    )
    numbered = frame.assign(series=frame["series"].map({"own": 1, "index": 2, "a": 3, "b": 4}))
    assert market(numbered, baseline=BASE, current=NOW, own=1).market.value == pytest.approx(
        one.market.value
    )


YEARS = pd.date_range("2024-01-01", periods=104, freq="7D")
QUARTERS = {
    "baseline": Period(date(2025, 6, 30), date(2025, 9, 28)),
    "current": Period(date(2025, 9, 29), date(2025, 12, 28)),
}


def wandering(seed, odd=None, shock=-0.15, peers=4):
    """A market that everybody follows, all fallen in the last quarter, and an odd peer."""
    rng = np.random.default_rng(seed)
    factor = np.cumsum(rng.normal(0, 0.01, 104))
    factor[-13:] += shock
    names = ["own", *(f"p{k}" for k in range(peers))]
    logs = pd.DataFrame({n: factor + rng.normal(0, 0.01, 104) for n in names}, YEARS)
    if odd == "stuck":
        logs["odd"] = 0.1
    elif odd == "stuck of late":
        logs["odd"] = (factor + rng.normal(0, 0.01, 104))[np.minimum(np.arange(104), 70)]
    elif odd == "calm":
        logs["odd"] = 0.4 * factor + rng.normal(0, 0.002, 104)
    elif odd == "hit":
        logs.loc[logs.index[-13:], "p0"] -= 0.4
    frame = np.exp(4 + logs).rename_axis("date").reset_index()
    return frame.melt("date", var_name="series", value_name="value")


@pytest.mark.few(2)
@pytest.mark.parametrize("odd", [None, "stuck", "stuck of late", "calm", "hit"])
def test_one_odd_peer_makes_no_market_and_hides_none(odd):
    fallen = [market(wandering(s, odd), own="own", **QUARTERS).cause for s in range(3)]
    assert fallen == ["market"] * 3
    calm = [market(wandering(s, odd, shock=0.0), own="own", **QUARTERS).cause for s in range(6)]
    assert calm.count("neither") >= 5


def test_a_peer_hit_alone_is_left_out_of_three():
    result = market(wandering(1, "hit", peers=3), own="own", **QUARTERS)
    assert result.cause == "market"
    assert [n.key for n in result.notes] == ["market.hit_alone"]


def test_one_peer_alone_is_said():
    causes = []
    for seed in range(8):
        result = market(wandering(seed, peers=1), own="own", **QUARTERS)
        assert [n.key for n in result.notes] == ["market.one_peer"]
        causes.append(result.cause)
    assert causes.count("market") >= 6


def test_our_own_series_is_no_peer_of_itself():
    frame = wandering(1, peers=2)
    copy = frame[frame["series"] == "own"].assign(series="copy", value=lambda f: 1000 * f["value"])
    plain, with_copy = (market(f, own="own", **QUARTERS) for f in (frame, pd.concat([frame, copy])))
    assert with_copy.market == plain.market
    assert [n.key for n in with_copy.notes] == ["market.copies"]
    alone = pd.concat([frame[frame["series"] == "own"], copy])
    with pytest.raises(BadInput, match="'copy' is our own series 'own' again"):
        market(alone, own="own", **QUARTERS)
