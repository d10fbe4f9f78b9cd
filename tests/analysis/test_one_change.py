"""The same days state the same change with the same interval, whichever function is asked."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import yaml

from kpilab.analysis.external.market import market
from kpilab.analysis.relation.hollow_growth import hollow_growth
from kpilab.analysis.rootcause.attainment import attainment
from kpilab.analysis.rootcause.drivers import drivers
from kpilab.analysis.rootcause.split import split
from kpilab.case.read import open_case
from kpilab.core.values import Period
from kpilab.engine.rootcause.cells import pull
from kpilab.stats.core.change import change
from kpilab.stats.core.contrast import beside
from kpilab.stats.core.level import Window

FIRST = date(2025, 3, 3)
BASE = Period(FIRST, FIRST + timedelta(27))
NOW = Period(FIRST + timedelta(28), FIRST + timedelta(55))


@pytest.fixture
def orders() -> pd.DataFrame:
    """Orders per day, of one shop, eight weeks; fewer in the last four."""
    rng = np.random.default_rng(5)
    days = pd.date_range(BASE.first, NOW.last)
    level = np.where(days.dayofweek < 5, 60, 40) * np.where(
        days >= pd.Timestamp(NOW.first), 0.9, 1.0
    )
    return pd.DataFrame({"day": days, "shop": "one", "orders": rng.poisson(level)})


@pytest.fixture
def case(orders, tmp_path):
    orders.assign(people=1000).to_csv(tmp_path / "facts.csv", index=False)
    metrics = {
        "orders": {"measure": "sum(orders)"},
        "people_in": {"measure": "sum(people)"},
        "rate": {"numerator": "sum(orders)", "denominator": "sum(people)"},
        "busiest": {"measure": "max(orders)", "per": "week"},
    }
    spec = {
        "kpilab": 1,
        "title": "orders",
        "periods": {
            k: [str(p.first), str(p.last)] for k, p in (("baseline", BASE), ("current", NOW))
        },
        "tables": {
            "facts": {"kind": "facts", "source": "facts.csv", "time": "day", "dimensions": ["shop"]}
        },
        "metrics": {
            name: {"table": "facts", "better": "up"} | spec for name, spec in metrics.items()
        },
        "goal": {"metric": "orders", "formula": "people_in * rate"},
        "kpis": [{"metric": "busiest", "owner": "shop"}],
    }
    (tmp_path / "case.yml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return open_case(tmp_path)


def test_every_function_states_one_interval(case, orders):
    y, code = orders["orders"].to_numpy(float), orders["day"].dt.dayofweek.to_numpy()
    windows = Window.of(y[:28], None, code[:28]), Window.of(y[28:], None, code[28:])
    core = change(*windows)
    right = (core.relative, *core.relative_ends(), core.p)
    cells = pull(case)
    goal = attainment(case, cells).table.iloc[0]
    assert tuple(goal[["change", "low", "high", "p"]]) == pytest.approx(right)
    # A constant number of people: the rate's change is that of the orders.
    rate = drivers(case, cells).table.set_index("driver").loc["rate"]
    assert tuple(rate[["change", "low", "high", "p"]]) == pytest.approx(right)
    ends = [rate["contribution"] * end / rate["change"] for end in (rate["low"], rate["high"])]
    assert tuple(rate[["contribution_low", "contribution_high"]]) == pytest.approx(ends)
    counts = orders.rename(columns={"shop": "value"}).assign(dimension="shop", sales=1)
    total = hollow_growth(
        counts, kpi="orders", downstream=["sales"], baseline=BASE, current=NOW
    ).total
    assert (total.value, total.low, total.high) == pytest.approx(right[:3])
    part = split(case, "orders", by="shop").table.iloc[0]
    assert tuple(part[["contribution", "low", "high"]]) == pytest.approx(
        [28 * v for v in (core.value, *core.ends())]
    )
    both = pd.concat(
        [orders.assign(series="us"), orders.assign(series="them", orders=50 + orders.index)]
    )
    ours = market(both[["day", "series", "orders"]].set_axis(["date", "series", "value"], axis=1),
        baseline=BASE,
                  current=NOW, own="us")  # fmt: skip
    assert (ours.own.value, ours.own.low, ours.own.high, ours.own_p) == pytest.approx(right)
    effect = beside(*windows)
    assert (effect.value, effect.low, effect.high, effect.p) == pytest.approx(right)


def test_a_weekly_metric_has_a_noise(case, orders):
    weekly = orders["orders"].to_numpy().reshape(8, 7).max(axis=1).astype(float)
    right = change(Window.of(weekly[:4]), Window.of(weekly[4:]), grain="week")
    row = attainment(case, pull(case)).table.iloc[1]
    assert (row["change"], row["p"]) == pytest.approx((right.relative, right.p))
    assert row["low"] < row["change"] < row["high"]
    assert row["p"] < 1
