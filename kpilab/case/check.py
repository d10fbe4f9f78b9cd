"""What pydantic cannot see: names that must exist, expressions that must be safe.
All problems at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import get_args

from pydantic import BaseModel, ValidationError

from kpilab.case.document import Document
from kpilab.case.spec import AnyTable, CaseSpec, MetricSpec
from kpilab.core.tree import MetricTree
from kpilab.core.values import duration
from kpilab.engine.expression import is_predicate, parse_measure, parse_predicate
from kpilab.errors import BadInput, Problem, nearest, several, unknown_problem

KINDS: dict[str, type[BaseModel]] = {
    str(get_args(m.model_fields["kind"].annotation)[0]): m for m in get_args(get_args(AnyTable)[0])
}


def read_spec(document: Document) -> CaseSpec:
    """The typed spec of a document.

    Raises:
        BadInput: with every problem of types, keys, names and expressions found.
    """
    try:
        spec = CaseSpec.model_validate(document.data)
    except ValidationError as error:
        raise several(_shape_problems(error, document)) or error from None
    except RecursionError:
        raise BadInput("nested too deeply", document.file, "a case.yml is flat") from None
    error = several(_problems(spec, document))
    if error:
        raise error
    return spec


def _shape_problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    for fault in error.errors(include_url=False):
        path = _without_tag(fault["loc"])
        where = document.at(*path)
        kind, given = fault["type"], fault.get("input")
        if kind == "extra_forbidden":
            problem = unknown_problem("key", path[-1], _known_keys(fault["loc"]), where)
            yield problem
        elif kind == "missing":
            yield Problem(f"key {str(path[-1])!r} is missing", where, "add it; see the case format")
        elif kind.startswith("union_tag"):
            yield Problem(
                f"table has no known kind ({_short(given)})",
                where,
                f"set `kind` to one of {sorted(KINDS)}",
            )
        elif kind.startswith("date"):
            yield Problem(
                f"{_short(given)} is not a date", where, "write a date that exists as YYYY-MM-DD"
            )
        else:
            yield Problem(
                f"{_short(given)}: {fault['msg'].removeprefix('Value error, ')}",
                where,
                "correct the value; see the case format",
            )


def _without_tag(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Pydantic puts the table's kind into the path; people do not."""
    return (*loc[:2], *loc[3:]) if len(loc) > 2 and loc[0] == "tables" and loc[2] in KINDS else loc


def _known_keys(loc: tuple[str | int, ...]) -> list[str]:
    model: object = CaseSpec
    if len(loc) > 2 and loc[0] == "tables":
        model, loc = KINDS[str(loc[2])], loc[3:]
    for part in loc[:-1]:
        fields = getattr(model, "model_fields", {})
        if part in fields:
            model = fields[part].annotation
        model = next((a for a in _inner(model) if hasattr(a, "model_fields")), model)
    return [f.alias or n for n, f in getattr(model, "model_fields", {}).items()]


