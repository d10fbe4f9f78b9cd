"""Internet: users of three products; bought registrations that never become active, a lost log,
a push, forty KPIs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kpilab.samples.trades.made import FIRST, Made, cause, days, iso, metric, wander

DAYS, USERS = 56, 620
PRODUCTS = {"reader": 0.45, "video": 0.35, "games": 0.20}
CHANNELS = {"store": 0.45, "ads": 0.35, "friends": 0.20}
BOUGHT, BOUGHT_FROM, LOST, LOST_DAYS = "ads", 28, "web", (40, 45)
PUSH, PUSH_FROM, PUSH_LIFT = "winback", 35, 0.6
WEEKS, KPIS, IDEAS = 104, 40, 6


def world(rng: np.random.Generator, size: float, effect: float) -> Made:
    """Eight weeks of events, and two years of forty weekly KPIs."""
    dates = days(pd.Timestamp(FIRST), DAYS)
    people = _people(rng, size, effect)
    pushed = _pushed(rng, people)
    events = _events(rng, people, pushed, dates, effect)
    gap = (events["platform"] == LOST) & events["time"].between(
        dates[LOST_DAYS[0]], dates[LOST_DAYS[1]]
    )
    gap &= rng.random(len(events)) < 0.9
    facts = _facts(events)
    base, now = (dates[0], dates[27]), (dates[28], dates[-1])
    fake, start = int(people["fake"].sum()), people["day"] >= BOUGHT_FROM
    fakes = 100 * fake / max(int((start & ~people["fake"]).sum()), 1)
    lost = -100 * float(gap.sum() / (events["time"] >= now[0]).sum())
    tables = {
        "events": events[~gap],
        "daily": facts,
        "pushes": pushed.drop(columns="user_no"),
        "kpis": _kpis(rng, dates),
    }
    return Made(tables, _document(base, now, dates), _causes(dates, fakes, lost, effect))


def _causes(
    dates: pd.DatetimeIndex, fakes: float, lost: float, effect: float
) -> list[dict[str, object]]:
    return [
        cause(
            "wrong_kpi",
            "registrations",
            (
                "registrations are bought in one channel; none of them comes back: registered is "
                "not active"
            ),
            (iso(dates[28]), iso(dates[-1])),
            pct=fakes,
            where={"channel": BOUGHT},
        ),
        cause(
            "data_loss",
            "events",
            "nine of ten rows of one platform never reached the log",
            (iso(dates[LOST_DAYS[0]]), iso(dates[LOST_DAYS[1] - 1])),
            pct=lost,
            where={"platform": LOST},
        ),
        cause(
            "working_action",
            PUSH,
            "the push to fading users brings more of them back, and goes on doing so",
            (iso(dates[PUSH_FROM]), iso(dates[-1])),
            pct=100 * PUSH_LIFT * effect,
            on="active days of fading users",
        ),
        cause(
            "redundant_kpis",
            "weekly_active_users",
            f"forty KPIs on the wall say only {IDEAS} different things",
            (iso(dates[0]), iso(dates[-1])),
        ),
    ]


def _people(rng: np.random.Generator, size: float, effect: float) -> pd.DataFrame:
    """One row per user: arrival (−1 is before the first day for old users), habits,
    and whether it was bought."""
    old, new = int(USERS * size), int(USERS * 0.45 * size)
    bought = int(0.4 * new * effect)
    day = np.concatenate(
        [np.full(old, -1), rng.integers(0, DAYS, new), rng.integers(BOUGHT_FROM, DAYS, bought)]
    )
    n = len(day)
    table = pd.DataFrame({"day": day, "fake": np.arange(n) >= old + new})
    table["product"] = rng.choice(list(PRODUCTS), n, p=list(PRODUCTS.values()))
    table["channel"] = np.where(
        table["fake"], BOUGHT, rng.choice(list(CHANNELS), n, p=list(CHANNELS.values()))
    )
    table["platform"] = rng.choice(["android", "ios", "web"], n, p=[0.40, 0.35, 0.25])
    table["user_type"] = np.where(day < 0, "existing", "new")
    table["habit"] = np.where(table["fake"], 0.004, np.clip(rng.beta(1.6, 4.5, n), 0.02, 0.95))
    fading = (table["user_type"] == "existing") & (rng.random(n) < 0.5)
    table["fade"] = np.where(fading, 0.975, np.where(table["user_type"] == "new", 0.965, 0.994))
    return table.assign(user=[f"u{k:05d}" for k in range(n)])


def _pushed(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Fading users, half of whom get the push."""
    who = np.flatnonzero((people["user_type"] == "existing") & (people["fade"] < 1))
    first = pd.Timestamp(FIRST) + pd.Timedelta(PUSH_FROM, "D")
    table = pd.DataFrame(
        {"user_no": who, "user": people["user"].to_numpy()[who], "experiment": PUSH}
    )
    table["variant"] = np.where(rng.random(len(who)) < 0.5, "push", "silent")
    return table.assign(time=first + pd.to_timedelta(rng.integers(0, 3600, len(who)), "s"))


