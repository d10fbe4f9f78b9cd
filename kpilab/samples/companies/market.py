"""An app marketplace: monthly sales by app and storefront, apps, their makers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import (
    Company,
    Draw,
    Knob,
    Papers,
    Setting,
    book,
    column,
    repeated,
    uneven,
)
from kpilab.samples.companies.lever import Lever, doubled, one, pulled, touched
from kpilab.samples.companies.span import alike, busy, drifts, grown

GENRES = ("games", "photo", "music", "fitness", "travel", "finance", "kids")
SYSTEMS = ("phone", "tablet", "tv")
FRONTS = ("US", "DE", "FR", "JP", "BR", "IN")
TIERS = ("studio", "indie", "publisher")
HOMES = ("US", "SE", "FI", "KR", "CN", "FR")
DIMS = ("genre", "platform", "storefront", "tier", "country")
ALL = (*DIMS, "developer_id", "app_id")
BUYS = 0.06
REFUND = 0.05
FEE = 0.3


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The marketplace's tables; the same setting with other levers differs by them alone."""
    rng = np.random.default_rng(setting.seed)
    makers, apps = _apps(rng, setting)
    frame = _months(rng, setting, apps)
    day = frame["day"].to_numpy()
    wanted = frame["wanted"] * pulled(levers, "visit", frame, day)
    for lever in one(levers, "gone"):
        wanted = np.where(touched(lever, frame, day), wanted * lever.factor, wanted)
    frame["downloads"] = np.floor(wanted + frame["edge"]).astype(int)
    rate = frame["rate"] * pulled(levers, "buy", frame, day)
    frame["purchases"] = np.floor(frame["downloads"] * rate + frame["edge"]).astype(int)
    price = frame["price"] * pulled(levers, "price", frame, day)
    frame["gross"] = np.round(frame["purchases"] * price, 2)
    back = np.clip(frame["back"] * pulled(levers, "return", frame, day), 0, 0.9)
    frame["refunded"] = np.round(frame["gross"] * back, 2)
    frame = frame[(frame["downloads"] > 0).to_numpy()]
    frame = doubled(frame.assign(row_id=np.arange(1, len(frame) + 1)), levers)
    paid = ["app_id", "storefront", "downloads", "purchases", "gross", "refunded"]
    tables = {
        "monthly_sales": frame[["row_id", *paid]].assign(
            month=setting.days.dates(frame["day"].to_numpy())
        ),
        "apps": apps[["app_id", "developer_id", "genre", "platform", "listed_on"]],
        "developers": makers[["developer_id", "country", "tier"]],
        "reviews": _reviews(rng, frame, setting),
    }
    commission = FEE * (frame["gross"] - frame["refunded"]).to_numpy()
    books = {
        "commission": book(frame, ALL, commission),
        "gross": book(frame, ALL, frame["gross"].to_numpy()),
        "purchases": book(frame, ALL, frame["purchases"].to_numpy(float)),
        "downloads": book(frame, ALL, frame["downloads"].to_numpy(float)),
        "new_apps": _listed(apps),
    }
    return Draw(tables, books)


def _listed(apps: pd.DataFrame) -> pd.DataFrame:
    fresh = apps[apps["listed"] >= 0]
    fresh = fresh.assign(day=np.floor(fresh["listed"]).astype(int))
    dims = ["genre", "platform", "tier", "country", "developer_id", "app_id"]
    return book(fresh, dims, np.ones(len(fresh)))


