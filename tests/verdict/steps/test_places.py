"""Places in a review: found in any driver, sized by their own rates, named by what moved there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kpilab
from kpilab.core.finding import Cause, Review

CASE = """kpilab: 1
title: t
periods: {{baseline: [2026-01-01, 2026-01-28], current: [2026-01-29, 2026-02-25]}}
tables: {{t: {{kind: facts, source: t.csv, time: day, dimensions: [device, sex]}}{tables}}}
metrics:
  orders: {{table: t, measure: sum(orders)}}
  visits: {{table: t, measure: sum(visits)}}
  cart_rate: {{table: t, numerator: sum(carts), denominator: sum(visits)}}
  order_rate: {{table: t, numerator: sum(orders), denominator: sum(carts)}}
{metrics}
goal: {{metric: orders{formula}}}
dashboard: [orders, visits, cart_rate, order_rate]
"""
FORMULA = ", formula: visits * cart_rate * order_rate"
DAYS = pd.date_range("2026-01-01", periods=56)


def rows(part: str, device: str, left: float, *, large: float = 0.5, orders=None) -> pd.DataFrame:
    """Daily rows of two devices, one of which keeps `left` of its visits, cart_rate or
    order_rate in the current period."""
    rng = np.random.default_rng(1)
    found = []
    for day in DAYS:
        for name, share in (("Desktop", large), ("Mobile", 1 - large)):
            for sex in "fm":
                less = left if name == device and day >= DAYS[28] else 1.0
                cut = {"visits": 1.0, "cart_rate": 0.5, "order_rate": (orders or {}).get(name, 0.2)}
                cut[part] *= less
                visits = rng.poisson(5000 * share * cut["visits"])
                carts = rng.binomial(visits, cut["cart_rate"])
                ordered = rng.binomial(carts, cut["order_rate"])
                found.append((day.date(), name, sex, visits, carts, ordered))
    return pd.DataFrame(found, columns=["day", "device", "sex", "visits", "carts", "orders"])


def reviewed(folder: Path, frame: pd.DataFrame, formula: str = FORMULA, **more: str) -> Review:
    frame.to_csv(folder / "t.csv", index=False)
    text = CASE.format(formula=formula, **({"tables": "", "metrics": ""} | more))
    (folder / "case.yml").write_text(text)
    return kpilab.review(kpilab.open_case(folder))


def only(found: Review) -> Cause:
    assert [(c.kind, c.subject) for c in found.causes] == [
        (found.causes[0].kind, found.causes[0].subject)
    ]
    return found.causes[0]


@pytest.mark.few(1)
@pytest.mark.parametrize("large", [0.8, 0.5, 0.2])
def test_one_device_is_a_place_however_large(tmp_path, large):
    cause = only(reviewed(tmp_path, rows("order_rate", "Desktop", 0.5, large=large)))
    assert (cause.kind, cause.subject) == ("local_regression", "order_rate")
    assert cause.where.plain() == {"device": "Desktop"}


def test_a_volume_has_places_as_a_rate_has(tmp_path):
    cause = only(reviewed(tmp_path, rows("visits", "Mobile", 0.5)))
    assert (cause.kind, cause.subject) == ("volume_decline", "visits")
    assert cause.where.plain() == {"device": "Mobile"}
    assert cause.effect is not None
    assert cause.effect.value == pytest.approx(-7000, rel=0.05)


def test_a_place_is_sized_through_its_own_rates(tmp_path):
    frame = rows("cart_rate", "Mobile", 0.25, orders={"Desktop": 0.05, "Mobile": 0.2})
    cause = only(reviewed(tmp_path, frame))
    assert (cause.subject, cause.where.plain()) == ("cart_rate", {"device": "Mobile"})
    # 28 days × 5,000 visits × .5 × .75 × .2 orders that would have been.
    assert cause.effect is not None
    assert cause.effect.low is not None
    assert cause.effect.high is not None
    assert cause.effect.low < -28 * 2 * 2500 * 0.375 * 0.2 < cause.effect.high


@pytest.mark.parametrize("formula", [FORMULA, ""])
def test_the_bridge_sums_with_places_in_it(tmp_path, formula):
    found = reviewed(tmp_path, rows("visits", "Mobile", 0.5), formula)
    whole = found.goal.logged - found.goal.expected
    assert sum(r.amount for r in found.bridge) == pytest.approx(whole, rel=1e-9)
    assert [r.amount for r in found.bridge if r.cause == 0] == [found.causes[0].effect.value]


def test_a_rise_is_a_gain_and_no_cause(tmp_path):
    found = reviewed(tmp_path, rows("visits", "Mobile", 1.5))
    assert found.causes == ()
    assert [(g.subject, g.where.plain()) for g in found.gains] == [("visits", {"device": "Mobile"})]
    assert found.gains[0].effect.value > 0


def test_what_else_moved_there_names_the_cause(tmp_path):
    rng = np.random.default_rng(2)
    stock = pd.DataFrame(
        [
            (day.date(), name, int(rng.random() < (0.3 if name == "Mobile" and k >= 28 else 0.95)))
            for k, day in enumerate(DAYS)
            for name in ("Desktop", "Mobile")
            for _ in range(20)
        ],
        columns=["day", "device", "there"],
    )
    stock.to_csv(tmp_path / "stock.csv", index=False)
    cause = only(
        reviewed(
            tmp_path,
            rows("visits", "Mobile", 0.5),
            tables=", stock: {kind: facts, source: stock.csv, time: day, dimensions: [device]}",
            metrics="  in_stock: {table: stock, numerator: sum(there), denominator: count(*)}",
        )
    )
    assert (cause.kind, cause.alternatives) == ("stockout", ("volume_decline",))
    assert any("in_stock" in str(w.answer.values.get("metric")) for w in cause.why)
    assert cause.falsification is not None


def test_nothing_moves_and_nothing_is_said(tmp_path):
    found = reviewed(tmp_path, rows("visits", "Mobile", 1.0))
    assert (found.causes, found.gains) == ((), ())


def test_a_margin_that_may_be_negative_has_places(tmp_path, recwarn):
    rng = np.random.default_rng(3)
    rows_ = [
        (day.date(), region, item, 100.0, rng.normal(low if late and region == "west" else 10, 20))
        for k, day in enumerate(DAYS)
        for region in ("east", "west", "north")
        for item in "ab"
        for late, low in [(k >= 28, -15)]
        for _ in range(8)
    ]
    frame = pd.DataFrame(rows_, columns=["day", "device", "sex", "sales", "profit"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "case.yml").write_text(
        """kpilab: 1
title: t
periods: {baseline: [2026-01-01, 2026-01-28], current: [2026-01-29, 2026-02-25]}
tables: {t: {kind: facts, source: t.csv, time: day, dimensions: [device, sex]}}
metrics:
  profit: {table: t, measure: sum(profit)}
  sales: {table: t, measure: sum(sales)}
  margin: {table: t, numerator: sum(profit), denominator: sum(sales)}
goal: {metric: profit, formula: sales * margin}
"""
    )
    found = kpilab.review(kpilab.open_case(tmp_path))
    assert [(c.subject, c.where.plain()) for c in found.causes] == [("margin", {"device": "west"})]
    effect = found.causes[0].effect
    assert effect is not None
    assert effect.value == pytest.approx(-25 * 28 * 16, rel=0.15)
    assert [str(w.message) for w in recwarn if "invalid value" in str(w.message)] == []
