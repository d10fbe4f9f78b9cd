"""A shop of eight weeks, one row per day and platform: web steady, app as the test wants it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kpilab.case.read import open_case
from kpilab.core.case import Case
from kpilab.track.store import Store

FIRST, DAYS = date(2026, 3, 2), 56  # a Monday
SPEC = """\
kpilab: 1
title: Loop
periods:
  baseline: [2026-03-02, 2026-03-29]
  current: [2026-03-30, 2026-04-26]
tables:
  daily: {kind: facts, source: daily.csv, time: date, dimensions: [platform]}
metrics:
  orders: {table: daily, measure: sum(orders), label: {en: Orders, zh: 订单}, owner: Ann}
  visits: {table: daily, measure: sum(visits), owner: Bob}
  rate: {table: daily, numerator: sum(orders), denominator: sum(visits), label: {en: Order rate,
      zh: 下单率}}
  refunds: {table: daily, measure: sum(refunds), better: down}
goal: {metric: orders, formula: visits * rate, target: 24000}
kpis:
  - {metric: visits, owner: Bob, target: 112000}
  - {metric: rate, owner: Ann, target: 0.2}
"""


def daily(
    app: float = 1.0, *, start: int = 28, days: int = DAYS, noise: float = 0.03, seed: int = 1
) -> pd.DataFrame:
    """2,000 visits and 400 orders on each platform and day; from day `start` on,
    app orders times `app`."""
    rng = np.random.default_rng(seed)
    rows = []
    for k in range(days):
        shock = 1 + 0.2 * np.sin(k) * (noise > 0)  # both platforms share the weather
        for platform in ("app", "web"):
            lift = app if platform == "app" and k >= start else 1.0
            orders, refunds = (n * shock * np.exp(noise * rng.normal()) for n in (400 * lift, 40))
            rows.append(
                (
                    FIRST + timedelta(days=k),
                    platform,
                    round(2000 * shock),
                    round(orders),
                    round(refunds),
                )
            )
    return pd.DataFrame(rows, columns=["date", "platform", "visits", "orders", "refunds"])


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Case]:
    """The case with a table; `extra` is added to its case.yml."""

    def case(frame: pd.DataFrame | None = None, extra: str = "") -> Case:
        folder = tmp_path / "loop"
        folder.mkdir(exist_ok=True)
        (folder / "case.yml").write_text(SPEC + extra, "utf-8")
        (daily() if frame is None else frame).to_csv(folder / "daily.csv", index=False)
        return open_case(folder)

    return case


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path) as opened:
        yield opened
