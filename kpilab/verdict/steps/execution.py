"""Step 5, execution: was the work really done, is the definition the same everywhere,
were the tests read rightly?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from kpilab.analysis.data.definitions import DefinitionsResult, definitions
from kpilab.analysis.execution.evidence import EvidenceResult, evidence
from kpilab.analysis.experiments.experiment import SAFE_LEVEL, ExperimentResult, read
from kpilab.analysis.experiments.reanalysis import ReanalysisResult, reanalysis
from kpilab.core.case import Case, Test
from kpilab.core.finding import Finding, StepReport
from kpilab.core.table import Executions, Reports
from kpilab.core.values import EVERYWHERE, Effect, Message, Where
from kpilab.engine.rootcause.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions.periods import both
from kpilab.questions.records import actions
from kpilab.questions.reports import comparison
from kpilab.questions.trial import TrialQuestion, trial
from kpilab.verdict.evidence import Evidence, Found, Loss, Noted, numbering
from kpilab.verdict.steps.programme import together
from kpilab.verdict.steps.work import besides
from kpilab.verdict.trial_parts import decided_parts, ready_for


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """Claims against traces, reports against definitions, decided tests read again."""
    number = numbering("execution")
    silent: list[Message] = []
    records = _noted(_records(case), number, silent)
    reports = _noted(_reports(case), number, silent)
    tests = _noted(_tests(case), number, silent)
    others = _noted(besides(case), number, silent)
    wins = _noted(together(case, tests), number, silent)
    losses = [loss for loss in evidence.losses if loss.confirmed]
    silent += [_as_logged(noted, loss) for noted in (*reports, *tests) for loss in losses]
    findings = tuple(noted.finding for noted in (*records, *reports, *tests, *wins, *others))
    report = StepReport("execution", findings, tuple(silent))
    found = replace(evidence, records=records, definitions=reports, rereadings=tests)
    return report, replace(found, programme=wins[0] if wins else None)


def _noted(
    examined: Iterator[Message | tuple[Finding, Found]],
    number: Callable[[Finding], Finding],
    silent: list[Message],
) -> tuple[Noted[Found], ...]:
    """What was examined, numbered; what could not be is added to `silent`."""
    noted: list[Noted[Found]] = []
    for found in examined:
        if isinstance(found, Message):
            silent.append(found)
        else:
            noted.append(Noted(number(found[0]), found[1]))
    return tuple(noted)


def _as_logged(noted: Noted[DefinitionsResult] | Noted[ReanalysisResult], loss: Loss) -> Message:
    """Users are followed over rows, and rows cannot be put back."""
    return Message(
        "execution.as_logged",
        {"subject": noted.finding.subject, "where": loss.where, "period": loss.days},
    )


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
        effect=Effect(result.total.value, result.total.low, result.total.high, "share")
        if len(flagged)
        else None,
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


def _tests(case: Case) -> Iterator[Message | tuple[Finding, ReanalysisResult]]:
    for test in case.experiments.values():
        try:
            asked = trial(case, test)
            result = reanalysis(*asked.tables, **asked.reread)
        except BadInput as error:
            yield _not_examined(test, error.what)
            continue
        yield from (_not_examined(test, problem.what) for problem in asked.left)
        ready, guards, by = None, None, ()
        try:
            ready, by = ready_for(asked, result.segments)
            guards = read(ready, control=test.control, ages=False)
        except BadInput as error:
            if asked.outcomes[1:]:  # without guardrails nothing misses it
                yield _not_examined(test, error.what)
        found = _rereading(asked, result, guards)
        apart = decided_parts(asked, ready, by, guards) if ready and guards else ()
        yield replace(found, evidence=(*found.evidence, *apart)), result


def _not_examined(test: Test, why: str) -> Message:
    return Message("execution.not_examined", {"subject": test.name, "why": why})


def _rereading(
    asked: TrialQuestion, result: ReanalysisResult, guards: ExperimentResult | None
) -> Finding:
    test, checks = asked.test, result.table.set_index("check")
    p = (
        float(checks["p"].to_dict().get(result.verdict, float("nan")))
        if result.verdict != "fine"
        else None
    )
    kept = (
        [_guarded(guards, m.name, result.treatment) for m in asked.outcomes[1:]] if guards else []
    )
    harmed = any(said.key.startswith("execution.guardrail_harmed") for said in kept)
    said = {
        "said": result.headline,
        "guardrails": kept,
        "hypothesis": test.hypothesis,
        "claimed": test.claimed,
    }
    return Finding(
        "",
        "execution",
        "fine" if result.verdict == "fine" and not harmed else "trouble",
        Message("execution.test", said | {"decision": test.decision}),
        subject=test.name,
        where=result.where,
        period=result.period,
        effect=Effect(result.lasting.value, result.lasting.low, result.lasting.high, test.outcome),
        p=p,
        strength="randomised",
        evidence=(result, guards) if guards else (result,),
    )


def _guarded(guards: ExperimentResult, name: str, treatment: str) -> Message:
    """A guardrail of the treatment that was read again: harmed (within its margin or not), not
    harmed and within it, neither shown, or not read."""
    table = guards.table[
        (guards.table["metric"] == name) & (guards.table["treatment"] == treatment)
    ]
    if table.empty:
        return Message("execution.guardrail_unread", {"metric": name})
    row = {str(column): value for column, value in table.iloc[0].to_dict().items()}
    safe = row["p_safe"] <= 1 - SAFE_LEVEL
    if row["gain"] < 0:
        return Message(f"execution.guardrail_harmed{'_within' if safe else ''}", row)
    return Message(f"execution.guardrail_{'safe' if safe else 'open'}", row)
