"""Localisation of several metrics: every place found, side by side in all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.localise import localise
from kpilab.core.values import Period, Where
from kpilab.errors import BadInput

NAMES = ["shop", "channel"]
DAYS = [pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12")]
PERIODS = tuple(Period(day.date(), day.date()) for day in DAYS)
FACTORS = ["visits", ("orders", "visits"), ("revenue", "orders")]


def sales(seed=0):
    """Shop s2 loses visits, channel c1 converts worse; what an order is worth stays."""
    rng = np.random.default_rng(seed)
    codes = np.indices((8, 5)).reshape(2, -1)
    days = []
    for k, day in enumerate(DAYS):
        rows = pd.DataFrame(
            {d: [f"{d[0]}{v}" for v in c] for d, c in zip(NAMES, codes, strict=True)}
        )
        usual = 3000 * np.where((rows["shop"] == "s2") & (k == 1), 0.6, 1.0)
        rate = np.where((rows["channel"] == "c1") & (k == 1), 0.07, 0.1)
        rows["visits"] = rng.poisson(usual)
        rows["orders"] = rng.binomial(rows["visits"], rate)
        rows["revenue"] = 40.0 * rows["orders"] * rng.lognormal(0, 0.02, len(rows))
        days.append(rows.assign(date=day))
    return pd.concat(days, ignore_index=True)


def test_every_factor_of_a_formula_is_searched():
    result = localise(sales(), dimensions=NAMES, metrics=FACTORS, periods=PERIODS)
    told = {(row["metric"], row["where"]) for _, row in result.table.iterrows()}
    lost, worse = Where({"shop": "s2"}), Where({"channel": "c1"})
    assert told == {("visits", lost), ("orders / visits", worse)}
    assert set(result.places) == {lost, worse}
    assert result.headline.key == "localise.found_beside"


def test_every_place_is_shown_in_every_metric():
    frame = sales()
    result = localise(frame, dimensions=NAMES, metrics=FACTORS, periods=PERIODS)
    assert len(result.beside) == 2 * 3
    cell = result.beside.set_index(["where", "metric"])
    lost, worse = Where({"shop": "s2"}), Where({"channel": "c1"})
    assert cell.loc[(lost, "visits"), "change"] == pytest.approx(-0.4, abs=0.02)
    assert cell.loc[(worse, "orders / visits"), "change"] == pytest.approx(-0.3, abs=0.03)
    # one shop of eight in the channel, one channel of five in the shop
    assert cell.loc[(worse, "visits"), "change"] == pytest.approx(-0.05, abs=0.02)
    assert cell.loc[(lost, "orders / visits"), "change"] == pytest.approx(-0.06, abs=0.1)
    for place in (lost, worse):
        row = cell.loc[(place, "revenue / orders")]
        assert row["low"] < 0 < row["high"]
        assert not row["found"]
    assert cell.loc[(lost, "visits"), "found"]
    hit = frame[frame["shop"] == "s2"].groupby("date")["visits"].sum()
    assert cell.loc[(lost, "visits"), ["expected", "actual"]].tolist() == hit.tolist()


def test_one_metric_of_several_is_told_as_it_is_alone():
    frame = sales(1)
    alone = localise(frame, dimensions=NAMES, measure="visits", periods=PERIODS)
    several = localise(frame, dimensions=NAMES, metrics=["visits", "revenue"], periods=PERIODS)
    assert alone.table["metric"].tolist() == ["visits"]
    assert alone.places[0] in several.places
    assert alone.beside["found"].all()


def test_a_metric_that_moved_everywhere_is_said():
    frame = sales(2)
    frame["revenue"] *= np.where(frame["date"] == DAYS[1], 0.8, 1.0)
    result = localise(frame, dimensions=NAMES, metrics=FACTORS, periods=PERIODS)
    said = {n.values["metric"]: n.values["change"] for n in result.notes if "metric" in n.values}
    assert said == {"revenue / orders": pytest.approx(-0.2, abs=0.01)}


def test_columns_of_a_forecast_go_with_the_metrics():
    frame = sales(3)
    first, then = (frame[frame["date"] == day].reset_index(drop=True) for day in DAYS)
    cube = then.assign(**{f"{c}_was": first[c] for c in ("visits", "orders")})
    result = localise(
        cube,
        dimensions=NAMES,
        metrics=["visits", ("orders", "visits")],
        expected=["visits_was", ("orders_was", "visits_was")],
    )
    assert set(result.places) == {Where({"shop": "s2"}), Where({"channel": "c1"})}


@pytest.mark.parametrize(
    "asked",
    [
        {"metrics": ["visits"], "measure": "orders"},
        {"metrics": ["visits", "orders"], "expected": ["visits"], "periods": None},
        {"metrics": [("orders", "visits", "revenue")]},
        {"metrics": "visits"},
        {"metrics": [3]},
    ],
)
def test_bad_input_is_named(asked):
    with pytest.raises(BadInput, match="metric"):
        localise(sales(), dimensions=NAMES, **({"periods": PERIODS} | asked))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_several_metrics_are_drawn(lang):
    result = localise(sales(), dimensions=NAMES, metrics=FACTORS, periods=PERIODS)
    assert result.chart(lang).to_dict()["layer"]
    assert "orders / visits" in result.summary(lang) or "visits" in result.summary(lang)
