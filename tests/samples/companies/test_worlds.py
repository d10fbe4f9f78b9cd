"""Company worlds: repeatable, linked without gaps, a case in order, and a truth that is exact."""

from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest

import kpilab
from kpilab.case.occurring import uncounted
from kpilab.samples.companies.families import FAMILIES
from kpilab.samples.companies.firms import COMPANIES
from kpilab.samples.companies.lever import inside
from kpilab.samples.companies.world import make, write

QUICK = ("shop", "sales", "restaurants", "clinic", "subscription", "market", "factory")
# Each family in the company that is drawn quickest.
ONCE = {f: c for c in QUICK for f in FAMILIES if FAMILIES[f].suits(COMPANIES[c])}
# Each company once, and the families that add to its tables.
CHECKED = {
    "n_target": "shop",
    "slow_cycle": "sales",
    "stockout": "restaurants",
    "acquisition_decline": "clinic",
    "churn": "subscription",
    "returns": "market",
    "n_market": "factory",
}


@pytest.fixture(scope="module")
def world():
    return make("volume_pair", company="shop", seed=4)


@pytest.fixture(scope="module")
def folder(world, tmp_path_factory):
    return write(world, tmp_path_factory.mktemp("shop") / "shop")


def test_the_same_seed_gives_the_same_world_and_another_seed_another():
    first, again, other = (make("churn", company="subscription", seed=s) for s in (5, 5, 6))
    for name, table in first.draw.tables.items():
        pd.testing.assert_frame_equal(table, again.draw.tables[name])
    assert first.document == again.document
    assert first.document != other.document


def test_the_two_splits_share_no_world():
    tune, report = (make("n_target", company="shop", seed=3, split=s) for s in ("tune", "report"))
    assert tune.setting.seed != report.setting.seed


def test_the_metric_of_the_written_tables_is_the_goal_of_which_the_truth_speaks(world, folder):
    items = pd.read_csv(folder / "order_items.csv")
    orders = pd.read_csv(folder / "orders.csv", parse_dates=["order_date"])
    day = items.merge(orders, on="order_id")["order_date"].dt.date
    first, last = (date.fromisoformat(d) for d in world.document["periods"]["current"])
    now = (day >= first) & (day <= last)
    assert (items["qty"] * items["unit_price"])[now].sum() == pytest.approx(
        world.draw.total("revenue", world.setting.days.current)
    )


def test_the_effect_is_the_difference_to_the_same_world_without_the_reason(world, folder):
    reason = json.loads((folder / "truth.json").read_text("utf-8"))["reasons"][0]
    base = world.company.simulate(world.setting, ())
    goal, now = world.planted.goal, world.setting.days.current
    lost = world.draw.total(goal, now) - base.total(goal, now)
    assert reason["effect"] == pytest.approx(lost, abs=1e-3)
    # Nothing changed anywhere else, nor before.
    assert reason["effect_there"] == pytest.approx(lost, abs=1e-3)
    assert reason["effect_baseline"] == 0


def test_half_the_effect_is_about_half_the_loss_in_the_same_place(world):
    half = make("volume_pair", company="shop", seed=4, effect=0.5)
    assert half.planted.reasons[0].where == world.planted.reasons[0].where
    assert half.sizes[0].effect / world.sizes[0].effect == pytest.approx(0.5, abs=0.1)


@pytest.mark.few(2)
@pytest.mark.parametrize(("family", "firm"), CHECKED.items())
def test_each_company_is_a_case_in_order(family, firm, tmp_path):
    made = make(family, company=firm, seed=3, split="report")
    opened = kpilab.open_case(write(made, tmp_path / family))
    assert opened.goal.metric == made.planted.goal
    assert not opened.issues
    assert not uncounted(opened)


@pytest.mark.few(5)
@pytest.mark.parametrize(("family", "firm"), ONCE.items())
def test_each_family_links_without_gaps_and_moves_the_goal_as_it_says(family, firm):
    made = make(family, company=firm, seed=3, split="report")
    tables = made.document["tables"]
    for name, table in tables.items():
        for column, to in table.get("links", {}).items():
            held = made.draw.tables[to][tables[to]["key"]].astype(str)
            assert made.draw.tables[name][column].astype(str).isin(held).all(), (name, column)
    for reason, size in zip(made.planted.reasons, made.sizes, strict=True):
        moved = size.effect - size.before or size.there
        assert moved * reason.sign > 0
        assert size.before == 0 or family in ("pull_forward", "double_load")
        book = made.draw.books[made.planted.goal]
        assert all(inside(book, place).any() for place in reason.where)


def test_every_kpi_hits_its_target():
    made = make("volume_place", company="factory", seed=2)
    kpi = made.document["kpis"][0]
    assert made.draw.total(kpi["metric"], made.setting.days.current) >= kpi["target"]
