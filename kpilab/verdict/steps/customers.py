"""What the customers of a case did that was unusual: part of step 3."""

from __future__ import annotations

from collections.abc import Callable

from kpilab.core.case import Case
from kpilab.core.finding import Finding
from kpilab.core.values import Message
from kpilab.errors import BadInput
from kpilab.verdict.customers import Bought, CustomerSignal, bought, signals
from kpilab.verdict.evidence import Signalled


def clients(case: Case) -> tuple[Bought | None, list[Message]]:
    """What the customers bought; why not, where that cannot be told."""
    if case.customer is None:
        return None, []
    try:
        told = bought(case)
    except BadInput as error:
        return None, [Message("goal.customers_untold", {"why": error.what})]
    if told is not None:
        return told, []
    table = case.metrics[case.customer.amount].table
    return None, [Message("goal.no_customers", {"table": table, "of": case.customer.table})]


def customers(
    case: Case, told: Bought | None, number: Callable[[Finding], Finding]
) -> tuple[list[Finding], tuple[Signalled, ...], list[Message]]:
    """One finding per signal, and what could not be told."""
    try:
        found = signals(case, told)
    except BadInput as error:
        return [], (), [Message("goal.customers_untold", {"why": error.what})]
    findings = [number(_finding(case, signal)) for signal in found]
    pairs = zip(found, findings, strict=True)
    return findings, tuple(Signalled(signal, finding.id) for signal, finding in pairs), []


def _finding(case: Case, signal: CustomerSignal) -> Finding:
    return Finding(
        "",
        "root_cause",
        "trouble" if case.is_loss(signal.effect.value) else "fine",
        signal.statement,
        subject=signal.subject,
        where=signal.where,
        period=signal.period or case.current,
        effect=signal.effect,
        p=signal.p,
        q=signal.p,
        strength="compared",
        evidence=(signal.result,),
    )
