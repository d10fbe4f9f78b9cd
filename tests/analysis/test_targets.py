"""Shares of a target: they sum, nobody gets what he cannot reach; pace, bonus, claims, chains of KPIs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kpilab.analysis.claims import claims
from kpilab.analysis.incentives import Tier, incentives
from kpilab.analysis.levels import levels
from kpilab.analysis.pace import pace
from kpilab.analysis.targets import targets
from kpilab.core.case import Kpi, Metric
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.errors import BadInput
from kpilab.stats.allotment import allot

FIRST = pd.Timestamp("2026-01-05")
SIGNUPS = Metric("signups", "pos", measure="sum(n)")
VISITORS = Metric("visitors", "pos", measure="sum(visitors)")
LEVELS = ("region", "store", "clerk")


def pos(weeks=20, seed=0):
    rng = np.random.default_rng(seed)
    days = pd.date_range(FIRST, periods=7 * weeks, freq="D")
    rows = []
    for k, (region, store) in enumerate([("north", "N1"), ("north", "N2"), ("south", "S1")]):
        for clerk in ("a", "b"):
            n = rng.poisson(3 + 2 * k, len(days))
            part = pd.DataFrame({"date": days, "region": region, "store": store, "clerk": f"{store}{clerk}", "n": n})
            rows.append(part.assign(visitors=100 * (k + 1)))
    return Facts(pd.concat(rows, ignore_index=True), dimensions=LEVELS, name="pos")


def history(weeks=20):
    return Period(FIRST.date(), (FIRST + pd.Timedelta(7 * weeks - 1, "D")).date())


@settings(max_examples=300, deadline=None)
@given(
    some.integers(0, 10_000),
    some.lists(some.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-6),
    some.data(),
)
def test_shares_and_rest_are_the_total(total, weights, data):
    most = data.draw(some.none() | some.lists(some.floats(0, 5000), min_size=len(weights), max_size=len(weights)))
    shares, left = allot(total, weights, most)
    assert int(shares.sum()) + left == total
    assert (shares >= 0).all()
    assert most is None or all(s <= m for s, m in zip(shares, most, strict=True))
    takers = [k for k, w in enumerate(weights) if w > max(weights) * 1e-12]
    assert left == 0 or (most is not None and all(shares[k] + 1 > most[k] for k in takers))


@pytest.mark.parametrize("method", ["proportional", "history", "potential"])
def test_children_sum_to_their_parent(method):
    potential = Measured(pos(), VISITORS) if method == "potential" else None
    result = targets(
        Measured(pos(), SIGNUPS), 900, levels=LEVELS, period=history(), weeks=4, method=method, potential=potential
    )
    table = result.table
    assert table["target"].iloc[0] + result.open == 900
    for level, parent in zip(LEVELS, ("total", *LEVELS), strict=False):
        sums = table[table["level"] == level].groupby(table["path"].map(lambda p: p[:-1]))["target"].sum()
        above = table[table["level"] == parent].set_index("path")["target"]
        assert sums.to_dict() == above.to_dict()
    assert (table.loc[table["level"] == "clerk", "chance"] >= result.least - 1e-9).all()


def test_what_nobody_can_reach_stays_open():
    result = targets(Measured(pos(), SIGNUPS), 5000, levels=LEVELS, period=history(), weeks=4)
    assert result.open > 0
    assert result.headline.key == "targets.open"


def test_history_draws_a_lucky_unit_to_its_siblings():
    data = pos()
    names = {"levels": LEVELS, "period": history(), "weeks": 4}
    plain = targets(Measured(data, SIGNUPS), 800, method="proportional", **names).leaves["weight"]
    drawn = targets(Measured(data, SIGNUPS), 800, method="history", **names).leaves["weight"]
    assert drawn.std() <= plain.std()


def test_short_history_is_refused():
    with pytest.raises(BadInput, match="few full weeks"):
        targets(Measured(pos(), SIGNUPS), 100, levels=LEVELS, period=history(6), weeks=4)


def test_pace_and_bonus():
    data = pos(22)
    period = Period((FIRST + pd.Timedelta(140, "D")).date(), (FIRST + pd.Timedelta(167, "D")).date())
    goal = {"N1": 100, "N2": 280, "S1": 700}
    result = pace(Measured(data, SIGNUPS), goal, by="store", period=period)
    standing = result.table.set_index("unit")["standing"]
    assert standing.to_dict() == {"N1": "ahead", "N2": "open", "S1": "behind"}
    bonus = incentives(result.table, tiers=(Tier("reach", 1.0, 100), Tier("excel", 1.1, 200)), budget=1e9)
    rows = bonus.table.set_index("unit")
    assert rows["marginal"].idxmax() == "N2"
    assert not rows.loc[["N1", "S1"], "moved"].any()
    assert bonus.within == 1.0
    assert bonus.cost_low <= bonus.cost <= bonus.cost_high
    assert set(bonus.unfair) == {"N1", "S1"}


def test_tiers_must_rise():
    outlook = pd.DataFrame({"unit": ["a"], "target": [1.0], "end": [1.0], "low": [0.9], "high": [1.1]})
    with pytest.raises(BadInput, match="tiers"):
        incentives(outlook, tiers=(Tier("a", 1.1, 100), Tier("b", 1.0, 200)))


def test_claims_that_sum_can_hide_a_gap_and_an_overlap():
    table = pd.DataFrame({"actor": ["ann", "bob", "cat"], "part": ["ads", "ads", "schools"], "quantity": [60, 60, 80]})
    result = claims(table, wanted={"ads": 60, "schools": 80, "partners": 60})
    rows = result.table.set_index("part")
    assert result.claimed == result.wanted == 200
    assert rows.loc["partners", "gap"] == 60
    assert rows.loc["ads", "overlap"] == 60
    assert rows.loc["ads", "actors"] == ("ann", "bob")
    assert result.headline.key == "claims.uneven"


def test_a_chain_of_kpis():
    metrics = {m: Metric(m, "t", measure="count(*)", owner="x") for m in ("goal", "margin", "volume", "calls")}
    kpis = (Kpi("margin", parent="goal", level="company"), Kpi("volume", parent="margin", level="store"))
    rng = np.random.default_rng(5)
    volume = rng.normal(size=60)
    series = pd.DataFrame({"volume": volume, "margin": -volume + 0.5 * rng.normal(size=60)})
    result = levels(kpis, goal="goal", metrics=metrics, series=series)
    assert result.table["trouble"].tolist() == ["moves_against"]
    assert result.table["rho"].iloc[0] < -0.5
    assert result.chain["serves"].tolist() == [("goal",), ("margin", "goal")]
    broken = levels((*kpis, Kpi("calls", parent="calls", level="region")), goal="goal", metrics=metrics)
    assert broken.table["trouble"].tolist() == ["circle"]
    upside = levels((Kpi("margin", parent="volume", level="company"), kpis[1]), goal="goal", metrics=metrics)
    assert "upside_down" in upside.table["trouble"].tolist()
