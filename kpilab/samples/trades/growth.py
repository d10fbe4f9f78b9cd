"""A growth team: self-claimed shares of the target, a weekly list, stage rewards;
registrations up, activity flat."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.trades.made import FIRST, Made, cause, days, iso, metric, weekday

PEOPLE = ("ann", "bo", "chen", "dana", "eli", "fei")
HOME = {
    "ann": "search",
    "bo": "search",
    "chen": "social",
    "dana": "social",
    "eli": "schools",
    "fei": "schools",
}
PARTS = {"search": 0.35, "social": 0.25, "schools": 0.20, "partners": 0.20}
WEEKS, PERIOD_WEEKS, BUYER, BOUGHT_WEEKS = 20, 4, "dana", 4
PARTNERS_PER_DAY, TWICE = 6.0, 0.6


def world(rng: np.random.Generator, size: float, effect: float) -> Made:
    """Twenty weeks, one row per person and day; the target of the last four is claimed by the
    people themselves."""
    dates = days(pd.Timestamp(FIRST), 7 * WEEKS)
    start = 7 * (WEEKS - PERIOD_WEEKS)
    daily = _daily(rng, dates, size, effect)
    base, now = (dates[start - 28], dates[start - 1]), (dates[start], dates[-1])
    target = int(round(1.1 * daily.loc[daily["date"].between(*base), "registrations"].sum(), -1))
    claimed = _claims(target, now)
    fake = daily.loc[(daily["person"] == BUYER) & (daily["date"] >= now[0]), "bought"].sum()
    usual = daily.loc[daily["date"] >= now[0], "registrations"].sum() - fake
    span = (iso(now[0]), iso(now[1]))
    causes = [
        cause(
            "wrong_kpi",
            "registrations",
            "one person buys registrations: the count rises, the users never become active",
            span,
            pct=100 * float(fake / usual),
            where={"person": BUYER},
        ),
        cause(
            "claim_gap",
            "claims",
            "nobody claimed the partners, though the sum of all claims looks complete",
            span,
            pct=-100 * PARTS["partners"],
            where={"part": "partners"},
        ),
        cause(
            "claim_overlap",
            "claims",
            "two people claim the same searches",
            span,
            where={"part": "search"},
        ),
    ]
    tables = {"daily": daily.drop(columns="bought"), "claims": claimed}
    return Made(tables, _document(base, now, target), causes)


def _daily(
    rng: np.random.Generator, dates: pd.DatetimeIndex, size: float, effect: float
) -> pd.DataFrame:
    wave = weekday(dates, (1.0, 1.05, 1.05, 1.0, 0.95, 0.9, 0.9))
    parts = []
    for k, person in enumerate(PEOPLE):
        level = (8 + 2 * (k % 3)) * size * rng.lognormal(0, 0.05)
        found = rng.poisson(level * wave)
        late = np.arange(len(dates)) >= len(dates) - 7 * BOUGHT_WEEKS
        bought = (
            rng.poisson(0.9 * level * effect, len(dates)) * late
            if person == BUYER
            else np.zeros(len(dates), int)
        )
        active = rng.binomial(found, 0.42) + rng.binomial(bought, 0.01)
        part = pd.DataFrame(
            {"date": dates, "person": person, "part": HOME[person], "registrations": found + bought}
        )
        part["active_after_week"] = active
        part["traced"] = rng.binomial(found, 0.9) + rng.binomial(bought, 0.02)
        part["kept_after_month"] = rng.binomial(active, 0.55)
        part["action"], part["bought"] = "registration", bought
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _claims(target: int, now: tuple[pd.Timestamp, pd.Timestamp]) -> pd.DataFrame:
    """What people signed up for: the sum fits, the parts do not."""
    want = {part: share * target for part, share in PARTS.items()}
    rows = [("ann", "search", want["search"]), ("bo", "search", TWICE * want["search"])]
    rows += [("chen", "social", 0.5 * want["social"]), ("dana", "social", 0.5 * want["social"])]
    rows += [("eli", "schools", 0.5 * want["schools"]), ("fei", "schools", 0.5 * want["schools"])]
    table = pd.DataFrame(rows, columns=["actor", "part", "quantity"])
    return table.assign(quantity=table["quantity"].round(), date=now[0])


def _document(
    base: tuple[pd.Timestamp, pd.Timestamp], now: tuple[pd.Timestamp, pd.Timestamp], target: int
) -> dict[str, object]:
    work = {
        "kind": "executions",
        "source": "daily.parquet",
        "time": "date",
        "actor": "person",
        "action": "action",
    }
    work |= {"quantity": "registrations", "evidence": ["traced", "active_after_week"]}
    promised = {
        "kind": "executions",
        "source": "claims.parquet",
        "time": "date",
        "actor": "actor",
        "action": "part",
    }
    shares = {part: round(share * target) for part, share in PARTS.items()}
    return {
        "kpilab": 1,
        "title": "growth team",
        "periods": {"baseline": [iso(d) for d in base], "current": [iso(d) for d in now]},
        "tables": {
            "daily": {
                "kind": "facts",
                "source": "daily.parquet",
                "time": "date",
                "dimensions": ["person", "part"],
            },
            "work": work,
            "promised": promised | {"quantity": "quantity"},
        },
        "metrics": _metrics(),
        "goal": {"metric": "active_users", "formula": "registrations * activation"},
        "kpis": [
            {"metric": "registrations", "owner": "growth", "target": target, "since": iso(base[0])}
            | {"parent": "active_users", "level": "team"}
        ],
        "dashboard": ["registrations"],
        "targets": {"registrations": shares},
        "alarms": {"registrations": {"rule": "pace", "metric": "registrations"}},
    }


def _metrics() -> dict[str, object]:
    active = ("sum(active_after_week)", "sum(registrations)")
    return {
        "active_users": metric(
            "daily", "sum(active_after_week)", "active new users", "活跃新用户", "growth"
        ),
        "registrations": metric("daily", "sum(registrations)", "registrations", "注册数", "growth"),
        "activation": metric("daily", active, "active per registration", "注册激活率", "growth"),
        "claims": metric(
            "promised", "sum(quantity)", "claimed registrations", "认领注册数", "growth"
        ),
    }
