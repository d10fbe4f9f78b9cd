"""A shop: orders, their items, customers, products, returns, stock, advertising."""

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
    some,
    uneven,
)
from kpilab.samples.companies.crowd import crowd, forwarded, happening, settled, visits, wandering
from kpilab.samples.companies.lever import SPARE, Lever, doubled, kept, one, pulled, touched
from kpilab.samples.companies.span import Span, busy

CHANNELS = ("web", "marketplace", "store")
SOURCES = ("organic", "search", "social", "referral", "affiliate", "partner")
REGIONS = ("north", "south", "east", "west", "central", "islands")
AGES = ("18-29", "30-44", "45-59", "60+")
CATEGORIES = ("kitchen", "garden", "toys", "sports", "books", "beauty", "pets", "audio", "office")
BRANDS = ("Arlo", "Bento", "Corvo", "Delta", "Ember", "Fjord", "Gusto")
BUYER = ("region", "acquisition", "age_band")
ORDER = ("channel", *BUYER)
ITEM = (*ORDER, "category", "brand", "product_id")
SHOWN = ITEM[:-1]
WHO = (*ITEM, "customer_id")
BACK = 0.085  # share of items that come back
LINES = 1.75  # lines per order


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The shop's tables; the same setting with other levers differs by the levers alone."""
    rng = np.random.default_rng(setting.seed)
    goods = _products(rng)
    possible = _people(rng, setting)
    buyers = settled(possible, setting, levers)
    orders = _orders(rng, setting, possible, buyers, levers)
    items = _items(rng, setting, orders, goods, levers)
    back = _returns(rng, setting, items, levers)
    stock, spend = _stock(rng, setting, goods, levers), _spend(rng, setting, buyers)
    orders["happens"] &= np.isin(orders.index, items.loc[items["happens"], "order"])
    orders, items = (frame[frame["happens"]] for frame in (orders, items))
    items = doubled(items.assign(line_id=np.arange(1, len(items) + 1)), levers)
    number = pd.Series(np.arange(100_001, 100_001 + len(orders)), index=orders.index)
    tables = {
        "orders": _orders_table(setting.days, orders, number),
        "order_items": _items_table(items, number),
        "customers": _customers_table(setting.days, buyers),
        "products": goods[["product_id", "category", "brand", "list_price", "unit_cost"]],
        "returns": _returns_table(setting.days, back, number),
        "stock": stock,
        "ad_spend": spend,
    }
    return Draw(tables, _books(buyers, orders, items, back))


def _products(rng: np.random.Generator) -> pd.DataFrame:
    categories = some(rng, CATEGORIES, 4, 8)
    brands = some(rng, BRANDS, 3, 6)
    each = int(rng.integers(6, 15))
    n = each * len(categories)
    level = np.repeat(rng.lognormal(2.9, 0.35, len(categories)), each)
    price = np.round(level * rng.lognormal(0, 0.3, n), 2)
    return pd.DataFrame(
        {
            "product_id": pd.Categorical([f"P{k:03d}" for k in range(n)]),
            "category": pd.Categorical(np.repeat(categories, each), categories),
            "brand": column(rng, brands, uneven(rng, len(brands)), n),
            "list_price": price,
            "unit_cost": np.round(price * rng.uniform(0.5, 0.62, n), 2),
            "liking": rng.lognormal(0, 0.55, n),
        }
    )


