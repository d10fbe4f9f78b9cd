"""What customers did that was unusual is told as what it is; of unchanged ones nothing is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.core.values import EVERYWHERE
from kpilab.verdict.customers import CustomerSignal, customer_evidence

CASE = """
kpilab: 1
title: accounts
periods: {baseline: [2026-01-01, 2026-03-31], current: [2026-04-01, 2026-06-30]}
tables:
  bills: {kind: facts, source: bills.csv, time: day, links: {account: accounts},
          dimensions: [accounts.plan, accounts.region]}
  accounts: {kind: entities, source: accounts.csv, key: account, time: since,
             dimensions: [plan, region]}
customer: accounts
metrics:
  revenue: {table: bills, measure: sum(amount)}
  new_accounts: {table: accounts, measure: count(*)}
goal: {metric: revenue}
"""
MONTHS = pd.date_range("2024-07-01", "2026-06-01", freq="MS")


def accounts(seed: int) -> pd.DataFrame:
    """A thousand accounts of two years: 600 from the start, the others evenly after."""
    noise, n = np.random.default_rng(seed), 1000
    first = np.where(np.arange(n) < 600, 0, np.arange(n) % 24)
    stays = np.where(noise.random(n) < 1, noise.geometric(0.02, n), 0)
    return pd.DataFrame({
        "account": [f"A{k:04}" for k in range(n)], "first": first, "stop": first + stays,
        "plan": noise.choice(["team", "solo", "firm"], n),
        "region": noise.choice(["north", "south"], n),
        "size": noise.lognormal(4, 0.7, n),
    })  # fmt: skip


def evidence(folder: Path, table: pd.DataFrame) -> tuple[CustomerSignal, ...]:
    bills = [
        (MONTHS[m], a, s)
        for a, f, e, s in table[["account", "first", "stop", "size"]].itertuples(index=False)
        for m in range(f, min(e, 24))
    ]
    pd.DataFrame(bills, columns=["day", "account", "amount"]).to_csv(
        folder / "bills.csv", index=False
    )
    since = [MONTHS[f] if f else pd.Timestamp("2024-01-01") for f in table["first"]]
    table.assign(since=since)[["account", "since", "plan", "region"]].to_csv(
        folder / "accounts.csv", index=False
    )
    (folder / "case.yml").write_text(CASE, "utf-8")
    return customer_evidence(kpilab.open_case(folder))


@pytest.mark.slow
def test_unchanged_customers_are_silent(tmp_path):
    assert evidence(tmp_path, accounts(1)) == ()


def test_a_segment_that_leaves_is_a_decline_of_retention_there(tmp_path):
    table = accounts(2)
    here = (table["plan"] == "team") & (table["region"] == "north") & (table["stop"] > 21)
    leaves = here & (np.random.default_rng(2).random(len(table)) < 0.3)
    found = evidence(tmp_path, table.assign(stop=table["stop"].where(~leaves, 21)))
    first = found[0]
    assert first.kind == "retention_decline"
    assert first.where.plain() == {"plan": "team", "region": "north"}
    gone = table.loc[leaves & (table["first"] < 21), "size"].sum() * 3
    assert first.effect.low < -gone < first.effect.high
    assert (first.subject, first.effect.unit) == ("revenue", "revenue")


@pytest.mark.slow
def test_few_large_accounts_that_leave_are_named(tmp_path):
    table = accounts(3)
    there = table[(table["first"] < 18) & (table["stop"] > 24)]
    large = there.nlargest(5, "size").index
    found = evidence(tmp_path, table.assign(stop=table["stop"].where(~table.index.isin(large), 21)))
    named = next(s for s in found if s.kind == "concentration")
    assert set(table.loc[large, "account"]) <= set(named.where.values["account"])
    assert named.effect.high < 0


@pytest.mark.slow
def test_where_all_spend_less_who_spends_little_less_is_no_rise(tmp_path):
    table = accounts(4)
    plans = np.array(["firm", *["team", "solo"] * 5])
    table["plan"] = plans[np.arange(len(table)) % len(plans)]
    evidence(tmp_path, table)
    bills = pd.read_csv(tmp_path / "bills.csv", parse_dates=["day"])
    now = bills["day"] >= "2026-04-01"
    firm = bills["account"].map(table.set_index("account")["plan"]) == "firm"
    usual = np.random.default_rng(4).normal(1, 0.02, len(bills))
    bills["amount"] *= usual * np.where(now, np.where(firm, 0.95, 0.9), 1.0)
    bills.to_csv(tmp_path / "bills.csv", index=False)
    found = [s for s in customer_evidence(kpilab.open_case(tmp_path)) if s.kind == "contraction"]
    assert [s.where for s in found] == [EVERYWHERE]
    # A cut of the first month stands for all three.
    stayed = bills["account"].isin(bills.loc[bills["day"] == "2026-03-01", "account"])
    lost = (bills["amount"] * np.where(firm, 0.05 / 0.95, 0.1 / 0.9))[now & stayed].sum()
    assert found[0].effect.value == pytest.approx(-lost, rel=0.1)


@pytest.mark.slow
def test_without_customers_there_is_no_evidence(tmp_path):
    evidence(tmp_path, accounts(1))
    text = CASE.replace("customer: accounts\n", "")
    (tmp_path / "case.yml").write_text(text, "utf-8")
    assert customer_evidence(kpilab.open_case(tmp_path)) == ()


@pytest.mark.parametrize(
    ("company", "kind", "where"),
    [
        ("c5ec22530", "acquisition_quality", {"acquisition": "coupon"}),
        ("c7078bb5b", "retention_decline", {"plan": "team", "region": "EMEA"}),
        ("cbbdebcf8", None, None),
        pytest.param("cd53d02a5", "retention_decline", {"region": "west"}, marks=pytest.mark.slow),
        pytest.param("ce090b64f", None, None, marks=pytest.mark.slow),
    ],
)
def test_companies(shared, company, kind, where):
    folder = shared / "companies" / company
    if not folder.exists():
        pytest.skip("no companies in the shared folder")
    losses = [s for s in customer_evidence(kpilab.open_case(folder)) if s.effect.value < 0]
    assert (losses[0].kind, losses[0].where.plain()) == (kind, where) if kind else losses == []


CAMPAIGN = """
kpilab: 1
title: orders
periods: {baseline: [2026-02-02, 2026-03-29], current: [2026-03-30, 2026-05-24]}
tables:
  orders: {kind: facts, source: orders.csv, time: day, links: {customer: customers},
           dimensions: [customers.region]}
  customers: {kind: entities, source: customers.csv, key: customer, time: since,
              dimensions: [region]}
