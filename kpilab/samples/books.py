"""The tables beside the log: daily facts, benchmark series, departments' reports."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from kpilab.samples.people import market_course
from kpilab.samples.plan import Plan

HISTORY = 52


def facts(plan: Plan, logged: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    """Counts per day and dimension combination from the log;
    the ledger's goal from what truly happened."""
    dims = [*plan.level, plan.industry.rollout[0], "user_type"]
    keys = ["date", *dims]
    counts = logged.groupby([*keys, "event"], observed=True).size().unstack(fill_value=0)
    names = [*plan.industry.steps, *([plan.industry.signup] if plan.industry.signup else [])]
    counts = counts.reindex(columns=names, fill_value=0).add_prefix("n_")
    last = true[true["event"] == plan.industry.steps[-1]]
    worth = last["amount"] if plan.industry.measured == "amount" else pd.Series(1.0, last.index)
    ledger = worth.groupby([last[key] for key in keys]).sum().round(2).rename("ledger_goal")
    table = counts.join(ledger, how="outer").fillna(0).reset_index()
    return table.astype({f"n_{name}": int for name in names}).sort_values(keys, ignore_index=True)


def benchmark(plan: Plan, true: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Weekly index of the industry, two competitors and us;
    our last eight weeks are the goal itself."""
    weeks = HISTORY + 2 * plan.calendar.days // 7
    market = np.ones(weeks)
    market[HISTORY:] = market_course(plan).reshape(-1, 7).mean(axis=1)
    common = market * np.exp(_season(rng, weeks) + rng.normal(0, plan.wiggle, weeks))
    series = {"industry_index": common * np.exp(rng.normal(0, 0.0105, weeks))}
    for name in ("competitor_a", "competitor_b"):
        series[name] = common * np.exp(rng.normal(0, 0.0195, weeks))
    series = {"own_goal": _own(plan, true, common, rng), **series}
    first = plan.calendar.first - timedelta(weeks=HISTORY)
    week = pd.date_range(first, periods=weeks, freq="7D")
    parts = [
        pd.DataFrame({"week": week, "series": k, "value": (100 * v).round(3)})
        for k, v in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _own(
    plan: Plan, true: pd.DataFrame, common: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    last = true[true["event"] == plan.industry.steps[-1]]
    worth = last["amount"] if plan.industry.measured == "amount" else pd.Series(1.0, last.index)
    goal = (
        worth.groupby((last["day"] // 7).to_numpy())
        .sum()
        .reindex(range(2 * plan.calendar.days // 7))
        .to_numpy()
    )
    baseline = plan.calendar.days // 7
    scale = common[HISTORY : HISTORY + baseline].mean() / goal[:baseline].mean()
    return np.concatenate([common[:HISTORY] * np.exp(rng.normal(0, 0.0135, HISTORY)), goal * scale])


def _season(rng: np.random.Generator, weeks: int) -> np.ndarray:
    """A yearly wave that has come to rest before the eight weeks under review."""
    week = np.arange(weeks)
    wave = rng.uniform(0.0, 0.055) * np.sin(2 * np.pi * week / 52 + rng.uniform(0, 2 * np.pi))
    trend = rng.normal(0, 0.03) * (week / HISTORY - 1)
    return (wave + trend) * np.clip((HISTORY - week) / 10, 0, 1)


def reports(
    plan: Plan, true: pd.DataFrame, table: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Marketing and operations report active units per day, finance the ledger."""
    step = counted_step(plan)
    usual = _distinct(plan, true, step)
    told = {"marketing": usual.copy(), "operations": usual.copy()}
    if plan.wider is not None:
        current = usual.index >= pd.Timestamp(plan.calendar.current.first)
        added = (_distinct(plan, true, plan.wider) - usual) * plan.widened
        told["marketing"][current] += added[current]
    parts = []
    for department, value in told.items():
        heard = (value * (1 + rng.normal(0, 0.006, len(value)))).round()
        parts.append(_report(department, "active units", heard))
    ledger = table.groupby("date")["ledger_goal"].sum().round(2)
    return pd.concat(
        [*parts, _report("finance", f"ledger {plan.industry.goal}", ledger)], ignore_index=True
    )


def counted_step(plan: Plan) -> int:
    """Position of the step that departments count as activity."""
    return len(plan.industry.steps) // 2


def _distinct(plan: Plan, true: pd.DataFrame, step: int) -> pd.Series:
    rows = true[true["event"] == plan.industry.steps[step]]
    return rows.groupby("date")["user_id"].nunique().astype(float)


def _report(department: str, metric: str, value: pd.Series) -> pd.DataFrame:
    columns = {
        "date": value.index,
        "department": department,
        "metric": metric,
        "value": value.to_numpy(),
    }
    return pd.DataFrame(columns)