def _people(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    sources, regions = some(rng, SOURCES, 3, 6), some(rng, REGIONS, 3, 6)
    dims = {
        "region": (regions, uneven(rng, len(regions))),
        "acquisition": (sources, uneven(rng, len(sources), 0.4)),
        "age_band": (AGES, uneven(rng, len(AGES), 0.3)),
    }
    life, rate = rng.uniform(150, 420), rng.uniform(1 / 60, 1 / 25)
    joins = setting.rows / LINES / setting.days.days / (1 + life * rate)
    people = crowd(rng, setting, joins=joins, life=life, dims=dims, source="acquisition")
    names = pd.Categorical([f"C{k:06d}" for k in range(len(people))])
    return people.assign(rate=rate * people["rate"], customer_id=names)


def _orders(
    rng: np.random.Generator,
    setting: Setting,
    possible: pd.DataFrame,
    buyers: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Possible orders, and which happen as far as customers decide."""
    days, room = setting.days, setting.spare("visit", SPARE)
    channels = ("app", *some(rng, CHANNELS, 1, 3))
    found = visits(rng, possible, busy(rng, days, setting.course), room=room)
    who = repeated(buyers, found["person"].to_numpy())
    frame = pd.concat([found, who[["customer_id", *BUYER, "joined", "left", "here"]]], axis=1)
    frame["channel"] = column(rng, channels, uneven(rng, len(channels)), len(frame))
    moves, slow, early = rng.random((3, len(frame)))
    frame = forwarded(frame, levers, early)
    free = wandering(rng, setting, frame, ("region", "channel"))
    day = frame["day"].to_numpy()
    for lever in one(levers, "move"):
        rows = touched(lever, frame, day) & (moves > lever.factor)
        frame.loc[rows, "channel"] = lever.to
    days_out = np.ceil(1.2 + 2.2 * -np.log(slow))
    frame["out"] = np.ceil(days_out * pulled(levers, "delay", frame, day))
    planted = pulled(levers, "visit", frame, day)
    again = pulled(levers, "again", frame, frame["joined"].to_numpy())
    frame["happens"] = happening(frame, free, planted, again, room)
    return frame.drop(columns=["here", "left", "mark"])


def _items(
    rng: np.random.Generator,
    setting: Setting,
    orders: pd.DataFrame,
    goods: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Possible lines of the orders, and which happen."""
    room = setting.spare("item", SPARE)
    lines = 1 + rng.poisson(LINES * room - 1, len(orders))
    of = np.repeat(orders.index.to_numpy(), lines)
    part = repeated(orders, of)
    p = (goods["liking"] / goods["liking"].sum()).to_numpy()
    product = np.searchsorted(np.cumsum(p)[:-1], rng.random(len(of)), side="right")
    what = repeated(goods, product)
    frame = pd.concat([part, what.drop(columns="liking")], axis=1).assign(order=of)
    frame["qty"] = 1 + rng.poisson(0.25, len(of))
    mark, less, frame["returns"], frame["wait"] = rng.random((4, len(of)))
    less = np.clip(0.04 + 0.1 * less, 0, 0.5)
    free = wandering(rng, setting, frame, ("category",))
    day = frame["day"].to_numpy()
    price = frame["list_price"].to_numpy() * (1 - less) * pulled(levers, "price", frame, day)
    frame["unit_price"] = np.round(price, 2)
    factor = free * pulled(levers, "item", frame, day) * pulled(levers, "stock", frame, day)
    frame["happens"] &= kept(mark, factor, room)
    frame["amount"] = frame["qty"] * frame["unit_price"]
    return frame


def _returns(
    rng: np.random.Generator, setting: Setting, items: pd.DataFrame, levers: Sequence[Lever]
) -> pd.DataFrame:
    """Items that come back within the history."""
    day = items["day"].to_numpy()
    chance = BACK * pulled(levers, "return", items, day)
    when = day + 3 + np.floor(items["wait"].to_numpy() * 14).astype(int)
    rows = items["happens"].to_numpy() & (items["returns"].to_numpy() < chance)
    back = items[rows & (when < setting.days.days)].copy()
    back["day"] = when[back.index]
    back["amount"] = back["amount"].round(2)
    return back


def _stock(
    rng: np.random.Generator, setting: Setting, goods: pd.DataFrame, levers: Sequence[Lever]
) -> pd.DataFrame:
    """What lay on the shelf on each day of the last two periods."""
    since, until = setting.days.baseline[0], setting.days.current[1]
    day = np.arange(since, until + 1)
    frame = pd.DataFrame({"day": np.repeat(day, len(goods))})
    for name in ("product_id", "category", "brand"):
        values = np.tile(goods[name].cat.codes.to_numpy(), len(day))
        frame[name] = pd.Categorical.from_codes(values, goods[name].cat.categories)
    level = np.tile(20 + 60 * goods["liking"].to_numpy(), len(day))
    there, empty = rng.poisson(level), rng.random(len(frame))
    bare = pulled(levers, "stock", frame, frame["day"].to_numpy())
    out = (empty > 0.985) | (empty > bare + 0.05 * (bare == 1))
    frame["on_hand"] = np.where(out, 0, there)
    frame["date"] = setting.days.dates(frame["day"].to_numpy())
    return frame[["date", "product_id", "on_hand"]]


def _spend(rng: np.random.Generator, setting: Setting, buyers: pd.DataFrame) -> pd.DataFrame:
    """Advertising by day and paid source; it follows who joins, with scatter."""
    paid = [s for s in buyers["acquisition"].cat.categories if s not in ("organic", "referral")]
    days = setting.days
    each = np.repeat(np.asarray(paid), days.days)
    share = buyers["acquisition"].value_counts(normalize=True)
    level = np.array([share[s] for s in each]) * 400 * rng.lognormal(0, 0.2, len(each))
    return pd.DataFrame(
        {
            "date": np.tile(days.dates(np.arange(days.days)), len(paid)),
            "acquisition": each,
            "spend": np.round(level, 2),
        }
    )


def _orders_table(days: Span, orders: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    out = orders["day"].to_numpy() + orders["out"].to_numpy()
    delivered = pd.Series(days.dates(out)).where(out < days.days)
    return pd.DataFrame(
        {
            "order_id": number.to_numpy(),
            "order_date": days.moments(orders["time"].to_numpy()),
            "customer_id": orders["customer_id"].to_numpy(),
            "channel": orders["channel"].to_numpy(),
            "delivered_date": delivered.to_numpy(),
        }
    )


def _items_table(items: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    ids = pd.DataFrame({"order_id": number.loc[items["order"]].to_numpy()})
    rest = items[["line_id", "product_id", "qty", "list_price", "unit_price"]]
    return pd.concat([ids, rest.reset_index(drop=True)], axis=1)


def _customers_table(days: Span, buyers: pd.DataFrame) -> pd.DataFrame:
    here = buyers[buyers["here"]]
    return pd.DataFrame(
        {
            "customer_id": here["customer_id"].to_numpy(),
            "signup_date": days.dates(here["joined"].to_numpy()),
            "acquisition": here["acquisition"].to_numpy(),
            "region": here["region"].to_numpy(),
            "age_band": here["age_band"].to_numpy(),
        }
    )


def _returns_table(days: Span, back: pd.DataFrame, number: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "order_id": number.loc[back["order"]].to_numpy(),
            "product_id": back["product_id"].to_numpy(),
            "return_date": days.dates(back["day"].to_numpy()),
            "amount": back["amount"].to_numpy(),
        }
    )


def _books(
    buyers: pd.DataFrame, orders: pd.DataFrame, items: pd.DataFrame, back: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    joined = buyers[buyers["here"] & (buyers["joined"] >= 0)]
    joined = joined.assign(day=np.floor(joined["joined"]).astype(int))
    amount, cost = items["amount"].to_numpy(), (items["qty"] * items["unit_cost"]).to_numpy()
    sold = book(items, WHO, amount)
    returned = book(back, WHO, back["amount"].to_numpy())
    return {
        "revenue": sold,
        "gross_profit": book(items, WHO, amount - cost),
        "net_revenue": pd.concat([sold, returned.assign(value=-returned["value"])]),
        "units": book(items, ITEM, items["qty"].to_numpy()),
        "orders": book(orders, ORDER, np.ones(len(orders))),
        "app_orders": book(orders, ORDER, (orders["channel"] == "app").to_numpy(float)),
        "new_customers": book(joined, BUYER, np.ones(len(joined))),
        "returned": returned,
    }


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    buyer = [f"customers.{dim}" for dim in ("region", "acquisition", "age_band")]
    good = ["products.category", "products.brand"]
    tables = {
        "orders": {
            "kind": "facts", "source": "orders.csv", "time": "order_date", "key": "order_id",
            "links": {"customer_id": "customers"}, "dimensions": ["channel", *buyer],
            "columns": {"delivery_days": "date_diff('day', order_date, delivered_date)"},
        },
        "order_items": {
            "kind": "facts", "source": "order_items.csv", "key": "line_id",
            "time": "orders.order_date",
            "links": {"order_id": "orders", "product_id": "products"},
            "dimensions": ["orders.channel", *buyer, *good],
            "columns": {
                "amount": "qty * unit_price", "listed": "qty * list_price",
                "cost": "qty * products.unit_cost",
            },
        },
        "returns": {
            "kind": "facts", "source": "returns.csv", "time": "return_date",
            "links": {"order_id": "orders", "product_id": "products"},
            "dimensions": ["orders.channel", *buyer, *good],
        },
        "stock": {
            "kind": "facts", "source": "stock.csv", "time": "date",
            "links": {"product_id": "products"}, "dimensions": good,
        },
        "ad_spend": {
            "kind": "facts", "source": "ad_spend.csv", "time": "date",
            "dimensions": ["acquisition"],
        },
        "customers": {
            "kind": "entities", "source": "customers.csv", "key": "customer_id",
            "time": "signup_date", "dimensions": ["acquisition", "region", "age_band"],
        },
        "products": {
            "kind": "entities", "source": "products.csv", "key": "product_id",
            "dimensions": ["category", "brand"],
        },
    }  # fmt: skip
    return Papers(tables, _metrics(), "customers")


def _metrics() -> dict[str, object]:
    ratio = {"better": "down"}
    return {
        "revenue": {"table": "order_items", "measure": "sum(amount)"},
        "gross_profit": {"table": "order_items", "measure": "sum(amount - cost)"},
        "units": {"table": "order_items", "measure": "sum(qty)"},
        "returned": {"table": "returns", "measure": "sum(amount)", "better": "down"},
        "net_revenue": {"formula": "revenue - returned"},
        "orders": {"table": "orders", "measure": "count(*)"},
        "app_orders": {"table": "orders", "measure": "count(*) filter (where channel = 'app')"},
        "discount": {
            "table": "order_items", "numerator": "sum(listed - amount)",
            "denominator": "sum(listed)", **ratio,
        },
        "delivery_days": {
            "table": "orders", "numerator": "sum(delivery_days)",
            "denominator": "count(delivered_date)", **ratio,
        },
        "availability": {
            "table": "stock", "numerator": "count(*) filter (where on_hand > 0)",
            "denominator": "count(*)",
        },
        "ad_spend": {"table": "ad_spend", "measure": "sum(spend)", **ratio},
        "new_customers": {"table": "customers", "measure": "count(*)"},
    }  # fmt: skip


GOALS = ("revenue", "gross_profit", "net_revenue")
JOINED = ("new_customers",)
LOST = ("volume_decline", "local_regression", "driver_decline", "untracked_leak")
CHEAP = ("price_erosion", "discount", "local_regression", "driver_decline", "untracked_leak")
BACK_KINDS = ("returns_rise", "local_regression", "driver_decline", "untracked_leak")
CHURN = ("retention_decline", "churn", "local_regression", "volume_decline", "driver_decline")
SHORT = ("stockout", *LOST)
LATE = ("delay", "retention_decline", "volume_decline", "local_regression", "driver_decline")
FEW = ("acquisition_decline", "volume_decline", "local_regression", "driver_decline")
POOR = ("acquisition_quality", "mix_shift", "wrong_kpi")
MIX = ("mix_shift", "wrong_kpi", "volume_decline", "local_regression")
MOVED = ("cannibalisation", "wrong_kpi", "mix_shift", "volume_decline")
EARLY = ("pull_forward", "wrong_kpi", "driver_decline", "untracked_leak", "volume_decline")
KNOBS = {
    "delay": Knob("visit", ("region",), GOALS, JOINED, LATE, 0.8, 0.2, 0.85),
    "join": Knob("join", BUYER, JOINED, ("orders", "units"), FEW, harsh=2),
    "again": Knob("again", ("acquisition",), GOALS[:1], JOINED, POOR),
    "move": Knob("move", ("channel", "app"), GOALS[:1], ("app_orders",), MOVED),
    "forward": Knob("forward", (), GOALS, JOINED, EARLY),
    "mix": Knob("item", ("category",), GOALS[:2], ("units",), MIX),
    "stock": Knob("stock", ("category",), GOALS, JOINED, SHORT, least=0.3, most=0.75),
    "leave": Knob(
        "leave", BUYER, GOALS, ("new_customers",), CHURN, 0.6, 0.15, 0.8, heads="customer_id"
    ),
    "volume": Knob("item", SHOWN, GOALS, JOINED, LOST, rises=True),
    "price": Knob("price", SHOWN, ("gross_profit",), ("units", "orders"), CHEAP, 2.5, 0.78, 0.94),
    "return": Knob("return", SHOWN, ("net_revenue",), ("revenue",), BACK_KINDS, -0.08, 1.8, 7.0),
}
LOADED = (*GOALS, "units")
SHOP = Company("shop", "a shop", simulate, papers, KNOBS, loaded=LOADED, flow="visit")
