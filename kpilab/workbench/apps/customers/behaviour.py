"""The customers app: who came, stayed, bought less or left, and what that did to the amount."""

from __future__ import annotations

from kpilab.analysis.customers.acquisition import acquisition
from kpilab.analysis.customers.churn import churn
from kpilab.analysis.customers.cohorts import cohorts
from kpilab.analysis.customers.concentration import concentration
from kpilab.analysis.customers.growth import growth
from kpilab.analysis.customers.lifetime import lifetime
from kpilab.analysis.customers.repeat import repeat
from kpilab.analysis.customers.survival import survival
from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import Table
from kpilab.core.values import Message
from kpilab.engine.customers.triangle import GRAINS
from kpilab.questions.customers import people, segments
from kpilab.questions.periods import both
from kpilab.questions.series import measured
from kpilab.workbench.app import App, Asked, Control, Offer
from kpilab.workbench.apps.customers import orders
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named, worded
from kpilab.workbench.state import State

SPLIT = ("cohorts", "survival")  # told apart by one dimension, as chosen


def _start(case: Case) -> State:
    return State("growth", {"grain": "month", "dimension": "", **orders.start(case)})


def _controls(case: Case, state: State) -> tuple[Control, ...]:
    found = [worded("view", VIEWS), *orders.controls(case, state)]
    if state.view in SPLIT:
        found.append(named("dimension", segments(case), empty=True))
    if state.view == "cohorts":
        found.append(worded("grain", GRAINS))
    return tuple(found)


def _asked(case: Case) -> tuple[Table, dict[str, object]]:
    """The rows, whose they are, and what is summed."""
    customer = case.customer
    if customer is None:
        raise LookupError("no customer")  # `needs` has said so before
    rows = measured(case, customer.amount)
    return rows.table, {"customer": customer.column, "amount": rows.metric}


def _growth(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(Call(growth, (table,), asked | both(case)))


def _churn(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(Call(churn, (table,), asked | _searched(case)))


def _acquisition(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(Call(acquisition, (table,), asked | _searched(case)))


def _repeat(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(Call(repeat, (table,), asked | _searched(case)))


def _searched(case: Case) -> dict[str, object]:
    """Every segment of the customers, in the current period."""
    return {
        "current": case.current,
        "by": list(segments(case)),
        "customers": people(case),
    }


def _cohorts(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(
        Call(cohorts, (table,), asked | _split(case, state) | {"grain": state.get("grain")})
    )


def _survival(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(Call(survival, (table,), asked | _split(case, state)))


def _split(case: Case, state: State) -> dict[str, object]:
    """All customers up to now, by the dimension chosen."""
    chosen = state.get("dimension")
    by = [chosen] if chosen in segments(case) else []
    return {"until": case.current.last, "by": by, "customers": people(case)}


def _concentration(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    return Asked(Call(concentration, (table,), asked | {"current": case.current}))


def _lifetime(case: Case, state: State) -> Asked:
    table, asked = _asked(case)
    options = {"customer": asked["customer"], "until": case.current.last}
    return Asked(Call(lifetime, (table,), options))


VIEWS = {
    "growth": _growth,
    "churn": _churn,
    "acquisition": _acquisition,
    "repeat": _repeat,
    "cohorts": _cohorts,
    "survival": _survival,
    "concentration": _concentration,
    "lifetime": _lifetime,
    **orders.VIEWS,
}


def _offers(case: Case, state: State, result: Result | None) -> tuple[Offer, ...]:
    """The next view on the way through them; the last leads back to the first."""
    names = list(VIEWS)
    after = names[(names.index(state.view) + 1) % len(names)]
    return (Offer(Message(f"workbench.view_{after}"), state.looking(after), main=True),)


CUSTOMERS = App("customers", "root_cause", _start, _controls, VIEWS, offers=_offers,
    needs={"": ("customer",), **orders.NEEDS})  # fmt: skip
