"""What customers bought: views on the rows of an amount, by channel, item, order and campaign."""

from __future__ import annotations

from kpilab.analysis.customers.basket import basket
from kpilab.analysis.customers.channel_shift import channel_shift
from kpilab.analysis.customers.payback import payback
from kpilab.analysis.customers.price_volume_mix import price_volume_mix
from kpilab.analysis.customers.pull_forward import pull_forward
from kpilab.analysis.customers.service_effect import service_effect
from kpilab.core.case import Case
from kpilab.core.table import Table
from kpilab.questions import customers
from kpilab.questions.periods import both
from kpilab.questions.series import measured
from kpilab.workbench.app import Asked, Control
from kpilab.workbench.call import Call
from kpilab.workbench.choices import named
from kpilab.workbench.state import State

# What can be chosen in each view.
CONTROLS = {
    "channel_shift": ("way",),
    "pull_forward": ("peak",),
    "price_volume_mix": ("item", "quantity"),
    "basket": ("order_key", "item"),
    "service_effect": ("met",),
    "payback": ("spend", "channel"),
}
NEEDS = {
    "channel_shift": ("way",),
    "price_volume_mix": ("sum", "quantity", "item"),
    "basket": ("sum", "order"),
    "service_effect": ("met",),
    "payback": ("spend",),
}


def options(case: Case, name: str, state: State) -> tuple[str, ...]:
    """What can be chosen."""
    spends = customers.spends(case)
    found = {
        "way": customers.ways(case),
        "peak": tuple(str(p) for p in reversed(customers.peaks(case))),
        "order_key": customers.keys(case),
        "item": customers.items(case),
        "quantity": customers.quantities(case),
        "met": customers.truths(case),
        "spend": tuple(spends),
        "channel": spends.get(state.get("spend"), next(iter(spends.values()), ())),
    }
    return found[name]


def start(case: Case) -> dict[str, str]:
    """What is chosen before anybody has."""
    names = dict.fromkeys(name for names in CONTROLS.values() for name in names)
    held = {name: options(case, name, State("")) for name in names}
    return {name: values[0] for name, values in held.items() if values}


def controls(case: Case, state: State) -> tuple[Control, ...]:
    return tuple(named(n, options(case, n, state)) for n in CONTROLS.get(state.view, ()))


def _chosen(case: Case, state: State, name: str) -> str:
    held = options(case, name, state)
    return state.get(name) if state.get(name) in held else held[0]


def _rows(case: Case) -> tuple[Table, str, str]:
    """The rows, whose they are, and the metric that is summed."""
    if case.customer is None:
        raise LookupError("no customer")  # `needs` has said so before
    found = measured(case, case.customer.amount)
    return found.table, case.customer.column, found.metric.name


def _channel_shift(case: Case, state: State) -> Asked:
    table, who, metric = _rows(case)
    asked = {"customer": who, "amount": case.metrics[metric], "current": case.current}
    return Asked(Call(channel_shift, (table,), asked | {"by": _chosen(case, state, "way")}))


def _pull_forward(case: Case, state: State) -> Asked:
    table, who, metric = _rows(case)
    chosen = _chosen(case, state, "peak")
    peak = next(p for p in customers.peaks(case) if str(p) == chosen)
    asked = {"customer": who, "amount": case.metrics[metric], "peak": peak}
    return Asked(Call(pull_forward, (table,), asked))


def _price_volume_mix(case: Case, state: State) -> Asked:
    table, _, _ = _rows(case)
    asked = {
        "by": [_chosen(case, state, "item")],
        "quantity": _chosen(case, state, "quantity"),
        "amount": customers.amount_column(case),
    }
    listed = customers.listed(case)
    asked |= {"listed": listed} if listed else {}
    return Asked(Call(price_volume_mix, (table,), asked | both(case)))


def _basket(case: Case, state: State) -> Asked:
    table, who, _ = _rows(case)
    item = _chosen(case, state, "item") if options(case, "item", state) else None
    lines = customers.lines(case, _chosen(case, state, "order_key"), item)
    asked = {"customer": who, "amount": customers.amount_column(case)}
    return Asked(Call(basket, (table, lines), asked | both(case)))


def _service_effect(case: Case, state: State) -> Asked:
    table, who, metric = _rows(case)
    asked = {"customer": who, "amount": case.metrics[metric]}
    return Asked(Call(service_effect, (table, _chosen(case, state, "met")), asked))


def _payback(case: Case, state: State) -> Asked:
    table, who, metric = _rows(case)
    asked = {
        "customer": who,
        "amount": case.metrics[metric],
        "by": _chosen(case, state, "channel"),
        "until": case.current.last,
        "customers": customers.people(case),
    }
    spend = measured(case, _chosen(case, state, "spend"))
    return Asked(Call(payback, (table, spend), asked))


VIEWS = {
    "channel_shift": _channel_shift,
    "pull_forward": _pull_forward,
    "price_volume_mix": _price_volume_mix,
    "basket": _basket,
    "service_effect": _service_effect,
    "payback": _payback,
}