def _apps(rng: np.random.Generator, setting: Setting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Makers and their apps; a few carry much, and apps are listed all the time."""
    days = setting.days
    n = int(setting.rows / (days.days / 30.4) / len(FRONTS) / 0.8)
    k = max(20, n // 3)
    makers = pd.DataFrame({"developer_id": pd.Categorical([f"DEV{j:04d}" for j in range(k)])})
    makers["country"] = column(rng, HOMES, uneven(rng, len(HOMES), 0.4), k)
    makers["tier"] = column(rng, TIERS, np.array([0.4, 0.4, 0.2]), k)
    share = makers["tier"].astype(str).map({"studio": 1.0, "indie": 0.4, "publisher": 2.0})
    owner = rng.choice(k, n, p=share.to_numpy() / share.sum())
    apps = repeated(makers, owner)
    apps["app_id"] = pd.Categorical([f"APP{j:05d}" for j in range(n)])
    apps["genre"] = column(rng, GENRES, uneven(rng, len(GENRES), 0.35), n)
    apps["platform"] = column(rng, SYSTEMS, np.array([0.6, 0.25, 0.15]), n)
    old = rng.random(n) < 0.65
    apps["listed"] = np.where(old, -rng.uniform(1, 900, n), rng.uniform(0, 1, n) ** 0.8 * days.days)
    apps["listed_on"] = days.dates(apps["listed"].to_numpy())
    size = rng.lognormal(0, 1.0, n) * np.sqrt(share.to_numpy()[owner]) * 60
    return makers, apps.assign(size=size, cost=np.round(rng.lognormal(1.1, 0.5, n), 2))


def _months(rng: np.random.Generator, setting: Setting, apps: pd.DataFrame) -> pd.DataFrame:
    """Every app on every storefront in every month since it was listed."""
    days = setting.days
    firsts = pd.date_range(days.start, periods=days.days, freq="D")
    months = np.flatnonzero(firsts.day == 1)
    level = busy(rng, days, setting.course) * grown(days, setting.course.growth)
    level = np.add.reduceat(level, months)
    m, n, f = len(months), len(apps), len(FRONTS)
    cells = repeated(apps, np.repeat(np.arange(n), f))
    front = rng.lognormal(0, 0.3, n * f) * np.tile(uneven(rng, f, 0.5), n)
    cells["storefront"] = pd.Categorical.from_codes(np.tile(np.arange(f), n), pd.Index(FRONTS))
    frame = repeated(cells, np.tile(np.arange(n * f), m))
    frame["day"] = np.repeat(months, n * f)
    wave = np.stack([alike(rng, n, 0.0, 0.1) for _ in range(m)])
    own = np.repeat(wave, f, axis=1).ravel() + rng.normal(0, 0.12, m * n * f)
    wander = np.ones(len(frame))
    for dim in ("genre", "country"):
        slow = drifts(rng, days, len(apps[dim].cat.categories), setting.course.drift)
        wander *= slow[frame[dim].cat.codes, frame["day"]]
    frame["wanted"] = frame["size"] * np.tile(front, m) * np.repeat(level, n * f) * wander
    frame["wanted"] *= np.exp(own) / 3
    frame["rate"] = BUYS * np.exp(rng.normal(0, 0.15, len(frame)))
    frame["price"], frame["edge"] = frame["cost"], rng.random(len(frame))
    frame["back"] = REFUND * np.exp(rng.normal(0, 0.3, len(frame)))
    return frame[(frame["listed"] <= frame["day"]).to_numpy()]


def _reviews(rng: np.random.Generator, frame: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """Stars that buyers gave, by app and month, for the last two periods."""
    late = frame[(frame["day"] >= setting.days.baseline[0]).to_numpy()]
    given = rng.poisson(np.minimum(late["purchases"].to_numpy() * 0.3, 40))
    rows = given > 0
    stars = np.clip(rng.normal(4.1, 0.5, len(late)), 1, 5)
    return pd.DataFrame(
        {
            "month": setting.days.dates(late["day"].to_numpy()[rows]),
            "app_id": late["app_id"].to_numpy()[rows],
            "storefront": late["storefront"].to_numpy()[rows],
            "ratings": given[rows],
            "stars": np.round(stars[rows] * given[rows], 1),
        }
    )


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    app = ["apps.genre", "apps.platform", "developers.tier", "developers.country"]
    facts = {"kind": "facts", "time": "month", "links": {"app_id": "apps"}}
    tables = {
        "monthly_sales": {
            **facts, "source": "monthly_sales.csv", "key": "row_id",
            "dimensions": ["storefront", *app, "apps.developer_id"],
        },
        "reviews": {**facts, "source": "reviews.csv", "dimensions": ["storefront", *app]},
        "apps": {
            "kind": "entities", "source": "apps.csv", "key": "app_id", "time": "listed_on",
            "links": {"developer_id": "developers"},
            "dimensions": ["genre", "platform", "developers.tier", "developers.country"],
        },
        "developers": {
            "kind": "entities", "source": "developers.csv", "key": "developer_id",
            "dimensions": ["tier", "country"],
        },
    }  # fmt: skip
    ours = {"table": "monthly_sales"}
    metrics = {
        "gross": {**ours, "measure": "sum(gross)"},
        "refunded": {**ours, "measure": "sum(refunded)", "better": "down"},
        "commission": {**ours, "measure": f"{FEE} * sum(gross - refunded)"},
        "downloads": {**ours, "measure": "sum(downloads)"},
        "purchases": {**ours, "measure": "sum(purchases)"},
        "buy_rate": {**ours, "numerator": "sum(purchases)", "denominator": "sum(downloads)"},
        "price": {**ours, "numerator": "sum(gross)", "denominator": "sum(purchases)"},
        "stars": {"table": "reviews", "numerator": "sum(stars)", "denominator": "sum(ratings)"},
        "new_apps": {"table": "apps", "measure": "count(*)"},
    }  # fmt: skip
    return Papers(tables, metrics)


GOALS, LISTED = ("commission", "gross"), ("new_apps",)
LOST = ("local_regression", "driver_decline", "untracked_leak")
CHEAP = ("price_erosion", "discount", *LOST)
BACK = ("returns_rise", *LOST)
DOWN = (*LISTED, "downloads")
MIX = ("mix_shift", "wrong_kpi", "volume_decline", "local_regression")
LARGE = ("concentration", "retention_decline", "churn")
KNOBS = {
    "mix": Knob("visit", ("genre", "platform", "tier"), GOALS, ("downloads",), MIX),
    "large": Knob("gone", ("developer_id",), GOALS, LISTED, LARGE),
    "volume": Knob("visit", DIMS, GOALS, LISTED, ("volume_decline", *LOST), rises=True),
    "ratio": Knob("buy", DIMS, GOALS, DOWN, LOST, seen="purchases", rises=True),
    "price": Knob("price", DIMS, GOALS, (*DOWN, "purchases"), CHEAP, least=0.5, most=0.88),
    "return": Knob("return", DIMS, GOALS[:1], ("gross", "purchases"), BACK, -0.048, 2.5, 9.0),
}
MARKET = Company(
    "market", "an app marketplace", simulate, papers, KNOBS, cycle=31, months=(3,),
    loaded=(*GOALS, "downloads", "purchases"),
    flow="visit",
    rows=(12_000, 90_000),
)  # fmt: skip
