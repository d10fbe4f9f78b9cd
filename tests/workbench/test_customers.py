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
      dimensions: [people.region, shop], columns: {late: days > 5}}
  people: {kind: entities, source: people.parquet, key: who, time: since, dimensions: [region]}
  ads: {kind: facts, source: ads.parquet, time: day, dimensions: [region]}
metrics:
  revenue: {table: orders, measure: sum(amount)}
  units: {table: orders, measure: sum(qty)}
  spend: {table: ads, measure: sum(cost)}
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
    rows["shop"] = np.where(noise.random(3000) < 0.5, "web", "street")
    rows["product"] = np.where(noise.random(3000) < 0.3, "tea", "mug")
    rows["qty"], rows["days"] = noise.integers(1, 4, 3000), noise.integers(1, 8, 3000)
    people = rows.groupby("who", as_index=False)["day"].min().rename(columns={"day": "since"})
    people["region"] = np.where(people["who"] % 3 == 0, "north", "south")
    rows.to_parquet(folder / "orders.parquet", index=False)
    people.to_parquet(folder / "people.parquet", index=False)
    days = pd.date_range("2024-07-01", "2026-06-30")
    ads = [pd.DataFrame({"day": days, "region": r, "cost": 20.0}) for r in ("north", "south")]
    pd.concat(ads).to_parquet(folder / "ads.parquet", index=False)
    (folder / "case.yml").write_text(CASE, "utf-8")
    return kpilab.open_case(folder)


@pytest.mark.few(2)
@pytest.mark.parametrize("view", CUSTOMERS.views)
def test_a_view_answers_draws_and_its_code_gives_the_same(view, case, monkeypatch):
    state = CUSTOMERS.start(case).looking(view, dimension="region")
    assert CUSTOMERS.lacking(case, state) is None
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
        assert control.name == "view" or state.get(control.name) in [v for v, _ in control.options]


def test_what_is_chosen_at_first_is_what_the_question_is_about(case):
    start = CUSTOMERS.start(case).choice
    expected = {
        "way": "shop", "peak": "2026-03-04..2026-03-31", "item": "product", "order_key": "order",
        "quantity": "qty", "met": "late", "spend": "spend", "channel": "region",
    }  # fmt: skip
    assert {name: start[name] for name in expected} == expected


def test_another_choice_is_asked(case):
    state = CUSTOMERS.start(case)
    shift = CUSTOMERS.asked(case, state.looking("price_volume_mix", item="shop"))
    assert shift.call.options["by"] == ["shop"]
    peak = CUSTOMERS.asked(case, state.looking("pull_forward", peak="2026-03-25..2026-03-31"))
    assert str(peak.call.options["peak"]) == "2026-03-25..2026-03-31"


@pytest.mark.parametrize(
    ("view", "lacked"),
    [("channel_shift", "way"), ("basket", "sum"), ("service_effect", "met"), ("payback", "spend"),
     ("price_volume_mix", "sum")],
)  # fmt: skip
def test_a_view_says_what_a_bare_case_lacks(view, lacked, case, tmp_path):
    bare = CASE.replace(", shop], columns: {late: days > 5}}", "]}").replace(
        "{table: orders, measure: sum(amount)}", "{table: orders, measure: sum(amount) / 2}"
    )
    kept = [line for line in bare.splitlines() if "ads" not in line]
    for name in ("orders", "people"):
        source = case.folder / f"{name}.parquet"
        pd.read_parquet(source).to_parquet(tmp_path / source.name, index=False)
    (tmp_path / "case.yml").write_text("\n".join(kept), "utf-8")
    poor = kpilab.open_case(tmp_path)
    said = CUSTOMERS.lacking(poor, CUSTOMERS.start(poor).looking(view))
    assert said is not None
    assert said.key == f"workbench.lacks_{lacked}"


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
