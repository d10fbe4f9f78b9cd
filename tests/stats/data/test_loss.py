"""Lost days: what they would have held."""

from __future__ import annotations

import numpy as np
import pytest

from kpilab.stats.data.loss import refilled


def test_lost_days_are_refilled_with_the_same_weekdays_of_their_own_part():
    weekday = np.arange(56) % 7
    part = (np.arange(56) >= 28).astype(int)
    series = np.where(part == 1, 60.0, 100.0) + 10.0 * weekday
    lost = (np.arange(56) >= 28) & (np.arange(56) < 32)
    found = refilled(np.where(lost, 0.0, series), weekday, lost, part)
    assert found == pytest.approx(series)


def test_a_sum_is_refilled_as_the_sum_of_its_parts():
    rng = np.random.default_rng(3)
    parts = rng.poisson(20, (56, 3)).astype(float)
    weekday, lost, part = np.arange(56) % 7, np.zeros(56, bool), np.zeros(56, int)
    lost[10:20] = True
    whole = refilled(parts.sum(1), weekday, lost, part)
    assert refilled(parts, weekday, lost, part).sum(1) == pytest.approx(whole)


def test_where_a_part_is_lost_whole_the_days_beside_it_tell():
    weekday, lost, part = np.arange(21) % 7, np.arange(21) >= 14, (np.arange(21) >= 14).astype(int)
    found = refilled(np.where(lost, 0.0, 5.0 + weekday), weekday, lost, part)
    assert found == pytest.approx(5.0 + weekday)
