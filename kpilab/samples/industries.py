"""The trades that sample worlds are set in: their words, their dimensions, how their days look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Industry:
    """One trade, before chance fills in the numbers.

    Attributes:
        steps: event names, first to last; the goal is made at the last one.
        said: step -> what the rate to it is called in English and Chinese; of the first step, its
            count.
        zh: Chinese words for steps, goal, action and the value per unit.
        rates: typical rate from each step to the next, 0-1; one fewer than `steps`.
        kpi: positions of the two steps whose ratio the product team is measured on.
        blind: positions of the steps (1 …) whose rate is on no dashboard and no KPI.
        dims: dimension -> value -> usual share of the traffic.
        rollout: the dimension that a new version changes, its old and its new value.
        kinds: the two kinds of users, newer first.
        signup: name of the sign-up count; None where nobody signs up.
        signup_dim: the dimension along which sign-ups are bought.
        goal, measured: the goal metric; an amount, a count of last steps, or users active per week.
        value: mean amount per last step (amounts only).
        actor, actors, action, claims: who does the work, how many, what, claims per actor and day.
        per_day: sessions per day.
        repeat: whether users come back.
    """

    name: str
    title: str
    steps: tuple[str, ...]
    said: Mapping[str, tuple[str, str]]
    zh: Mapping[str, str]
    rates: tuple[float, ...]
    kpi: tuple[int, int]
    blind: tuple[int, ...]
    dims: Mapping[str, Mapping[str, float]]
    rollout: tuple[str, str, str]
    kinds: tuple[str, str]
    signup: str | None
    signup_dim: str | None
    goal: str
    measured: Literal["amount", "count", "weekly"]
    value: float
    actor: str
    actors: int
    action: str
    claims: float
    per_day: float
    repeat: bool


SHOP = Industry(
    name="shop",
    title="online shop",
    steps=("visit", "view_item", "add_to_cart", "place_order", "pay"),
    said={
        "visit": ("visits", "访问量"),
        "view_item": ("product view rate", "商品浏览率"),
        "add_to_cart": ("add-to-cart rate", "加购率"),
        "place_order": ("order rate", "下单率"),
        "pay": ("payment rate", "支付率"),
        "value_per_unit": ("average order value", "客单价"),
    },
    zh={
        "visit": "访问",
        "view_item": "浏览商品",
        "add_to_cart": "加入购物车",
        "place_order": "下单",
        "pay": "支付",
        "revenue": "销售收入",
        "outreach_call": "外呼电话",
    },
    rates=(0.53, 0.38, 0.60, 0.80),
    kpi=(0, 3),
    blind=(4,),
    dims={
        "platform": {"android": 0.45, "ios": 0.35, "web": 0.20},
        "channel": {"organic": 0.36, "paid_search": 0.33, "social": 0.19, "partner": 0.12},
        "region": {"east": 0.30, "north": 0.28, "south": 0.22, "west": 0.20},
    },
    rollout=("app_version", "v3.1", "v3.2"),
    kinds=("new", "returning"),
    signup="register",
    signup_dim="channel",
    goal="revenue",
    measured="amount",
    value=38.0,
    actor="service_rep",
    actors=16,
    action="outreach_call",
    claims=9.2,
    per_day=455,
    repeat=True,
)

APP = Industry(
    name="app",
    title="app",
    steps=("open", "browse", "engage", "checkin"),
    said={
        "open": ("app opens", "打开次数"),
        "browse": ("browse rate", "浏览率"),
        "engage": ("engagement rate", "互动率"),
        "checkin": ("check-in rate", "打卡率"),
    },
    zh={
        "open": "打开",
        "browse": "浏览",
        "engage": "互动",
        "checkin": "打卡",
        "weekly_active_users": "周活跃用户",
        "completions": "打卡次数",
        "event_hosted": "举办活动",
    },
    rates=(0.75, 0.55, 0.66),
    kpi=(0, 2),
    blind=(3,),
    dims={
        "platform": {"android": 0.50, "ios": 0.36, "web": 0.14},
        "channel": {"store": 0.40, "ads": 0.35, "referral": 0.25},
        "product": {"reader": 0.44, "video": 0.35, "games": 0.21},
    },
    rollout=("app_version", "v7.0", "v7.1"),
    kinds=("new", "returning"),
    signup="register",
    signup_dim="channel",
    goal="weekly_active_users",
    measured="weekly",
    value=0.0,
    actor="community_lead",
    actors=14,
    action="event_hosted",
    claims=8.7,
    per_day=482,
    repeat=True,
)

RETAIL = Industry(
    name="retail",
    title="retail chain",
    steps=("store_visit", "purchase", "pitch", "join"),
    said={
        "store_visit": ("store visits", "进店人次"),
        "purchase": ("purchase rate", "购买率"),
        "pitch": ("pitch rate", "会员推荐率"),
        "join": ("join rate", "入会率"),
    },
    zh={
        "store_visit": "进店",
        "purchase": "购买",
        "pitch": "推荐会员",
        "join": "入会",
        "new_members": "新增会员",
        "membership_signup": "会员登记",
    },
    rates=(0.82, 0.62, 0.46),
    kpi=(1, 2),
    blind=(1, 3),
    dims={
        "region": {"city": 0.55, "suburb": 0.45},
        "store": {"S1": 0.22, "S2": 0.19, "S3": 0.18, "S4": 0.16, "S5": 0.14, "S6": 0.11},
        "counter": {"staffed": 0.70, "self": 0.30},
    },
    rollout=("pos_version", "p1", "p2"),
    kinds=("new", "returning"),
    signup="first_visit",
    signup_dim="store",
    goal="new_members",
    measured="count",
    value=0.0,
    actor="clerk",
    actors=18,
    action="membership_signup",
    claims=5.7,
    per_day=456,
    repeat=True,
)

FACTORY = Industry(
    name="factory",
    title="factory",
    steps=("scheduled", "running", "at_speed", "good"),
    said={
        "scheduled": ("scheduled hours", "排产机时"),
        "running": ("uptime rate", "运行率"),
        "at_speed": ("full-speed rate", "达速率"),
        "good": ("good-part rate", "合格率"),
    },
    zh={
        "scheduled": "排产",
        "running": "运行",
        "at_speed": "达速",
        "good": "合格",
        "good_machine_hours": "合格机时",
        "preventive_check": "预防性点检",
    },
    rates=(0.82, 0.92, 0.87),
    kpi=(0, 1),
    blind=(2, 3),
    dims={
        "line": {"L1": 0.39, "L2": 0.36, "L3": 0.25},
        "machine": {f"M{k}": 0.125 for k in range(1, 9)},
        "shift": {"day": 0.40, "evening": 0.33, "night": 0.27},
    },
    rollout=("material_lot", "A", "B"),
    kinds=("first", "repeat"),
    signup=None,
    signup_dim=None,
    goal="good_machine_hours",
    measured="count",
    value=0.0,
    actor="operator",
    actors=16,
    action="preventive_check",
    claims=9.4,
    per_day=400,
    repeat=False,
)

SALES = Industry(
    name="sales",
    title="sales team",
    steps=("lead", "contacted", "demo", "proposal", "won"),
    said={
        "lead": ("leads", "线索数"),
        "contacted": ("contact rate", "联系率"),
        "demo": ("demo rate", "演示率"),
        "proposal": ("proposal rate", "报价率"),
        "won": ("win rate", "成交率"),
        "value_per_unit": ("average contract value", "单笔合同额"),
    },
    zh={
        "lead": "线索",
        "contacted": "联系",
        "demo": "演示",
        "proposal": "报价",
        "won": "成交",
        "contract_value": "合同额",
        "customer_visit": "客户拜访",
    },
    rates=(0.68, 0.47, 0.70, 0.38),
    kpi=(0, 2),
    blind=(3, 4),
    dims={
        "segment": {"smb": 0.55, "mid": 0.30, "enterprise": 0.15},
        "source": {"inbound": 0.45, "outbound": 0.34, "event": 0.21},
        "region": {"north": 0.40, "south": 0.35, "overseas": 0.25},
    },
    rollout=("deck", "d1", "d2"),
    kinds=("first", "repeat"),
    signup=None,
    signup_dim=None,
    goal="contract_value",
    measured="amount",
    value=118.0,
    actor="sales_rep",
    actors=15,
    action="customer_visit",
    claims=18.5,
    per_day=425,
    repeat=False,
)

SAAS = Industry(
    name="saas",
    title="software subscriptions",
    steps=("sign_in", "start_project", "invite_team", "upgrade"),
    said={
        "sign_in": ("sign-ins", "登录次数"),
        "start_project": ("project start rate", "项目创建率"),
        "invite_team": ("invitation rate", "邀请率"),
        "upgrade": ("upgrade rate", "付费升级率"),
        "value_per_unit": ("average subscription value", "单笔订阅额"),
    },
    zh={
        "sign_in": "登录",
        "start_project": "创建项目",
        "invite_team": "邀请同事",
        "upgrade": "升级付费",
        "subscription_revenue": "订阅收入",
        "success_call": "客户成功回访",
    },
    rates=(0.62, 0.48, 0.42),
    kpi=(0, 2),
    blind=(3,),
    dims={
        "plan": {"free": 0.55, "team": 0.32, "business": 0.13},
        "channel": {"search": 0.38, "content": 0.34, "partner": 0.28},
        "region": {"americas": 0.40, "europe": 0.34, "asia": 0.26},
    },
    rollout=("release", "r41", "r42"),
    kinds=("trial", "customer"),
    signup="sign_up",
    signup_dim="channel",
    goal="subscription_revenue",
    measured="amount",
    value=62.0,
    actor="success_manager",
    actors=14,
    action="success_call",
    claims=10.5,
    per_day=470,
    repeat=True,
)

DELIVERY = Industry(
    name="delivery",
    title="food delivery",
    steps=("open_app", "choose_dish", "check_out", "courier_found", "delivered"),
    said={
        "open_app": ("app opens", "打开次数"),
        "choose_dish": ("dish selection rate", "选菜率"),
        "check_out": ("checkout rate", "下单率"),
        "courier_found": ("courier match rate", "接单率"),
        "delivered": ("delivery rate", "送达率"),
    },
    zh={
        "open_app": "打开应用",
        "choose_dish": "选菜",
        "check_out": "结算",
        "courier_found": "骑手接单",
        "delivered": "送达",
        "orders_delivered": "送达订单",
        "rider_briefing": "骑手培训",
    },
    rates=(0.66, 0.58, 0.86, 0.84),
    kpi=(0, 2),
    blind=(3, 4),
    dims={
        "city": {"harbour": 0.38, "hill": 0.34, "lake": 0.28},
        "meal": {"lunch": 0.44, "dinner": 0.40, "late": 0.16},
        "entry": {"home": 0.46, "search": 0.32, "coupon": 0.22},
    },
    rollout=("dispatch", "k5", "k6"),
    kinds=("new", "regular"),
    signup="register",
    signup_dim="entry",
    goal="orders_delivered",
    measured="count",
    value=0.0,
    actor="dispatcher",
    actors=15,
    action="rider_briefing",
    claims=7.5,
    per_day=440,
    repeat=True,
)

LEARNING = Industry(
    name="learning",
    title="online courses",
    steps=("enter", "lesson", "exercise", "finish"),
    said={
        "enter": ("course entries", "进入次数"),
        "lesson": ("lesson rate", "上课率"),
        "exercise": ("exercise rate", "练习率"),
        "finish": ("completion rate", "完课率"),
    },
    zh={
        "enter": "进入课堂",
        "lesson": "上课",
        "exercise": "做练习",
        "finish": "完成章节",
        "weekly_learners": "周学习人数",
        "completions": "完成次数",
        "tutor_session": "辅导场次",
    },
    rates=(0.80, 0.57, 0.60),
    kpi=(0, 2),
    blind=(3,),
    dims={
        "device": {"phone": 0.52, "tablet": 0.26, "laptop": 0.22},
        "source": {"school": 0.42, "ads": 0.33, "friend": 0.25},
        "subject": {"maths": 0.42, "english": 0.36, "science": 0.22},
    },
    rollout=("player", "n8", "n9"),
    kinds=("new", "returning"),
    signup="enrol",
    signup_dim="source",
    goal="weekly_learners",
    measured="weekly",
    value=0.0,
    actor="tutor",
    actors=16,
    action="tutor_session",
    claims=8.0,
    per_day=450,
    repeat=True,
)

INDUSTRIES: tuple[Industry, ...] = (SHOP, APP, RETAIL, FACTORY, SALES, SAAS, DELIVERY, LEARNING)
