"""Step 5, execution: was the work really done, is the definition the same everywhere, were the tests read rightly?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from kpilab.analysis.definitions import DefinitionsResult, definitions
from kpilab.analysis.evidence import EvidenceResult, evidence
from kpilab.analysis.rereading import RereadingResult, reread
from kpilab.core.case import Case, Test
from kpilab.core.finding import Finding, StepReport
from kpilab.core.table import Assignments, EventLog, Executions, Reports
from kpilab.core.values import EVERYWHERE, Effect, Message, Where
from kpilab.engine.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions.periods import both
from kpilab.questions.records import actions
from kpilab.questions.reports import comparison
from kpilab.verdict.evidence import Evidence, Found, Loss, Noted, numbering
from kpilab.verdict.steps.work import besides

PLANNED_DAYS = 14
NOT_SHIPPED = ("not shipped", "rolled back", "rejected", "no change", "kept control", "abandoned")


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """Claims against traces, reports against definitions, decided tests read again."""
    number = numbering("execution")
    silent: list[Message] = []
    records = _noted(_records(case), number, silent)
    reports = _noted(_reports(case), number, silent)
    tests = _noted(_tests(case), number, silent)
    others = _noted(besides(case), number, silent)
    silent += [_as_logged(noted, loss) for noted in (*reports, *tests) for loss in evidence.losses]
    findings = tuple(noted.finding for noted in (*records, *reports, *tests, *others))
    report = StepReport("execution", findings, tuple(silent))
    return report, replace(evidence, records=records, definitions=reports, rereadings=tests)


def _noted(
    examined: Iterator[Message | tuple[Finding, Found]], number: Callable[[Finding], Finding], silent: list[Message]
) -> tuple[Noted[Found], ...]:
    """What was examined, numbered; what could not be is added to `silent`."""
    noted: list[Noted[Found]] = []
    for found in examined:
        if isinstance(found, Message):
            silent.append(found)
        else:
            noted.append(Noted(number(found[0]), found[1]))
    return tuple(noted)


def _as_logged(noted: Noted[DefinitionsResult] | Noted[RereadingResult], loss: Loss) -> Message:
    """Users are followed over rows, and rows cannot be put back."""
    return Message("execution.as_logged", {"subject": noted.finding.subject, "where": loss.where, "period": loss.days})


def _records(case: Case) -> Iterator[Message | tuple[Finding, EvidenceResult]]:
    tables = case.of_kind(Executions)
    if not tables:
        yield Message("execution.no_records")
    for name, table in tables.items():
        if not table.evidence:
            yield Message("execution.no_evidence", {"table": name})
            continue
        for action in actions(table):
            try:
                result = evidence(table, **both(case), action=action)
            except BadInput as error:
                yield Message("execution.not_examined", {"subject": action, "why": error.what})
                continue
            yield _evidence(case, action, result), result


def _evidence(case: Case, action: str, result: EvidenceResult) -> Finding:
    flagged = result.table[result.table["flagged"]]
    return Finding(
        "",
        "execution",
        "trouble" if len(flagged) else "fine",
        result.headline,
        subject=action,
        period=case.current,
        actors=result.flagged,
        effect=Effect(result.total.value, result.total.low, result.total.high, "share") if len(flagged) else None,
        p=float(flagged["p"].max()) if len(flagged) else None,
        q=float(flagged["q"].max()) if len(flagged) else None,
        strength="compared",
        evidence=(result,),
    )


def _reports(case: Case) -> Iterator[Message | tuple[Finding, DefinitionsResult]]:
    tables = case.of_kind(Reports)
    if not tables:
        yield Message("execution.no_reports")
    for name, table in tables.items():
        try:
            result = definitions(table, **comparison(case))
        except BadInput as error:
            yield Message("execution.not_examined", {"subject": name, "why": error.what})
            continue
        yield _definitions(case, name, table, result), result


def _definitions(case: Case, name: str, table: Reports, result: DefinitionsResult) -> Finding:
    jumped = result.table[result.table["jumped"]]
    first = jumped.iloc[0].to_dict() if len(jumped) else None
    return Finding(
        "",
        "execution",
        "trouble" if first else "fine",
        result.headline,
        subject=str(first["metric"]) if first else name,
        where=Where({table.reporter: (str(first["reporter"]),)}) if first else EVERYWHERE,
        period=case.current,
        effect=Effect(first["jump"], first["low"], first["high"], "share") if first else None,
        p=float(first["p"]) if first else None,
        strength="compared",
        evidence=(result,),
    )


def _tests(case: Case) -> Iterator[Message | tuple[Finding, RereadingResult]]:
    logs = case.of_kind(EventLog)
    for test in case.experiments.values():
        assignments = case.tables[test.assignments]
        if not logs or not isinstance(assignments, Assignments):
            yield Message("execution.not_examined", {"subject": test.name, "why": test.assignments})
            continue
        try:
            result = _reread(case, test, assignments, next(iter(logs.values())))
        except BadInput as error:
            yield Message("execution.not_examined", {"subject": test.name, "why": error.what})
            continue
        yield _rereading(test, result), result


def _reread(case: Case, test: Test, assignments: Assignments, log: EventLog) -> RereadingResult:
    metric = case.metrics.get(test.outcome)
    outcome = (metric.condition or test.outcome) if metric else test.outcome
    planned = test.planned_days or (
        (test.decided_on - test.start).days + 1 if test.decided_on is not None else PLANNED_DAYS
    )
    decided = test.decided_on or case.current.last
    return reread(
        assignments,
        log,
        experiment=test.name,
        outcome=outcome,
        control=test.control,
        split=test.split,
        start=test.start,
        planned_days=planned,
        decided_on=decided,
        looks=test.looks,
        boundary=test.boundary,
        shipped=not any(word in test.decision.lower() for word in NOT_SHIPPED),
    )


def _rereading(test: Test, result: RereadingResult) -> Finding:
    checks = result.table.set_index("check")
    p = float(checks["p"].to_dict().get(result.verdict, float("nan"))) if result.verdict != "fine" else None
    return Finding(
        "",
        "execution",
        "fine" if result.verdict == "fine" else "trouble",
        result.headline,
        subject=test.name,
        where=result.where,
        period=result.period,
        effect=Effect(result.lasting.value, result.lasting.low, result.lasting.high, test.outcome),
        p=p,
        strength="randomised",
        evidence=(result,),
    )
