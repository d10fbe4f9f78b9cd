"""A declared experiment as the engine reads it: who, which log, which outcomes, which design."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Decision, Design, Outcome
from kpilab.engine.events.steps import occurring
from kpilab.engine.experiments.exposure import Log, condition, reached, tested_log
from kpilab.engine.expression import (
    columns,
    is_predicate,
    parse_measure,
    parse_predicate,
    restricted,
    sql,
)
from kpilab.errors import Problem, several, unknown

if TYPE_CHECKING:
    from kpilab.core.case import Case, Metric, Test

# Days before the assignment in which covariates are measured.
BEFORE = 28
# Length of a test that names neither its planned length nor the day of its decision.
USUAL_DAYS = 14
# Words of a decision that did not ship the treatment.
KEPT = (
    "not shipped", "rolled back", "rejected", "no change", "kept control", "abandoned",
    "未上线", "不上线", "回滚", "否决", "放弃", "保持原",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class TrialQuestion:
    """A declared experiment, ready for `experiment` and `reanalysis`.

    Attributes:
        test: as declared.
        who, log: tables of the assignments and of what the units did.
        outcomes: the outcome that decides first, then the guardrails.
        left: guardrails that cannot be measured beside the outcome, and why.
        design: as declared, read up to the decision. planned_days: planned length. decided_on: day
            of the decision.
        shipped: whether the treatment was shipped.
    """

    test: Test
    who: Assignments
    log: Log
    outcomes: tuple[Outcome, ...]
    left: tuple[Problem, ...]
    design: Design
    planned_days: int
    decided_on: date
    shipped: bool

    @property
    def tables(self) -> tuple[Assignments, Log]:
        return self.who, self.log

    @property
    def experiment(self) -> dict[str, Any]:
        """Arguments of `experiment` beside the tables."""
        asked = {"metrics": self.outcomes, "control": self.test.control}
        return {**asked, "design": replace(self.design, name=self.test.name)}

    @property
    def reread(self) -> dict[str, Any]:
        """Arguments of `reanalysis` beside the tables."""
        test = self.test
        return {
            "decision": Decision(
                test.name,
                dict(test.split),
                test.start,
                self.planned_days,
                self.decided_on,
                test.looks,
                test.boundary,
                self.shipped,
            ),
            "outcome": self.outcomes[0],
            "control": test.control,
            "design": self.design,
        }


def trial(case: Case, test: Test) -> TrialQuestion:
    """What a declared experiment asks.

    Raises:
        BadInput: no table of assignments or no log for the outcome, an unknown metric, column or
            name.
    """
    who = case.tables.get(test.assignments)
    if not isinstance(who, Assignments):
        known = case.of_kind(Assignments)
        raise unknown(
            "table of kind assignments", test.assignments, known, f"experiment {test.name!r}"
        )
    log = tested_log(case, test, who)
    error = several(_nobody_did(case, test, log))
    if error:
        raise error
    outcomes, left = outcomes_of(case, test, log)
    design = design_of(test, case.current.last)
    decided, days = test.decided_on or case.current.last, design.planned_days or USUAL_DAYS
    return TrialQuestion(test, who, log, outcomes, left, design, days, decided, shipped(test))


def _nobody_did(case: Case, test: Test, log: Log) -> Iterator[Problem]:
    """Outcome and exposure that are neither a condition nor an event of the log."""
    for key, text in (("outcome", test.outcome), ("exposure", test.exposure)):
        named = bool(text) and text not in case.metrics and not is_predicate(text)
        if named and isinstance(log, EventLog) and not occurring(log, [text]):
            what = f"no event of table {log.name!r} is named {text!r}, and it is no condition"
            yield Problem(
                what,
                f"experiment {test.name!r}, {key}",
                "name an event or give a condition like x = 'y'",
            )


def shipped(test: Test) -> bool:
    """Whether the decision shipped the treatment."""
    return not any(word in test.decision.lower() for word in KEPT)


def design_of(test: Test, last: date) -> Design:
    """How the test was set up, and read up to its decision (`last` where none was taken)."""
    decided = test.decided_on or last
    days = test.planned_days or ((decided - test.start).days + 1 if test.decided_on else USUAL_DAYS)
    end = min(decided, test.start + timedelta(days=days - 1))
    return Design(
        split=dict(test.split),
        start=test.start,
        until=end,
        planned_days=days,
        boundary=test.boundary,
        looks=looks((end - test.start).days + 1, test.looks, days),
        before=BEFORE if test.covariates else 0,
        exposure=test.exposure,
        window=test.window.days if test.window else None,
        seen_until=end,
    )


def looks(day: int, taken: int, planned: int) -> tuple[float, ...]:
    """Shares of the planned time at which daily looks were taken, the last of them on `day`,
    counted from 1."""
    return tuple(min(k, planned) / planned for k in range(max(day - taken, 0) + 1, day + 1))


def outcomes_of(
    case: Case, test: Test, log: Log
) -> tuple[tuple[Outcome, ...], tuple[Problem, ...]]:
    """The outcome and the guardrails, each by its metric's own measure;
    and guardrails that are not on this log."""
    known = tuple(_value(_metric(case, m, test)) for m in test.covariates)
    metric = case.metrics.get(test.outcome)
    main = _measured(metric, log) if metric else reached(test.outcome, condition(log, test.outcome))
    outcomes, left = [replace(main, covariates=known)], []
    for name, margin in test.guardrails.items():
        guard = _metric(case, name, test)
        if guard.table == log.name:
            outcomes.append(replace(_measured(guard, log), role="guardrail", margin=margin))
        else:
            what = (
                f"guardrail {name!r} is measured on table {guard.table!r}, the outcome on "
                f"{log.name!r}"
            )
            left.append(
                Problem(
                    what, f"experiment {test.name!r}", "choose a guardrail on the outcome's table"
                )
            )
    return tuple(outcomes), tuple(left)


def _metric(case: Case, name: str, test: Test) -> Metric:
    if name not in case.metrics:
        raise unknown("metric", name, case.metrics, f"experiment {test.name!r}")
    return case.metrics[name]


def _measured(metric: Metric, log: Log) -> Outcome:
    """A metric per unit: its sum or ratio; counted users are a share of the units."""
    if isinstance(log, EventLog) and metric.measure and _counts(metric.measure, log.user):
        return replace(reached(metric.name, metric.condition or "true"), better=metric.better)
    per = _part(metric.denominator, metric) if metric.denominator else None
    return Outcome(metric.name, _value(metric), per, better=metric.better)


def _value(metric: Metric) -> str:
    return _part(metric.numerator if metric.is_ratio else metric.measure, metric)


def _part(measure: str | None, metric: Metric) -> str:
    """A measure over the rows that meet the metric's condition."""
    where = f"metric {metric.name!r}"
    tree = parse_measure(measure or "count(*)", where)
    return sql(
        restricted(tree, parse_predicate(metric.condition, where) if metric.condition else None)
    )


def _counts(measure: str, user: str) -> bool:
    tree = parse_measure(measure, "measure")
    return tree.sql().upper().startswith("COUNT(DISTINCT") and columns(tree) == (user,)
