"""E-commerce: users leave at the payment step nobody watches;
the next review sees what the mending brought."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np

from kpilab.samples.draw import shop_setting
from kpilab.samples.files import files
from kpilab.samples.plan import Calendar, Rate
from kpilab.samples.spec import spec
from kpilab.samples.trades.made import Made, cause
from kpilab.samples.world import goal_effect, simulate

TRAFFIC = 0.46  # keeps both reviews below 30,000 events
FIRST, THEN = date(2026, 5, 4), date(2026, 6, 1)
LIFT, LEAK, CART, PAY = 0.07, 0.19, 3, 4
PAYMENT = "pay_per_place_order"
APART = ("tests", "reported")  # other stories, told by other worlds


def world(rng: np.random.Generator, size: float, effect: float) -> Made:
    """The quarter in which payments leak, and the next one,
    in which the mended form brings them back."""
    lift, leak = 1 + LIFT * effect, 1 - LEAK * effect
    first = _review(
        rng, FIRST, size, (Rate(CART, lift, start=28), Rate(PAY, leak, start=28)), leak=True
    )
    # The mended form goes live with the next period: the leak is there before it, and gone after.
    then = (Rate(CART, lift), Rate(PAY, leak), Rate(PAY, 1 / leak, start=28))
    return replace(first, later=_review(rng, THEN, size, then, leak=False))


def _review(
    rng: np.random.Generator, first: date, size: float, rates: tuple[Rate, ...], *, leak: bool
) -> Made:
    plan = replace(
        shop_setting(TRAFFIC * size), calendar=Calendar(first), rates=rates, kpi_target=1.02
    )
    made = simulate(plan, rng)
    document = spec(made, rng)
    tables = {k: v for k, v in dict(document["tables"]).items() if k not in APART}  # type: ignore[call-overload]
    document = {k: v for k, v in document.items() if k not in ("experiments", "definitions")} | {
        "tables": tables
    }
    if not leak:
        goal = {k: v for k, v in dict(document["goal"]).items() if k != "target"}  # type: ignore[call-overload]
        watched = [*document["dashboard"], PAYMENT]  # type: ignore[misc]  # a list of names
        document |= {"goal": goal, "dashboard": watched}
    span = (str(plan.calendar.current.first), str(plan.calendar.current.last))
    pct = goal_effect(made, [rates[-1]])
    why = (
        "the watched order rate is healthy; users are lost at the payment step, on no "
        "dashboard and no KPI"
    )
    kind = "untracked_leak" if leak else "mended"
    why = (
        why
        if leak
        else "the payment form was mended on the first day of the period; the payment rate is back"
    )
    written = {k: v for k, v in files(made).items() if k not in ("experiments", "reported")}
    return Made(written, document, [cause(kind, PAYMENT, why, span, pct=pct, on="revenue")])
