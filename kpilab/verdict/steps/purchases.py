"""What the customers' amounts are made of: findings of step 3 that describe, and make no cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from kpilab.analysis.customers.basket import held, moved, ordered
from kpilab.analysis.customers.growth import accounted
from kpilab.analysis.customers.payback import paid_back
from kpilab.analysis.customers.price_volume_mix import PriceVolumeMixResult, price_volume_mix
from kpilab.analysis.customers.service_effect import service_effect
from kpilab.core.case import Case
from kpilab.core.finding import Finding
from kpilab.core.result import Result
from kpilab.core.table import Entities
from kpilab.core.values import Message
from kpilab.errors import BadInput
from kpilab.questions import customers
from kpilab.questions.periods import both
from kpilab.questions.series import measured
from kpilab.verdict.customers import LEVEL, Bought

MOST = 0.5  # of the amount, that items of one period only may hold

Ask = Callable[[Case, Bought], Finding | None]


def purchases(
    case: Case, told: Bought | None, number: Callable[[Finding], Finding]
) -> tuple[list[Finding], list[Message]]:
    """One finding per question that the case can be asked and that has something to say; and what
    could not be told. The answers are those of the panel that asks the same."""
    findings: list[Finding] = []
    silent: list[Message] = []
    if told is None:
        return findings, silent
    for name, ask in QUESTIONS.items():
        try:
            found = ask(case, told)
        except BadInput as error:
            values = {"question": Message(f"workbench.view_{name}"), "why": error.what}
            silent.append(Message("root_cause.unasked", values))
            continue
        if found is not None:
            findings.append(number(found))
    return findings, silent


def _growth(case: Case, told: Bought) -> Finding | None:
    result = accounted(told.found, case.baseline, case.current, LEVEL)
    return _in_days(case, _finding(case, told, result))


def _price_volume_mix(case: Case, told: Bought) -> Finding | None:
    quantity, amount = customers.pieces(case), customers.amount_column(case)
    rows, item = told.rows, next(iter(customers.items(case)), None)
    if rows is None or quantity is None or amount is None or item is None:
        return None
    found = price_volume_mix(
        rows, by=[item], quantity=quantity, amount=amount,
        listed=customers.listed(case), **both(case),
    )  # fmt: skip
    named = replace(found, amount=told.asked.metric.name)
    return _in_days(case, _finding(case, told, named)) if _recurs(found) else None


def _recurs(found: PriceVolumeMixResult) -> bool:
    """Whether most of the amount is of items sold in both periods: else they are no items, and
    have no price that could be compared."""
    before, now = (float(found.table[side].sum()) for side in ("before", "now"))
    lost, new = (abs(float(found.parts[part])) for part in ("lost", "new"))
    return lost <= MOST * before and new <= MOST * now


def _basket(case: Case, told: Bought) -> Finding | None:
    """What an order holds, where its amount or its items changed."""
    lines, amount = customers.lines(case), customers.amount_column(case)
    if told.rows is None or lines is None or amount is None:
        return None
    who = told.customer.column
    found = ordered(told.rows, lines, who, amount, case.baseline, case.current)
    # What numbers the orders is of one customer: a shop or a product is of many.
    if found.sums[0] + found.sums[3] < found.whose or not moved(found, LEVEL):
        return None
    result = held(found, told.asked.metric.name, LEVEL)
    q = result.table.set_index("measure")["q"]
    return _finding(case, told, result) if min(q["amount"], q["items"]) <= 1 - LEVEL else None


def _service_effect(case: Case, told: Bought) -> Finding | None:
    """What customers did after they met something that the rows say."""
    met = next(iter(customers.truths(case)), None)
    if told.rows is None or met is None:
        return None
    who, amount = told.customer.column, told.asked.metric
    result = service_effect(told.rows, met, customer=who, amount=amount)
    p = result.table.loc[result.table["stretch"] == 0, "p"].dropna()
    if p.empty:  # too few met it
        return None
    said = Message("root_cause.met", {"met": met, "said": result.headline})
    told_of = replace(_finding(case, told, result), statement=said)
    return replace(told_of, strength="compared", p=min(1.0, float(p.min()) * len(p)))


def _payback(case: Case, told: Bought) -> Finding | None:
    """When what new customers brought covers what was spent to win them."""
    asked, people = customers.spend(case), customers.people(case)
    if asked is None or not isinstance(people, Entities):
        return None
    spend, channel = asked
    found = paid_back(
        told.found, measured(case, spend), channel, case.current.last, people, LEVEL
    )  # fmt: skip
    return _finding(case, told, found)


def _in_days(case: Case, finding: Finding) -> Finding:
    """A change of what customers paid is that of amounts as they stand, not that of the goal, where
    the periods are not of one length."""
    before, now = case.baseline.days, case.current.days
    if before == now:
        return finding
    values = {"said": finding.statement, "before": before, "now": now}
    return replace(finding, statement=Message("root_cause.unequal", values))


def _finding(case: Case, told: Bought, result: Result) -> Finding:
    return Finding(
        "",
        "root_cause",
        "info",
        result.headline,
        subject=told.customer.amount,
        period=case.current,
        evidence=(result,),
        aside=True,
    )


QUESTIONS: Mapping[str, Ask] = {
    "growth": _growth,
    "price_volume_mix": _price_volume_mix,
    "basket": _basket,
    "service_effect": _service_effect,
    "payback": _payback,
}