def _inner(annotation: object) -> Iterator[object]:
    yield annotation
    for argument in get_args(annotation):
        yield from _inner(argument)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _problems(spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    for name, metric in spec.metrics.items():
        yield from _metric(name, metric, spec, doc)
    yield from _goal(spec, doc)
    yield from _customer(spec, doc)
    known = [*spec.metrics, *spec.tree]
    for k, kpi in enumerate(spec.kpis):
        yield from _known("metric", kpi.metric, spec.metrics, doc.at("kpis", k, "metric"))
        if kpi.parent:
            yield from _known("metric", kpi.parent, known, doc.at("kpis", k, "parent"))
    for k, metric in enumerate(spec.dashboard):
        yield from _known("metric", metric, known, doc.at("dashboard", k))
    for name in spec.targets:
        yield from _known("metric", name, spec.metrics, doc.at("targets", name))
    for k, pair in enumerate(spec.reconcile):
        yield from _known("metric", pair.logged, spec.metrics, doc.at("reconcile", k, "logged"))
        yield from _known("metric", pair.books, spec.metrics, doc.at("reconcile", k, "books"))
    yield from _funnels(spec, doc)
    yield from _definitions(spec, doc)
    yield from _experiments(spec, doc)


def _metric(name: str, metric: MetricSpec, spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    if metric.table is None:
        return
    yield from _known("table", metric.table, spec.tables, doc.at("metrics", name, "table"))
    for key in ("measure", "numerator", "denominator"):
        text = getattr(metric, key)
        if text is not None:
            yield from _tried(_linked(parse_measure), text, doc.at("metrics", name, key))
    if metric.where is not None:
        yield from _tried(_linked(parse_predicate), metric.where, doc.at("metrics", name, "where"))


def _customer(spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    if spec.customer is None:
        return
    entities = [name for name, table in spec.tables.items() if table.kind == "entities"]
    yield from _known("table of kind entities", spec.customer.table, entities, doc.at("customer"))
    if spec.customer.amount is not None:
        yield from _known(
            "metric", spec.customer.amount, spec.metrics, doc.at("customer", "amount")
        )
    if spec.customer.contract == "month" and not _whole_months(spec):
        what = "customers are billed by the month, and the periods are no whole months"
        hint = "give periods of whole months, or leave `contract` out"
        yield Problem(what, doc.at("customer", "contract"), hint)


def _whole_months(spec: CaseSpec) -> bool:
    days = spec.periods.baseline, spec.periods.current
    return all(d[0].day == 1 and (d[1] + timedelta(days=1)).day == 1 for d in days)


def _goal(spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    yield from _known("metric", spec.goal.metric, spec.metrics, doc.at("goal", "metric"))
    try:
        tree = metric_tree(spec)
    except BadInput as error:
        for problem in error.problems:
            node = problem.where.removeprefix("formula of ").strip("'")
            yield Problem(problem.what, doc.at(*_formula_at(spec, node)), problem.hint)
        return
    for node in tree.nodes:
        for child in tree.children(node):
            yield from _known(
                "metric", child, [*spec.metrics, *spec.tree], doc.at(*_formula_at(spec, node))
            )


def _formula_at(spec: CaseSpec, node: str) -> tuple[str, ...]:
    """Where in case.yml the formula of a node stands."""
    if node in spec.tree:
        return "tree", node
    own = (
        node in spec.metrics
        and spec.metrics[node].formula
        and not (node == spec.goal.metric and spec.goal.formula)
    )
    return ("metrics", node, "formula") if own else ("goal", "formula")


def metric_tree(spec: CaseSpec) -> MetricTree:
    """The goal's tree; a goal without a formula is a tree of one leaf."""
    formulas = {name: m.formula for name, m in spec.metrics.items() if m.formula} | spec.tree
    if spec.goal.formula is not None:
        return MetricTree.parse(spec.goal.metric, spec.goal.formula, formulas)
    if spec.goal.metric in formulas:
        return MetricTree.parse(spec.goal.metric, formulas.pop(spec.goal.metric), formulas)
    return MetricTree(spec.goal.metric, {})


def _funnels(spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    events = [name for name, table in spec.tables.items() if table.kind == "events"]
    for name, funnel in spec.funnels.items():
        yield from _known(
            "table of kind events", funnel.table, events, doc.at("funnels", name, "table")
        )
        yield from _tried(duration, funnel.within, doc.at("funnels", name, "within"))
        for key in ("strict_deduplication", "strict_increase"):
            if funnel.mode == "unordered" and getattr(funnel, key):
                what = "unordered steps have no step before them"
                yield Problem(what, doc.at("funnels", name, key), f"drop {key}, or mode")
        if funnel.strict_deduplication and len(funnel.steps) < 3:
            what = f"of {len(funnel.steps)} steps no repeat stops a pass"
            where = doc.at("funnels", name, "strict_deduplication")
            yield Problem(what, where, "name three steps, or drop it")


def _definitions(spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    for k, definition in enumerate(spec.definitions):
        if definition.table is not None:
            yield from _known(
                "table", definition.table, spec.tables, doc.at("definitions", k, "table")
            )
        if definition.measure is not None:
            yield from _tried(
                _linked(parse_measure), definition.measure, doc.at("definitions", k, "measure")
            )


def _experiments(spec: CaseSpec, doc: Document) -> Iterator[Problem]:
    tables = [name for name, table in spec.tables.items() if table.kind == "assignments"]
    for name, test in spec.experiments.items():
        at: Callable[..., str] = lambda *key, name=name: doc.at("experiments", name, *key)  # noqa: E731
        yield from _known("table of kind assignments", test.assignments, tables, at("assignments"))
        yield from _known("variant", test.control, test.split, at("control"))
        for key, text in (("outcome", test.outcome), ("exposure", test.exposure)):
            # What does not read as a condition is the name of an event; whether there is one, the
            # rows say.
            if text not in spec.metrics and is_predicate(text):
                yield from _tried(_linked(parse_predicate), text, at(key))
        if abs(sum(test.split.values()) - 1) > 1e-6:
            yield Problem(
                f"split adds up to {sum(test.split.values()):g}",
                at("split"),
                "make the shares add up to 1",
            )
        if test.decided_on and test.decided_on < test.start:
            yield Problem(
                f"decided on {test.decided_on}, before it started",
                at("decided_on"),
                f"give a day from {test.start} on",
            )
        if test.window is not None:
            yield from _tried(_whole_days, test.window, at("window"))
        for k, metric in enumerate(test.covariates):
            yield from _known("metric", metric, spec.metrics, at("covariates", k))
        for metric in test.guardrails:
            yield from _known("metric", metric, spec.metrics, at("guardrails"))


def _whole_days(text: str, where: str) -> timedelta:
    length = duration(text, where)
    if length % timedelta(days=1):
        raise BadInput(
            f"window {text!r} is no number of days", where, "give whole days, e.g. '14d'"
        )
    return length


def _linked(parse: Callable[..., object]) -> Callable[[str, str], object]:
    """The parser where columns of linked tables may be named."""
    return lambda text, where: parse(text, where, linked=True)


def _known(noun: str, name: str, known: Iterable[str], where: str) -> Iterator[Problem]:
    if name not in known:
        yield Problem(f"no {noun} named {name!r}", where, nearest(name, known))


def _tried(parse: Callable[[str, str], object], text: str, where: str) -> Iterator[Problem]:
    try:
        parse(text, where)
    except BadInput as error:
        yield Problem(error.what, where, error.hint)
