"""Only aggregates leave the engine: no table that a review fetches grows with the log."""

from __future__ import annotations

import pytest

from benchmarks.frames import largest, recorded
from kpilab.case.read import open_case
from kpilab.engine.connect import connect
from kpilab.verdict.run import review
from tests.case.conftest import CASE

EVENTS, USERS = 300_000, 120_000
# Two weeks; every user visits, half of them fill a cart, a quarter pays; two cities and forty
# shops.
MADE = f"""
COPY (
  SELECT TIMESTAMP '2026-01-05 08:00:00' + to_seconds((k * 7919) % 1200000) AS at,
      'u' || (k % {USERS}) AS "user",
         CASE WHEN k < {USERS} THEN 'visit' WHEN k % 3 = 0 THEN 'pay' ELSE 'cart' END AS event,
         CASE WHEN k % {USERS} % 2 = 0 THEN 'a' ELSE 'b' END AS city,
         's' || (k % {USERS} % 40) AS shop,
         CASE WHEN k >= {USERS} AND k % 3 = 0 THEN 10.0 END AS amount
  FROM range({EVENTS}) AS t(k)
) TO '{{}}' (FORMAT parquet)
"""


@pytest.fixture
def case(tmp_path):
    connect().raw_sql(MADE.format(tmp_path / "events.parquet"))
    text = CASE.replace("events.csv", "events.parquet").replace("[city]", "[city, shop]")
    (tmp_path / "case.yml").write_text(text, "utf-8")
    return open_case(tmp_path)


def test_no_fetched_table_grows_with_the_log(case):
    assert case.tables["events"].table.count().to_pandas() == EVENTS
    with recorded() as (frames, columns):
        review(case)
    assert len(frames) > 10, "the recorder sees what is fetched"
    name, _, most = largest(frames)[0]
    assert most < 20_000, name
    # The compiled kernels read columns of the log where they are loaded; nobody else reads rows.
    assert {name for name, _ in columns} <= {"kpilab.engine.events.gather"}
