"""A small case on disk, made by hand: two periods of a week, 20 users, three steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

CASE = """\
kpilab: 1
title: small
periods:
  baseline: [2026-01-05, 2026-01-11]
  current: [2026-01-12, 2026-01-18]
tables:
  events:
    kind: events
    source: events.csv
    time: at
    user: user
    event: event
    dimensions: [city]
metrics:
  revenue: {table: events, measure: sum(amount)}
  visits: {table: events, measure: count(*) filter (where event = 'visit')}
  pay_rate:
    table: events
    numerator: count(*) filter (where event = 'pay')
    denominator: count(*) filter (where event = 'visit')
  basket:
    table: events
    numerator: sum(amount)
    denominator: count(*) filter (where event = 'pay')
goal:
  metric: revenue
  formula: visits * pay_rate * basket
dashboard: [revenue, visits]
funnels:
  main: {table: events, steps: [visit, cart, pay], within: 1d}
"""


def events() -> pd.DataFrame:
    """Each day 20 users visit, the first 10 fill a cart, the first 5 pay 10."""
    rows = []
    for day in range(14):
        start = datetime(2026, 1, 5, 9) + timedelta(days=day)
        for user in range(20):
            steps = ["visit", "cart", "pay"][: 3 if user < 5 else 2 if user < 10 else 1]
            for k, step in enumerate(steps):
                amount = 10.0 if step == "pay" else None
                rows.append(
                    (start + timedelta(minutes=5 * k), f"u{user}", step, "ab"[user % 2], amount)
                )
    return pd.DataFrame(rows, columns=["at", "user", "event", "city", "amount"])


@pytest.fixture
def make_case(tmp_path: Path) -> Callable[..., Path]:
    """Write the case into a folder; `old` -> `new` edits the spec, `frame` replaces the table."""

    def make(*edits: tuple[str, str], frame: pd.DataFrame | None = None, extra: str = "") -> Path:
        text = CASE
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "case.yml").write_text(text + extra, "utf-8")
        (events() if frame is None else frame).to_csv(tmp_path / "events.csv", index=False)
        return tmp_path

    return make
