"""How long customers stay, whoever is one still counted for as long as seen."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput
from kpilab.customers import Entities, survival

LAST = date(2026, 6, 30)
ASKED = {"customer": "who", "amount": "amount", "until": LAST}


def invoices(seed: int, leave: float, n: int = 400) -> pd.DataFrame:
    """Accounts that begin over two years; a share of them leaves every month."""
    noise, rows = np.random.default_rng(seed), []
    months = pd.date_range("2024-07-01", "2026-06-01", freq="MS")
    first = noise.integers(0, 24, n)
    stay = noise.geometric(leave, n)
    for m, day in enumerate(months):
        there = (first <= m) & (m < first + stay)
        rows.append(pd.DataFrame({"date": day, "who": np.flatnonzero(there)}))
    return pd.concat(rows).assign(amount=10.0)


def orders(seed: int, stop: float, n: int = 500) -> pd.DataFrame:
    """Customers who order every forty days or so, and stop after an order with a chance."""
    noise, rows = np.random.default_rng(seed), []
    for k in range(n):
        at = noise.uniform(0, 700)
        while at < 730:
            rows.append((at, k))
            at += noise.uniform(25, 55)
            if noise.random() < stop:
                break
    frame = pd.DataFrame(rows, columns=["at", "who"])
    return frame.assign(
        date=pd.Timestamp("2024-07-01") + pd.to_timedelta(frame["at"], "D"), amount=1.0
    )


def test_invoices_say_who_has_left():
    found = survival(invoices(1, 0.1), **ASKED)
    assert (found.unit, found.rule) == ("month", "contract")
    true = 0.9 ** found.curve["age"]
    inside = (found.curve["low"] <= true) & (true <= found.curve["high"])
    assert inside.mean() > 0.9
    # ln .5 / ln .9: half are gone after 6.6 months.
    assert found.table["median"].iloc[0] in (6, 7, 8)


def test_an_end_in_the_customers_own_table_counts_to_the_day():
    people = pd.DataFrame({
        "id": list("abcd"), "since": pd.to_datetime(["2026-06-01"] * 3 + ["2026-06-26"]),
        "end": pd.to_datetime(["2026-06-05", None, "2026-08-01", None]),
    })  # fmt: skip
    rows = pd.DataFrame({"date": ["2026-06-01"], "who": ["a"], "amount": [1.0]})
    table = Entities(people, time="since", until="end")
    found = survival(rows.assign(date=pd.to_datetime(rows["date"])), **ASKED, customers=table)
    curve = found.curve.set_index("age")
    assert (found.rule, found.unit) == ("end", "day")
    assert curve["risk"][[0, 4, 5, 29]].tolist() == [4, 4, 2, 2]
    assert curve["rate"][[3, 4, 29]].tolist() == [1, 0.75, 0.75]


def test_silence_is_told_from_being_young():
    found = survival(orders(2, 0.1), **ASKED)
    assert found.rule == "orders"
    # After every order, on average forty days apart, one in ten stops.
    rate = found.curve.set_index("age")["rate"]
    assert rate[190] == pytest.approx(0.9**5, abs=0.06)
    assert rate[390] == pytest.approx(0.9**10, abs=0.06)


def test_segments_are_told_apart_only_if_they_differ():
    calls = []
    for seed in range(3):
        parts = [invoices(seed, 0.1, 200).assign(plan="a"), invoices(seed + 50, 0.1, 200)]
        parts[1] = parts[1].assign(plan="b", who=parts[1]["who"] + 1000)
        calls.append(survival(pd.concat(parts), by=["plan"], **ASKED).p <= 0.05)
    assert sum(calls) <= 1
    other = invoices(60, 0.2, 200).assign(plan="b")
    both = pd.concat([parts[0], other.assign(who=other["who"] + 1000)])
    found = survival(both, by=["plan"], **ASKED)
    assert found.p < 0.001
    assert "b the shortest" in found.summary()


def test_segments_sum_to_all():
    frame = invoices(7, 0.1)
    frame["plan"] = np.where(frame["who"] % 3 == 0, "a", "b")
    whole, parts = survival(frame, **ASKED), survival(frame, by=["plan"], **ASKED)
    sums = parts.table[["customers", "left"]].sum()
    assert sums.tolist() == whole.table[["customers", "left"]].iloc[0].tolist()


def test_nobody_within_sight_is_refused():
    one = pd.DataFrame({"date": pd.to_datetime(["2026-06-01"]), "who": ["a"], "amount": [1.0]})
    with pytest.raises(BadInput, match="no customer to follow"):
        survival(one, **ASKED | {"until": date(2026, 5, 1)})
