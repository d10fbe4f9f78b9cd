"""A query of a case reads tables of the engine and nothing else."""

from __future__ import annotations

from pathlib import Path

import ibis
import pandas as pd
import pytest
import yaml

from kpilab.case.read import open_case
from kpilab.engine.query import queried
from kpilab.errors import BadInput

ORDERS = pd.DataFrame({"id": [1, 2, 3], "who": ["a", "b", "a"], "amount": [5.0, 7.0, 9.0]})
ORDERS["day"] = pd.Timestamp("2026-01-06")
PEOPLE = pd.DataFrame({"who": ["a", "b"], "region": ["north", "south"]})


@pytest.fixture
def con():
    made = ibis.duckdb.connect()
    made.create_table("orders", ORDERS)
    made.create_table("people", PEOPLE)
    return made


@pytest.mark.parametrize(
    "text",
    [
        "select * from orders",
        "select o.day, sum(o.amount) as amount from orders as o group by o.day order by 1 limit 5",
        "with big as (select * from orders where amount > 5) "
        "select * from big join people using (who)",
        "select *, row_number() over (partition by who order by id) as n from orders",
        "select who from orders union all select who from people",
        "select * from (select who, max(amount) as m from orders group by who) as t where m > 1",
    ],
)
def test_a_select_over_tables_of_the_engine_is_taken(con, text):
    assert queried(con, text, "q").count().execute() > 0


@pytest.mark.parametrize(
    "text",
    [
        "select * from read_csv('secret.csv')",
        "select * from 'secret.csv'",
        'select * from "secret.csv"',
        "select * from glob('*')",
        "select * from duckdb_settings()",
        "select current_setting('home_directory')",
        "select getenv('HOME') from orders",
        "select * from information_schema.tables",
        "select * from pg_catalog.pg_class",
        "select * from orders; drop table orders",
        "drop table orders",
        "insert into orders select * from orders",
        "copy orders to 'x.csv'",
        "attach 'x.db'",
        "set memory_limit = '1GB'",
        "pragma database_list",
        "install httpfs",
        "select * into other from orders",
        "select * from orders for update",
        "with gone as (delete from orders returning *) select * from gone",
        "select read_text('secret') from orders",
        "select * from orders, lateral (select 1)",
        "select * from query('select 1')",
        "select * from order_lines",
        "select amounts from orders",
        "select",
        "",
        "select " + "1 + " * 3_000 + "1 from orders",
    ],
)
def test_anything_else_is_refused(con, text):
    with pytest.raises(BadInput):
        queried(con, text, "q")
    assert con.table("orders").count().execute() == 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = ibis.duckdb.connect(tmp_path / "shop.db")
    days = pd.date_range("2026-01-05", periods=14)
    made.create_table("orders", pd.DataFrame({"day": days, "who": ["a", "b"] * 7, "amount": 2.0}))
    made.create_table("people", PEOPLE)
    made.disconnect()
    return tmp_path


def spec(folder: Path, **table: str) -> Path:
    days = {"baseline": ["2026-01-05", "2026-01-11"], "current": ["2026-01-12", "2026-01-18"]}
    sales = {"kind": "facts", "time": "day", "dimensions": ["region"], **table}
    case = {
        "kpilab": 1,
        "title": "q",
        "engine": f"duckdb://{folder / 'shop.db'}",
        "periods": days,
        "tables": {"sales": sales},
        "metrics": {"revenue": {"table": "sales", "measure": "sum(amount)"}},
        "goal": {"metric": "revenue"},
    }
    (folder / "case.yml").write_text(yaml.safe_dump(case), "utf-8")
    return folder


def test_a_case_may_rest_on_a_query(folder):
    case = open_case(spec(folder, query="select * from orders join people using (who)"))
    assert case.tables["sales"].table.count().execute() == 14
    con = case.tables["sales"].table.get_backend()
    (folder / "other.csv").write_text("a\n1\n", "utf-8")
    with pytest.raises(Exception, match="disabled by configuration"):
        con.raw_sql(f"select * from read_csv('{folder / 'other.csv'}')")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"query": "select * from order_lines"}, "no table of the engine named 'order_lines'"),
        ({"query": "select * from orders", "source": "orders"}, "give one of them"),
        ({}, "give one of them"),
        ({"query": "select * from orders", "encoding": "gb18030"}, "a query reads none"),
    ],
)
def test_what_is_no_query_is_said_with_its_place(folder, table, said):
    with pytest.raises(BadInput) as caught:
        open_case(spec(folder, **table))
    problem = caught.value.problems[0]
    assert said in problem.what
    assert "case.yml line" in problem.where