def _events(
    rng: np.random.Generator,
    people: pd.DataFrame,
    pushed: pd.DataFrame,
    dates: pd.DatetimeIndex,
    effect: float,
) -> pd.DataFrame:
    shared = wander(rng, DAYS, 0.3, 0.03)
    lift = np.ones(len(people))
    lift[pushed.loc[pushed["variant"] == "push", "user_no"]] = 1 + PUSH_LIFT * effect
    parts = []
    for k in range(DAYS):
        age = k - people["day"].to_numpy()
        chance = people["habit"] * people["fade"] ** np.minimum(np.maximum(age, 0), k) * shared[k]
        chance = chance * np.where(k >= PUSH_FROM, lift, 1.0)
        here = np.flatnonzero((age > 0) & (rng.random(len(people)) < np.clip(chance, 0, 0.97)))
        joined = np.flatnonzero(age == 0)
        real = joined[~people["fake"].to_numpy()[joined]]
        parts += [
            _day(rng, people, joined, "register", dates[k]),
            _day(rng, people, real, "open", dates[k]),
        ]
        parts.append(_day(rng, people, here, "open", dates[k]))
        parts.append(_day(rng, people, here[rng.random(len(here)) < 0.6], "engage", dates[k]))
    return pd.concat(parts, ignore_index=True)


def _day(
    rng: np.random.Generator, people: pd.DataFrame, who: np.ndarray, event: str, day: pd.Timestamp
) -> pd.DataFrame:
    rows = people.iloc[who][["user", "product", "channel", "platform", "user_type"]]
    second = {"register": 0, "open": 60, "engage": 400}[event] + rng.integers(0, 80_000, len(rows))
    return rows.assign(event=event, time=day + pd.to_timedelta(second, "s"))


def _facts(events: pd.DataFrame) -> pd.DataFrame:
    """The books: what the product's own database counted, without loss."""
    keys = ["product", "channel", "platform", "user_type"]
    rows = events.assign(date=events["time"].dt.normalize(), n=1)
    table = rows.pivot_table(
        index=["date", *keys], columns="event", values="n", aggfunc="sum", fill_value=0
    )
    return table.reset_index().rename(
        columns={"register": "registrations", "open": "opens", "engage": "engagements"}
    )


def _kpis(rng: np.random.Generator, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Forty weekly KPIs that say six things, and the goal, which two of the six drive."""
    weeks = pd.date_range(end=dates[-1] - pd.Timedelta(6, "D"), periods=WEEKS, freq="7D")
    ideas = [100 * wander(rng, WEEKS, 0.6, 0.06) for _ in range(IDEAS)]
    goal = (
        1000
        * (ideas[0] / 100) ** 0.7
        * (ideas[1] / 100) ** 0.5
        * np.exp(rng.normal(0, 0.015, WEEKS))
    )
    table = {"week": weeks, "weekly_active_users": goal.round()}
    for k in range(KPIS):
        table[f"kpi_{k + 1:02d}"] = (
            ideas[k % IDEAS] * (1 + k / 20) * np.exp(rng.normal(0, 0.008, WEEKS))
        ).round(2)
    return pd.DataFrame(table)


def _document(
    base: tuple[pd.Timestamp, pd.Timestamp],
    now: tuple[pd.Timestamp, pd.Timestamp],
    dates: pd.DatetimeIndex,
) -> dict[str, object]:
    dims = ["product", "channel", "platform", "user_type"]
    events = {
        "kind": "events",
        "source": "events.parquet",
        "time": "time",
        "user": "user",
        "event": "event",
    }
    pushes = {"kind": "assignments", "source": "pushes.parquet", "time": "time", "unit": "user"}
    return {
        "kpilab": 1,
        "title": "user activity",
        "periods": {"baseline": [iso(d) for d in base], "current": [iso(d) for d in now]},
        "tables": {
            "events": events | {"dimensions": dims},
            "daily": {
                "kind": "facts",
                "source": "daily.parquet",
                "time": "date",
                "dimensions": dims,
            },
            "pushes": pushes | {"experiment": "experiment", "variant": "variant"},
            "wall": {"kind": "facts", "source": "kpis.parquet", "time": "week"},
        },
        "metrics": _metrics(),
        "goal": {"metric": "weekly_active_users"},
        "reconcile": [{"logged": "opens", "books": "opens_booked"}],
        "kpis": [
            {
                "metric": "registrations",
                "owner": "growth",
                "since": iso(base[0]),
                "parent": "weekly_active_users",
                "level": "team",
            }
        ],
        "dashboard": ["registrations", "opens"],
        "experiments": {PUSH: _experiment(dates)},
        "changes": [{"date": iso(dates[BOUGHT_FROM]), "text": "new partner for ads"}],
        "alarms": {
            "opens": {"rule": "chart", "metric": "opens", "side": "low"},
            "log is late": {"rule": "freshness", "table": "events", "within": "2d"},
        },
    }


def _metrics() -> dict[str, object]:
    opened = "count(distinct user) filter (where event = 'open')"
    opens = "count(*) filter (where event = 'open')"
    engaged = "count(*) filter (where event = 'engage')"
    return {
        "weekly_active_users": metric(
            "events", opened, "weekly active users", "周活跃用户", "product", per="week"
        ),
        "opens": metric("events", opens, "opens", "打开次数", "product"),
        "opens_booked": metric("daily", "sum(opens)", "opens in the books", "库中打开次数", "IT"),
        "engagement": metric(
            "events", (engaged, opens), "engagement per open", "互动率", "product"
        ),
        "registrations": metric("daily", "sum(registrations)", "registrations", "注册数", "growth"),
    }


def _experiment(dates: pd.DatetimeIndex) -> dict[str, object]:
    return {
        "assignments": "pushes",
        "outcome": "event = 'open'",
        "control": "silent",
        "split": {"silent": 0.5, "push": 0.5},
        "start": iso(dates[PUSH_FROM]),
        "planned_days": DAYS - PUSH_FROM,
        "hypothesis": "a push brings fading users back",
        "decided_on": iso(dates[-1]),
        "decision": "shipped",
    }
