"""Every expression of a case, with the table it reads and its place in case.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from kpilab.core.case import Case, Test
from kpilab.core.table import Assignments, EventLog, Facts
from kpilab.engine.experiments.exposure import tested_log
from kpilab.engine.expression import is_predicate, parse_measure, parse_predicate
from kpilab.errors import BadInput

Expression = tuple[str, tuple[str | int, ...], str, Callable[[str, str], exp.Expr]]


def expressions(case: Case) -> Iterator[Expression]:
    """Table, place in case.yml, text and parser of every expression of the case."""
    for name, m in case.metrics.items():
        for key, text in (
            ("measure", m.measure),
            ("numerator", m.numerator),
            ("denominator", m.denominator),
        ):
            if text:
                yield m.table, ("metrics", name, key), text, parse_measure
        if m.condition:
            yield m.table, ("metrics", name, "where"), m.condition, parse_predicate
    for k, d in enumerate(case.definitions):
        if d.measure and d.table:
            yield d.table, ("definitions", k, "measure"), d.measure, parse_measure
    for name, funnel in case.funnels.items():
        for key in ("steps", "exclude"):
            for k, step in enumerate(getattr(funnel, key)):
                if is_predicate(step):
                    yield funnel.table, ("funnels", name, key, k), step, parse_predicate
    for test in case.experiments.values():
        for log, key, text in conditions(case, test):
            if is_predicate(text):
                yield log.name, ("experiments", test.name, key), text, parse_predicate


def conditions(case: Case, test: Test) -> Iterator[tuple[EventLog | Facts, str, str]]:
    """Log, key and text of what an experiment names as a condition or an event,
    on the log that it is measured on."""
    who = case.tables.get(test.assignments)
    texts = {
        "outcome": "" if test.outcome in case.metrics else test.outcome,
        "exposure": test.exposure,
    }
    if not isinstance(who, Assignments) or not any(texts.values()):
        return
    try:
        log = tested_log(case, test, who)
    except BadInput:
        return  # said where the experiment is asked
    yield from ((log, key, text) for key, text in texts.items() if text)
