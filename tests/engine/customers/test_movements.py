"""An amount by what its customers did sums to the amount's change."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab.core.case import Metric
from kpilab.core.table import Facts
from kpilab.core.values import Period
from kpilab.engine.customers.movements import movements
from kpilab.errors import BadInput

BEFORE, NOW = (
    Period(date(2026, 1, 1), date(2026, 1, 31)),
    Period(date(2026, 2, 1), date(2026, 2, 28)),
)
AMOUNT = Metric("amount", "facts", measure="sum(amount)")


def facts(*rows: tuple[str, str | None, float]) -> Facts:
    frame = pd.DataFrame(rows, columns=["date", "who", "amount"])
    return Facts(frame.assign(date=pd.to_datetime(frame["date"])))


def test_every_customer_has_one_movement():
    table = facts(
        ("2026-01-03", "left", 10), ("2026-01-04", "less", 20), ("2026-02-04", "less", 5),
        ("2026-01-31", "more", 10), ("2026-02-01", "more", 7), ("2026-02-28", "more", 8),
        ("2026-02-02", "new", 3), ("2026-01-02", "same", 4), ("2026-02-02", "same", 4),
        ("2026-02-02", None, 2), ("2025-12-31", "old", 99), ("2026-03-01", "new", 99),
    )  # fmt: skip
    found = movements(table, AMOUNT, "who", BEFORE, NOW)
    changes = {n: (getattr(found, n).customers, getattr(found, n).change)
               for n in ("came", "gone", "more", "less", "same", "nobody")}  # fmt: skip
    assert changes == {
        "came": (1, 3.0), "gone": (1, -10.0), "more": (1, 5.0), "less": (1, -15.0),
        "same": (1, 0.0), "nobody": (1, 2.0),
    }  # fmt: skip


def test_the_parts_sum_to_the_change():
    noise = np.random.default_rng(5)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(noise.integers(0, 59, 900), "D")
    frame = pd.DataFrame({"date": days, "who": noise.integers(0, 120, 900).astype(str)})
    frame["amount"] = noise.gamma(2, 20, 900)
    found = movements(Facts(frame), AMOUNT, "who", BEFORE, NOW)
    parts = sum(
        getattr(found, n).change for n in ("came", "gone", "more", "less", "same", "nobody")
    )
    later = frame["date"] >= "2026-02-01"
    assert parts == pytest.approx(frame.amount[later].sum() - frame.amount[~later].sum())


def test_a_rate_has_no_movements():
    rate = Metric("rate", "facts", numerator="sum(amount)", denominator="count(*)")
    with pytest.raises(BadInput, match="adds up over customers"):
        movements(facts(("2026-01-03", "a", 1.0)), rate, "who", BEFORE, NOW)
