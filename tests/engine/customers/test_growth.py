"""Months of growth are told alike whether or not rows take away."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import MONTH, MOVED, grown

PERIOD = Period(date(2026, 1, 10), date(2026, 6, 20))
PERIODS = Period(PERIOD.first, date(2026, 3, 31)), Period(date(2026, 4, 1), PERIOD.last)
FIRST, LAST = 2026 * 12, 2026 * 12 + 5


def log(seed: int, taken_back: float) -> pd.DataFrame:
    """Orders of 80 customers over a year and a half; some are taken back in their month or
    later."""
    noise, n = np.random.default_rng(seed), 700
    frame = pd.DataFrame({
        "date": pd.Timestamp("2025-01-01") + pd.to_timedelta(noise.integers(0, 540, n), "D"),
        "who": noise.zipf(1.4, n) % 80, "amount": noise.integers(0, 4, n).astype(float),
    })  # fmt: skip
    back = frame[noise.random(n) < taken_back]
    later = pd.to_timedelta(noise.integers(0, 2, len(back)) * 40, "D")
    return pd.concat([frame, back.assign(amount=-back["amount"], date=back["date"] + later)])


def by_hand(frame: pd.DataFrame) -> dict[tuple[int, str], tuple[int, float, float]]:
    """Customer by customer and month by month: how many, amount before and now."""
    frame = frame[frame["date"].dt.date <= PERIOD.last]
    month = frame["date"].dt.year * 12 + frame["date"].dt.month - 1
    sums = frame.groupby(["who", month.rename("month")])["amount"].sum()
    told: dict[tuple[int, str], list[float]] = {}
    for _, mine in sums[sums != 0].groupby(level="who"):
        had = mine.droplevel("who")
        for m in range(FIRST, LAST + 1):
            before, now = had.get(m - 1, 0.0), had.get(m, 0.0)
            if not (before or now):
                continue
            if not before:
                moved = "back" if had.index.min() < m else "new"
            elif not now:
                moved = "paused" if had.index.max() > m else "left"
            else:
                moved = "expanded" if now > before else "contracted" if now < before else "kept"
            cell = told.setdefault((m, moved), [0, 0.0, 0.0])
            told[m, moved] = [cell[0] + 1, cell[1] + before, cell[2] + now]
    return {key: (int(n), a, b) for key, (n, a, b) in told.items()}


@pytest.mark.parametrize("taken_back", [0.0, 0.5])
@pytest.mark.parametrize("seed", [1, 2])
def test_each_customer_is_told_from_month_to_month(taken_back, seed):
    frame = log(seed, taken_back)
    found = grown(amounts(Facts(frame), "amount", "who"), *PERIODS).months
    rows = found[[MONTH, MOVED, "customers", "before", "now"]].itertuples(index=False)
    assert {(r[0], r[1]): tuple(r[2:]) for r in rows} == by_hand(frame)


def test_what_was_taken_back_in_later_months_was_there():
    rows = [("2025-03-01", "a", 5.0), ("2025-05-01", "a", -5.0), ("2026-02-01", "a", 1.0),
            ("2025-03-01", "b", 5.0), ("2025-03-09", "b", -5.0),
            ("2026-02-01", "b", 1.0)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["date", "who", "amount"])
    frame["date"] = pd.to_datetime(frame["date"])
    found = grown(amounts(Facts(frame), "amount", "who"), *PERIODS).months.set_index(MOVED)[
        "customers"
    ]
    assert found[["back", "new"]].to_dict() == {"back": 1, "new": 1}
