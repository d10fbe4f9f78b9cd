"""Growth accounting: the movements sum to the change, and mean what they say."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kpilab import BadInput, Period
from kpilab.core.values import Message
from kpilab.customers import (
    Entities,
    acquisition,
    channel_shift,
    churn,
    concentration,
    growth,
    lifetime,
    pull_forward,
)
from tests.conftest import few

BEFORE = Period(date(2026, 1, 1), date(2026, 3, 31))
NOW = Period(date(2026, 4, 1), date(2026, 6, 30))


def orders(*rows: tuple[str, str | None, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["date", "who", "amount"])
    return frame.assign(date=pd.to_datetime(frame["date"]))


def drawn(seed: int, n: int = 3000) -> pd.DataFrame:
    """Orders of 400 customers over two years, in two regions."""
    noise = np.random.default_rng(seed)
    days = pd.Timestamp("2024-07-01") + pd.to_timedelta(noise.integers(0, 730, n), "D")
    who = noise.zipf(1.3, n) % 400
    return pd.DataFrame(
        {"date": days, "who": who, "amount": noise.lognormal(3, 1, n),
         "region": np.where(who % 3 == 0, "north", "south")}
    )  # fmt: skip


def told(frame: pd.DataFrame, **also: object) -> pd.DataFrame:
    result = growth(frame, customer="who", amount="amount", baseline=BEFORE, current=NOW, **also)
    return result.table.set_index("movement")


def test_every_customer_has_one_movement():
    monthly = [(f"2025-{m:02}-05", "left", 10.0) for m in range(3, 13)]
    yearly = [(f"{y}-02-05", "paused", 10.0) for y in range(2021, 2027)]
    table = told(orders(
        *monthly, ("2026-01-05", "left", 10), *yearly,
        ("2026-02-01", "less", 20), ("2026-05-01", "less", 5),
        ("2026-02-01", "more", 20), ("2026-05-01", "more", 25),
        ("2026-02-01", "same", 20), ("2026-06-30", "same", 20),
        ("2025-02-01", "back", 20), ("2026-05-01", "back", 8),
        ("2026-04-01", "new", 3), ("2026-05-01", None, 2), ("2026-07-01", "later", 99),
    ))  # fmt: skip
    changes = {"new": 3, "back": 8, "expanded": 5, "kept": 0, "contracted": -15, "paused": -10,
               "left": -10, "nobody": 2}  # fmt: skip
    assert table["change"].to_dict() == changes
    assert table["customers"].to_dict() == dict.fromkeys(changes, 1) | {"nobody": 0}


@pytest.mark.parametrize("seed", few(range(5), 2))
def test_the_parts_sum_to_the_change(seed):
    frame = drawn(seed)
    table = told(frame, by=["region"])
    for region, part in table.groupby("region"):
        ours = frame[frame["region"] == region]
        sums = [ours.loc[ours["date"].dt.date.between(p.first, p.last), "amount"].sum()
                for p in (BEFORE, NOW)]  # fmt: skip
        assert part["before"].sum() == pytest.approx(sums[0], rel=1e-9)
        assert part["change"].sum() == pytest.approx(sums[1] - sums[0], rel=1e-9)


def test_months_sum_to_the_change_from_the_first_to_the_last():
    frame = drawn(9)
    found = growth(frame, customer="who", amount="amount", baseline=BEFORE, current=NOW)
    by_month = frame.groupby(frame["date"].dt.to_period("M"))["amount"].sum()
    expected = by_month.diff().loc["2026-01":"2026-06"]
    got = found.months.groupby("month")["change"].sum()
    assert got.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9)


def test_what_is_retained_is_told_of_those_who_were_there():
    rates = growth(
        orders(("2026-01-05", "a", 60), ("2026-01-05", "b", 40), ("2026-05-01", "a", 90),
               ("2026-05-01", "c", 10)),
        customer="who", amount="amount", baseline=BEFORE, current=NOW,
    ).rates.iloc[0]  # fmt: skip
    assert (rates["net"], rates["gross"], rates["stayed"]) == (0.9, 0.6, 0.5)
    assert rates["quick"] == pytest.approx((30 + 10) / 40)


def test_regular_invoices_are_a_contract_and_orders_are_not():
    months = pd.date_range("2025-01-01", "2026-06-01", freq="MS")
    bills = pd.DataFrame([(d, w, 9.0) for d in months for w in "abc"],
                         columns=["date", "who", "amount"])  # fmt: skip
    asked = {"customer": "who", "amount": "amount", "baseline": BEFORE, "current": NOW}
    assert growth(bills, **asked).contract
    assert not growth(drawn(3), **asked).contract


def test_the_interval_of_net_retention_is_that_of_a_ratio_over_customers():
    noise = np.random.default_rng(4)
    before, kept = noise.gamma(1, 50, 300), noise.random(300) < 0.7
    now = np.where(kept, before * noise.lognormal(0, 0.5, 300), 0)
    rows = [(d, str(k), v) for d, side in (("2026-02-01", before), ("2026-05-01", now))
            for k, v in enumerate(side)]  # fmt: skip
    found = growth(orders(*rows), customer="who", amount="amount", baseline=BEFORE, current=NOW)
    rates, net = found.rates.iloc[0], now.sum() / before.sum()
    half = 1.959964 * np.sqrt(((now - net * before) ** 2).sum()) / before.sum()
    assert [rates["net_low"], rates["net_high"]] == pytest.approx([net - half, net + half])


def test_what_cannot_be_told_is_refused():
    frame = drawn(1)
    with pytest.raises(BadInput, match="no column named 'whom'"):
        growth(frame, customer="whom", amount="amount", baseline=BEFORE, current=NOW)
    with pytest.raises(BadInput, match="the baseline ends"):
        growth(frame, customer="who", amount="amount", baseline=NOW, current=BEFORE)
    late = (
        Period(date(2030, 1, 1), date(2030, 1, 31)),
        Period(date(2030, 2, 1), date(2030, 2, 28)),
    )
    with pytest.raises(BadInput, match="no amount lies"):
        growth(frame, customer="who", amount="amount", baseline=late[0], current=late[1])


@pytest.mark.slow
def test_amounts_that_are_missing_are_left_out_and_counted():
    frame = drawn(2)
    holed = frame.assign(amount=frame["amount"].where(frame.index % 50 != 7))
    asked = {"customer": "who", "amount": "amount"}
    known = holed.dropna()
    for ask in (
        lambda t: growth(t, baseline=BEFORE, current=NOW, **asked),
        lambda t: churn(t, current=NOW, by=["region"], **asked),
        lambda t: acquisition(t, current=NOW, by=["region"], **asked),
        lambda t: concentration(t, current=NOW, **asked),
        lambda t: channel_shift(t, current=NOW, by="region", **asked),
        lambda t: pull_forward(t, peak=BEFORE, **asked),
    ):
        found, right = ask(holed), ask(known)
        pd.testing.assert_frame_equal(found.table, right.table)
        assert set(found.notes) - set(right.notes) == {Message("door.left_out", {"rows": 60})}


@pytest.mark.slow
@pytest.mark.parametrize("ask", [churn, acquisition])
def test_the_customers_own_table_may_lie_anywhere_and_have_ids_of_another_type(ask):
    frame = drawn(3)
    people = frame.groupby("who", as_index=False)[["date", "region"]].min()
    people = people.rename(columns={"who": "id"})
    asked = {"customer": "who", "amount": "amount", "current": NOW, "by": ["region"]}
    right = ask(frame, customers=Entities(people, time="date"), **asked).table
    for ids in (people["id"].astype(str), people["id"].astype(float), people["id"].astype("int16")):
        table = Entities(people.assign(id=ids), time="date")
        pd.testing.assert_frame_equal(ask(frame, customers=table, **asked).table, right)
    assert len(ask(frame, customers=people, **asked).table) == len(right)  # a plain table
    padded = people.assign(id=people["id"].map("{:04d}".format))
    with pytest.raises(BadInput, match="holds '0000'"):
        ask(frame, customers=padded, **asked)


@pytest.mark.few(1)
@pytest.mark.parametrize("name", few(["month", "order", "movement", "customers", "now", "low"], 2))
def test_a_dimension_may_be_called_as_a_column_of_the_answer(name):
    frame, asked = drawn(4), {"customer": "who", "amount": "amount", "by": ["region"]}
    renamed = frame.rename(columns={"region": name})
    for ask in (
        lambda t, by: growth(t, baseline=BEFORE, current=NOW, **(asked | {"by": [by]})),
        lambda t, by: lifetime(t, customer="who", until=NOW.last, by=[by]),
    ):
        right, found = ask(frame, "region").table, ask(renamed, name).table
        # The ends of what so few orders let expect turn on the last digits of the sums.
        same = [c for c in right if not ("expected" in right and c in ("low", "high"))]
        pd.testing.assert_frame_equal(found.set_axis(right.columns, axis=1)[same], right[same])
        assert {name, f"{name} (by)"} & set(found.columns)
    with pytest.raises(BadInput, match="'window', as one of our sums"):
        churn(
            frame.rename(columns={"region": "window"}), current=NOW, **(asked | {"by": ["window"]})
        )
