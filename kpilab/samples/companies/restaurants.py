"""A chain of restaurants whose tables, columns and values are Chinese."""

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
from kpilab.samples.companies.crowd import forwarded, wandering
from kpilab.samples.companies.lever import SPARE, Lever, doubled, kept, one, pulled, touched
from kpilab.samples.companies.span import alike, busy, grown

CITIES = ("北京", "上海", "广州", "成都", "杭州", "武汉")
AREAS = ("商场", "写字楼", "社区", "学校周边")
CHANNELS = ("堂食", "自取", "团购")
KINDS = ("热菜", "凉菜", "主食", "饮品", "甜品", "小吃")
FROM = ("扫码", "店员推荐", "朋友分享", "广告")
STORE = ("城市", "商圈", "店号")
ORDER = ("渠道", *STORE)
ITEM = (*ORDER, "品类", "菜品号")
SHOWN = ("渠道", "城市", "商圈", "品类")
LINES = 2.2
BACK = 0.05


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The chain's tables; the same setting with other levers differs by the levers alone."""
    rng = np.random.default_rng(setting.seed)
    stores, dishes = _stores(rng), _dishes(rng)
    orders = _orders(rng, setting, stores, levers)
    items = _items(rng, setting, orders, dishes, levers)
    sold_out = _sold_out(rng, setting, stores, dishes, levers)
    members = _members(rng, setting, levers)
    orders["happens"] &= np.isin(orders.index, items.loc[items["happens"], "order"])
    orders, items = (frame[frame["happens"]] for frame in (orders, items))
    items = doubled(items.assign(line=np.arange(1, len(items) + 1)), levers)
    number = pd.Series(np.arange(1, len(orders) + 1), index=orders.index)
    days = setting.days
    back = items[(items["spoilt"] < BACK * items["worse"]).to_numpy()]
    tables = {
        "订单": pd.DataFrame(
            {
                "订单号": number.to_numpy(),
                "下单时间": days.moments(orders["time"].to_numpy()),
                "店号": orders["店号"].to_numpy(),
                "渠道": orders["渠道"].to_numpy(),
                "配送分钟": np.where(orders["渠道"] == "外卖", orders["minutes"], 0),
            }
        ),
        "订单明细": pd.DataFrame(
            {
                "明细号": items["line"].to_numpy(),
                "订单号": number.loc[items["order"]].to_numpy(),
                "菜品号": items["菜品号"].to_numpy(),
                "数量": items["qty"].to_numpy(),
                "标价": items["标价"].to_numpy(),
                "实付单价": items["paid"].to_numpy(),
            }
        ),
        "门店": stores[["店号", "城市", "商圈", "座位数"]],
        "菜品": dishes[["菜品号", "品类", "标价", "成本"]],
        "会员": members[["会员号", "注册日期", "来源", "城市"]],
        "退款": pd.DataFrame(
            {
                "订单号": number.loc[back["order"]].to_numpy(),
                "菜品号": back["菜品号"].to_numpy(),
                "退款日期": days.dates(back["day"].to_numpy()),
                "退款金额": back["amount"].round(2).to_numpy(),
            }
        ),
        "估清": sold_out,
    }
    return Draw(tables, _books(orders, items, back, members))


