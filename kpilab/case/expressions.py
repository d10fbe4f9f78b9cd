"""Every expression of a case, with the table it reads and its place in case.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot import exp

from kpilab.core.case import Case
from kpilab.core.table import EventLog
from kpilab.engine.expression import is_predicate, parse_measure, parse_predicate

Expression = tuple[str, tuple[str | int, ...], str, Callable[[str, str], exp.Expr]]


def expressions(case: Case) -> Iterator[Expression]:
    """Table, place in case.yml, text and parser of every expression of the case."""
    for name, m in case.metrics.items():
        for key, text in (("measure", m.measure), ("numerator", m.numerator), ("denominator", m.denominator)):
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
    log = next(iter(case.of_kind(EventLog)), "")
    for name, test in case.experiments.items():
        if test.outcome not in case.metrics:
            yield log, ("experiments", name, "outcome"), test.outcome, parse_predicate
        if is_predicate(test.exposure):
            yield log, ("experiments", name, "exposure"), test.exposure, parse_predicate
