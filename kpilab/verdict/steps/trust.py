"""Before the steps: is the number real? Rows that cannot be read, rows the log lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kpilab.analysis.data.missing_rows import MissingRowsResult, missing_rows
from kpilab.analysis.data.reconcile import reconcile
from kpilab.core.case import Case, Metric
from kpilab.core.finding import DataIssue, Finding, StepReport
from kpilab.core.table import EventLog
from kpilab.core.values import Effect, Message, Period
from kpilab.engine.daily import Measured
from kpilab.engine.metrics import PERIOD, measure
from kpilab.engine.rootcause.cells import Cells
from kpilab.errors import BadInput
from kpilab.questions.periods import span
from kpilab.questions.series import measured
from kpilab.verdict.empty_days import empty_days
from kpilab.verdict.evidence import Evidence, Loss, Twice, numbering
from kpilab.verdict.faults import examined, lost_rows, place, silent_hours

LEAST_DAYS = 21


def examine(case: Case, cells: Cells, evidence: Evidence) -> tuple[StepReport, Evidence]:
    """Look for what is wrong with the data before anything is read from them."""
    number = numbering("trust")
    findings: list[Finding] = []
    losses: list[Loss] = []
    silent: list[Message] = []
    issues = list(case.issues)
    for name, table in cells.left_out.items():
        if table:
            issues.append(
                DataIssue(name, Message("trust.left_out", {"table": name, "dimensions": table}))
            )
    for name, log in case.of_kind(EventLog).items():
        try:
            found = _gaps(case, cells, name, log)
            hours = (
                silent_hours(name, log, span(case))
                if log.table[log.time].type().is_timestamp()
                else None
            )
        except BadInput as error:
            silent.append(Message("trust.not_examined", {"table": name, "why": error.what}))
            continue
        findings.append(number(_gap(name, found)))
        losses += _losses(name, found, findings[-1].id)
        issues += lost_rows(name, found, case.goal.metric)
        if hours is not None:
            findings.append(number(hours[0]))
            issues += hours[1]
    for name, table in case.sources.items():
        if "time" not in table.roles():
            continue  # it says what others are about, and has no days of its own
        finding, faults = examined(case, name, table, span(case))
        findings.append(number(finding))
        issues += faults
    for lost in empty_days(case, cells):
        if not any(lost.days.common(k.days) for k in losses):
            findings.append(number(_empty(lost)))
            losses.append(replace(lost, finding=findings[-1].id))
    findings += [number(finding) for finding in _reconciled(case)]
    twice = _twice(case, number)
    findings += [finding for finding, _ in twice]
    if not any(pair for pair in case.reconcile):
        silent.append(Message("trust.no_books"))
    report = StepReport("trust", tuple(findings), tuple(silent), tuple(issues))
    return report, replace(evidence, losses=tuple(losses), twice=tuple(t for _, t in twice))


def _twice(case: Case, number: Callable[[Finding], Finding]) -> list[tuple[Finding, Twice]]:
    """Rows that were loaded twice, as a part of each period's."""
    found = []
    for issue in case.issues:
        table = case.tables.get(issue.table)
        if not issue.daily or issue.period is None or table is None:
            continue
        more = [sum(n for day, n in issue.daily.items() if day in p) for p in _both(case)]
        rows = Metric("rows", issue.table, "count(*)")
        periods = {"baseline": case.baseline, "current": case.current}
        counted = measure(table, [rows], periods).set_index(PERIOD)["rows"]
        before, after = (
            n / counted[name] if counted[name] else 0.0
            for n, name in zip(more, ("baseline", "current"), strict=True)
        )
        off = (1 + after) / (1 + before) - 1
        values = {"table": issue.table, "before": before, "after": after, "off": off}
        said = Message("trust.twice", values)
        finding = number(
            Finding("", "trust", "unclear", said, subject=issue.table, period=issue.period)
        )
        found.append((finding, Twice(issue.table, issue.period, before, after, off, finding.id)))
    return found


