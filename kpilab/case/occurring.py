"""Names and values that case.yml holds rows to be equal to, and that no row has:
with the nearest that one does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

import ibis
import pandas as pd

from kpilab.case.document import Document
from kpilab.case.expressions import conditions, expressions
from kpilab.core.case import Case, Test
from kpilab.core.finding import DataIssue
from kpilab.core.table import Assignments, Benchmark, EventLog, Facts, Reports, Table
from kpilab.core.values import Message
from kpilab.engine.events.steps import called
from kpilab.engine.experiments.exposure import tested_log
from kpilab.engine.expression import compared, is_predicate, missing, parse_predicate
from kpilab.engine.metrics import PERIOD, measure
from kpilab.engine.run import collect
from kpilab.errors import BadInput, Problem, nearest, unknown_problem

Place = tuple[str | int, ...]
SHOWN = 200  # values looked through for the nearest


def unreadable(case: Case, document: Document) -> Iterator[Problem]:
    """What names neither an event of its log nor a condition that the log can tell."""
    yield from _unreadable_steps(case, document)
    yield from _unreadable_tests(case, document)


def _unreadable_steps(case: Case, document: Document) -> Iterator[Problem]:
    """Steps of funnels that are neither an event of the log nor a condition that can be read."""
    for name, funnel in case.funnels.items():
        log = case.tables.get(funnel.table)
        if not isinstance(log, EventLog):
            continue
        for key in ("steps", "exclude"):
            texts = getattr(funnel, key)
            events = called(log, texts)
            for k, text in enumerate(texts):
                if text not in events and is_predicate(text):
                    yield from _neither(log, text, document.at("funnels", name, key, k))


def _unreadable_tests(case: Case, document: Document) -> Iterator[Problem]:
    """Outcomes and exposures of experiments that are neither an event of their log nor a condition
    it can tell."""
    for test in case.experiments.values():
        for log, key, text in conditions(case, test):
            where = document.at("experiments", test.name, key)
            if isinstance(log, Facts):
                if is_predicate(text):
                    yield from missing(parse_predicate(text, where), log.table.columns, where)
                else:
                    yield Problem(
                        f"{text!r} is no condition",
                        where,
                        f"table {log.name!r} has no events: give one",
                    )
            elif is_predicate(text) and not called(log, [text]):
                yield from _neither(log, text, where)


def _neither(log: EventLog, text: str, where: str) -> Iterator[Problem]:
    """What is wrong with a condition that no event is called by."""
    try:
        faults = missing(parse_predicate(text, where), log.table.columns, where)
    except BadInput as error:
        yield from error.problems
        return
    if faults:
        events = _frequent(log, log.event)
        what = f"no event is called {text!r}, and read as a condition it has {faults[0].what}"
        yield Problem(what, where, nearest(text, events))


def uncounted(case: Case) -> list[Problem]:
    """Steps of funnels, outcomes and exposures that no event is called by:
    such a question cannot be examined."""
    problems = []
    for name, funnel in case.funnels.items():
        log = case.tables[funnel.table]
        if isinstance(log, EventLog):
            steps = [text for text in funnel.steps if not is_predicate(text)]
            for text in _absent(log, log.event, steps):
                where = f"case.yml, key funnels.{name}.steps"
                problems.append(unknown_problem("event", text, _frequent(log, log.event), where))
    for test in case.experiments.values():
        problems += _untold(case, test)
    return [*problems, *_undefined(case)]


def _undefined(case: Case) -> Iterator[Problem]:
    """A goal without a value in one of the periods: there is nothing to compare."""
    metric = case.metrics[case.goal.metric]
    ends = {"baseline": case.baseline, "current": case.current}
    found = measure(case.tables[metric.table], [metric], ends).set_index(PERIOD)[metric.name]
    gone = [name for name in ends if name in found.index and pd.isna(found[name])]
    if gone:
        what = f"the goal {case.goal.metric!r} has no value in the {' and the '.join(gone)} period"
        where = f"case.yml, key metrics.{case.goal.metric}"
        yield Problem(what, where, "mend the metric, or choose periods with data")


def _untold(case: Case, test: Test) -> Iterator[Problem]:
    """An outcome that no table of the case can tell, and events that nobody did."""
    who = case.tables.get(test.assignments)
    try:
        if isinstance(who, Assignments):
            tested_log(case, test, who)
            yield from _left_out(who, test)
    except BadInput as error:
        yield from error.problems
    for log, key, text in conditions(case, test):
        if isinstance(log, EventLog) and not is_predicate(text) and _absent(log, log.event, [text]):
            where = f"case.yml, key experiments.{test.name}.{key}"
            yield unknown_problem("event", text, _frequent(log, log.event), where)


def _left_out(who: Assignments, test: Test) -> Iterator[Problem]:
    """Variants that units have and the split does not name: their shares are not known."""
    rows = who.table.filter(who.table[who.experiment].cast("string") == test.name)
    named = rows.select(variant=rows[who.variant].cast("string")).distinct()
    found = collect(named, f"table {who.name!r}")["variant"].dropna()
    for variant in sorted(set(found) - {str(v) for v in test.split}):
        yield Problem(
            f"the split leaves out variant {variant!r}",
            f"case.yml, key experiments.{test.name}.split",
            "give every variant its share, or leave its units out",
        )


def never(case: Case) -> list[DataIssue]:
    """One note for each value that no row has. One look at every column that is named with a
    text."""
    wanted: dict[tuple[str, str], dict[str, Place]] = {}
    for table, column, value, place in _named(case):
        found = _column(case.tables.get(table), column)
        if found is not None:
            wanted.setdefault((table, found), {}).setdefault(value, place)
    issues = []
    for (table, column), places in wanted.items():
        role = case.tables[table]
        absent = _absent(role, column, list(places))
        known = _frequent(role, column) if absent else []
        issues += [_note(role, column, value, places[value], known) for value in absent]
    return issues


def _named(case: Case) -> Iterator[tuple[str, str, str, Place]]:
    """Table, column, value, and its place in case.yml."""
    for table, place, text, parse in expressions(case):
        if table in case.tables and not _is_event(case.tables[table], text):
            yield from (
                (table, column, value, place) for column, value in compared(parse(text, ""))
            )
    for name, funnel in case.funnels.items():
        log = case.tables.get(funnel.table)
        if isinstance(log, EventLog):
            plain = ((k, text) for k, text in enumerate(funnel.exclude) if not is_predicate(text))
            yield from (
                (funnel.table, log.event, text, ("funnels", name, "exclude", k))
                for k, text in plain
            )
    for name, table in case.tables.items():
        if isinstance(table, Benchmark):
            series = [
                (("own",), table.own or ""),
                *((("peers", k), peer) for k, peer in enumerate(table.peers)),
            ]
            yield from (
                (name, table.series, value, ("tables", name, *key))
                for key, value in series
                if value
            )
    for name, test in case.experiments.items():
        who = case.tables.get(test.assignments)
        if isinstance(who, Assignments):
            yield test.assignments, who.experiment, name, ("experiments", name)
            yield from (
                (test.assignments, who.variant, v, ("experiments", name, "split", v))
                for v in test.split
            )
    for k, definition in enumerate(case.definitions):
        for name, reports in case.of_kind(Reports).items():
            yield name, reports.reporter, definition.reporter, ("definitions", k, "reporter")


def _is_event(table: Table, text: str) -> bool:
    return isinstance(table, EventLog) and bool(called(table, [text]))


def _column(table: Table | None, name: str) -> str | None:
    """The text column of that name; None for another type,
    whose values may be written in several ways."""
    if table is None:
        return None
    found = next((c for c in table.table.columns if c.lower() == name.lower()), None)
    return found if found is not None and table.table.schema()[found].is_string() else None


def _absent(table: Table, column: str, values: Sequence[str]) -> list[str]:
    """Those of the values that no row has."""
    if not values:
        return []
    held = table.table[column].cast("string")
    rows = (
        table.table.filter(held.isin([ibis.literal(v) for v in values]))
        .select(value=held)
        .distinct()
    )
    seen = set(collect(rows, "values named in case.yml")["value"])
    return [v for v in dict.fromkeys(values) if v not in seen]


def _note(table: Table, column: str, value: str, place: Place, known: Sequence[str]) -> DataIssue:
    near = get_close_matches(value, known, n=3, cutoff=0.6)
    said = {"table": table.name, "column": column, "value": value, "near": tuple(near)}
    said |= {"place": ".".join(str(part) for part in place)}
    return DataIssue(table.name, Message("trust.never", said), column=column, rows=0)


def _frequent(table: Table, column: str) -> list[str]:
    """The values of a column, most frequent first."""
    held = table.table[column].cast("string")
    rows = table.table.filter(held.notnull()).group_by(value=held).agg(rows=lambda t: t.count())
    return [
        str(v) for v in collect(rows.order_by(rows.rows.desc()).limit(SHOWN), "values")["value"]
    ]
