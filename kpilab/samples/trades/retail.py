"""Retail: six stores sign customers up as members; one has found a better way, one enters late,
one is silent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.trades.made import FIRST, Made, cause, days, iso, metric, wander, weekday

STORES = {"N1": "north", "N2": "north", "N3": "north", "S1": "south", "S2": "south", "S3": "south"}
CLERKS, WEEKS, RATE = 4, 30, 0.18
SCANNED, LATE, SILENT, PADDERS = "N2", "S3", "S1", ("N1c", "S2a", "S2d")
LIFT = 0.30
SCAN_WEEK, PERIOD_WEEKS = 20, 4


def world(rng: np.random.Generator, size: float, effect: float) -> Made:
    """Twenty-six weeks of history and a period of four weeks, one row per clerk and day."""
    dates = days(pd.Timestamp(FIRST), 7 * WEEKS)
    start = 7 * (WEEKS - PERIOD_WEEKS)
    pos = _pos(rng, dates, size, effect)
    records = _records(rng, pos, dates[start], effect)
    gap = (pos["store"] == SILENT) & pos["date"].between(dates[start + 8], dates[start + 10])
    base, now = (dates[start - 28], dates[start - 1]), (dates[start], dates[-1])
    target = int(round(1.03 * pos.loc[pos["date"].between(*base), "signups"].sum(), -1))
    lost = 100 * pos.loc[gap, "signups"].sum() / pos.loc[pos["date"] >= now[0], "signups"].sum()
    padded = 100 * records["padded"].sum() / records.loc[records["date"] >= now[0], "claimed"].sum()
    span = (iso(now[0]), iso(now[1]))
    causes = [
        cause(
            "best_practice",
            "signup_rate",
            "the store lets customers scan to register since that day; the others fill in paper",
            (iso(dates[7 * SCAN_WEEK]), iso(dates[-1])),
            pct=100 * LIFT * effect,
            where={"store": SCANNED},
        ),
        cause(
            "late_entry",
            "signups_claimed",
            "the store enters its records days later, so that its board always looks behind",
            span,
            where={"store": LATE},
        ),
        cause(
            "data_loss",
            "new_members",
            "no point-of-sale rows for three days; the customers came",
            (iso(dates[start + 8]), iso(dates[start + 10])),
            pct=-lost,
            where={"store": SILENT},
        ),
        cause(
            "fabricated_execution",
            "signups_claimed",
            (
                "these clerks top records up to the daily target or the next bonus tier; nobody "
                "signed up"
            ),
            span,
            pct=padded,
            actors=PADDERS,
        ),
    ]
    tables = {"pos": pos[~gap], "records": records.drop(columns="padded")}
    return Made(tables, _document(base, now, target), causes)


def _pos(
    rng: np.random.Generator, dates: pd.DatetimeIndex, size: float, effect: float
) -> pd.DataFrame:
    shared = weekday(dates, (0.85, 0.85, 0.9, 0.95, 1.1, 1.25, 1.1)) * wander(
        rng, len(dates), 0.5, 0.06
    )
    parts = []
    for k, (store, region) in enumerate(STORES.items()):
        traffic, rate = (28 - 2.5 * k) * size, RATE * rng.lognormal(0, 0.07)
        for clerk in "abcd"[:CLERKS]:
            own = rate * rng.lognormal(0, 0.06) * np.ones(len(dates))
            if store == SCANNED:
                own[7 * SCAN_WEEK :] *= 1 + LIFT * effect
            customers = rng.poisson(traffic * rng.lognormal(0, 0.1) * shared)
            part = pd.DataFrame(
                {"date": dates, "region": region, "store": store, "clerk": store + clerk}
            )
            signups = rng.binomial(customers, np.clip(own, 0, 0.9))
            spend = (signups * rng.gamma(4, 12, len(dates)) + customers * 9).round(2)
            parts.append(part.assign(customers=customers, signups=signups, spend=spend))
    return pd.concat(parts, ignore_index=True)


def _records(
    rng: np.random.Generator, pos: pd.DataFrame, start: pd.Timestamp, effect: float
) -> pd.DataFrame:
    """What clerks enter, eight weeks: claimed sign-ups,
    beside cards that were used and phone numbers that answer."""
    table = pos[pos["date"] >= start - pd.Timedelta(28, "D")].reset_index(drop=True)
    done, now = table["signups"], table["date"] >= start
    table["target"] = (
        (table.groupby("clerk")["signups"].transform("mean") * 1.2)
        .round()
        .clip(lower=2)
        .astype(int)
    )
    table["tier_2"] = table["target"] + 2
    short = np.where(done < table["target"], table["target"], table["tier_2"]) - done
    liable = table["clerk"].isin(PADDERS) & now & (rng.random(len(table)) < 0.75 * min(effect, 1.3))
    table["padded"] = np.where(liable & (short > 0) & (short <= 5), short, 0)
    table["claimed"] = done + table["padded"]
    table["card_used"] = rng.binomial(done, 0.93)
    table["phone_answers"] = rng.binomial(done, 0.78)
    table["action"] = "signup"
    delay = np.where(
        (table["store"] == LATE) & now,
        rng.integers(3, 12, len(table)),
        rng.random(len(table)) < 0.06,
    )
    table["entered"] = table["date"] + pd.to_timedelta(delay, "D")
    table["record"] = [f"R{k:05d}" for k in range(len(table))]
    columns = [
        "record",
        "date",
        "region",
        "store",
        "clerk",
        "action",
        "claimed",
        "target",
        "tier_2",
    ]
    return table[[*columns, "card_used", "phone_answers", "entered", "padded"]]


def _document(
    base: tuple[pd.Timestamp, pd.Timestamp], now: tuple[pd.Timestamp, pd.Timestamp], target: int
) -> dict[str, object]:
    store_manager = "store managers"
    records = {
        "kind": "executions",
        "source": "records.parquet",
        "time": "date",
        "record": "record",
        "actor": "clerk",
    }
    records |= {"action": "action", "quantity": "claimed", "target": "target", "tiers": ["tier_2"]}
    records |= {"evidence": ["card_used", "phone_answers"], "recorded": "entered"}
    return {
        "kpilab": 1,
        "title": "retail membership",
        "periods": {"baseline": [iso(d) for d in base], "current": [iso(d) for d in now]},
        "tables": {
            "pos": {
                "kind": "facts",
                "source": "pos.parquet",
                "time": "date",
                "dimensions": ["region", "store", "clerk"],
            },
            "records": records,
        },
        "metrics": _metrics(store_manager),
        "goal": {"metric": "new_members", "formula": "customers * signup_rate", "target": target},
        "kpis": [
            {"metric": "signup_rate", "owner": store_manager, "target": 0.19, "since": iso(base[0])}
            | {"parent": "new_members", "level": "store"},
            {
                "metric": "signups_claimed",
                "owner": "clerks",
                "since": iso(base[0]),
                "parent": "signup_rate",
            }
            | {"level": "person"},
        ],
        "dashboard": ["new_members", "customers"],
        "changes": [{"date": iso(base[0]), "text": "new bonus tiers"}],
        "alarms": {
            "signup rate": {"rule": "chart", "metric": "signup_rate", "side": "low"},
            "pace": {"rule": "pace", "metric": "new_members", "below": 0.95},
            "late data": {"rule": "freshness", "table": "pos", "within": "2d"},
        },
    }


def _metrics(store_manager: str) -> dict[str, object]:
    return {
        "new_members": metric("pos", "sum(signups)", "new members", "新增会员", "headquarters"),
        "customers": metric("pos", "sum(customers)", "customers served", "接待顾客", store_manager),
        "signup_rate": metric(
            "pos",
            ("sum(signups)", "sum(customers)"),
            "sign-ups per customer",
            "入会转化率",
            store_manager,
        ),
        "spend": metric("pos", "sum(spend)", "spending", "消费额", "headquarters"),
        "signups_claimed": metric(
            "records", "sum(claimed)", "sign-ups claimed", "申报入会", "clerks"
        ),
    }
