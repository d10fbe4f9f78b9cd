"""Whole cases of linked tables: every metric and linked dimension equals a join made by hand with
pandas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kpilab.case.read import open_case
from kpilab.engine.column import marked
from kpilab.engine.metrics import PERIOD, Cut, measure
from tests.conftest import SHARED, few

COMPANIES = SHARED / "companies"
FOLDERS = sorted(p.parent for p in COMPANIES.glob("*/case.yml"))
pytestmark = pytest.mark.skipif(not FOLDERS, reason="the companies' tables are not here")


def shop(folder: Path) -> dict[str, pd.DataFrame]:
    read = {p.stem: pd.read_csv(p) for p in folder.glob("*.csv")}
    orders = read["orders"].merge(
        read["customers"].drop(columns="signup_date"), on="customer_id", how="left"
    )
    days = (
        pd.to_datetime(orders["delivered_date"]).dt.normalize()
        - pd.to_datetime(orders["order_date"]).dt.normalize()
    )
    orders = orders.assign(time=orders["order_date"], delivery_days=days.dt.days)
    products = read["products"].drop(columns="list_price")
    items = (
        read["order_items"]
        .merge(orders, on="order_id", how="left")
        .merge(products, on="product_id", how="left")
    )
    items = items.assign(
        amount=items.qty * items.unit_price,
        listed=items.qty * items.list_price,
        cost=items.qty * items.unit_cost,
    )
    returns = read["returns"].merge(orders.drop(columns="time"), on="order_id", how="left")
    return {
        "orders": orders,
        "order_items": items,
        "returns": returns.merge(products, on="product_id", how="left").assign(
            time=returns["return_date"]
        ),
        "stock": read["stock"]
        .merge(products, on="product_id", how="left")
        .assign(time=read["stock"]["date"]),
        "ad_spend": read["ad_spend"].assign(time=read["ad_spend"]["date"]),
        "customers": read["customers"].assign(time=read["customers"]["signup_date"]),
    }


def software(folder: Path) -> dict[str, pd.DataFrame]:
    accounts, invoices = pd.read_csv(folder / "accounts.csv"), pd.read_csv(folder / "invoices.csv")
    joined = invoices.merge(accounts, on="account_id", how="left")
    return {
        "invoices": joined.assign(time=joined["invoice_date"]),
        "accounts": accounts.assign(time=accounts["signup_date"]),
    }


def sales(folder: Path) -> dict[str, pd.DataFrame]:
    deals, stages = (
        pd.read_csv(folder / "opportunities.csv"),
        pd.read_csv(folder / "stage_history.csv"),
    )
    joined = stages.merge(deals, on="opportunity_id", how="left")
    return {
        "stage_history": joined.assign(time=joined["entered_at"]),
        "opportunities": deals.assign(time=deals["created_date"]),
    }


def ratio(above, below):
    return lambda f: above(f) / below(f)


def by_hand() -> dict[str, tuple]:
    """Metric -> table, and its value over rows of the joined table."""
    return {
        "revenue": ("order_items", lambda f: f.amount.sum()),
        "gross_profit": ("order_items", lambda f: (f.amount - f.cost).sum()),
        "gross_sales": ("order_items", lambda f: f.amount.sum()),
        "units": ("order_items", lambda f: f.qty.sum()),
        "returned": ("returns", lambda f: f.amount.sum()),
        "orders": ("orders", len),
        "app_orders": ("orders", lambda f: (f.channel == "app").sum()),
        "discount": (
            "order_items",
            ratio(lambda f: (f.listed - f.amount).sum(), lambda f: f.listed.sum()),
        ),
        "delivery_days": ("orders", ratio(lambda f: f.delivery_days.sum(), len)),
        "availability": ("stock", ratio(lambda f: (f.on_hand > 0).sum(), len)),
        "ad_spend": ("ad_spend", lambda f: f.spend.sum()),
        "new_customers": ("customers", len),
        "mrr": ("invoices", lambda f: f.amount.sum()),
        "seats": ("invoices", lambda f: f.seats.sum()),
        "new_accounts": ("accounts", len),
        "won_amount": ("stage_history", lambda f: f.amount[f.stage == "won"].sum()),
        "opportunities": ("opportunities", len),
    }


def joined_by_hand(folder: Path) -> dict[str, pd.DataFrame]:
    kind = (
        shop
        if (folder / "orders.csv").exists()
        else software
        if (folder / "invoices.csv").exists()
        else sales
    )
    return {
        name: f.assign(time=pd.to_datetime(f["time"], format="mixed"))
        for name, f in kind(folder).items()
    }


@pytest.mark.parametrize("folder", few(FOLDERS, 2), ids=lambda p: p.name)
def test_every_metric_and_linked_dimension_equals_a_join_by_hand(folder):
    held(open_case(folder), joined_by_hand(folder))


def held(case, frames) -> None:
    for name, metric in case.metrics.items():
        if metric.formula:
            continue
        table, value = by_hand()[name]
        assert metric.table == table
        rows = frames[table]
        for by in ((), *((d,) for d in case.tables[table].dimensions_named)):
            got = measure(case.tables[table], [metric], case.periods, Cut(by=by))
            for period, days in case.periods.items():
                inside = rows[
                    (rows.time >= str(days.first))
                    & (rows.time < str(days.last + pd.Timedelta(days=1)))
                ]
                mine = got[got[PERIOD] == period]
                if not by:
                    assert float(mine[name].iloc[0]) == pytest.approx(
                        value(inside), rel=1e-9, nan_ok=True
                    ), (
                        name,
                        period,
                    )
                    continue
                groups = inside.fillna({by[0]: "(none)"}).groupby(by[0])
                want = pd.Series({key: value(group) for key, group in groups}, dtype=float)
                have = mine.set_index(marked(by[0]))[name]
                nonzero = want[(want != 0) & want.notna()]
                np.testing.assert_allclose(
                    have.reindex(nonzero.index).astype(float), nonzero, rtol=1e-9
                )
                assert set(nonzero.index) <= set(have.index)


def test_a_formula_over_two_tables_is_cut_by_what_both_share():
    folder = next(f for f in FOLDERS if "formula:" in (f / "case.yml").read_text())
    case, frames = open_case(folder), joined_by_hand(folder)
    metric = next(m for m in case.metrics.values() if m.formula)
    assert metric.formula == "gross_sales - returned"
    table = case.tables[metric.table]
    shared = ("channel", "region", "category", "brand")
    assert table.dimensions_named == shared
    for by in ((), *((d,) for d in shared)):
        got = measure(table, [metric], {"current": case.current}, Cut(by=by))
        want = 0.0
        for name, sign in (("order_items", 1), ("returns", -1)):
            rows = frames[name]
            rows = rows[(rows.time >= str(case.current.first)) & (rows.time < "2026-07-01")]
            part = (
                rows.fillna(dict.fromkeys(by, "(none)")).groupby(list(by)).amount.sum()
                if by
                else rows.amount.sum()
            )
            want = want + sign * part
        have = got.set_index(marked(by[0]))[metric.name] if by else got[metric.name]
        np.testing.assert_allclose(have.reindex(want.index) if by else have, want, rtol=1e-9)
