"""A declared funnel as arguments: its log, its steps, and every option that case.yml gives it."""

from __future__ import annotations

from datetime import timedelta

from kpilab.core.case import Case, Funnel
from kpilab.core.table import EventLog
from kpilab.engine.events.steps import Steps
from kpilab.errors import BadInput, unknown

SLOW = timedelta(days=14)  # a funnel of deals, not of visits


def is_slow(plan: Funnel) -> bool:
    """Whether passing it takes weeks, as for deals."""
    return plan.within >= SLOW and len(plan.steps) >= 2


def declared(case: Case, name: str) -> Funnel:
    """The funnel of that name.

    Raises:
        BadInput: the case has none.
    """
    if name not in case.funnels:
        raise unknown("funnel", name, case.funnels, "argument 'funnel'")
    return case.funnels[name]


def log(case: Case, plan: Funnel) -> EventLog:
    """The log a funnel is counted on.

    Raises:
        BadInput: its table holds no events.
    """
    table = case.tables[plan.table]
    if not isinstance(table, EventLog):
        raise BadInput(
            f"table {plan.table!r} holds no events",
            f"funnel {plan.name!r}",
            "name a table of events",
        )
    return table


def steps(plan: Funnel) -> Steps:
    """Its steps with order, unit and what stops or spoils a pass."""
    return Steps(
        plan.steps,
        plan.by,
        plan.mode,
        plan.exclude,
        strict_deduplication=plan.strict_deduplication,
        strict_increase=plan.strict_increase,
    )
