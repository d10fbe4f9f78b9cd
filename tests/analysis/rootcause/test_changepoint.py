"""Dating: a planted step is dated, a ramp is called gradual, noise is not dated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.rootcause.changepoint import changepoint
from kpilab.errors import BadInput
from tests.laws import worlds as w


def series(seed, level):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2025-03-03", periods=len(level), freq="D")
    week = np.where(days.dayofweek >= 5, 1.3, 1.0)
    exposure = rng.poisson(500 * week)
    return pd.DataFrame({"day": days, "orders": rng.binomial(exposure, level), "visits": exposure})


def test_a_step_is_dated_within_its_interval():
    level = np.where(np.arange(56) < 26, 0.30, 0.22)
    results = [changepoint(series(s, level), value="orders", exposure="visits") for s in range(20)]
    truth = date(2025, 3, 29)
    assert sum(r.low <= truth <= r.high for r in results) >= 18
    assert all(abs((r.start - truth).days) <= 3 for r in results)
    assert np.mean([r.gradual for r in results]) < 0.4


def test_a_ramp_is_gradual():
    level = 0.30 - 0.12 * np.clip((np.arange(56) - 20) / 21, 0, 1)
    assert changepoint(series(1, level), value="orders", exposure="visits").gradual > 0.9


def test_noise_is_not_dated():
    results = [
        changepoint(series(s, np.full(56, 0.3)), value="orders", exposure="visits")
        for s in range(60)
    ]
    assert (
        sum(r.start is not None for r in results) <= 7
    )  # 5 % expected; 7 of 60 has a chance below 3 %


def test_entries_of_the_change_log_near_the_start_are_candidates():
    level = np.where(np.arange(56) < 26, 0.30, 0.20)
    log = [(date(2025, 3, 29), "rollout of v7.1"), (date(2025, 4, 20), "office moved")]
    result = changepoint(series(2, level), value="orders", exposure="visits", changes=log)
    assert result.candidates == ((date(2025, 3, 29), "rollout of v7.1"),)
    assert result.period.last == date(2025, 4, 27)


def test_too_short_a_series_is_refused():
    with pytest.raises(BadInput, match="the series has 5 days"):
        changepoint(series(0, np.full(5, 0.3)), value="orders")


def flat(periods=60):
    rng = np.random.default_rng(5)
    return pd.DataFrame(
        {"day": pd.date_range("2026-01-05", periods=periods), "value": rng.normal(10, 1, periods)}
    )


@pytest.mark.parametrize("gone", [np.nan, np.inf])
def test_a_missing_day_is_not_zero(gone):
    days = flat()
    days.loc[10:12, "value"] = gone
    result = changepoint(days)
    pd.testing.assert_frame_equal(result.table, changepoint(days.drop(index=[10, 11, 12])).table)
    assert result.notes[0].values["rows"] == 3


def test_a_day_of_which_one_part_is_missing_is_missing():
    parts = pd.concat([flat(), flat()], ignore_index=True)
    result = changepoint(parts.assign(value=parts["value"].where(parts.index != 30)))
    pd.testing.assert_frame_equal(result.table, changepoint(parts.drop(index=[30, 90])).table)


@pytest.mark.parametrize(
    "as_",
    [
        lambda d: d.dt.date,
        lambda d: d.dt.tz_localize("Asia/Shanghai"),
        lambda d: d.dt.to_period("D"),
        lambda d: d.dt.strftime("%Y-%m-%d"),
    ],
)
def test_types_of_days_do_not_matter(as_):
    level = np.where(np.arange(56) < 26, 0.30, 0.22)
    days = series(1, level)
    other = days.assign(day=as_(days["day"])).rename(
        columns={"day": "weight", "orders": "day", "visits": "value"}
    )
    one = changepoint(days, value="orders", exposure="visits")
    assert changepoint(other, time="weight", value="day", exposure="value").start == one.start


@pytest.mark.parametrize("level", [0.1, 1 / 3, 7.0])
def test_a_constant_is_never_dated(level):
    days = pd.DataFrame({"day": pd.date_range("2026-01-05", periods=60), "value": level})
    assert changepoint(days).start is None
    weighted = days.assign(value=level * 3, weight=3.0)
    assert changepoint(weighted, exposure="weight").start is None


def test_a_change_that_ends_on_its_first_day_was_at_once():
    days = w.sixty()
    found = changepoint(days, value="my_value", exposure="my_weight", time="my_day")
    assert found.start is not None
    same = replace(found, gradual=0.9, reached=found.start)
    assert same.headline.key == "dating.step"


def wandering(seed: int, size: float = 0.0) -> pd.DataFrame:
    """Sixty days that half resemble the day before; the level moves on the 41st."""
    noise = np.random.default_rng(seed).normal(size=110)
    value = np.zeros(110)
    for k in range(1, 110):
        value[k] = 0.5 * value[k - 1] + noise[k] * 0.75**0.5
    value = 10 + value[50:] + size * (np.arange(60) >= 40)
    return pd.DataFrame({"day": pd.date_range("2026-01-05", periods=60), "value": value})


@pytest.mark.slow
def test_days_that_resemble_the_day_before_are_rarely_dated():
    called = sum(changepoint(wandering(seed)).p <= 0.05 for seed in range(80))
    assert called <= 11  # 5 % ± 3 standard errors of 80


def test_a_change_among_such_days_is_dated():
    found = [changepoint(wandering(seed, 3.0)) for seed in range(20)]
    assert sum(f.p <= 0.05 for f in found) >= 18
    first = pd.Timestamp("2026-02-14").date()
    assert sum(f.low <= first <= f.high for f in found if f.start) >= 16