def _both(case: Case) -> tuple[Period, Period]:
    return case.baseline, case.current


def _reconciled(case: Case) -> list[Finding]:
    """Each pair of log and books, day by day; days that differ do not say why."""
    found = []
    for logged, books in case.reconcile:
        pair = [case.metrics[name] for name in (logged, books)]
        if any(m.per or m.is_ratio for m in pair):
            continue
        sides = [measured(case, m.name) for m in pair]
        try:
            result = reconcile(sides[0], sides[1], period=span(case))
        except BadInput:
            continue
        found.append(
            Finding(
                "",
                "trust",
                "fine" if result.differing.empty else "unclear",
                result.headline,
                subject=logged,
                strength="compared",
                evidence=(result,),
            )
        )
    return found


def _gaps(case: Case, cells: Cells, name: str, log: EventLog) -> MissingRowsResult:
    pairs = [
        (case.metrics[a], case.metrics[b])
        for a, b in case.reconcile
        if case.metrics[a].table == name
    ]
    goal = case.metrics[case.goal.metric]
    books = goal_on_log = None
    for logged, booked in pairs:
        books = measured(case, booked.name)
        goal_on_log = Measured(log, logged)
    if goal.table == name and goal.per is None and not goal.is_ratio:
        goal_on_log = Measured(log, goal)
    whole = span(case)
    if whole.days < LEAST_DAYS:
        raise BadInput(f"only {whole.days} days", name, f"at least {LEAST_DAYS}")
    found = missing_rows(log, period=whole, books=books, goal=goal_on_log, current=case.current)
    same = goal_on_log is not None and goal_on_log.metric.name == goal.name
    return found if same else _as_goal(found, cells.value(goal.name, "current"))


def _as_goal(found: MissingRowsResult, current: float) -> MissingRowsResult:
    """Losses sized on another count of the log, in units of the goal: the same share of it."""
    table = found.table.copy()
    share = table["goal_share"].astype(float)
    factor = current * share / (1 - share) / table["goal_lost"].astype(float)
    for column in ("goal_lost", "goal_low", "goal_high"):
        table[column] = table[column].astype(float) * factor
    return replace(found, table=table)


def _gap(name: str, found: MissingRowsResult) -> Finding:
    if found.table.empty:
        return Finding(
            "",
            "trust",
            "fine",
            found.headline,
            subject=name,
            strength="tested",
            evidence=(found,),
            chart=None,
        )
    row = found.table.iloc[0].to_dict()
    known = row["goal_lost"] == row["goal_lost"]
    return Finding(
        "",
        "trust",
        "trouble" if row["confirmed"] else "unclear",
        found.headline,
        subject=name,
        where=place(row),
        period=Period(row["first"], row["last"]),
        effect=Effect(-row["goal_lost"], -row["goal_high"], -row["goal_low"]) if known else None,
        p=float(row["p"]),
        strength="compared" if row["confirmed"] else "tested",
        evidence=(found,),
    )


def _empty(lost: Loss) -> Finding:
    """Days without rows."""
    values = {"table": lost.table, "days": lost.days.days, "period": lost.days}
    said = Message("trust.days_empty", values)
    return Finding("", "trust", "unclear", said, subject=lost.table, period=lost.days)


def _losses(name: str, found: MissingRowsResult, finding: str) -> list[Loss]:
    """The gaps that the books contradict: what the log lost, and the business did not."""
    losses = []
    for row in found.table.to_dict("records"):
        if row["confirmed"]:
            known = row["goal_lost"] == row["goal_lost"] and row["goal_lost"] > 0
            names = ("goal_low", "goal_high", "goal_lost") if known else ("low", "high", "lost")
            low, high, lost = (float(row[k]) for k in names)
            days, rows, share = (
                Period(row["first"], row["last"]),
                float(row["lost"]),
                float(row["share"]),
            )
            p = float(row["p"])
            losses.append(
                Loss(name, place(row), days, rows, share, low / lost, high / lost, p, finding)
            )
    return losses
