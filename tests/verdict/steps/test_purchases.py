"""What the customers' amounts are made of is told where the case has what it takes, with the
numbers of the panel, and makes no cause."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.core.case import Case
from kpilab.core.finding import Finding, StepReport
from kpilab.core.values import Message
from kpilab.errors import BadInput
from kpilab.verdict.customers import bought
from kpilab.verdict.evidence import Evidence, numbering
from kpilab.verdict.steps import purchases as asked
from kpilab.verdict.steps.customers import clients
from kpilab.verdict.steps.purchases import purchases
from kpilab.workbench.apps.customers.behaviour import CUSTOMERS

CASE = """\
kpilab: 1
title: Shop
periods:
  baseline: [2026-01-01, 2026-03-31]
  current: [2026-04-01, 2026-06-30]
tables:
  lines: {kind: facts, source: lines.parquet, time: day, links: {who: people},
      dimensions: [people.region, shop], columns: {late: days > 6, listed: amount * 1.25}}
  people: {kind: entities, source: people.parquet, key: who, time: since, dimensions: [region]}
  ads: {kind: facts, source: ads.parquet, time: day, dimensions: [region]}
metrics:
  revenue: {table: lines, measure: sum(amount)}
  units: {table: lines, measure: sum(qty)}
  discount: {table: lines, numerator: sum(listed - amount), denominator: sum(listed)}
  spend: {table: ads, measure: sum(cost)}
