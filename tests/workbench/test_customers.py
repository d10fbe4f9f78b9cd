"""Every view on the customers of a case answers, is drawn, and its code gives the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.show.say import LANGUAGES, catalogue
from kpilab.workbench.apps.customers.behaviour import CUSTOMERS
from kpilab.workbench.lacks import Lacks

CASE = """\
kpilab: 1
title: Shop
periods:
  baseline: [2026-01-01, 2026-03-31]
  current: [2026-04-01, 2026-06-30]
tables:
  orders: {kind: facts, source: orders.parquet, key: order, time: day, links: {who: people},
      dimensions: [people.region]}
  people: {kind: entities, source: people.parquet, key: who, time: since, dimensions: [region]}
metrics:
  revenue: {table: orders, measure: sum(amount)}
goal: {metric: revenue}
customer: {table: people, amount: revenue}
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder, noise = tmp_path_factory.mktemp("case"), np.random.default_rng(1)
    who = noise.integers(0, 300, 3000)
    day = pd.Timestamp("2024-07-01") + pd.to_timedelta(noise.integers(0, 730, 3000), "D")
    rows = pd.DataFrame({"order": np.arange(3000), "who": who, "day": day})
    rows["amount"] = noise.gamma(2, 20, 3000).round(2)
    people = rows.groupby("who", as_index=False)["day"].min().rename(columns={"day": "since"})
    people["region"] = np.where(people["who"] % 3 == 0, "north", "south")
    rows.to_parquet(folder / "orders.parquet", index=False)
    people.to_parquet(folder / "people.parquet", index=False)
    (folder / "case.yml").write_text(CASE, "utf-8")
    return kpilab.open_case(folder)


@pytest.mark.few(2)
@pytest.mark.parametrize("view", CUSTOMERS.views)
def test_a_view_answers_draws_and_its_code_gives_the_same(view, case, monkeypatch):
    state = CUSTOMERS.start(case).looking(view, dimension="region")
    asked = CUSTOMERS.asked(case, state)
    result = asked.call.ask()
    for lang in LANGUAGES:
        assert asked.drawn(result, lang).to_dict()["$schema"]
        assert f"workbench.view_{view}" in catalogue(lang)
    scope: dict[str, object] = {}
    monkeypatch.setattr("kpilab.open_case", lambda folder: case)
    exec(asked.call.code(case), scope)
    pd.testing.assert_frame_equal(scope["result"].table, result.table)
    for control in CUSTOMERS.controls(case, state):
        assert f"workbench.{control.name}" in catalogue("en")


def test_the_offers_lead_through_all_views(case):
    state, seen = CUSTOMERS.start(case), []
    for _ in CUSTOMERS.views:
        seen.append(state.view)
        state = CUSTOMERS.offers(case, state, None)[0].state
    assert seen == list(CUSTOMERS.views)
    assert state.view == seen[0]


def test_a_case_without_customers_is_told_what_it_lacks(shop):
    with pytest.raises(Lacks, match="Needs customers"):
        CUSTOMERS.asked(shop, CUSTOMERS.start(shop))
