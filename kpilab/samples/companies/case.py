"""The case.yml of a company world, and its truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import Company, Draw, Setting
from kpilab.samples.companies.family import Planted
from kpilab.samples.companies.reason import Reason, Sizes

DECOYS = {
    "en": (
        "new logo in e-mails", "office moved", "new head of finance", "cookie banner reworded",
        "warehouse software updated", "travel policy renewed", "team meeting moved to Tuesdays",
        "canteen supplier changed", "new intranet search", "printer leases renewed",
        "new tool for holiday requests", "bank account for suppliers changed",
    ),
    "zh": (
        "邮件签名换新标志", "总部搬迁", "新任财务总监", "更换办公用品供应商", "内网搜索升级",
        "差旅制度修订", "打印机续租", "例会改到周二", "食堂换供应商", "假期申请系统上线",
    ),
}  # fmt: skip


def case(
    rng: np.random.Generator,
    firm: Company,
    setting: Setting,
    base: Draw,
    draw: Draw,
    planted: Planted,
) -> dict[str, object]:
    """The content of case.yml: the company's tables, what it wants, and what it measures."""
    days = setting.days
    papers = firm.papers()
    market = MARKET if planted.market is not None else {}
    goal: dict[str, object] = {"metric": planted.goal}
    if planted.target is not None:
        goal["target"] = rounded(base.total(planted.goal, days.current) * _in(rng, planted.target))
    hit = rounded(draw.total(planted.kpi, days.current) * rng.uniform(0.95, 0.995), down=True)
    periods = {"baseline": days.iso(days.baseline), "current": days.iso(days.current)}
    if days.year_ago is not None:
        periods["year_ago"] = days.iso(days.year_ago)
    language = {} if firm.language == "en" else {"language": firm.language}
    return {
        "kpilab": 1,
        "title": firm.title,
        **language,
        "periods": periods,
        "changes": _changes(rng, firm, setting, planted),
        **({"funnels": papers.funnels} if papers.funnels else {}),
        "tables": {**papers.tables, **market},
        **({"customer": papers.customer} if papers.customer else {}),
        "metrics": papers.metrics,
        "goal": goal,
        "kpis": [{"metric": planted.kpi, "owner": "team", "target": hit}],
        "dashboard": [planted.kpi, planted.goal],
    }


def rounded(value: float, *, down: bool = False) -> float:
    """Three figures, as plans are written."""
    if value <= 0:
        return float(round(value, 2))
    step = 10.0 ** (np.floor(np.log10(value)) - 2)
    return float(round((np.floor if down else np.round)(value / step) * step, 6))


def _in(rng: np.random.Generator, limits: tuple[float, float]) -> float:
    return float(rng.uniform(*limits))


def _changes(
    rng: np.random.Generator, firm: Company, setting: Setting, planted: Planted
) -> list[dict[str, str]]:
    """Harmless entries, and sometimes one that has to do with a reason."""
    first, last = setting.days.baseline[0], setting.days.current[1]
    decoys = DECOYS[firm.language]
    texts = [decoys[k] for k in rng.choice(len(decoys), int(rng.integers(2, 6)), replace=False)]
    entries = [(int(rng.integers(first, last + 1)), text) for text in (*texts, *planted.log)]
    told = rng.random(len(planted.reasons)) < 0.45
    for reason, tell in zip(planted.reasons, told, strict=True):
        if reason.log and tell:
            entries.append((reason.start - int(rng.integers(0, 3)), reason.log))
    days = setting.days
    return [{"date": str(days.date(day)), "text": text} for day, text in sorted(entries)]


MARKET = {
    "market": {
        "kind": "benchmark", "source": "market.csv", "time": "date", "series": "series",
        "value": "value", "own": "own", "peers": ["competitor_a", "competitor_b", "industry"],
    }
}  # fmt: skip


def market(
    rng: np.random.Generator, setting: Setting, draw: Draw, planted: Planted
) -> pd.DataFrame:
    """Weekly figures of the market: our own goal and others, to whom the same happened."""
    days = setting.days
    book = draw.books[planted.goal]
    book = book[book["day"] >= 0]
    week = book["day"].to_numpy() // 7
    own = np.bincount(week, book["value"].to_numpy(float))[: days.days // 7]
    weeks = np.arange(len(own))
    lever = planted.market
    grown = np.exp(setting.course.growth * weeks / 52)
    if lever is not None:
        done = np.clip((weeks * 7 - lever.start + 1) / (lever.ramp or 1), 0, 1)
        grown = grown * (1 + (lever.factor - 1) * done)
    parts = [own] + [
        rng.uniform(80, 120) * grown * rng.lognormal(0, sd, len(weeks)) for sd in (0.02, 0.02, 0.01)
    ]
    names = ["own", *MARKET["market"]["peers"]]
    return pd.DataFrame(
        {
            "date": np.tile(days.dates(weeks * 7), len(names)),
            "series": np.repeat(names, len(weeks)),
            "value": np.round(np.concatenate(parts), 2),
        }
    )


def truth(
    name: str, firm: Company, planted: Planted, setting: Setting, sized: Sequence[Sizes],
    family: str, goal: float,
) -> dict[str, object]:  # fmt: skip
    """The content of truth.json; the first reason also stands at the top."""
    entries = [
        entry(reason, size, setting, goal)
        for reason, size in zip(planted.reasons, sized, strict=True)
    ]
    first = entries[0] if entries else {"kinds": [], "where": [], "sign": 0, "note": planted.note}
    return {
        "id": name,
        "family": family,
        "company": firm.name,
        **{key: first[key] for key in ("kinds", "where")},
        "goal": planted.goal,
        "kpi": planted.kpi,
        "sign": first["sign"],
        "note": first["note"],
        "tolerated": list(planted.tolerated),
        "reasons": entries,
    }


def entry(reason: Reason, size: Sizes, setting: Setting, goal: float) -> Mapping[str, object]:
    """One reason: sizes in units of the goal; `effect_pct` is of the goal without the reason."""
    days = setting.days
    return {
        "family": reason.family,
        "kinds": list(reason.kinds),
        "where": [
            {d: v[0] if len(v) == 1 else list(v) for d, v in place.items()}
            for place in reason.where
        ],
        "except": {d: list(v) for d, v in (reason.but or {}).items()},
        "sign": reason.sign,
        "start": str(days.date(reason.start)),
        "effect": round(size.effect, 4),
        "effect_baseline": round(size.before, 4),
        "effect_there": round(size.there, 4),
        "effect_pct": round(100 * size.effect / (goal - size.effect), 3),
        "note": reason.note,
    }
