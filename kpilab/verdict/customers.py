"""What the customers of a case did that was unusual: the tests its tables allow, as signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kpilab.analysis.customers.acquisition import acquired, place
from kpilab.analysis.customers.churn import churned, spend, stopped
from kpilab.analysis.customers.concentration import carried
from kpilab.analysis.customers.places import effect_of
from kpilab.core.case import Case, Customer
from kpilab.core.result import Result
from kpilab.core.table import Entities
from kpilab.core.values import Effect, Message, Where
from kpilab.engine.customers.amounts import amounts
from kpilab.engine.customers.growth import REGULAR, regular
from kpilab.engine.customers.history import History, cohorts, history, transitions
from kpilab.errors import BadInput
from kpilab.questions.series import measured

LEVEL, SEED = 0.95, 0


@dataclass(frozen=True, slots=True, eq=False)
class CustomerSignal:
    """One thing the customers did that chance and the usual do not explain.

    Attributes:
        kind: retention_decline, contraction, acquisition_quality, acquisition_decline or
            concentration; a rise has the same kind and a positive effect.
        subject: name from the case. where: the segment, or the customers named.
        effect: amount of the current period beyond what was to be expected; its unit is the
            metric that the customers' amounts sum to.
        p: corrected within the test's own search. searched: how many segments that were.
        result: the analysis behind it.
    """

    kind: str
    subject: str
    where: Where
    effect: Effect
    p: float
    searched: int
    statement: Message
    result: Result


def customer_evidence(case: Case) -> tuple[CustomerSignal, ...]:
    """All signals of the customers of a case, the smallest p first; none without `customer:`.

    Each test has an error rate of 5 % on unchanged customers. Losses and gains are both told.
    """
    customer = case.customer
    if customer is None:
        return ()
    asked, entities = measured(case, customer.amount), case.tables[customer.table]
    if customer.column not in asked.table.table.columns or not isinstance(entities, Entities):
        return ()
    try:
        found = amounts(asked.table, asked.metric, customer.column)
    except BadInput:  # no sum over customers: nothing to tell
        return ()
    past = history(found, case.current, entities, entities.dimensions)
    contract = bool(past.windows.months) and regular(found, past.seen) >= REGULAR
    signals = [*_existing(past, contract, customer), *_new(case, past, customer)]
    signals += _few(case, past, customer)
    return tuple(sorted(signals, key=lambda s: s.p))


def _existing(past: History, contract: bool, customer: Customer) -> Iterator[CustomerSignal]:
    leaves = transitions(past, contract)
    for kind, result, said in (
        ("retention_decline", churned(past, leaves, contract, "stopped", LEVEL), stopped),
        ("contraction", churned(past, leaves, contract, "spend", LEVEL), spend),
    ):
        for _, row in result.places.iterrows():
            yield CustomerSignal(
                kind, customer.amount, row["where"], effect_of(row, customer.amount),
                float(row["q"]), result.searched, said(row), result,
            )  # fmt: skip


def _new(case: Case, past: History, customer: Customer) -> Iterator[CustomerSignal]:
    leaves = cohorts(past)
    counted = (m for m in case.metrics.values() if m.table == customer.table)
    names = [m.name for m in counted if (m.measure or "").lower() == "count(*)"]
    subject = names[0] if names else customer.table
    for kind, result in (
        ("acquisition_quality", acquired(past, leaves, "quality", LEVEL)),
        ("acquisition_decline", acquired(past, leaves, "number", LEVEL)),
    ):
        for _, row in result.places.iterrows():
            yield CustomerSignal(
                kind, subject, row["where"], effect_of(row, customer.amount), float(row["q"]),
                result.searched, place(row), result,
            )  # fmt: skip


def _few(case: Case, past: History, customer: Customer) -> Iterator[CustomerSignal]:
    result = carried(past, customer.amount, LEVEL, SEED)
    if result.few:
        where = Where({customer.key: tuple(result.table["customer"])})
        yield CustomerSignal(
            "concentration", case.goal.metric, where, result.effect, result.p, 1, result.headline,
            result,
        )  # fmt: skip
