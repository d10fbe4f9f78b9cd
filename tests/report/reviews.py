"""Reviews made by hand: a real story, hostile names, nothing wrong, many findings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd

from kpilab.core.finding import (
    BridgeRow,
    Cause,
    DataIssue,
    Finding,
    GoalChange,
    Review,
    StepReport,
    Why,
)
from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, Period, Where

BASELINE = Period(date(2026, 4, 1), date(2026, 6, 30))
CURRENT = Period(date(2026, 7, 1), date(2026, 9, 30))
HOSTILE = "<script>alert(1)</script>"
FORMULA = "=cmd()"


def said(en: str) -> Message:
    """Any text as a message: the page's own `fact` template joins two values."""
    return Message("report.fact", {"name": en.split(": ")[0], "value": en.split(": ")[-1]})


def rates(**columns: object) -> Result:
    table = pd.DataFrame(
        {
            "step": ["visit", "cart", "order", "payment"],
            "rate": [float("nan"), 0.4, 0.5, 0.61],
            "users": [9, 8, 7, 6],
        }
    )
    return Result(table.assign(**columns), notes=(said("Note: two users share a device"),))


def finding(id: str, step: str = "root_cause", **more: object) -> Finding:
    base = Finding(
        id,
        step,
        "trouble",
        said("Payment: 18 of 100 orders are not paid"),
        subject="pay_rate",
        where=Where({"platform": ("android", "ios")}),
        period=CURRENT,
        effect=Effect(-5200.0, -6100.0, -4300.0),
        p=0.0002,
        q=0.004,
        strength="tested",
        evidence=(rates(),),
    )
    return replace(base, **more)


def leak() -> Cause:
    return Cause(
        "untracked_leak",
        "pay_rate",
        "root_cause",
        said(
            "Payment: orders are placed as before but fewer are paid, and nobody watches that step"
        ),
        0.93,
        period=CURRENT,
        effect=Effect(-5200.0, -6100.0, -4300.0),
        effect_pct=-10.4,
        findings=("root_cause.1", "root_cause.2"),
        against=("external.1",),
        why=(
            Why(
                said("Why did paid orders fall?"),
                said("Because fewer placed orders are paid"),
                "goal.1",
            ),
            Why(
                said("Why are fewer paid?"), said("The payment step lost 8 points"), "root_cause.1"
            ),
            Why(
                said("Why did no one see it?"), said("No dashboard covers the step"), "root_cause.2"
            ),
        ),
        action=said("Do this: put the pay rate on the board and mend the card form"),
    )


def records() -> Cause:
    return Cause(
        "fabricated_execution",
        "visits",
        "execution",
        said("Visits: 18 of 120 visits of two people have no follow-up"),
        0.71,
        where=Where({"region": ("north",)}, {"store": ("s7",)}),
        actors=("ann", "bob"),
        period=CURRENT,
        effect_pct=31.0,
        effect_on="visits",
        findings=("execution.1",),
        why=(
            Why(
                said("Why did paid orders fall?"),
                said("Because fewer placed orders are paid"),
                "goal.1",
            ),
            Why(said("Why did visits not help?"), said("Part of them has no trace"), "execution.1"),
        ),
    )


