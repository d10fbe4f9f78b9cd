"""The noise of a change is that of what recurs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from kpilab.analysis.rootcause.like import like_change
from kpilab.case.read import open_case
from kpilab.engine.rootcause.cells import pull

DAYS = pd.date_range("2025-01-01", "2025-03-01")
PERIODS = {"baseline": ["2025-01-01", "2025-01-30"], "current": ["2025-01-31", "2025-03-01"]}


def bought(rng: np.random.Generator) -> list[np.ndarray]:
    """Orders of 60 customers in each period, each on a day of its own: no day has a customer twice,
    so that each day's orders per customer are 1."""
    return [1 + rng.poisson(mean, 60) for mean in (1.0, 1.4)]


@pytest.fixture
def case(tmp_path):
    rows = []
    for side, each in enumerate(bought(np.random.default_rng(1))):
        for who, many in enumerate(each):
            start = 30 * side + who % 15
            rows += [{"day": DAYS[start + k], "customer": f"c{who}"} for k in range(many)]
    pd.DataFrame(rows).assign(order=range(len(rows))).to_csv(tmp_path / "orders.csv", index=False)
    metrics = {
        "orders": {"measure": "count(*)"},
        "customers": {"measure": "count(distinct customer)"},
        "each": {
            "numerator": 'count(distinct "order")', "denominator": "count(distinct customer)",
        },
    }  # fmt: skip
    spec = {
        "kpilab": 1,
        "title": "orders",
        "periods": PERIODS,
        "tables": {"orders": {"kind": "facts", "source": "orders.csv", "time": "day"}},
        "metrics": {name: {"table": "orders", **given} for name, given in metrics.items()},
        "goal": {"metric": "orders", "formula": "customers * each"},
    }
    (tmp_path / "case.yml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return open_case(tmp_path)


def test_a_period_without_customers_is_undefined_and_no_crash(case, tmp_path):
    rows = pd.read_csv(tmp_path / "orders.csv")
    rows.loc[pd.to_datetime(rows["day"]) >= "2025-01-31", "customer"] = None
    rows.to_csv(tmp_path / "orders.csv", index=False)
    cells = pull(open_case(tmp_path))
    assert cells.undefined("each") == ("current",)
    assert cells.between_units("each")[1] == 0


def test_orders_per_customer_vary_as_customers_do(case):
    found = like_change(case, pull(case), case.metrics["each"])
    before, after = bought(np.random.default_rng(1))
    assert (found.before, found.after) == pytest.approx((before.mean(), after.mean()))
    assert found.error == pytest.approx(np.sqrt((np.var(before) + np.var(after)) / 60))
