"""Relations: totals with and without any join are equal, and what would count twice is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpilab.case.read import open_case
from kpilab.core.case import Case
from kpilab.engine.column import marked
from kpilab.engine.customers.movements import movements
from kpilab.engine.metrics import Cut, measure
from kpilab.errors import BadInput

DAYS = pd.date_range("2026-01-05", periods=14)
SPEC: dict[str, Any] = {
    "kpilab": 1,
    "title": "lines",
    "periods": {"baseline": ["2026-01-05", "2026-01-11"], "current": ["2026-01-12", "2026-01-18"]},
    "tables": {
        "lines": {
            "kind": "facts", "source": "lines.csv", "time": "orders.day",
            "links": {"order_id": "orders", "sku": "products"},
            "columns": {"amount": "qty * price", "margin": "qty * (price - products.cost)"},
            "dimensions": ["orders.channel", "customers.region", "sku", "products.category"],
        },
        "orders": {
            "kind": "facts", "source": "orders.csv", "key": "order_id", "time": "day",
            "links": {"customer": "customers"}, "dimensions": ["channel", "customers.region"],
        },
        "customers": {"kind": "entities", "source": "customers.csv", "key": "customer",
                      "time": "since", "dimensions": ["region"]},
        "products": {"kind": "entities", "source": "products.csv", "key": "sku",
                     "dimensions": ["category"]},
    },
    "metrics": {
        "sales": {"table": "lines", "measure": "sum(amount)"},
        "lines": {"table": "lines", "measure": "count(*)"},
        "orders": {"table": "orders", "measure": "count(*)"},
        "freight": {"table": "orders", "measure": "sum(freight)"},
    },
    "goal": {"metric": "sales"},
}  # fmt: skip


def tables() -> dict[str, pd.DataFrame]:
    """Two orders a day of one to three lines; one order of nobody known, one sku that is none."""
    orders = pd.DataFrame({"order_id": range(28), "day": DAYS.repeat(2)})
    orders["customer"] = [f"c{k % 5}" for k in range(28)]
    orders.loc[3, "customer"] = "c99"
    orders.loc[4, "customer"] = None
    orders["channel"], orders["freight"] = ["web", "shop"] * 14, 5.0
    lines = orders.loc[orders.index.repeat([1, 2, 3, 1] * 7), ["order_id"]].reset_index(drop=True)
    lines["sku"] = [f"p{k % 4}" for k in range(len(lines))]
    lines.loc[7, "sku"] = "gone"
    lines["qty"], lines["price"] = [1 + k % 3 for k in range(len(lines))], 10.0
    customers = pd.DataFrame({"customer": [f"c{k}" for k in range(5)], "since": DAYS[:5]})
    customers["region"] = ["north", "south", None, "north", "east"]
    products = pd.DataFrame({"sku": [f"p{k}" for k in range(4)], "cost": [4.0, 5, 6, 7]})
    products["category"] = ["a", "a", "b", "b"]
    return {"lines": lines, "orders": orders, "customers": customers, "products": products}


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    spec = yaml.safe_load(yaml.safe_dump(SPEC))
    for path, value in changes:
        *above, last = path.split(".")
        at = spec
        for part in above:
            at = at.setdefault(part, {})
        at[last] = value
    return spec


def written(folder: Path, spec: dict[str, Any], frames: dict[str, pd.DataFrame]) -> Path:
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    (folder / "case.yml").write_text(yaml.safe_dump(spec, sort_keys=False), "utf-8")
    return folder


def total(case: Case, name: str, by: tuple[str, ...] = ()) -> pd.Series:
    metric = case.metrics[name]
    found = measure(case.tables[metric.table], [metric], {"all": case.current}, Cut(by=by))
    return found.set_index([marked(d) for d in by])[name] if by else found[name]


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Case]:
    return lambda spec=SPEC, **frames: open_case(written(tmp_path, spec, tables() | frames))


def problems(folder: Path, spec: dict[str, Any], **frames: pd.DataFrame) -> list[str]:
    with pytest.raises(BadInput) as caught:
        open_case(written(folder, spec, tables() | frames))
    return [f"{p.what} | {p.where} | {p.hint}" for p in caught.value.problems]


def test_no_partner_is_a_value_and_a_missing_one_another(opened):
    case = opened()
    by_region = total(case, "orders", ("region",))
    assert by_region.to_dict() == {"north": 5, "south": 3, "east": 3, "(missing)": 3}
    before = measure(case.tables["orders"], [case.metrics["orders"]], {"b": case.baseline},
                     Cut(by=("region",)))  # fmt: skip
    assert dict(zip(before[marked("region")], before["orders"], strict=True))["(none)"] == 2
    said = {(i.table, i.column): i.statement.values for i in case.issues}
    assert said["orders", "customer"]["rows"] == 1
    assert said["orders", "customer"]["first"] == ("c99",)
    assert said["lines", "sku"]["first"] == ("gone",)


def test_a_dimension_has_the_name_of_its_column(opened):
    assert opened().tables["lines"].dimensions_named == ("channel", "region", "sku", "category")


def test_two_ways_to_one_table_are_told_apart_by_the_link(opened):
    orders = tables()["orders"].assign(payer=lambda f: f["customer"].shift(1))
    spec = changed(
        ("tables.orders.links", {"customer": "customers", "payer": "customers"}),
        ("tables.orders.dimensions", ["customer.region", "payer.region"]),
        ("tables.lines.dimensions", ["orders.payer.region"]),
    )
    case = opened(spec, orders=orders)
    assert case.tables["orders"].dimensions_named == ("region", "payer.region")
    assert case.tables["lines"].dimensions_named == ("region",)
    both = total(case, "orders", ("region", "payer.region"))
    assert both["south", "north"] == 3


def test_two_ways_without_a_link_are_refused(tmp_path):
    orders = tables()["orders"].assign(payer="c1")
    spec = changed(("tables.orders.links", {"customer": "customers", "payer": "customers"}))
    said = problems(tmp_path, spec, orders=orders)
    assert any("several ways to 'customers'" in line for line in said)
    assert any("tables.orders.dimensions.1" in line for line in said)


def test_a_key_in_rows_that_differ_is_no_key(tmp_path):
    products = pd.concat([tables()["products"], pd.DataFrame({"sku": ["p1"], "cost": [9.0]})])
    said = problems(tmp_path, SPEC, products=products)
    assert len(said) == 1
    assert "1 keys of table 'products' stand in several rows that differ" in said[0]
    assert "sku p1" in said[0]
    assert "key tables.products.key" in said[0]


def test_wholly_equal_rows_are_one_and_that_is_said(opened):
    frame = tables()["orders"]
    case = opened(orders=pd.concat([frame, frame.tail(3)]))
    assert total(case, "orders").item() == 14
    assert [(i.table, i.rows) for i in case.issues if i.statement.key == "trust.collapsed"] == [
        ("orders", 3)
    ]


@pytest.mark.few(1)
@pytest.mark.parametrize("time", ["orders.day", "order_id.day", "customers.since"])
def test_rows_twice_whose_time_a_linked_table_tells_have_their_days(opened, time):
    frame = tables()["lines"].assign(line=lambda f: range(len(f)))
    spec = changed(("tables.lines.key", "line"), ("tables.lines.time", time))
    customers = tables()["customers"].assign(since=DAYS[::3])
    case = opened(spec, lines=pd.concat([frame, frame.tail(3)]), customers=customers)
    found = next(i for i in case.issues if i.statement.key == "trust.collapsed")
    told = tables()["orders"].merge(customers, on="customer", how="left")
    of_order = told.set_index("order_id")["since" if "since" in time else "day"]
    days = pd.to_datetime(frame.tail(3)["order_id"].map(of_order)).dt.date
    assert found.daily == days.value_counts().to_dict()
    assert (found.period.first, found.period.last) == (days.min(), days.max())


def test_a_sum_over_repeated_keys_names_the_right_table(tmp_path):
    spec = changed(("metrics.freight", {"table": "lines", "measure": "sum(orders.freight)"}))
    said = problems(tmp_path, spec)
    assert len(said) == 1
    assert "49 rows of 'lines' that hold 28 of its keys" in said[0]
    assert "measure it on table 'orders'" in said[0]


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "measure",
    [
        "sum(qty * products.cost)",
        "sum(case when orders.channel = 'web' then 1 else 0 end)",
        "sum(orders.freight) filter (where is_first)",
        "avg(orders.freight)",
        "count(distinct orders.customer)",
    ],
)
def test_what_counts_every_row_once_is_taken(opened, measure):
    lines = tables()["lines"]
    lines["is_first"] = ~lines.duplicated("order_id")
    case = opened(changed(("metrics.x", {"table": "lines", "measure": measure})), lines=lines)
    assert total(case, "x").notna().all()


def test_what_is_linked_holds_as_of_the_rows_time(opened):
    prices = pd.DataFrame({"sku": [f"p{k}" for k in range(4)], "cost": 1.0, "category": "a"})
    prices = pd.concat([prices.assign(start="2025-01-01", end="2026-01-13"),
                        prices.assign(start="2026-01-14", end=None, cost=3.0)])  # fmt: skip
    spec = changed(
        ("tables.products.valid", {"from": "start", "until": "end"}),
        ("tables.lines.columns.cost", "qty * products.cost"),
        ("metrics.cost", {"table": "lines", "measure": "sum(cost)"}),
    )
    case = opened(spec, products=prices)
    frames = tables()
    rows = frames["lines"].merge(frames["orders"], on="order_id")
    rows = rows[(rows.day >= "2026-01-12") & (rows.sku != "gone")]
    want = (rows.qty * rows.day.ge("2026-01-14").map({True: 3.0, False: 1.0})).sum()
    assert total(case, "cost").item() == want


def test_rows_that_hold_at_the_same_time_are_refused(tmp_path):
    prices = tables()["products"].assign(start="2025-01-01", end="2026-01-13")
    more = prices.assign(start="2026-01-10", end=None)
    spec = changed(("tables.products.valid", {"from": "start", "until": "end"}))
    said = problems(tmp_path, spec, products=pd.concat([prices, more]))
    assert any("4 keys of table 'products' hold twice at one time" in line for line in said)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("tables.lines.links", {"order": "orders"}, "no column named 'order'"),
        ("tables.lines.links", {"order_id": "order"}, "no table named 'order'"),
        ("tables.lines.columns", {"amount": "qty * products.costs"}, "no column named 'costs'"),
        ("tables.lines.columns", {"qty": "price"}, "has a column 'qty' already"),
        ("tables.lines.columns", {"a": "b + 1", "b": "a + 1"}, "computed from itself"),
        ("tables.lines.columns", {"a": "sum(qty)"}, "has an aggregate"),
        ("tables.lines.columns", {"a": "read_text('x')"}, "not allowed"),
        ("tables.lines.dimensions", ["products.categories"], "no column named 'categories'"),
        ("tables.orders.dimensions", ["products.category"], "no linked table or link"),
        ("tables.products.dimensions", ["orders.channel"], "is linked to no table 'orders'"),
        ("metrics.sales.measure", "sum(qty * products.price)", "no column named 'price'"),
        ("tables.customers.key", ["customer", "region"], "the one column that names a row"),
        ("customer", "orders", "no table of kind entities named 'orders'"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_its_place(tmp_path, path, value, said):
    found = problems(tmp_path, changed((path, value)))
    assert any(said in line and "case.yml line" in line for line in found), found


def test_ids_of_two_types_are_matched_or_refused(tmp_path):
    orders = tables()["orders"].assign(order_id=lambda f: "A" + f["order_id"].astype(str))
    assert any(
        "no row of table 'lines' has a time" in line
        for line in problems(tmp_path, SPEC, orders=orders)
    )
    zeros = tables()["orders"].assign(order_id=lambda f: f["order_id"].map("{:04d}".format))
    zeros.loc[0, "order_id"] = "x"  # else the file is read as numbers
    assert any("ids are" in line for line in problems(tmp_path, SPEC, orders=zeros))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_totals_with_and_without_any_join_are_equal(tmp_path_factory, data):
    keys = st.sampled_from(["c0", "c1", "c2", "zz", None])
    size = data.draw(st.integers(1, 30))
    orders = pd.DataFrame({
        "order_id": range(size),
        "day": data.draw(st.lists(st.sampled_from(list(DAYS)), min_size=size, max_size=size)),
        "customer": data.draw(st.lists(keys, min_size=size, max_size=size)),
        "channel": "web", "freight": 1.0,
    })  # fmt: skip
    orders = pd.concat([orders, tables()["orders"].assign(order_id=lambda f: f["order_id"] + 100)])
    known = data.draw(st.lists(st.sampled_from(["c0", "c1", "c2", "c3"]), unique=True, min_size=1))
    customers = pd.DataFrame({"customer": known, "since": DAYS[0], "region": "n"})
    lines = tables()["lines"].assign(order_id=lambda f: f["order_id"] + 100)
    folder = tmp_path_factory.mktemp("fan")
    case = open_case(
        written(folder, SPEC, tables() | {"orders": orders, "customers": customers, "lines": lines})
    )
    assert case.tables["orders"].table.count().execute() == len(orders)
    assert case.tables["lines"].table.count().execute() == len(lines)
    for name in ("orders", "freight", "sales", "lines"):
        dimensions = case.tables[case.metrics[name].table].dimensions_named
        for by in (dimensions[:1], dimensions[1:2], dimensions):
            assert total(case, name, by).sum() == pytest.approx(total(case, name).sum())


def private(*changes: tuple[str, Any], names: tuple[str, ...] = ("mail",)) -> dict[str, Any]:
    few = [("tables.lines.dimensions", ["sku"]), ("privacy", {"pseudonymise": list(names)})]
    return changed(*few, *changes)


def mailed() -> pd.DataFrame:
    return tables()["customers"].assign(mail=[f"p{k}@x.org" for k in range(5)])


def everything(case: Case) -> str:
    """Every value of every table, and every note."""
    cells = [t.table.execute().to_csv() for t in case.tables.values()]
    return "\n".join([*cells, *(str(i.statement.values) for i in case.issues)])


def test_a_hidden_column_is_hidden_by_whatever_name_it_is_linked(opened):
    mine = tables()["orders"].assign(mail="own")
    spec = private(
        ("tables.orders.dimensions", ["customers.mail"]),
        ("metrics.people", {"table": "orders", "measure": "count(distinct customers.mail)"}),
        ("metrics.both", {"formula": "people - lines"}),
    )
    case = opened(spec, customers=mailed(), orders=mine)
    assert case.tables["orders"].dimensions_named == ("customers.mail",)
    assert "@x.org" not in everything(case)
    assert total(case, "people").item() == 5


def test_a_link_and_the_key_it_holds_are_hidden_together(opened):
    customers = tables()["customers"].rename(columns={"customer": "person"})
    spec = private(
        ("tables.customers.key", "person"),
        ("tables.orders.dimensions", ["customer", "customers.region"]),
        names=("customer",),
    )
    case = opened(spec, customers=customers)
    assert case.tables["orders"].dimensions_named == ("person", "region")
    assert not {"c0", "c1", "c99"} & set(everything(case).replace("'", ",").split(","))
    assert total(case, "orders", ("region",))["north"] == 5


@pytest.mark.parametrize(
    "change",
    [
        ("tables.orders.columns", {"m": "lower(customers.mail)"}),
        ("tables.customers.columns", {"m": "mail"}),
    ],
)
def test_what_is_computed_from_a_hidden_column_is_refused(tmp_path, change):
    said = problems(tmp_path, private(change), customers=mailed())
    assert any("'m' is computed from 'mail', which is pseudonymised" in line for line in said)


def test_a_formula_may_be_called_like_a_table_and_several_rest_on_the_same(opened):
    spec = changed(
        ("metrics.placed", SPEC["metrics"]["orders"]),
        ("metrics.orders", {"formula": "sales - freight"}),
        ("metrics.other", {"formula": "sales - 2 * freight"}),
    )
    case = opened(spec)
    sales, freight = total(case, "sales").item(), total(case, "freight").item()
    assert total(case, "orders").item() == sales - freight
    assert total(case, "other").item() == sales - 2 * freight
    assert total(case, "placed").item() == 14
    assert set(case.sources) == set(SPEC["tables"])


def test_what_a_formula_is_made_of_is_told_by_customer(opened):
    spec = changed(
        ("customer", {"table": "customers", "amount": "net"}),
        ("metrics.net", {"formula": "sales - freight"}),
    )
    case = opened(spec)
    table = case.tables[case.metrics["net"].table]
    moved = movements(table, case.metrics["net"], case.customer.column, case.baseline, case.current)
    parts = ("came", "gone", "more", "less", "same", "nobody")
    both = measure(table, [case.metrics["net"]], dict(case.periods))["net"]
    assert sum(getattr(moved, p).change for p in parts) == both.iloc[1] - both.iloc[0]
    assert moved.nobody.customers == 1
