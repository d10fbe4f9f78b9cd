"""What would have happened, and how often the method is wrong."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.external.counterfactual import counterfactual
from kpilab.errors import BadInput
from kpilab.show import chart, say

WEEKS = pd.date_range("2024-01-01", periods=60, freq="7D")
SINCE = "2025-01-06"


def panel(effect=0.0, units=12, seed=1):
    rng = np.random.default_rng(seed)
    factor = np.cumsum(rng.standard_normal(60))
    values = (
        100
        + rng.uniform(0.5, 1.5, (units, 1)) * factor
        + np.cumsum(0.3 * rng.standard_normal((units, 60)), axis=1)
    )
    values[0, WEEKS >= SINCE] += effect
    frame = (
        pd.DataFrame(values.T, WEEKS, [f"s{k}" for k in range(units)])
        .rename_axis("time")
        .reset_index()
    )
    return frame.melt("time", var_name="unit", value_name="value")


@pytest.mark.parametrize("method", ["did", "synthetic control", "synthetic did", "structural"])
def test_a_planted_effect_lies_in_the_interval(method):
    result = counterfactual(panel(effect=-15.0), treated="s0", since=SINCE, method=method)
    assert result.effect.low < -15 < result.effect.high
    assert len(result.placebos) >= 4


def test_it_is_found_by_synthetic_did():
    assert counterfactual(panel(effect=-15.0), treated="s0", since=SINCE).p < 0.05


@pytest.mark.slow
def test_nothing_is_found_in_nothing():
    calls = [counterfactual(panel(seed=s), treated="s0", since=SINCE).p < 0.05 for s in range(40)]
    assert np.mean(calls) <= 0.15  # nominal 5 %, three standard errors


def test_order_and_scale_change_nothing():
    frame = panel(effect=5.0)
    one = counterfactual(frame, treated="s0", since=SINCE)
    other = counterfactual(
        frame.sample(frac=1, random_state=1).assign(value=lambda f: 10 * f["value"]),
        treated="s0",
        since=SINCE,
    )
    assert other.effect.value == pytest.approx(10 * one.effect.value, rel=1e-6)
    assert other.p == pytest.approx(one.p, rel=1e-6)


def test_a_single_series_works_structurally_only():
    alone = panel().query("unit == 's0'")
    assert not np.isnan(counterfactual(alone, treated="s0", since=SINCE, method="structural").p)
    with pytest.raises(BadInput, match="no other unit"):
        counterfactual(alone, treated="s0", since=SINCE)


def test_faults_are_named():
    frame = panel()
    with pytest.raises(BadInput, match="has no value at"):
        counterfactual(
            frame[~((frame["unit"] == "s3") & (frame["time"] > "2025-02-01"))],
            treated="s0",
            since=SINCE,
        )
    with pytest.raises(BadInput, match="no unit named"):
        counterfactual(frame, treated="s99", since=SINCE)
    with pytest.raises(BadInput, match="no method named"):
        counterfactual(frame, treated="s0", since=SINCE, method="magic")
    with pytest.raises(BadInput, match="periods before"):
        counterfactual(frame, treated="s0", since="2024-01-15")
    with pytest.raises(BadInput, match="twice"):
        counterfactual(pd.concat([frame, frame.head(1)]), treated="s0", since=SINCE)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_says_so_and_draws(lang):
    result = counterfactual(panel(effect=-15.0), treated="s0", since=SINCE)
    assert "%" in say(result.headline, lang)
    assert chart(result, lang).to_dict()


@pytest.mark.parametrize(
    "as_",
    [
        lambda t: t.dt.date,
        lambda t: t.dt.tz_localize("Asia/Shanghai"),
        lambda t: t.dt.to_period("W"),
        lambda t: t.dt.strftime("%Y-%m-%d"),
    ],
)
@pytest.mark.parametrize(
    "since", [SINCE, date(2025, 1, 6), pd.Timestamp(SINCE), np.datetime64(SINCE)]
)
def test_types_of_dates_and_names_of_columns_do_not_matter(as_, since):
    data = panel(effect=-15.0)
    other = data.assign(time=as_(data["time"])).rename(
        columns={"time": "unit", "unit": "value", "value": "time"}
    )
    one = counterfactual(data, treated="s0", since=SINCE)
    found = counterfactual(
        other, treated="s0", since=since, time="unit", unit="value", value="time"
    )
    assert found.effect == one.effect


def test_periods_may_be_plain_numbers_and_units_too():
    data = panel(effect=-15.0)
    numbered = data.assign(
        time=data["time"].rank(method="dense").astype(int), unit=data["unit"].str[1:].astype(int)
    )
    found = counterfactual(numbered, treated=0, since=54)
    assert found.effect == counterfactual(data, treated="s0", since=SINCE).effect
    assert found.since == 54
    with pytest.raises(BadInput, match="is no period of the data"):
        counterfactual(numbered, treated=0, since="2025-01-06")


def test_an_infinite_value_is_a_missing_one():
    data = panel()
    with pytest.raises(BadInput, match="unit 's1' has no value at"):
        counterfactual(
            data.assign(value=data["value"].where(data.index != 65, np.inf)),
            treated="s0",
            since=SINCE,
        )


@pytest.mark.parametrize("method", ["did", "synthetic control", "synthetic did"])
def test_controls_that_stand_still_or_move_as_one_are_refused(method):
    rng = np.random.default_rng(1)
    for common in (np.zeros(40), rng.normal(0, 1, 40)):
        rows = [(f"u{k}", t, 0.1 * k + common[t]) for k in range(6) for t in range(40)]
        rows += [("own", t, float(rng.normal(5, 1))) for t in range(40)]
        data = pd.DataFrame(rows, columns=["unit", "time", "value"])
        with pytest.raises(BadInput, match="never change, or all alike"):
            counterfactual(data, treated="own", since=30, method=method)
