"""What a metric is about."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from kpilab.core.case import Case, Goal, Metric
from kpilab.core.table import Facts
from kpilab.core.tree import MetricTree
from kpilab.core.values import Period
from kpilab.questions.nature import nature, worse_up

DAY = Period(date(2026, 1, 1), date(2026, 1, 2))


def case(metric: Metric) -> Case:
    table = Facts(pd.DataFrame({"date": ["2026-01-01"], "n": [1]}))
    return Case(
        "c", Path(), "c", {"baseline": DAY, "current": DAY}, {"t": table},
        {metric.name: metric}, Goal(metric.name, MetricTree(metric.name, {})),
    )  # fmt: skip


def share(name: str, above: str = "sum(a)") -> Metric:
    return Metric(name, "t", numerator=above, denominator="sum(b)")


@pytest.mark.parametrize(
    ("metric", "about", "up"),
    [
        (share("delivery_days"), "duration", True),
        (share("availability"), "availability", False),
        (Metric("refunds", "t", "sum(amount)"), "returns", True),
        (share("discount"), "price", True),
        (share("平均折扣率"), "price", True),
        (share("有货率"), "availability", False),
        (share("x", "sum(date_diff('day', a, b))"), "duration", True),
        # Hours that are added up, or a part of others, are no time that one thing takes.
        (Metric("hours_lost", "t", "sum(hours)", better="down"), None, True),
        (Metric("run_hours", "t", "sum(run_hours)"), None, False),
        (Metric("x", "t", numerator="sum(run_hours)", denominator="sum(all_hours)"), None, False),
        (Metric("停机小时", "t", "sum(a)", better="down"), None, True),
        (Metric("wait", "t", "sum(wait_hours)"), "duration", True),
        (Metric("slow", "t", "avg(hours)"), "duration", True),
        (Metric("revenue", "t", "sum(amount)"), None, False),
        (Metric("priceless_users", "t", "count(*)"), None, False),
        (Metric("defects", "t", "count(*)", better="down"), None, True),
    ],
)  # fmt: skip
def test_names_and_measures_tell(metric, about, up):
    assert nature(case(metric), metric) == about
    assert worse_up(case(metric), metric) is up
