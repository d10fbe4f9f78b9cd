"""Manufacturing: eight machines in two workshops; night-shift breakdowns, a silent sensor,
an own definition."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.trades.made import FIRST, Made, cause, days, iso, metric, wander

DAYS, HOURS = 56, 24
SHIFTS = ("night", "day", "evening")
BROKEN, SENSOR, SLOW = "M3", "M6", "night"
SENSOR_DAYS, BROKEN_FROM, REWORDED_FROM = (38, 42), 30, 28
CYCLE = {"new": 0.5, "old": 0.8}  # ideal minutes per unit


def world(rng: np.random.Generator, size: float, effect: float) -> Made:
    """Eight weeks, one row per machine and hour."""
    del size  # a machine has as many hours as it has
    dates = days(pd.Timestamp(FIRST), DAYS)
    rows = _hours(rng, dates, effect)
    incidents = _incidents(rng, rows, effect)
    gap = (rows["machine"] == SENSOR) & rows["date"].between(
        dates[SENSOR_DAYS[0]], dates[SENSOR_DAYS[1]]
    )
    gap &= rows["hour"].between(8, 15)
    base, now = (dates[0], dates[27]), (dates[28], dates[-1])
    reports, jump = _reports(rows, dates)
    part = rows[
        (rows["machine"] == BROKEN) & (rows["shift"] == SLOW) & (rows["date"] >= dates[BROKEN_FROM])
    ]
    worn = -100 * float(
        part["extra"].sum() / (part["planned"] - part["breakdown"] + part["extra"]).sum()
    )
    lost = -100 * float(gap.sum() / (rows["date"] >= now[0]).sum())
    hourly = rows[~gap].drop(columns=["planned", "extra"])
    tables = {"hours": hourly, "incidents": incidents, "reported": reports}
    return Made(tables, _document(base, now), _causes(dates, worn, lost, jump))


def _causes(
    dates: pd.DatetimeIndex, worn: float, lost: float, jump: float
) -> list[dict[str, object]]:
    return [
        cause(
            "local_regression",
            "availability",
            "a worn gearbox: breakdowns of this machine in the night shift",
            (iso(dates[BROKEN_FROM]), iso(dates[-1])),
            pct=worn,
            where={"machine": BROKEN, "shift": SLOW},
        ),
        cause(
            "data_loss",
            "hours_logged",
            "the sensor was unplugged in the day shift; stops of these hours are not in the log",
            (iso(dates[SENSOR_DAYS[0]]), iso(dates[SENSOR_DAYS[1]])),
            pct=lost,
            where={"machine": SENSOR},
        ),
        cause(
            "definition_mismatch",
            "availability",
            "the workshop no longer counts changeovers as downtime",
            (iso(dates[REWORDED_FROM]), iso(dates[-1])),
            pct=jump,
            where={"department": "W2"},
        ),
        cause(
            "slow_response",
            "downtime",
            "alarms of the night shift wait for the only technician",
            (iso(dates[0]), iso(dates[-1])),
            where={"shift": SLOW},
        ),
    ]


def _hours(rng: np.random.Generator, dates: pd.DatetimeIndex, effect: float) -> pd.DataFrame:
    parts = []
    for k in range(1, 9):
        kind = "old" if k % 2 == 0 else "new"
        n = len(dates) * HOURS
        part = pd.DataFrame(
            {"date": np.repeat(dates, HOURS), "hour": np.tile(np.arange(HOURS), len(dates))}
        )
        part = part.assign(
            machine=f"M{k}", type=kind, workshop="W1" if k <= 4 else "W2", cycle=CYCLE[kind]
        )
        part["shift"] = np.array(SHIFTS)[part["hour"] // 8]
        part["scheduled"] = 60.0
        part["planned_stop"] = np.where(part["hour"] % 8 == 4, 30.0, 0.0)
        part["changeover"] = np.where(
            part["hour"] % 8 == 0, np.clip(rng.normal(18, 4, n), 5, 30), 0.0
        ).round(1)
        chance, mean = (0.05, 14.0) if kind == "new" else (0.08, 16.0)
        mood = np.repeat(wander(rng, len(dates), 0.4, 0.25), HOURS)
        stops = np.where(rng.random(n) < chance * mood, rng.gamma(2, mean / 2, n), 0.0)
        late = (part["date"] >= dates[BROKEN_FROM]) & (part["shift"] == SLOW) & (f"M{k}" == BROKEN)
        extra = np.where(late & (rng.random(n) < 0.45 * effect), rng.gamma(3, 8, n), 0.0)
        room = part["scheduled"] - part["planned_stop"] - part["changeover"]
        part["breakdown"] = np.minimum(stops + extra, 0.95 * room).round(1)
        part["extra"] = np.minimum(extra, part["breakdown"])
        part["planned"] = part["scheduled"] - part["planned_stop"]
        run = part["planned"] - part["changeover"] - part["breakdown"]
        part["minor_stop"] = (run * np.clip(rng.normal(0.04, 0.015, n), 0, 0.2)).round(1)
        speed = np.clip(rng.normal(0.93 if kind == "new" else 0.86, 0.03, n), 0.5, 0.995)
        part["units"] = np.floor((run - part["minor_stop"]) * speed / part["cycle"]).astype(int)
        part["scrap"] = rng.binomial(part["units"], 0.015 if kind == "new" else 0.03)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _incidents(rng: np.random.Generator, rows: pd.DataFrame, effect: float) -> pd.DataFrame:
    """An alarm for every longer breakdown: answered, solved,
    and reviewed if somebody finds the time."""
    hit = rows[rows["breakdown"] > 12].reset_index(drop=True)
    n, slow = len(hit), (hit["shift"] == SLOW).to_numpy()
    start = hit["date"] + pd.to_timedelta(hit["hour"] * 60 + rng.integers(0, 40, n), "min")
    wait = rng.gamma(2, np.where(slow, 5 + 12 * effect, 5))
    solved = wait + hit["breakdown"]
    review = rng.integers(600, 6000, n)
    table = hit[["machine", "workshop", "shift"]].assign(
        start=start, alarm=rng.choice(["jam", "heat", "drive"], n)
    )
    table["responded"] = start + pd.to_timedelta(wait.round(), "min")
    table["solved"] = (start + pd.to_timedelta(solved.round(), "min")).where(rng.random(n) > 0.01)
    done = (rng.random(n) < np.where(slow, 0.35, 0.8)) & table["solved"].notna()
    table["reviewed"] = (start + pd.to_timedelta(solved + review, "min")).where(done)
    return table


def _reports(rows: pd.DataFrame, dates: pd.DatetimeIndex) -> tuple[pd.DataFrame, float]:
    """Availability as three departments and workshop 2 report it, per day;
    and how far the last one jumps."""
    table = (
        rows[rows["workshop"] == "W2"]
        .groupby("date")[["planned", "breakdown", "changeover"]]
        .sum()
        .reset_index()
    )
    right = 1 - (table["breakdown"] + table["changeover"]) / table["planned"]
    own = 1 - table["breakdown"] / table["planned"]
    late = table["date"] >= dates[REWORDED_FROM]
    values = {
        "maintenance": right.round(4),
        "planning": right.round(3),
        "controlling": right.round(3),
        "W2": right.where(~late, own).round(4),
    }
    parts = [
        pd.DataFrame(
            {"date": table["date"], "department": who, "metric": "availability", "value": value}
        )
        for who, value in values.items()
    ]
    return pd.concat(parts, ignore_index=True), 100 * float((own / right - 1)[late].mean())


def _document(
    base: tuple[pd.Timestamp, pd.Timestamp], now: tuple[pd.Timestamp, pd.Timestamp]
) -> dict[str, object]:
    dims = ["workshop", "machine", "type", "shift", "hour"]
    log = {
        "kind": "incidents",
        "source": "incidents.parquet",
        "time": "start",
        "unit": "machine",
        "alarm": "alarm",
    }
    log |= {"responded": "responded", "solved": "solved", "reviewed": "reviewed"}
    reported = {
        "kind": "reports",
        "source": "reported.parquet",
        "time": "date",
        "reporter": "department",
    }
    return {
        "kpilab": 1,
        "title": "equipment utilisation",
        "periods": {"baseline": [iso(d) for d in base], "current": [iso(d) for d in now]},
        "tables": {
            "hours": {
                "kind": "facts",
                "source": "hours.parquet",
                "time": "date",
                "dimensions": dims,
            },
            "incidents": log,
            "reported": reported | {"metric": "metric", "value": "value"},
        },
        "metrics": _metrics(),
        "goal": {
            "metric": "good_time",
            "formula": "planned_time * availability * performance * quality",
        },
        "kpis": _kpis(iso(base[0])),
        "dashboard": ["oee", "availability", "performance", "quality"],
        "definitions": [
            {
                "metric": "availability",
                "reporter": who,
                "from": iso(base[0]),
                "text": "run time per planned time",
            }
            for who in ("maintenance", "planning", "controlling", "W2")
        ],
        "changes": [{"date": iso(now[0]), "text": "weekly shift meeting introduced"}],
        "alarms": {"downtime": {"rule": "chart", "metric": "downtime", "side": "high"}},
    }


def _metrics() -> dict[str, object]:
    planned = "sum(scheduled - planned_stop)"
    run = "sum(scheduled - planned_stop - breakdown - changeover)"
    return {
        "good_time": metric(
            "hours", "sum((units - scrap) * cycle)", "productive time", "有效产出时间", "plant"
        ),
        "planned_time": metric("hours", planned, "planned time", "计划时间", "planning"),
        "availability": metric(
            "hours", (run, planned), "availability", "时间开动率", "maintenance"
        ),
        "performance": metric(
            "hours", ("sum(units * cycle)", run), "performance", "性能开动率", "production"
        ),
        "quality": metric(
            "hours",
            ("sum((units - scrap) * cycle)", "sum(units * cycle)"),
            "quality",
            "良品率",
            "quality",
        ),
        "oee": metric(
            "hours", ("sum((units - scrap) * cycle)", planned), "OEE", "设备综合效率", "plant"
        ),
        "downtime": metric(
            "hours",
            "sum(breakdown)",
            "breakdown minutes",
            "故障停机",
            "maintenance",
            better="down",
        ),
        "hours_logged": metric("hours", "count(*)", "machine hours logged", "记录机时", "IT"),
    }


def _kpis(since: str) -> list[dict[str, object]]:
    availability: dict[str, object] = {
        "metric": "availability",
        "owner": "maintenance",
        "target": 0.86,
    }
    oee: dict[str, object] = {"metric": "oee", "owner": "plant", "target": 0.80, "since": since}
    return [
        oee | {"parent": "good_time", "level": "company"},
        availability | {"since": since, "parent": "oee", "level": "team"},
    ]
