"""A shop by hand: two regions and two channels, the same week after week,
so that what is right can be computed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from kpilab.case.read import open_case
from kpilab.core.case import Case
from kpilab.core.values import Period, Where
from kpilab.verdict.evidence import Loss

CASE = """
kpilab: 1
title: by hand
language: en
periods: {baseline: ["2025-03-03", "2025-03-30"], current: ["2025-03-31", "2025-04-27"]}
tables:
  events: {kind: events, source: events.parquet, time: ts, user: user, event: event,
      dimensions: [region, channel]}
  fed: {kind: facts, source: fed.parquet, time: date, dimensions: [region]}
  books: {kind: facts, source: books.parquet, time: date, dimensions: [region]}
metrics:
  orders: {table: events, measure: "count(*) filter (where event = 'pay')"}
  visits: {table: events, measure: "count(*) filter (where event = 'visit')"}
  signups: {table: events, measure: "count(*) filter (where event = 'signup')"}
  visitors: {table: events, measure: "count(distinct user) filter (where event = 'visit')",
      per: week}
  pay_per_visit:
    table: events
    numerator: "count(*) filter (where event = 'pay')"
    denominator: "count(*) filter (where event = 'visit')"
  fed_visits: {table: fed, measure: sum(visits)}
  booked: {table: books, measure: sum(orders)}
goal: {metric: orders, formula: visits * pay_per_visit}
kpis:
  - {metric: signups, owner: growth, target: 100}
  - {metric: visitors, owner: growth, target: 100}
dashboard: [orders, visits]
reconcile: [{logged: orders, books: booked}]
funnels: {main: {table: events, steps: [visit, pay], within: 1d}}
"""
FIRST, LAST, CHANGE = date(2025, 3, 3), date(2025, 4, 27), date(2025, 3, 31)
LOST = Period(date(2025, 4, 8), date(2025, 4, 13))
PLACE = Where({"region": ("north",)})
LOSS = Loss("events", PLACE, LOST, 1000.0, 1.0, 0.9, 1.1, 1e-9, "trust.1")


def events(*, fall: float = 0.25) -> pd.DataFrame:
    """In the north the rate of paying falls from 40 % by `fall` in the current period;
    in the south it only sways."""
    rows = []
    for k in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=k)
        for region in ("north", "south"):
            for channel in ("app", "web"):
                visits = (
                    20
                    + 10 * (day.weekday() >= 5)
                    + 10 * (channel == "app")
                    + k % 5 * (region == "south")
                )
                rate = (
                    0.4 * (1 - fall * (day >= CHANGE))
                    if region == "north"
                    else (0.35, 0.4, 0.45)[k % 3]
                )
                counts = {"visit": visits, "pay": round(visits * rate), "signup": visits // 10}
                for event, n in counts.items():
                    user = [f"{day}-{region}-{channel}-{j}" for j in range(n)]
                    at = pd.Timestamp(day) + pd.Timedelta(hours=12)
                    frame = {
                        "ts": at,
                        "user": user,
                        "event": event,
                        "region": region,
                        "channel": channel,
                    }
                    rows.append(pd.DataFrame(frame))
    return pd.concat(rows, ignore_index=True)


def lost(table: pd.DataFrame) -> pd.Series:
    days = pd.to_datetime(table["ts" if "ts" in table else "date"]).dt.normalize()
    return (table["region"] == "north") & days.between(
        pd.Timestamp(LOST.first), pd.Timestamp(LOST.last)
    )


def shop(folder: Path, *, loss: bool, fall: float = 0.25) -> Case:
    """The case on disk; with the loss, the north's rows of six days are missing in the log and in
    what it feeds."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = events(fall=fall)
    day = whole["ts"].dt.normalize().rename("date")
    books = (
        whole[whole["event"] == "pay"]
        .groupby([day, "region"])
        .size()
        .rename("orders")
        .reset_index()
    )
    log = whole[~lost(whole)] if loss else whole
    fed = (
        log[log["event"] == "visit"].groupby([day, "region"]).size().rename("visits").reset_index()
    )
    for name, table in (("events", log), ("fed", fed), ("books", books)):
        table.to_parquet(folder / f"{name}.parquet", index=False)
    (folder / "case.yml").write_text(CASE, "utf-8")
    return open_case(folder)
