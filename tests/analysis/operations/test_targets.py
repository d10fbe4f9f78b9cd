"""Shares of a target: they sum, nobody gets what he cannot reach; pace, bonus, claims,
chains of KPIs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kpilab.analysis.execution.claims import claims
from kpilab.analysis.operations.incentives import Tier, incentives
from kpilab.analysis.operations.pace import pace
from kpilab.analysis.operations.targets import targets
from kpilab.analysis.relation.kpi_cascade import kpi_cascade
from kpilab.core.case import Kpi, Metric
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.errors import BadInput
from kpilab.operations import Weights
from kpilab.stats.operations.allotment import allot

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
            part = pd.DataFrame(
                {"date": days, "region": region, "store": store, "clerk": f"{store}{clerk}", "n": n}
            )
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
    most = data.draw(
        some.none() | some.lists(some.floats(0, 5000), min_size=len(weights), max_size=len(weights))
    )
    shares, left = allot(total, weights, most)
    assert int(shares.sum()) + left == total
    assert (shares >= 0).all()
    assert most is None or all(s <= m for s, m in zip(shares, most, strict=True))
    takers = [k for k, w in enumerate(weights) if w > max(weights) * 1e-12]
    assert left == 0 or (most is not None and all(shares[k] + 1 > most[k] for k in takers))


@pytest.mark.parametrize("method", ["proportional", "history", "potential"])
def test_children_sum_to_their_parent(method):
    potential = Measured(pos(), VISITORS) if method == "potential" else None
    asked = {"dimensions": LEVELS, "period": history(), "weeks": 4}
    result = targets(Measured(pos(), SIGNUPS), 900, method=Weights(method, potential), **asked)
    table = result.table
    assert table["target"].iloc[0] + result.open == 900
    for level, parent in zip(LEVELS, ("total", *LEVELS), strict=False):
        sums = (
            table[table["level"] == level]
            .groupby(table["path"].map(lambda p: p[:-1]))["target"]
            .sum()
        )
        above = table[table["level"] == parent].set_index("path")["target"]
        assert sums.to_dict() == above.to_dict()
    assert (table.loc[table["level"] == "clerk", "chance"] >= result.least - 1e-9).all()


def test_what_nobody_can_reach_stays_open():
    result = targets(Measured(pos(), SIGNUPS), 5000, dimensions=LEVELS, period=history(), weeks=4)
    assert result.open > 0
    assert result.headline.key == "targets.open"


def test_history_draws_a_lucky_unit_to_its_siblings():
    data = pos()
    names = {"dimensions": LEVELS, "period": history(), "weeks": 4}
    plain = targets(Measured(data, SIGNUPS), 800, method="proportional", **names).leaves["weight"]
    drawn = targets(Measured(data, SIGNUPS), 800, method="history", **names).leaves["weight"]
    assert drawn.std() <= plain.std()


def test_short_history_is_refused():
    with pytest.raises(BadInput, match="few full weeks"):
        targets(Measured(pos(), SIGNUPS), 100, dimensions=LEVELS, period=history(6), weeks=4)


def test_pace_and_bonus():
    data = pos(22)
    period = Period(
        (FIRST + pd.Timedelta(140, "D")).date(), (FIRST + pd.Timedelta(167, "D")).date()
    )
    goal = {"N1": 100, "N2": 280, "S1": 700}
    result = pace(Measured(data, SIGNUPS), goal, by="store", period=period)
    standing = result.table.set_index("unit")["standing"]
    assert standing.to_dict() == {"N1": "ahead", "N2": "open", "S1": "behind"}
    bonus = incentives(
        result.table, tiers=(Tier("reach", 1.0, 100), Tier("excel", 1.1, 200)), budget=1e9
    )
    rows = bonus.table.set_index("unit")
    assert rows["marginal"].idxmax() == "N2"
    assert not rows.loc[["N1", "S1"], "moved"].any()
    assert bonus.within == 1.0
    assert bonus.cost_low <= bonus.cost <= bonus.cost_high
    assert set(bonus.unfair) == {"N1", "S1"}


def test_tiers_must_rise():
    outlook = pd.DataFrame(
        {"unit": ["a"], "target": [1.0], "end": [1.0], "low": [0.9], "high": [1.1]}
    )
    with pytest.raises(BadInput, match="tiers"):
        incentives(outlook, tiers=(Tier("a", 1.1, 100), Tier("b", 1.0, 200)))


def test_claims_that_sum_can_hide_a_gap_and_an_overlap():
    table = pd.DataFrame(
        {
            "actor": ["ann", "bob", "cat"],
            "part": ["ads", "ads", "schools"],
            "quantity": [60, 60, 80],
        }
    )
    result = claims(table, wanted={"ads": 60, "schools": 80, "partners": 60})
    rows = result.table.set_index("part")
    assert result.claimed == result.wanted == 200
    assert rows.loc["partners", "gap"] == 60
    assert rows.loc["ads", "overlap"] == 60
    assert rows.loc["ads", "actors"] == ("ann", "bob")
    assert result.headline.key == "claims.uneven"


def test_a_chain_of_kpis():
    metrics = {
        m: Metric(m, "t", measure="count(*)", owner="x")
        for m in ("goal", "margin", "volume", "calls")
    }
    kpis = (
        Kpi("margin", parent="goal", level="company"),
        Kpi("volume", parent="margin", level="store"),
    )
    rng = np.random.default_rng(5)
    volume = rng.normal(size=60)
    series = pd.DataFrame({"volume": volume, "margin": -volume + 0.5 * rng.normal(size=60)})
    result = kpi_cascade(kpis, goal="goal", metrics=metrics, series=series)
    assert result.table["trouble"].tolist() == ["moves_against"]
    assert result.table["rho"].iloc[0] < -0.5
    assert result.chain["serves"].tolist() == [("goal",), ("margin", "goal")]
    broken = kpi_cascade(
        (*kpis, Kpi("calls", parent="calls", level="region")), goal="goal", metrics=metrics
    )
    assert broken.table["trouble"].tolist() == ["circle"]
    upside = kpi_cascade(
        (Kpi("margin", parent="volume", level="company"), kpis[1]), goal="goal", metrics=metrics
    )
    assert "upside_down" in upside.table["trouble"].tolist()


def nameless(store="N2"):
    """The same table where the rows of a store and its clerks have no name."""
    frame = pos().table.to_pandas()
    return frame.assign(**{c: frame[c].where(frame["store"] != store) for c in ("store", "clerk")})


def test_rows_without_a_name_keep_their_results():
    whole = targets(Measured(pos(), SIGNUPS), 900, dimensions=("store",), period=history(), weeks=4)
    found = targets(
        Measured(Facts(nameless(), name="pos"), SIGNUPS),
        900,
        dimensions=("store",),
        period=history(),
        weeks=4,
    )
    assert found.table["usual"].iloc[0] == whole.table["usual"].iloc[0]
    assert set(found.leaves["unit"]) == {"N1", "(missing)", "S1"}
    period = Period(
        (FIRST + pd.Timedelta(112, "D")).date(), (FIRST + pd.Timedelta(167, "D")).date()
    )
    way = pace(
        Measured(Facts(nameless(), name="pos"), SIGNUPS), {None: 280}, by="store", period=period
    )
    assert way.table["unit"].tolist() == ["(missing)"]


def holed(week):
    """Store N1 has rows in one week, but no values."""
    frame = pos(22).table.to_pandas()
    first = FIRST + pd.Timedelta(7 * week, "D")
    gone = (frame["store"] == "N1") & frame["date"].between(first, first + pd.Timedelta(6, "D"))
    return Facts(frame.assign(n=frame["n"].astype(float).mask(gone)), name="pos")


def test_a_week_without_a_value_is_not_a_week_of_zero():
    asked = {"dimensions": ("store",), "period": history(22), "weeks": 4}
    whole = targets(Measured(pos(22), SIGNUPS), 900, **asked).leaves.set_index("unit")["usual"]
    found = targets(Measured(holed(21), SIGNUPS), 900, **asked)
    assert found.leaves.set_index("unit").loc["N1", "usual"] == pytest.approx(whole["N1"], rel=0.05)
    assert found.notes[0].values["weeks"] == 1


def test_a_day_without_a_value_is_counted_in_a_note_of_pace():
    period = Period(
        (FIRST + pd.Timedelta(140, "D")).date(), (FIRST + pd.Timedelta(167, "D")).date()
    )
    whole = pace(Measured(pos(22), SIGNUPS), {"N1": 100}, by="store", period=period).table.iloc[0]
    result = pace(Measured(holed(19), SIGNUPS), {"N1": 100}, by="store", period=period)
    assert result.notes == ()
    assert result.table["end"].iloc[0] == pytest.approx(whole["end"], rel=0.05)
    assert (
        pace(Measured(holed(20), SIGNUPS), {"N1": 100}, by="store", period=period)
        .notes[0]
        .values["days"]
        == 7
    )


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_an_amount_that_is_no_number_is_missing_for_pace(nothing):
    period = Period(
        (FIRST + pd.Timedelta(140, "D")).date(), (FIRST + pd.Timedelta(167, "D")).date()
    )
    frame = holed(19).table.to_pandas()
    facts = Facts(frame.assign(n=frame["n"].fillna(nothing)), name="pos")
    ways = [
        pace(Measured(way, SIGNUPS), {"N1": 100}, by="store", period=period).table
        for way in (holed(19), facts)
    ]
    assert ways[1].to_dict("records") == ways[0].to_dict("records")


@pytest.mark.parametrize("target", [{}, {"N1": None}, {"N1": np.nan}, {"N1": "100"}])
def test_pace_needs_a_target(target):
    with pytest.raises(BadInput):
        pace(Measured(pos(), SIGNUPS), target, by="store", period=history())


@pytest.mark.parametrize("total", [float("nan"), float("inf"), 10.5, -1])
def test_a_total_is_a_whole_number(total):
    with pytest.raises(BadInput, match="total"):
        targets(Measured(pos(), SIGNUPS), total, dimensions=("store",), period=history(), weeks=4)


OUTLOOK = pd.DataFrame(
    {
        "unit": ["a", "b", "c"],
        "target": 100,
        "end": [90, 100, 110],
        "low": [80, 90, 100],
        "high": [100, 110, 120],
    }
)


def test_units_without_an_interval_are_left_out_and_turned_ones_refused():
    result = incentives(OUTLOOK.assign(low=[np.nan, 90, 100], unit=["a", None, "c"]))
    assert set(result.table["unit"]) == {"(missing)", "c"}
    assert result.notes[0].values["n"] == 1
    for wrong, outlook in (
        ("no unit has a forecast", OUTLOOK.assign(low=np.nan, high=np.inf)),
        ("low 100 above high 80", OUTLOOK.rename(columns={"low": "high", "high": "low"})),
        ("not above zero", OUTLOOK.assign(target=[100, np.nan, 100])),
    ):
        with pytest.raises(BadInput, match=wrong):
            incentives(outlook)


def test_tiers_and_budgets_that_cannot_be():
    for at, bonus in ((float("nan"), 1), (0, 1), (1, -1), (1, float("inf"))):
        with pytest.raises(BadInput, match="tier 'x'"):
            Tier("x", at, bonus)
    for wrong in (
        {"tiers": (Tier("payout", 1, 1),)},
        {"tiers": ()},
        {"budget": float("nan")},
        {"shared": 2},
        {"draws": 0},
    ):
        with pytest.raises(BadInput, match=next(iter(wrong))):
            incentives(OUTLOOK, **wrong)


def test_claims_of_nobody_and_without_a_quantity():
    table = pd.DataFrame(
        {"actor": ["ann", None], "part": [None, "ads"], "quantity": np.array([60, 50], "int8")}
    )
    result = claims(pa.Table.from_pandas(table), wanted={"ads": np.int64(60)})
    assert result.claimed == 110
    assert result.table.set_index("part").loc["(missing)", "overlap"] == 60
    assert set(result.people["actor"]) == {"ann", "(missing)"}
    for wrong, quantity, wanted in (
        ("no quantity", [60, np.nan], {"ads": 1}),
        ("below zero", [60, -1], {"ads": 1}),
        ("is no number", [60, "50"], {"ads": 1}),
        ("wanted of 'ads'", [60, 50], {"ads": None}),
        ("no wanted parts", [60, 50], {}),
    ):
        with pytest.raises(BadInput, match=wrong):
            claims(table.assign(quantity=quantity), wanted=wanted)