def _books(
    orders: pd.DataFrame, items: pd.DataFrame, back: pd.DataFrame, members: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    amount = items["amount"].to_numpy()
    sold = book(items, ITEM, amount)
    returned = book(back, ITEM, -back["amount"].to_numpy())
    away = (orders["渠道"] == "外卖").to_numpy(float)
    return {
        "营业额": sold,
        "毛利": book(items, ITEM, amount - (items["qty"] * items["成本"]).to_numpy()),
        "净营业额": pd.concat([sold, returned]),
        "份数": book(items, ITEM, items["qty"].to_numpy(float)),
        "订单数": book(orders, ORDER, np.ones(len(orders))),
        "外卖单数": book(orders, ORDER, away),
        "新会员": book(members, ("来源", "城市"), np.ones(len(members))),
    }


def _stores(rng: np.random.Generator) -> pd.DataFrame:
    cities = some(rng, CITIES, 3, 6)
    n = int(rng.integers(3, 6)) * len(cities)
    frame = pd.DataFrame({"店号": pd.Categorical([f"S{k:03d}" for k in range(1, n + 1)])})
    frame["城市"] = pd.Categorical([cities[k % len(cities)] for k in range(n)], cities)
    frame["商圈"] = column(rng, AREAS, uneven(rng, len(AREAS), 0.25), n)
    frame["座位数"] = rng.integers(30, 120, n)
    return frame.assign(size=frame["座位数"] * rng.lognormal(0, 0.2, n))


def _dishes(rng: np.random.Generator) -> pd.DataFrame:
    kinds = some(rng, KINDS, 4, 6)
    n = int(rng.integers(5, 9)) * len(kinds)
    level = np.tile(rng.lognormal(3.1, 0.35, len(kinds)), n // len(kinds))
    price = np.round(level * rng.lognormal(0, 0.25, n), 1)
    return pd.DataFrame(
        {
            "菜品号": pd.Categorical([f"D{k:03d}" for k in range(1, n + 1)]),
            "品类": pd.Categorical(np.tile(kinds, n // len(kinds)), kinds),
            "标价": price,
            "成本": np.round(price * rng.uniform(0.32, 0.45, n), 2),
            "liking": rng.lognormal(0, 0.5, n),
        }
    )


def _orders(
    rng: np.random.Generator, setting: Setting, stores: pd.DataFrame, levers: Sequence[Lever]
) -> pd.DataFrame:
    """Possible orders by store and day, over-dispersed, and which happen."""
    days, room = setting.days, setting.spare("visit", SPARE)
    level = busy(rng, days, setting.course) * grown(days, setting.course.growth)
    local = np.stack([np.exp(alike(rng, days.days, 0.2, 0.08)) for _ in range(len(stores))])
    share = (stores["size"] / stores["size"].sum()).to_numpy()[:, None]
    mean = setting.rows / LINES / days.days * share * level * local
    count = rng.poisson(mean * room)
    where, day = np.nonzero(count)
    times = count[where, day]
    frame = repeated(stores[[*STORE]], np.repeat(where, times))
    n = len(frame)
    frame["day"] = np.repeat(day, times)
    # Lunch and supper.
    hour = np.where(rng.random(n) < 0.45, 12.2, 18.6) + rng.normal(0, 0.9, n)
    frame["time"] = frame["day"] + np.clip(hour, 9, 23) / 24
    frame["joined"] = -1.0
    names = ("外卖", *some(rng, CHANNELS, 1, 3))
    frame["渠道"] = column(rng, names, uneven(rng, len(names), 0.3), n)
    mark, moves, early = rng.random((3, n))
    minutes = rng.gamma(9, 3.6, n)
    frame = forwarded(frame, levers, early)
    day = frame["day"].to_numpy()
    for lever in one(levers, "move"):
        rows = touched(lever, frame, day) & (moves > lever.factor)
        frame.loc[rows, "渠道"] = lever.to
    frame["minutes"] = np.round(minutes * pulled(levers, "delay", frame, day)).astype(int)
    factor = wandering(rng, setting, frame, ("城市", "渠道"))
    factor *= pulled(levers, "visit", frame, day)
    frame["happens"] = kept(mark, factor, room)
    return frame.sort_values("time", kind="stable", ignore_index=True)


def _items(
    rng: np.random.Generator,
    setting: Setting,
    orders: pd.DataFrame,
    dishes: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Possible lines of the orders, and which happen."""
    room = setting.spare("item", SPARE)
    lines = 1 + rng.poisson(LINES * room - 1, len(orders))
    of = np.repeat(orders.index.to_numpy(), lines)
    liked = np.cumsum(dishes["liking"].to_numpy())
    dish = np.searchsorted(liked[:-1], rng.random(len(of)) * liked[-1], side="right")
    part = repeated(orders[["day", *ORDER, "happens"]], of)
    frame = pd.concat([part, repeated(dishes, dish)], axis=1).assign(order=of)
    frame["qty"] = 1 + rng.poisson(0.15, len(of))
    mark, less, frame["spoilt"] = rng.random((3, len(of)))
    day = frame["day"].to_numpy()
    off = np.where(less > 0.7, 0.12, 0.0)
    price = frame["标价"].to_numpy() * (1 - off) * pulled(levers, "price", frame, day)
    frame["paid"] = np.round(price, 2)
    frame["amount"] = frame["qty"] * frame["paid"]
    frame["worse"] = pulled(levers, "return", frame, day)
    factor = wandering(rng, setting, frame, ("品类",))
    factor *= pulled(levers, "item", frame, day) * pulled(levers, "stock", frame, day)
    frame["happens"] &= kept(mark, factor, room)
    return frame


def _sold_out(
    rng: np.random.Generator,
    setting: Setting,
    stores: pd.DataFrame,
    dishes: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Share of opening hours in which each kind of dish was sold out, by city and day."""
    since, until = setting.days.baseline[0], setting.days.current[1]
    day = np.arange(since, until + 1)
    kinds, cities = dishes["品类"].cat.categories, stores["城市"].cat.categories
    grid = pd.MultiIndex.from_product([day, kinds, cities], names=["day", "品类", "城市"])
    frame = grid.to_frame(index=False)
    lost = 1 - pulled(levers, "stock", frame, frame["day"].to_numpy())
    share = np.clip(rng.beta(2, 40, len(frame)) + lost, 0, 1)
    frame["估清时长"] = np.round(share * 10, 1)
    return frame.assign(日期=setting.days.dates(frame["day"].to_numpy()), 营业时长=10)[
        ["日期", "城市", "品类", "营业时长", "估清时长"]
    ]


def _members(rng: np.random.Generator, setting: Setting, levers: Sequence[Lever]) -> pd.DataFrame:
    """People who joined the chain's programme."""
    days = setting.days
    level = busy(rng, days, setting.course) * grown(days, setting.course.growth)
    room = setting.spare("join", 1.0)
    count = rng.poisson(level * 9 * room)
    frame = pd.DataFrame({"day": np.repeat(np.arange(days.days), count)})
    n = len(frame)
    frame["来源"] = column(rng, FROM, uneven(rng, len(FROM), 0.3), n)
    frame["城市"] = column(rng, CITIES, uneven(rng, len(CITIES), 0.3), n)
    factor = pulled(levers, "join", frame, frame["day"].to_numpy())
    frame = frame[kept(rng.random(n), factor, room)].reset_index(drop=True)
    frame["会员号"] = np.arange(1, len(frame) + 1)
    return frame.assign(注册日期=days.dates(frame["day"].to_numpy()))


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    facts = {"kind": "facts"}
    store = ["门店.城市", "门店.商圈"]
    tables = {
        "订单": {
            **facts, "source": "订单.csv", "time": "下单时间", "key": "订单号",
            "links": {"店号": "门店"}, "dimensions": ["渠道", *store],
        },
        "订单明细": {
            **facts, "source": "订单明细.csv", "time": "订单.下单时间", "key": "明细号",
            "links": {"订单号": "订单", "菜品号": "菜品"},
            "dimensions": ["订单.渠道", *store, "菜品.品类"],
            "columns": {
                "金额": "数量 * 实付单价", "标价额": "数量 * 标价", "成本额": "数量 * 菜品.成本",
            },
        },
        "退款": {
            **facts, "source": "退款.csv", "time": "退款日期",
            "links": {"订单号": "订单", "菜品号": "菜品"},
            "dimensions": ["订单.渠道", *store, "菜品.品类"],
        },
        "估清": {
            **facts, "source": "估清.csv", "time": "日期", "dimensions": ["城市", "品类"],
        },
        "门店": {
            "kind": "entities", "source": "门店.csv", "key": "店号", "dimensions": ["城市", "商圈"],
        },
        "菜品": {
            "kind": "entities", "source": "菜品.csv", "key": "菜品号", "dimensions": ["品类"],
        },
        "会员": {
            "kind": "entities", "source": "会员.csv", "key": "会员号", "time": "注册日期",
            "dimensions": ["来源", "城市"],
        },
    }  # fmt: skip
    return Papers(tables, _metrics())


def _metrics() -> dict[str, object]:
    line, order = {"table": "订单明细"}, {"table": "订单"}
    return {
        "营业额": {**line, "measure": "sum(金额)"},
        "毛利": {**line, "measure": "sum(金额 - 成本额)"},
        "退款额": {"table": "退款", "measure": "sum(退款金额)", "better": "down"},
        "净营业额": {"formula": "营业额 - 退款额"},
        "份数": {**line, "measure": "sum(数量)"},
        "订单数": {**order, "measure": "count(*)"},
        "外卖单数": {**order, "measure": "count(*) filter (where 渠道 = '外卖')"},
        "折扣率": {
            **line, "numerator": "sum(标价额 - 金额)", "denominator": "sum(标价额)",
            "better": "down",
        },
        "配送分钟": {
            **order, "numerator": "sum(配送分钟) filter (where 渠道 = '外卖')",
            "denominator": "count(*) filter (where 渠道 = '外卖')", "better": "down",
        },
        "估清率": {
            "table": "估清", "numerator": "sum(估清时长)", "denominator": "sum(营业时长)",
            "better": "down",
        },
        "新会员": {"table": "会员", "measure": "count(*)"},
    }  # fmt: skip


GOALS, NEW = ("营业额", "毛利", "净营业额"), ("新会员",)
LOST = ("local_regression", "driver_decline", "untracked_leak")
FEWER = ("volume_decline", *LOST)
SHORT = ("stockout", *FEWER)
CHEAP = ("price_erosion", "discount", *LOST)
BACK_KINDS = ("returns_rise", *LOST)
SOLD = ("订单数", "份数")
FEW = ("acquisition_decline", "volume_decline", "local_regression", "driver_decline")
MIX = ("mix_shift", "wrong_kpi", "volume_decline", "local_regression")
MOVED = ("cannibalisation", "wrong_kpi", "mix_shift", "volume_decline")
EARLY = ("pull_forward", "wrong_kpi", "driver_decline", "untracked_leak", "volume_decline")
KNOBS = {
    "join": Knob("join", ("来源", "城市"), NEW, SOLD, FEW, harsh=1.5),
    "move": Knob("move", ("渠道", "外卖"), GOALS[:2], ("外卖单数",), MOVED),
    "forward": Knob("forward", (), GOALS, NEW, EARLY),
    "mix": Knob("item", ("品类",), GOALS[:2], SOLD[1:], MIX),
    "volume": Knob("item", SHOWN, GOALS, NEW, FEWER, rises=True),
    "price": Knob("price", SHOWN, GOALS[1:2], SOLD, CHEAP, 1.6, 0.75, 0.93),
    "return": Knob("return", SHOWN, GOALS[2:], GOALS[:1], BACK_KINDS, -0.053, 2.5, 9.0),
    "stock": Knob("stock", ("品类", "城市"), GOALS, NEW, SHORT, least=0.3, most=0.75),
}
RESTAURANTS = Company(
    "restaurants",
    "连锁餐饮",
    simulate,
    papers,
    KNOBS,
    language="zh",
    rows=(10_000, 80_000),
    loaded=(*GOALS, "份数"),
    flow="visit",
)
