"""Localisation of amounts of either sign, as profit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.localise import localise
from kpilab.core.values import Period
from kpilab.errors import BadInput

NAMES = ["shop", "product", "channel"]


def profits(seed=0, fallen=True):
    """Revenue less cost by place; shop s3 loses a tenth of its revenue."""
    rng = np.random.default_rng(seed)
    codes = np.indices((8, 6, 5)).reshape(3, -1)
    frame = pd.DataFrame({d: [f"{d[0]}{v}" for v in c] for d, c in zip(NAMES, codes, strict=True)})
    draws = [rng.lognormal(0, 0.5, n) for n in (8, 6, 5)]
    revenue = 1000 * np.prod([v[c] for v, c in zip(draws, codes, strict=True)], axis=0)
    frame["was"] = revenue * rng.normal(0.02, 0.15, len(frame))
    lost = 0.1 * revenue * (frame["shop"] == "s3") * fallen
    frame["now"] = frame["was"] - lost + revenue * rng.normal(0, 0.04, len(frame))
    return frame.assign(revenue=revenue)


def told(frame, **asked):
    asked = asked or {"measure": "now", "expected": "was"}
    result = localise(frame, dimensions=NAMES, **asked)
    return [place.plain() for place in result.places], result


@pytest.mark.parametrize("seed", range(4))
def test_a_place_that_loses_money_is_found(seed):
    frame = profits(seed)
    places, result = told(frame)
    assert places == [{"shop": "s3"}]
    row = result.table.iloc[0]
    hit = frame[frame["shop"] == "s3"]
    assert row["contribution"] == pytest.approx((hit["now"] - hit["was"]).sum())
    assert row["change"] == pytest.approx(row["contribution"] / abs(hit["was"].sum()))
    assert row["low"] < row["contribution"] < row["high"] < 0
    assert "localise.signed" in {note.key for note in result.notes}


@pytest.mark.parametrize("seed", range(4))
def test_profit_in_which_nothing_happened_is_silent(seed):
    assert told(profits(seed, fallen=False))[0] == []


def test_losses_and_gains_swap_with_the_sign():
    frame = profits(1)
    turned = frame.assign(was=-frame["was"], now=-frame["now"])
    assert told(turned)[0] == told(frame)[0]
    assert told(turned)[1].table["contribution"].iloc[0] > 0


def test_a_margin_may_be_negative_but_no_denominator():
    frame = profits(2)
    asked = {"measure": ("now", "revenue"), "expected": ("was", "revenue")}
    assert told(frame, **asked)[0] == [{"shop": "s3"}]
    with pytest.raises(BadInput, match="denominators are negative"):
        told(frame.assign(revenue=-frame["revenue"]), **asked)


def test_profit_of_two_periods():
    frame = profits(3)
    days = [pd.Timestamp("2026-01-05"), pd.Timestamp("2026-01-12")]
    rows = pd.concat(
        frame.assign(profit=frame[side], date=day)
        for side, day in zip(("was", "now"), days, strict=True)
    )
    periods = tuple(Period(day.date(), day.date()) for day in days)
    assert told(rows, measure="profit", periods=periods)[0] == [{"shop": "s3"}]
