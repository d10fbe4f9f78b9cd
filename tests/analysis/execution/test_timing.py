"""Timing compares the last days with the others,
and takes no day for one of nothing of which nothing is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.execution.timing import timing
from kpilab.core.values import Period
from kpilab.errors import BadInput

PERIOD = Period(date(2025, 3, 1), date(2025, 5, 31))


def records() -> pd.DataFrame:
    """Ten records a day of 2 each, of 4 on the last three days of a month."""
    days = pd.date_range(PERIOD.first, PERIOD.last)
    amount = np.where(days.days_in_month - days.day < 3, 4.0, 2.0) + np.arange(len(days)) % 3 / 10
    one = pd.DataFrame({"date": days, "actor": "a", "action": "visit", "quantity": amount})
    return pd.concat([one] * 10, ignore_index=True)


def test_a_day_whose_quantities_are_missing_is_left_out_and_counted():
    rows, gone = records(), pd.Timestamp("2025-04-10")
    found = timing(
        rows.assign(quantity=rows["quantity"].where(rows["date"] != gone)), period=PERIOD
    )
    right = timing(rows, period=PERIOD)
    assert found.ending.value == pytest.approx(right.ending.value, rel=0.01)
    assert gone not in set(found.daily["day"])
    assert [note.key for note in found.notes] == ["timing.missing"]
    assert right.notes == ()


def test_days_on_which_claims_were_taken_back_in_sum_are_refused_with_their_date():
    rows = records()
    taken = rows["quantity"].mask(rows["date"] == pd.Timestamp("2025-04-10"), -1.0)
    with pytest.raises(BadInput, match=r"1 of 92 days, first on 2025-04-10"):
        timing(rows.assign(quantity=taken), period=PERIOD)
