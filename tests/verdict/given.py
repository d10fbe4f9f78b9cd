"""Hand-made evidence: a shop of 1,000 visits of which a tenth pays,
and what its steps might have found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd

from kpilab.analysis.rootcause.drivers import DriversResult
from kpilab.analysis.rootcause.segment_search import SegmentSearchResult
from kpilab.core.case import Case, Change, Goal, Kpi, Metric
from kpilab.core.finding import Cause, Finding, GoalChange
from kpilab.core.tree import MetricTree
from kpilab.core.values import EVERYWHERE, Effect, Message, Period, Where
from kpilab.verdict.candidate import Candidate, Fix
from kpilab.verdict.evidence import Evidence, Noted

BASELINE = Period(date(2025, 3, 3), date(2025, 3, 30))
CURRENT = Period(date(2025, 3, 31), date(2025, 4, 27))
SAID = Message("root_cause.no_drivers")
NORTH = Where({"region": ("north",)})


def case(
    *, floor: float = 1.0, watched: Sequence[str] = (), changes: Sequence[Change] = ()
) -> Case:
    """Goal: orders = visits * rate."""
    metrics = {
        "orders": Metric("orders", "t", measure="sum(o)"),
        "visits": Metric("visits", "t", measure="sum(v)"),
        "rate": Metric("rate", "t", numerator="sum(o)", denominator="sum(v)"),
        "signups": Metric("signups", "t", measure="sum(s)"),
    }
    return Case(
        "given",
        Path(),
        "given",
        {"baseline": BASELINE, "current": CURRENT},
        {},
        metrics,
        Goal("orders", MetricTree.parse("orders", "visits * rate")),
        kpis=(Kpi("signups", owner="growth"),),
        dashboard=tuple(watched),
        floor=floor,
        changes=tuple(changes),
    )


def finding(name: str = "goal.1", **fields: Any) -> Finding:
    return Finding(name, "goal", "info", SAID, **fields)


def noted(result: Any, name: str = "goal.1", **fields: Any) -> Noted[Any]:
    return Noted(finding(name, **fields), result)


def moved(before: float, after: float, p: float) -> Any:
    """A change with its p-value."""
    return SimpleNamespace(before=before, after=after, value=after - before, p=p)


def row(
    driver: str,
    baseline: float,
    current: float,
    *,
    contribution: float,
    half: float = 1.0,
    p: float = 1e-6,
):
    """One driver of the split."""
    change = current / baseline - 1
    low, high = change - 0.01, change + 0.01
    ends = {"contribution_low": contribution - half, "contribution_high": contribution + half}
    sizes = {
        "baseline": baseline,
        "current": current,
        "change": change,
        "low": low,
        "high": high,
        "p": p,
    }
    return {
        "driver": driver,
        "ratio": driver == "rate",
        **sizes,
        "contribution": contribution,
        **ends,
    }


def at_constant_mix(
    dimension: str, change: float, *, falling: float = 1.0, p: float = 1e-6
) -> dict[str, object]:
    """The rate at constant mix of one dimension."""
    ends = {"low": change - 0.01, "high": change + 0.01}
    return {
        "driver": "rate",
        "dimension": dimension,
        "change": change,
        **ends,
        "p": p,
        "falling": falling,
    }


def split(
    rows: Sequence[Mapping[str, Any]],
    mix: Sequence[Mapping[str, Any]] = (),
    unexplained: float = 0.0,
):
    columns = ["driver", "dimension", "change", "low", "high", "p", "falling"]
    table = pd.DataFrame(list(rows))
    shares = pd.DataFrame(list(mix), columns=columns)
    return DriversResult(
        table, mix=shares, goal="orders", scale=1.0, unexplained=unexplained, level=0.95
    )


def spread(
    places: Sequence[Mapping[str, Any]], *, amount: float, expected: float = 100.0, replaced=()
) -> SegmentSearchResult:
    usual = {
        "where": NORTH,
        "p": 1e-6,
        "change": -0.2,
        "low": -0.25,
        "high": -0.15,
        "share": 0.5,
        "amount": amount,
    }
    table = pd.DataFrame([usual | dict(place) for place in places], columns=list(usual))
    return SegmentSearchResult(
        table, driver="rate", amount=amount, expected=expected, replaced=tuple(replaced)
    )


def evidence(**fields: Any) -> Evidence:
    """The rate fell from 10 % to 8 % over 1,000 visits; the goal lost 20 orders of 100."""
    goal = GoalChange("orders", 100.0, 100.0, 80.0, 80.0, -25.0, -15.0)
    rows = [
        row("visits", 1000, 1000, contribution=0.0, p=1.0),
        row("rate", 0.1, 0.08, contribution=-20.0),
    ]
    usual = {"goal": goal, "drivers": noted(split(rows)), "now": {"visits": 1000.0, "rate": 0.08}}
    usual["volumes"] = {"visits": moved(1000.0, 1000.0, 1.0)}
    return Evidence(**(usual | fields))


def candidate(
    kind: str = "untracked_leak",
    *,
    subject: str = "rate",
    p: float | None = 1e-8,
    fix: float | None = -0.02,
    where: Where = EVERYWHERE,
    confidence: float = 0.0,
    rate_effect: float | None = None,
    **fields: Any,
) -> Candidate:
    """By default: the rate fell by two points."""
    cause = Cause(kind, subject, "root_cause", SAID, confidence, where=where)
    undone = None if fix is None else Fix(subject, Effect(fix, fix * 1.2, fix * 0.8))
    return Candidate(cause, p, undone, rate_effect, **fields)
