"""Part of step 5: what the records of work say about themselves,
each where case.yml names the column for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from kpilab.analysis.execution.audit import AuditResult, verified
from kpilab.analysis.execution.bunching import bunching
from kpilab.analysis.execution.heaping import heaping
from kpilab.analysis.execution.timing import timing
from kpilab.analysis.operations.response import response
from kpilab.core.case import Case
from kpilab.core.finding import Finding
from kpilab.core.result import Result
from kpilab.core.table import Executions, Incidents
from kpilab.core.values import Effect, Message
from kpilab.errors import BadInput
from kpilab.questions.records import actions, kpi_of

Found = tuple[Finding, Result]


def besides(case: Case) -> Iterator[Message | Found]:
    """Audited records, claims at thresholds, entry after the work, rounded figures;
    alarms and their answers."""
    for table in case.of_kind(Executions).values():
        for action in actions(table):
            for ask in _asked(table):
                question = partial(ask, table, period=case.current, action=action)
                yield _tried(case, kpi_of(case, action), question)
    for name, incidents in case.of_kind(Incidents).items():
        for column in (incidents.unit, incidents.alarm):
            yield _tried(
                case,
                f"{name}: {column}",
                partial(response, incidents, by=(column,), period=case.current),
            )


def _asked(table: Executions) -> Iterator[Callable[..., Result]]:
    """The analyses that the table's columns allow."""
    if table.verified:
        yield verified
    if table.target or table.tiers:
        yield bunching
    if table.recorded:
        yield timing
    if table.logged:
        yield heaping


def _tried(case: Case, subject: str, ask: Callable[[], Result]) -> Message | Found:
    try:
        result = ask()
    except BadInput as error:
        return Message("execution.not_examined", {"subject": subject, "why": error.what})
    return _finding(case, subject, result), result


def _finding(case: Case, subject: str, result: Result) -> Finding:
    """Described, not judged: people work towards a target honestly,
    and enter what they did the day after."""
    said = Message("execution.said", {"subject": subject, "said": result.headline})
    finding = Finding(
        "", "execution", "info", said, subject=subject, period=case.current, evidence=(result,)
    )
    if not isinstance(result, AuditResult):
        return finding
    rate = Effect(result.rate.value, result.rate.low, result.rate.high, "share")
    return replace(
        finding, verdict="unclear" if result.table["faults"].any() else "fine", effect=rate
    )