def story(language: str = "en") -> Review:
    """Two causes, one of them outside the formula; all kinds of remarks."""
    goal = GoalChange("paid_orders", 50_000.0, 52_000.0, 44_500.0, 45_000.0, -6_200.0, -3_900.0)
    bridge = (
        BridgeRow(said("Plan: growth planned"), -2_000.0),
        BridgeRow(said("Market: the market"), -900.0, -1_400.0, -300.0),
        BridgeRow(said("Payment: pay rate"), -5_200.0, -6_100.0, -4_300.0, cause=0),
        BridgeRow(said("Mix: more app users"), 700.0, 200.0, 1_300.0),
        BridgeRow(said("Log: lost rows"), -500.0),
        BridgeRow(said("Rest: unexplained"), 400.0, -500.0, 1_300.0),
    )
    steps = (
        StepReport(
            "trust",
            issues=(issue(),),
            findings=(finding("trust.1", "trust", verdict="info", effect=None),),
        ),
        StepReport("goal", (finding("goal.1", "goal"),)),
        StepReport("relation", (), (said("Relation: no KPI has a target"),)),
        StepReport(
            "root_cause",
            (finding("root_cause.1"), finding("root_cause.2", evidence=(), chart=None)),
        ),
        StepReport(
            "external", (finding("external.1", "external", verdict="fine", p=None, q=None),)
        ),
        StepReport(
            "execution",
            (finding("execution.1", "execution", verdict="unclear", strength="compared"),),
        ),
    )
    labels = {
        "paid_orders": {"en": "Paid orders", "zh": "支付订单"},
        "pay_rate": {"en": "Pay rate", "zh": "支付率"},
    }
    return Review(
        "shop",
        "Third quarter",
        language,
        {"baseline": BASELINE, "current": CURRENT},
        goal,
        bridge,
        (leak(), records()),
        steps,
        labels=labels,
        settings={"seed": 7, "level": 0.95, "floor": 1},
        version="0.1.0",
        rejected=(replace(records(), confidence=0.2),),
        answer="causes",
    )


def issue() -> DataIssue:
    return DataIssue(
        "events",
        said("Dates: 12 rows cannot be read, first in row 41"),
        "ts",
        Where(),
        CURRENT,
        12,
        Effect(-3.0),
    )


def hostile() -> Review:
    """Every name from outside is an attack."""
    review = story()
    bad = Message(
        "report.fact", {"name": HOSTILE, "value": "</script><img src=x onerror=alert(2)> & `a|b`"}
    )
    table = rates(
        **{HOSTILE: FORMULA, "at": "@SUM(A1)", "tab": "\tx", "minus": "-2+3", "bell": "a\x07b"}
    )
    cause = replace(
        leak(),
        subject=HOSTILE,
        statement=bad,
        where=Where({HOSTILE: (FORMULA,)}),
        actors=(HOSTILE, FORMULA),
        action=bad,
        kind=HOSTILE,
        effect_on=HOSTILE,
        why=(Why(bad, bad, "goal.1"),),
    )
    steps = (
        StepReport(
            "goal",
            (finding("goal.1", "goal", statement=bad, subject=FORMULA, evidence=(table,)),),
            (bad,),
        ),
        StepReport(
            "trust", issues=(replace(issue(), table=HOSTILE, column=FORMULA, statement=bad),)
        ),
    )
    return replace(
        review,
        title=HOSTILE,
        case=HOSTILE,
        causes=(cause,),
        bridge=(BridgeRow(bad, -7_500.0, cause=0),),
        steps=steps,
        labels={"paid_orders": {"en": HOSTILE, "zh": HOSTILE}},
        settings={HOSTILE: HOSTILE},
    )


def nothing(language: str = "en") -> Review:
    """A quarter in which nothing is wrong."""
    review = story(language)
    goal = GoalChange("paid_orders", 50_000.0, 50_000.0, 50_300.0, 50_300.0, -600.0, 1_200.0)
    steps = tuple(
        replace(s, findings=tuple(replace(f, verdict="fine") for f in s.findings))
        for s in review.steps
    )
    rest = (BridgeRow(said("Rest: unexplained"), 300.0, -600.0, 1_200.0),)
    return replace(
        review, goal=goal, bridge=rest, causes=(), steps=steps, rejected=(), answer="nothing"
    )


def many(findings: int = 120, rows: int = 200) -> Review:
    """More findings, with larger tables, than a page can hold."""
    table = pd.DataFrame(
        {"segment": [f"segment number {k} " * 40 for k in range(rows)], "value": range(rows)}
    )
    found = tuple(finding(f"root_cause.{k}", evidence=(Result(table),)) for k in range(findings))
    return replace(story(), steps=(StepReport("root_cause", found),))
