"""What a metric is about, as far as its definition and its names tell: time that passes, what is in
stock, what comes back, what is paid."""

from __future__ import annotations

import re
from typing import Literal

from kpilab.core.case import Case, Metric

Nature = Literal["duration", "availability", "returns", "price"]
WORDS: dict[Nature, tuple[str, ...]] = {
    "duration": (
        "days", "hours", "minutes", "seconds", "duration", "delay", "wait", "lead_time",
        "cycle_time", "latency", "response_time", "delivery_time", "turnaround", "overdue", "late",
        "天数", "时长", "时间", "小时", "耗时", "等待", "延迟", "时效", "周期",
    ),
    "availability": (
        "stock", "in_stock", "on_hand", "availability", "available", "inventory", "out_of_stock",
        "stockout", "fill_rate", "库存", "有货", "缺货", "现货", "在架", "断货",
    ),
    "returns": (
        "return", "returns", "returned", "refund", "refunds", "refunded", "cancelled", "canceled",
        "cancellation", "cancellations", "chargeback", "complaint_return", "退货", "退款", "取消",
        "退单",
    ),
    "price": (
        "price", "discount", "discounts", "margin", "markdown", "rebate", "promo", "list_price",
        "unit_price", "realised_price", "折扣", "价格", "单价", "毛利", "毛利率", "优惠", "降价",
    ),
}  # fmt: skip
# Words that measure time without saying that something takes it: hours are worked and lost, too.
UNITS = ("days", "hours", "minutes", "seconds", "天数", "时长", "时间", "小时")
# What is worse when it rises, whatever the case says of it.
WORSE_UP: tuple[Nature, ...] = ("duration", "returns")
WHOLE = re.compile(r"[^\W_]+", re.UNICODE)


def nature(case: Case, metric: Metric) -> Nature | None:
    """What a metric is about; None where neither its names nor its measures say so."""
    if "date_diff" in f"{metric.measure} {metric.numerator}".lower():
        return "duration"
    named = [metric.name, *metric.label.values()]
    for texts in (named, [metric.measure or "", metric.numerator or ""], [metric.table]):
        for kind, words in WORDS.items():
            if kind == "duration" and _amount_of_time(metric):
                words = tuple(w for w in words if w not in UNITS)
            if says(texts, words):
                return kind
    return None


def _amount_of_time(metric: Metric) -> bool:
    """Whether it adds up time, or is a share of other time: how long one thing takes is a mean."""
    if metric.is_ratio:
        return says([metric.denominator or ""], UNITS)
    return "sum(" in (metric.measure or "").lower()


def worse_up(case: Case, metric: Metric) -> bool:
    """Whether more of it is worse."""
    kind = nature(case, metric)
    if kind in WORSE_UP or says([metric.name], ("discount", "折扣", "out_of_stock", "缺货")):
        return True
    return metric.better == "down"


def says(texts: list[str], words: tuple[str, ...]) -> bool:
    """Whether a text has one of the words: whole English ones, Chinese ones anywhere."""
    for text in texts:
        parts = [p.lower() for p in WHOLE.findall(text)]
        joined = f"_{'_'.join(parts)}_"
        if any((f"_{w}_" in joined) if w.isascii() else (w in text) for w in words):
            return True
    return False