customer: customers
metrics:
  revenue: {table: orders, measure: sum(amount)}
goal: {metric: revenue}
"""


def orders(folder: Path, pulled: float, sold: float, text: str = CAMPAIGN) -> kpilab.Case:
    """600 customers of 60 weeks; in the last two weeks of the baseline they buy `sold` times as
    much, of which `pulled` is missing in the three weeks after."""
    noise, days = np.random.default_rng(3), pd.date_range("2025-04-07", "2026-05-24")
    rate = np.full(len(days), 0.06)
    start = len(days) - 56
    rate[start - 14 : start] *= sold
    rate[start : start + 21] *= 1 - pulled * (sold - 1) * 14 / 21
    who, when = np.nonzero(noise.random((600, len(days))) < rate)
    table = {"day": days[when], "customer": [f"C{k:03}" for k in who]}
    amount = noise.gamma(4, 10, len(who)).round(2)
    pd.DataFrame(table).assign(amount=amount).to_csv(folder / "orders.csv", index=False)
    ids = [f"C{k:03}" for k in range(600)]
    region = noise.choice(["north", "south"], 600)
    people = {"customer": ids, "since": pd.Timestamp("2025-01-01"), "region": region}
    pd.DataFrame(people).to_csv(folder / "customers.csv", index=False)
    (folder / "case.yml").write_text(text, "utf-8")
    return kpilab.open_case(folder)


@pytest.mark.slow
def test_what_a_campaign_only_sold_earlier_is_named_once(tmp_path):
    (cause,) = kpilab.review(orders(tmp_path, pulled=0.9, sold=1.7)).causes
    assert (cause.kind, dict(cause.where.values)) == ("pull_forward", {})
    assert cause.period.first == cause.period.last.replace(month=3, day=30)
    assert cause.effect.value < 0


@pytest.mark.slow
def test_where_nobody_knows_who_bought_peak_and_trough_tell_it(tmp_path):
    nobodys = CAMPAIGN.replace("customer: customers\n", "")
    (cause,) = kpilab.review(orders(tmp_path, 0.9, 1.7, nobodys)).causes
    assert (cause.kind, dict(cause.where.values)) == ("pull_forward", {})
    assert cause.statement.values["said"].key == "pull_forward.whole"


def test_where_nobody_knows_who_bought_a_plain_peak_is_none(tmp_path):
    nobodys = CAMPAIGN.replace("customer: customers\n", "")
    assert customer_evidence(orders(tmp_path, 0.0, 1.5, nobodys)) == ()


@pytest.mark.slow
def test_a_campaign_that_sold_more_pulled_nothing_forward(tmp_path):
    found = kpilab.review(orders(tmp_path, pulled=0.0, sold=1.5))
    assert all(cause.kind != "pull_forward" for cause in found.causes)
