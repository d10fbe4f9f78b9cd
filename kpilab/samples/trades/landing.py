"""Landing a metric: a subscription's retention tree with owners;
the support KPI pulls against the goal."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.trades.made import FIRST, Made, cause, days, iso, metric, wander, weekday

WEEKS, PERIOD_WEEKS, CONFLICT, LATE_DAYS = 64, 4, -0.9, 3
REGIONS = {"east": 0.45, "north": 0.33, "west": 0.22}
FALL, FALL_FROM = 0.10, 62  # weeks


def world(rng: np.random.Generator, size: float, effect: float) -> Made:
    """Sixty-four weeks, one row per region and day."""
    dates = days(pd.Timestamp(FIRST) - pd.Timedelta(7 * (WEEKS - 26), "D"), 7 * WEEKS)
    start = 7 * (WEEKS - PERIOD_WEEKS)
    daily = _daily(rng, dates, size, effect)
    base, now = (dates[start - 28], dates[start - 1]), (dates[start], dates[-1])
    known = daily[daily["date"] < dates[-LATE_DAYS]]
    target = int(round(1.05 * daily.loc[daily["date"].between(*base), "renewed"].sum(), -1))
    causes = [
        cause(
            "kpi_conflict",
            "fast_closings",
            (
                "support is paid for tickets closed within the hour; whoever is closed unheard "
                "complains again"
            ),
            (iso(dates[0]), iso(dates[-1])),
            where={},
            on="satisfied",
        ),
        cause(
            "driver_decline",
            "renewal_rate",
            "renewals fall everywhere since the price change",
            (iso(dates[7 * FALL_FROM]), iso(dates[-1])),
            pct=-100 * FALL * effect,
            on="renewals",
        ),
        cause(
            "late_data",
            "renewals",
            "the billing system delivers days late",
            (iso(dates[-LATE_DAYS]), iso(dates[-1])),
        ),
    ]
    return Made({"daily": known}, _document(base, now, target), causes)


def _daily(
    rng: np.random.Generator, dates: pd.DatetimeIndex, size: float, effect: float
) -> pd.DataFrame:
    n = len(dates)
    haste = np.repeat(rng.normal(0, 1, WEEKS), 7)  # weeks in which support hurries
    season = wander(rng, n, 0.5, 0.03) * weekday(dates, (1.1, 1.1, 1.05, 1.0, 1.0, 0.9, 0.85))
    fallen = np.where(np.arange(n) >= 7 * FALL_FROM, 1 - FALL * effect, 1.0)
    parts = []
    for region, share in REGIONS.items():
        started = rng.poisson(260 * share * size * season)
        month = rng.binomial(started, np.clip(0.62 * wander(rng, n, 0.4, 0.02), 0, 1))
        due = rng.poisson(300 * share * size * season)
        renewed = rng.binomial(due, np.clip(0.71 * fallen * wander(rng, n, 0.4, 0.015), 0, 1))
        tickets = rng.poisson(90 * share * size * season)
        fast = rng.binomial(tickets, np.clip(0.55 + 0.09 * haste, 0.05, 0.95))
        happy = rng.binomial(tickets, np.clip(0.80 + 0.06 * CONFLICT * haste, 0.05, 0.98))
        part = pd.DataFrame(
            {"date": dates, "region": region, "started": started, "active_month": month, "due": due}
        )
        parts.append(
            part.assign(renewed=renewed, tickets=tickets, closed_fast=fast, satisfied=happy)
        )
    return pd.concat(parts, ignore_index=True)


def _document(
    base: tuple[pd.Timestamp, pd.Timestamp], now: tuple[pd.Timestamp, pd.Timestamp], target: int
) -> dict[str, object]:
    since, month = iso(base[0]), "first_month_activity"
    return {
        "kpilab": 1,
        "title": "landing a metric",
        "periods": {"baseline": [iso(d) for d in base], "current": [iso(d) for d in now]},
        "tables": {
            "daily": {
                "kind": "facts",
                "source": "daily.parquet",
                "time": "date",
                "dimensions": ["region"],
            },
        },
        "metrics": _metrics(month),
        "goal": {"metric": "renewals", "formula": "due * renewal_rate", "target": target},
        "kpis": _kpis(since, month),
        "dashboard": ["renewals", "renewal_rate", month, "satisfied", "fast_closings"],
        "changes": [{"date": iso(now[0] + pd.Timedelta(14, "D")), "text": "price change"}],
        "alarms": {
            "renewal rate": {"rule": "chart", "metric": "renewal_rate", "side": "low"},
            "renewals on pace": {"rule": "pace", "metric": "renewals", "below": 0.97},
            "billing is late": {"rule": "freshness", "table": "daily", "within": "2d"},
        },
    }


def _metrics(month: str) -> dict[str, object]:
    rate = {"renewed": ("sum(renewed)", "sum(due)"), "month": ("sum(active_month)", "sum(started)")}
    support = {
        "satisfied": ("sum(satisfied)", "sum(tickets)"),
        "fast": ("sum(closed_fast)", "sum(tickets)"),
    }
    return {
        "renewals": metric("daily", "sum(renewed)", "renewals", "续费数", "management"),
        "due": metric("daily", "sum(due)", "subscriptions due", "到期订阅", "billing"),
        "renewal_rate": metric(
            "daily", rate["renewed"], "renewal rate", "续费率", "Rosa, customer success"
        ),
        month: metric(
            "daily", rate["month"], "first-month activity", "首月活跃率", "Finn, onboarding"
        ),
        "satisfied": metric(
            "daily",
            support["satisfied"],
            "satisfied after a ticket",
            "工单满意率",
            "Kim, service",
        ),
        "fast_closings": metric(
            "daily", support["fast"], "closed within the hour", "一小时结单率", "Sam, support"
        ),
    }


def _kpis(since: str, month: str) -> list[dict[str, object]]:
    tree = (
        ("renewal_rate", 0.72, "renewals", "company"),
        (month, 0.62, "renewal_rate", "team"),
        ("satisfied", 0.80, "renewal_rate", "team"),
        ("fast_closings", 0.75, "satisfied", "person"),
    )
    return [
        {"metric": name, "target": target, "since": since, "parent": parent, "level": level}
        for name, target, parent, level in tree
    ]
