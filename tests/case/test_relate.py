"""Keys and links that tables show, and a first case that rests on them."""

from __future__ import annotations

import shutil
from datetime import date

import numpy as np
import pandas as pd
import pytest
import yaml

import kpilab
from kpilab.case.found import Wishes
from kpilab.case.look import look
from kpilab.case.read import open_case
from kpilab.case.relate import Related, related
from kpilab.cli.first import scaffold
from kpilab.core.values import Period
from kpilab.errors import BadInput
from kpilab.show.say import sentence
from tests.case.test_fan_out import tables
from tests.conftest import SHARED

COMPANIES = sorted(p.parent for p in (SHARED / "companies").glob("*/case.yml"))


def related_in(folder, **frames: pd.DataFrame) -> Related:
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return related(look(folder)[0])


def shop() -> dict[str, pd.DataFrame]:
    frames = tables()
    frames["lines"]["line_id"] = range(1, len(frames["lines"]) + 1)
    return frames


def test_links_are_found_by_names_and_values(tmp_path):
    frames = shop()
    orders = frames["orders"].fillna({"customer": "c0"}).replace({"c99": "c1"})
    lines = frames["lines"].replace({"gone": "p0"})
    found = related_in(tmp_path, **(frames | {"orders": orders, "lines": lines}))
    assert found.keys == {
        "customers": "customer", "lines": "line_id", "orders": "order_id", "products": "sku",
    }  # fmt: skip
    assert found.of("lines") == {"order_id": "orders", "sku": "products"}
    assert found.of("orders") == {"customer": "customers"}
    assert dict(found.ways("lines")) == {n: n for n in ("orders", "products", "customers")}


def test_a_link_that_values_speak_against_is_told_with_its_share(tmp_path):
    orders = tables()["orders"].assign(customer=[f"c{k + 3}" for k in range(28)])
    found = related_in(tmp_path, orders=orders, customers=tables()["customers"])
    assert found.links == ()
    assert [sentence(r.message) for r in found.rejected] == [
        "no link orders.customer -> customers: 7.1 % of its rows hold a customer of it"
    ]


def test_a_table_without_a_key_is_no_target(tmp_path):
    twice = pd.concat([tables()["customers"], tables()["customers"].assign(region="west")])
    orders = tables()["orders"].rename(columns={"customer": "customer_id"})
    found = related_in(tmp_path, orders=orders, customers=twice)
    assert found.links == ()
    assert found.rejected[0].why.key == "first.no_key"


def test_a_table_loaded_twice_keeps_its_key(tmp_path):
    orders = tables()["orders"].fillna({"customer": "c0"}).replace({"c99": "c1"})
    found = related_in(
        tmp_path, orders=pd.concat([orders, orders.tail(9)]), customers=tables()["customers"]
    )
    assert found.keys["orders"] == "order_id"


def test_numbers_link_by_their_name_only(tmp_path):
    """Numbers from one to ten lie in every table."""
    stores = pd.DataFrame({"store_id": range(1, 21), "city": ["a", "b"] * 10})
    days = pd.date_range("2026-01-01", periods=60)
    sales = pd.DataFrame(
        {"day": days, "shop_no": 1 + np.arange(60) % 20, "pieces": 1 + np.arange(60) % 9}
    )
    assert related_in(tmp_path, stores=stores, sales=sales).links == ()
    named = related_in(tmp_path, stores=stores, sales=sales.rename(columns={"shop_no": "store_id"}))
    assert named.of("sales") == {"store_id": "stores"}


def test_ids_in_letters_link_by_their_values(tmp_path):
    users = pd.DataFrame({"user_id": [f"U{k:03d}" for k in range(40)], "plan": ["a", "b"] * 20})
    buys = pd.DataFrame(
        {
            "day": pd.date_range("2026-01-01", periods=80),
            "buyer": [f"U{k % 40:03d}" for k in range(80)],
            "amount": 5.0,
        }
    )
    assert related_in(tmp_path, users=users, buys=buys).of("buys") == {"buyer": "users"}


def written(folder, wishes: Wishes | None = None, **frames: pd.DataFrame) -> dict:
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return yaml.safe_load(
        scaffold(folder, force=True, wishes=wishes or Wishes()).read_text("utf-8")
    )


def test_lines_come_to_quantity_times_price_and_have_the_day_of_their_order(tmp_path):
    frames = shop()
    frames["orders"] = frames["orders"].fillna({"customer": "c0"}).replace({"c99": "c1"})
    frames["lines"] = (
        frames["lines"].drop(columns="line_id").rename(columns={"price": "unit_price"})
    )
    spec = written(tmp_path, **frames)
    lines = spec["tables"]["lines"]
    assert lines["time"] == "orders.day"
    assert lines["columns"] == {"amount": "qty * unit_price"}
    assert spec["metrics"][spec["goal"]["metric"]] == {"table": "lines", "measure": "sum(amount)"}
    assert spec["customer"] == "customers"
    assert spec["tables"]["products"]["kind"] == "entities"