goal: {metric: revenue}
customer: {table: people, amount: revenue}
"""
ALL = ["growth", "price_volume_mix", "basket", "service_effect", "payback"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """3,000 orders of 300 customers over two years; since April an order holds one line less."""
    folder, noise = tmp_path_factory.mktemp("case"), np.random.default_rng(1)
    who = noise.integers(0, 300, 3000)
    day = pd.Timestamp("2024-07-01") + pd.to_timedelta(noise.integers(0, 730, 3000), "D")
    held = noise.integers(2, 5, 3000) - np.where(day >= pd.Timestamp("2026-04-01"), 1, 0)
    orders = pd.DataFrame({"order": np.arange(3000), "who": who, "day": day})
    orders["days"], orders["shop"] = (
        noise.integers(1, 8, 3000),
        noise.choice(["web", "street"], 3000),
    )
    rows = orders.loc[orders.index.repeat(held)].reset_index(drop=True)
    rows["product"] = noise.choice(["tea", "mug", "pot"], len(rows))
    rows["qty"] = noise.integers(1, 4, len(rows))
    rows["amount"] = (rows["qty"] * noise.gamma(4, 5, len(rows))).round(2)
    people = rows.groupby("who", as_index=False)["day"].min().rename(columns={"day": "since"})
    people["region"] = np.where(people["who"] % 3 == 0, "north", "south")
    days = pd.date_range("2024-07-01", "2026-06-30")
    ads = [pd.DataFrame({"day": days, "region": r, "cost": 20.0}) for r in ("north", "south")]
    rows.to_parquet(folder / "lines.parquet", index=False)
    people.to_parquet(folder / "people.parquet", index=False)
    pd.concat(ads).to_parquet(folder / "ads.parquet", index=False)
    return folder


def opened(folder, *changes: tuple[str, str]) -> Case:
    text = CASE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "case.yml").write_text(text, "utf-8")
    return kpilab.open_case(folder)


def told(case: Case) -> dict[str, Finding]:
    findings, silent = purchases(case, clients(case)[0], numbering("root_cause"))
    assert silent == []
    return {f.evidence[0].kind: f for f in findings}


def said(finding: Finding) -> Message:
    """What is said, without what stands around it."""
    inner = finding.statement.values.get("said", finding.statement)
    assert isinstance(inner, Message)
    return inner


@pytest.mark.parametrize("name", ALL)
def test_a_finding_says_what_the_panel_says(name, folder):
    case = opened(folder)
    found = told(case)[name]
    panel = CUSTOMERS.asked(case, CUSTOMERS.start(case).looking(name)).call.ask()
    pd.testing.assert_frame_equal(found.evidence[0].table, panel.table, rtol=1e-9)
    assert said(found).key == panel.headline.key
    for key, value in panel.headline.values.items():
        if isinstance(value, float):
            assert said(found).values[key] == pytest.approx(value, rel=1e-9)
    assert (found.subject, found.verdict, found.aside) == ("revenue", "info", True)
    assert found.effect is None  # nothing of it is a row of the bridge


def test_amounts_of_periods_of_unlike_length_are_told_as_such(folder):
    whole = told(opened(folder))
    equal = told(opened(folder, ("[2026-01-01, 2026-03-31]", "[2025-12-31, 2026-03-31]")))
    for name in ("growth", "price_volume_mix"):
        assert whole[name].statement.key == "root_cause.unequal"
        assert (whole[name].statement.values["before"], whole[name].statement.values["now"]) == (
            90,
            91,
        )
        assert equal[name].statement.key != "root_cause.unequal"


def test_the_parts_of_the_change_sum_to_it(folder):
    found = told(opened(folder))
    split, moved = (said(found[n]).values for n in ("price_volume_mix", "growth"))
    assert split["amount"] == "revenue"
    assert split["discount"]  # of a list price that a metric names
    parts = ("volume", "mix", "list_price", "discount", "new", "lost")
    assert sum(float(str(split[p] or 0)) for p in parts) == pytest.approx(split["change"])
    parts = ("new", "back", "expanded", "kept", "contracted", "paused", "left", "nobody")
    assert sum(float(str(moved[p])) for p in parts) == pytest.approx(split["change"])


@pytest.mark.parametrize(
    ("change", "gone"),
    [
        (("  units: {table: lines, measure: sum(qty)}\n", ""), "price_volume_mix"),
        (("measure: sum(amount)}", "measure: sum(amount) / 2}"), "basket"),
        (("late: days > 6, ", ""), "service_effect"),
        (("spend: {table: ads, measure: sum(cost)}", "seen: {table: ads, measure: count(*)}"),
         "payback"),
    ],
)  # fmt: skip
def test_what_the_case_cannot_be_asked_is_not_told(change, gone, folder):
    found = told(opened(folder, change))
    assert gone not in found
    assert "growth" in found


def test_orders_that_hold_as_much_as_before_are_not_told(folder):
    alike = ("current: [2026-04-01, 2026-06-30]", "current: [2026-01-01, 2026-03-31]")
    before = ("baseline: [2026-01-01, 2026-03-31]", "baseline: [2025-10-01, 2025-12-31]")
    assert "basket" not in told(opened(folder, before, alike))


def test_what_numbers_products_numbers_no_orders(folder, tmp_path):
    for name in ("lines", "people", "ads"):
        rows = pd.read_parquet(folder / f"{name}.parquet")
        rows.drop(columns="order", errors="ignore").to_parquet(tmp_path / f"{name}.parquet")
    assert "basket" not in told(opened(tmp_path))


def test_items_that_are_sold_once_have_no_price(folder, tmp_path):
    for name in ("lines", "people", "ads"):
        rows = pd.read_parquet(folder / f"{name}.parquet")
        if name == "lines":
            rows["product"] = np.arange(len(rows)).astype(str)
        rows.to_parquet(tmp_path / f"{name}.parquet")
    assert "price_volume_mix" not in told(opened(tmp_path))


@pytest.mark.parametrize("name", ALL)
def test_a_question_that_fails_leaves_the_others(name, folder, monkeypatch):
    def fails(case, told):
        raise BadInput("no row", "here", "give one")

    case = opened(folder)
    monkeypatch.setattr(asked, "QUESTIONS", {**asked.QUESTIONS, name: fails})
    findings, silent = purchases(case, bought(case), numbering("root_cause"))
    assert [f.evidence[0].kind for f in findings] == [n for n in ALL if n != name]
    assert [(m.key, m.values["why"]) for m in silent] == [("root_cause.unasked", "no row")]


def test_without_customers_nothing_is_asked(folder):
    case = replace(opened(folder), customer=None)
    assert clients(case) == (None, [])
    assert purchases(case, None, numbering("root_cause")) == ([], [])


def test_an_amount_that_is_no_sum_over_customers_is_said(folder):
    case = opened(folder, ("measure: sum(amount)}", "measure: max(amount)}"))
    found, silent = clients(case)
    assert found is None
    assert [m.key for m in silent] == ["goal.customers_untold"]


def test_rows_that_are_not_linked_to_customers_are_said(folder):
    case = opened(folder, ("amount: revenue", "amount: spend"))
    found, silent = clients(case)
    assert found is None
    assert [m.values for m in silent] == [{"table": "ads", "of": "people"}]


@pytest.mark.slow
def test_a_review_tells_them_last_and_counts_them_in_no_correction(folder):
    review = kpilab.review(opened(folder))
    step = next(s for s in review.steps if s.step == "root_cause")
    assert [f.evidence[0].kind for f in step.findings if f.aside] == ALL
    assert [f.aside for f in step.findings] == sorted(f.aside for f in step.findings)
    asides = {f.id for f in step.findings if f.aside}
    assert not any(asides & {*c.findings} for c in (*review.causes, *review.gains))
    assert Evidence(reports=(StepReport("root_cause", step.findings),)).questions == sum(
        not f.aside and f.strength != "described" for f in step.findings
    )
