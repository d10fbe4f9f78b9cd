"""The registry lists lineage and versions; SMART says what a KPI lacks."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.data.registry import registry
from kpilab.analysis.relation.smart import smart
from kpilab.core.case import Definition, Kpi, Metric
from kpilab.core.table import EventLog
from kpilab.core.tree import MetricTree
from kpilab.core.values import Period
from kpilab.engine.lineage import lineage
from kpilab.errors import BadInput

DAY = dt.date(2025, 3, 3)
REVENUE = Metric(
    "revenue", "events", measure="sum(amount) filter (where event = 'pay')", owner="sales"
)
RATE = Metric(
    "rate",
    "events",
    numerator="count(*) filter (where event = 'pay')",
    denominator="count(distinct user)",
)
METRICS = {"revenue": REVENUE, "rate": RATE}
LOG = EventLog(pd.DataFrame({"time": [DAY], "user": ["u"], "event": ["pay"], "amount": [1.0]}))


def test_lineage_names_each_column_once():
    assert lineage("sum(amount * price) / nullif(sum(amount), 0)") == ("amount", "price")
    with pytest.raises(BadInput):
        lineage("select 1")


def test_the_registry_names_orphans_and_changed_versions():
    declared = [
        Definition("revenue", "shop", DAY, "paid", "events", "day", "sum(amount)"),
        Definition(
            "revenue",
            "shop",
            DAY + dt.timedelta(days=9),
            "paid, new wording",
            "events",
            "day",
            "sum(amount)",
        ),
        Definition(
            "revenue",
            "shop",
            DAY + dt.timedelta(days=19),
            "net",
            "events",
            "day",
            "sum(amount) * 0.8",
        ),
    ]
    result = registry(METRICS, definitions=declared)
    table = result.table.set_index("metric")
    assert table.loc["revenue", "columns"] == ("amount", "event")
    assert table.loc["rate", "columns"] == ("event", "user")
    assert table.loc["revenue", "reporters"] == ("shop",)
    assert result.versions["changed"].tolist() == [False, False, True]
    assert result.headline.values["orphans"] == ("rate",)


def test_smart_says_what_is_missing_and_what_it_cannot_tell():
    kpis = [
        Kpi("revenue", target=10, since=DAY),
        Kpi("rate"),
        Kpi("clicks", owner="web", parent="revenue"),
    ]
    tree = MetricTree.parse("revenue", "visits * rate")
    table = smart(
        kpis, metrics=METRICS, tables={"events": LOG}, tree=tree, chances={"revenue": 0.02}
    ).table
    assert table["missing"].tolist() == [
        ("achievable",),
        ("specific", "time_bound"),
        ("specific", "measurable", "time_bound"),
    ]
    assert table["relevant"].tolist() == [True, True, True]
    assert table["achievable"].tolist() == [False, None, None]


@pytest.mark.parametrize(
    ("target", "missing"),
    [(2_800, ()), (4_000, ("achievable",)), (1_500, ("ambitious",))],
)
def test_the_chance_of_a_target_comes_from_the_days_before(target, missing):
    """A target that is reached anyway can be reached: it is too easy, which is something else."""
    rng = np.random.default_rng(1)
    days = pd.date_range("2025-01-01", periods=90)
    log = EventLog(
        pd.DataFrame({"time": days, "user": "u", "event": "pay", "amount": rng.normal(100, 20, 90)})
    )
    current = Period(dt.date(2025, 3, 4), dt.date(2025, 3, 31))
    kpi = Kpi("revenue", owner="sales", target=target, since=DAY)
    row = smart([kpi], metrics=METRICS, tables={"events": log}, current=current).table.iloc[0]
    assert tuple(c for c in row["missing"] if c != "relevant") == missing
    assert 0 <= row["chance"] <= 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_views_can_be_drawn(lang):
    kpis = [Kpi("revenue", target=10, since=DAY)]
    assert registry(METRICS).chart(lang).to_dict()
    assert smart(kpis, metrics=METRICS, tables={"events": LOG}).chart(lang).to_dict()
