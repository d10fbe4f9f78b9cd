"""The case.yml of a sample world."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np

from kpilab.samples.books import counted_step
from kpilab.samples.layout import tables
from kpilab.samples.world import World, goal

DECOYS = (
    "two team leads swapped",
    "help pages translated",
    "office moved one floor",
    "home banner refreshed",
    "cloud bill renegotiated",
    "newsletter template changed",
    "price list reprinted",
    "quarterly training held",
    "customer survey sent out",
    "support desk opens an hour earlier",
    "new colleagues welcomed",
    "login page recoloured",
)
HONEST = (
    ("not shipped", "no significant difference", 1, "none"),
    (
        "stopped early, not shipped",
        "futile at a planned interim look (alpha spending)",
        2,
        "alpha spending",
    ),
    ("shipped to all", "non-inferior, shipped for lower cost", 1, "none"),
)


def spec(world: World, rng: np.random.Generator) -> dict[str, object]:
    """Content of case.yml, key by key as the format has them."""
    plan, trade = world.plan, world.plan.industry
    periods = {"baseline": plan.calendar.baseline, "current": plan.calendar.current}
    return {
        "kpilab": 1,
        "title": f"{trade.title} review",
        "language": "en",
        "timezone": "UTC",
        "periods": {name: [str(p.first), str(p.last)] for name, p in periods.items()},
        "tables": tables(plan),
        "metrics": _metrics(world),
        "goal": _goal(world),
        "reconcile": [{"logged": _logged(world), "books": "ledger_goal"}],
        "kpis": _kpis(world),
        "dashboard": _dashboard(world),
        "funnels": {
            "main": {"table": "events", "steps": list(trade.steps), "within": "1d", "by": "session"}
        },
        "definitions": _definitions(world),
        "changes": _changes(world, rng),
        "experiments": _experiments(world, rng),
    }


def _label(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


def _words(name: str) -> str:
    return name.replace("_", " ")


def _ratio(
    world: World, top: str, bottom: str, label: tuple[str, str], owner: str = "product"
) -> dict[str, object]:
    return {
        "table": "daily",
        "numerator": f"sum(n_{top})",
        "denominator": f"sum(n_{bottom})",
        "label": _label(*label),
        "owner": owner,
        "better": "up",
    }


def _metrics(world: World) -> dict[str, object]:
    trade = world.plan.industry
    steps, last = trade.steps, trade.steps[-1]
    metrics: dict[str, object] = {trade.goal: _goal_metric(world)}
    metrics["volume"] = _measure("daily", f"sum(n_{steps[0]})", "marketing", *trade.said[steps[0]])
    for before, step in pairwise(steps):
        metrics[f"{step}_per_{before}"] = _ratio(world, step, before, trade.said[step])
    if trade.measured == "amount":
        metrics["value_per_unit"] = {
            "table": "events",
            "numerator": f"sum(amount) filter (where event = '{last}')",
            "denominator": f"count(*) filter (where event = '{last}')",
            "label": _label(*trade.said["value_per_unit"]),
            "owner": "sales",
            "better": "up",
        }
    low, high = (steps[k] for k in trade.kpi)
    if (low, high) not in pairwise(steps):
        whole = (
            f"{_words(low)}-to-{_words(high)} rate",
            f"{trade.zh[low]}到{trade.zh[high]}的转化率",
        )
        metrics[f"{high}_per_{low}"] = _ratio(world, high, low, whole)
    if trade.signup:
        metrics["new_units"] = _measure(
            "daily", f"sum(n_{trade.signup})", "growth", "new sign-ups", "新增注册"
        )
    metrics[trade.action] = _measure(
        "records",
        "sum(claimed)",
        trade.actor,
        f"{_words(trade.action)}s claimed",
        trade.zh[trade.action],
    )
    metrics["ledger_goal"] = _measure(
        "daily", "sum(ledger_goal)", "finance", "goal in the books", "财务账目中的目标"
    )
    if trade.measured == "weekly":
        metrics["completions"] = _measure(
            "events",
            f"count(*) filter (where event = '{last}')",
            "management",
            "completions",
            trade.zh["completions"],
        )
    return metrics


def _measure(table: str, measure: str, owner: str, en: str, zh: str) -> dict[str, object]:
    return {
        "table": table,
        "measure": measure,
        "label": _label(en, zh),
        "owner": owner,
        "better": "up",
    }


def _goal_metric(world: World) -> dict[str, object]:
    trade = world.plan.industry
    last = trade.steps[-1]
    measure = {
        "amount": f"sum(amount) filter (where event = '{last}')",
        "count": f"count(*) filter (where event = '{last}')",
        "weekly": f"count(distinct user_id) filter (where event = '{last}')",
    }[trade.measured]
    metric = _measure("events", measure, "management", _words(trade.goal), trade.zh[trade.goal])
    return metric | ({"per": "week"} if trade.measured == "weekly" else {})


def _logged(world: World) -> str:
    return "completions" if world.plan.industry.measured == "weekly" else world.plan.industry.goal


def _goal(world: World) -> dict[str, object]:
    plan, trade = world.plan, world.plan.industry
    factors = ["volume", *(plan.ratio(k) for k in range(1, len(trade.steps)))]
    factors += ["value_per_unit"] if trade.measured == "amount" else []
    entry: dict[str, object] = {"metric": trade.goal, "formula": " * ".join(factors)}
    if plan.growth is not None:
        entry["target"] = float(
            f"{goal(plan, world.events, current=False) * (1 + plan.growth):.3g}"
        )
    return entry


def _kpis(world: World) -> list[dict[str, object]]:
    """Targets a little off what the baseline reached, rounded as people round them."""
    plan, trade = world.plan, world.plan.industry
    before = world.facts[world.facts["date"] <= str(plan.calendar.baseline.last)]
    low, high = (trade.steps[k] for k in trade.kpi)
    rate = before[f"n_{high}"].sum() / before[f"n_{low}"].sum()
    since = str(plan.calendar.first - timedelta(days=28))
    target = float(f"{plan.kpi_target * rate:.3g}")
    product: dict[str, object] = {
        "metric": f"{high}_per_{low}",
        "owner": "product",
        "target": target,
        "since": since,
    }
    kpis: list[dict[str, object]] = [product | {"parent": trade.goal, "level": "company"}]
    if trade.signup:
        target = float(round(0.97 * before[f"n_{trade.signup}"].sum()))
        kpis.append(
            {"metric": "new_units", "owner": "growth", "target": target, "parent": trade.goal}
        )
    claimed = world.executions.loc[world.executions["day"] < plan.calendar.days, "claimed"].sum()
    target = float(f"{0.97 * claimed:.3g}")
    kpis.append({"metric": trade.action, "owner": trade.actor, "target": target, "level": "person"})
    return kpis


def _dashboard(world: World) -> list[str]:
    trade = world.plan.industry
    seen = [world.plan.ratio(k) for k in range(1, len(trade.steps)) if k not in trade.blind]
    value = ["value_per_unit"] if trade.measured == "amount" else []
    kpis = [str(kpi["metric"]) for kpi in _kpis(world)]
    return list(dict.fromkeys([trade.goal, "volume", *seen, *value, *kpis]))


def _definitions(world: World) -> list[dict[str, object]]:
    plan, trade = world.plan, world.plan.industry
    step = trade.steps[counted_step(plan)]

    def entry(reporter: str, since: str, text: str, event: str) -> dict[str, object]:
        measure = f"count(distinct user_id) filter (where event = '{event}')"
        head: dict[str, object] = {
            "metric": "active units",
            "reporter": reporter,
            "from": since,
            "text": text,
        }
        return head | {"table": "events", "per": "day", "measure": measure}

    first, current = str(plan.calendar.first), str(plan.calendar.current.first)
    entries = [entry("marketing", first, f"distinct units with '{step}' on the day", step)]
    if plan.wider is not None and plan.declared:
        wider = trade.steps[plan.wider]
        entries.append(
            entry("marketing", current, f"distinct units with '{wider}' or later on the day", wider)
        )
    if plan.reworded:
        entries.append(
            entry("marketing", current, f"units seen on the day, '{step}' as before", step)
        )
    return [*entries, entry("operations", first, f"distinct units with '{step}' on the day", step)]


def _changes(world: World, rng: np.random.Generator) -> list[dict[str, str]]:
    plan = world.plan
    dim, _, new = plan.industry.rollout
    days = rng.choice(
        np.arange(plan.calendar.days - 8, 2 * plan.calendar.days - 6), 3, replace=False
    )
    told = [
        (int(day), DECOYS[k])
        for day, k in zip(days, rng.choice(len(DECOYS), 3, replace=False), strict=True)
    ]
    told.append((plan.calendar.rollout, f"rollout of {dim}={new} begins, 90% after six days"))
    return [{"date": str(plan.calendar.day(day)), "text": text} for day, text in sorted(told)]


def _experiments(world: World, rng: np.random.Generator) -> dict[str, object]:
    plan, test = world.plan, world.plan.trial
    if test is None:
        return {}
    decided = plan.calendar.day(test.start + test.days)
    decision, claimed, looks, boundary = _decision(world, rng)
    if test.kind == "peeking":
        decided = plan.calendar.day(test.start + looks + 1)
    last = plan.industry.steps[-1]
    entry = {
        "assignments": "tests",
        "hypothesis": f"new layout lifts {last}",
        "outcome": f"event = '{last}'",
        "control": "A",
        "split": {"A": 0.5, "B": 0.5},
        "start": str(plan.calendar.day(test.start)),
        "planned_days": test.days,
        "decided_on": str(decided),
        "decision": decision,
        "claimed": claimed,
        "looks": looks,
        "boundary": boundary,
    }
    return {"exp_1": entry}


def _decision(world: World, rng: np.random.Generator) -> tuple[str, str, int, str]:
    kind = world.plan.trial.kind if world.plan.trial else ""
    if kind == "peeking" and world.stopped:
        look, z = world.stopped
        claim = f"B wins, p<0.05 (z={z:.2f}) at look {look} of daily looks"
        return "stopped early and shipped", claim, look, "none"
    if kind == "winner":
        return "shipped to all", "significant uplift of B, lasting", 1, "none"
    if kind == "srm":
        return "shipped to all", "significant uplift of B", 1, "none"
    if kind == "novelty":
        return "shipped to all", "significant uplift of B over 21 days", 1, "none"
    return HONEST[int(rng.integers(len(HONEST)))]