def test_customers_and_orders_that_do_not_add_up_over_places_are_no_formula(tmp_path):
    """What an order comes to in one category moves with its mix: the review takes it apart."""
    frames = shop()
    frames["orders"] = frames["orders"].fillna({"customer": "c0"}).replace({"c99": "c1"})
    spec = written(tmp_path, **frames)
    assert spec["goal"] == {"metric": "amount"}
    assert spec["metrics"]["amount_per_order"]["denominator"] == "count(distinct order_id)"
    assert "takes it apart" in (tmp_path / "case.yml").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not COMPANIES, reason="the companies' tables are not here")
@pytest.mark.parametrize("name", ["ce090b64f", "c023530a2"])
def test_the_review_of_a_draft_names_what_was_planted_or_nothing(name, tmp_path):
    for table in (SHARED / "companies" / name).glob("*.csv"):
        shutil.copy(table, tmp_path)
    scaffold(tmp_path)
    causes = kpilab.review(open_case(tmp_path)).causes
    planted = {"c023530a2": [("price_erosion", {"category": ("sports",)})]}
    assert [(c.kind, dict(c.where.values)) for c in causes] == planted.get(name, [])


def test_a_total_of_the_order_on_every_line_is_not_added_up(tmp_path):
    orders = pd.DataFrame({"order_id": np.arange(200).repeat(3)})
    orders["day"] = pd.Timestamp("2026-01-05") + pd.to_timedelta(orders["order_id"] % 28, "D")
    orders["order_total"] = 100.0 + orders["order_id"]
    orders["qty"], orders["unit_price"] = 2, np.arange(600) % 7 + 1.5
    spec = written(tmp_path, lines=orders)
    assert spec["tables"]["lines"]["columns"] == {"amount": "qty * unit_price"}
    assert "order_total" not in str(spec["metrics"])


def test_what_became_of_a_row_is_no_dimension(tmp_path):
    frame = tables()["orders"].assign(order_status=["paid", "open"] * 14, amount=3.0)
    spec = written(tmp_path, orders=frame)
    assert spec["tables"]["orders"]["dimensions"] == ["channel"]


def test_a_stray_day_moves_no_period_and_is_noticed(tmp_path):
    frame = pd.DataFrame({"day": pd.date_range("2025-01-01", "2026-03-31").repeat(3)})
    frame["amount"] = 2.0
    frame.loc[5, "day"] = pd.Timestamp("2052-01-01")
    spec = written(tmp_path, sales=frame)
    assert spec["periods"]["current"] == [date(2026, 1, 1), date(2026, 3, 31)]
    assert spec["periods"]["year_ago"] == [date(2025, 1, 1), date(2025, 3, 31)]
    assert "day also holds 2052-01-01" in (tmp_path / "case.yml").read_text("utf-8")


def test_what_is_wished_stands_in_the_case(tmp_path):
    frame = tables()["orders"].assign(amount=3.0)
    days = {
        n: Period(date(2026, 1, a), date(2026, 1, a + 6))
        for n, a in (("baseline", 5), ("current", 12))
    }
    asked = Wishes("orders.freight", 70.0, {"amount": 50.0}, "Ann", days, "zh")
    spec = written(tmp_path, asked, orders=frame)
    assert spec["goal"] == {"metric": "freight", "target": 70.0}
    assert spec["kpis"] == [{"metric": "amount", "owner": "Ann", "target": 50.0}]
    assert spec["language"] == "zh"
    assert "year_ago" not in spec["periods"]
    assert spec["periods"]["current"] == [date(2026, 1, 12), date(2026, 1, 18)]
    for wrong, where in (
        (Wishes("orders.margin"), "--goal"),
        (Wishes(kpis={"margin": 1.0}), "--kpi"),
    ):
        with pytest.raises(BadInput) as caught:
            written(tmp_path, wrong, orders=frame)
        assert caught.value.where == where


@pytest.mark.skipif(not COMPANIES, reason="the companies' tables are not here")
@pytest.mark.parametrize("folder", COMPANIES, ids=lambda p: p.name)
def test_a_company_is_read_from_its_tables_alone(folder, tmp_path):
    """Keys, links and customer as a person wrote them, and a goal that adds up to the same."""
    for table in folder.glob("*.csv"):
        shutil.copy(table, tmp_path)
    scaffold(tmp_path)
    drafted, given = (
        yaml.safe_load((f / "case.yml").read_text("utf-8")) for f in (tmp_path, folder)
    )
    assert drafted.get("customer") == given.get("customer")
    for name, table in given["tables"].items():
        assert drafted["tables"][name].get("links") == table.get("links")
        assert drafted["tables"][name].get("key") == table.get("key")
        assert drafted["tables"][name]["kind"] == table["kind"]
    assert drafted["periods"] == {n: [date.fromisoformat(d) for d in days]
                                  for n, days in given["periods"].items()}  # fmt: skip
    mine, theirs = open_case(tmp_path), open_case(folder)
    assert worth(mine, mine.goal.metric) == pytest.approx(worth(theirs, gross(theirs)), rel=1e-9)


def gross(case) -> str:
    """What comes in, where the goal is net of returns or costs."""
    known = [n for n in ("revenue", "gross_sales") if n in case.metrics]
    return known[0] if known else case.goal.metric


def worth(case, name: str) -> float:
    from kpilab.engine.metrics import measure

    metric = case.metrics[name]
    found = measure(case.tables[metric.table], [metric], {"current": case.current})
    return float(found[name].iloc[0])
