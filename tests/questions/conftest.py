"""A case with two logs, records of work, and a funnel with every option."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from kpilab.case.read import open_case
from kpilab.core.case import Case

CASE = """\
kpilab: 1
title: asked
periods: {baseline: [2026-01-05, 2026-01-11], current: [2026-01-12, 2026-01-18]}
tables:
  web: {kind: events, source: web.csv, time: at, user: user, event: event, dimensions: [city]}
  till: {kind: events, source: till.csv, time: at, user: user, event: event, dimensions: [city]}
  work: {kind: executions, source: work.csv, time: day, actor: who, action: what, quantity: n}
metrics:
  takings: {table: till, measure: sum(amount), where: event = 'pay'}
  visits: {table: web, measure: count(*)}
  calls: {table: work, measure: sum(n), where: what = 'call'}
  callbacks: {table: work, measure: sum(n) filter (where what = 'callback')}
goal: {metric: takings}
kpis: [{metric: callbacks}, {metric: visits}]
dashboard: [takings, visits]
funnels:
  main: {table: web, steps: [see, buy], within: 2h, by: session, mode: strict, exclude: [leave]}
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder: Path = tmp_path_factory.mktemp("asked")
    days = [datetime(2026, 1, 5, 9) + timedelta(days=k) for k in range(14)]
    web = pd.DataFrame({"at": days, "user": "u", "event": "see", "city": "A"})
    web.to_csv(folder / "web.csv", index=False)
    web.assign(event="pay", amount=range(14)).to_csv(folder / "till.csv", index=False)
    work = pd.DataFrame({"day": days, "who": "w", "what": ["call", "callback"] * 7, "n": 1})
    work.to_csv(folder / "work.csv", index=False)
    (folder / "case.yml").write_text(CASE, "utf-8")
    return open_case(folder)
