"""Actions as people type them: checked against the case, then kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from kpilab.core.case import Case
from kpilab.core.values import Where
from kpilab.errors import BadInput, Problem, several, unknown_problem
from kpilab.track.records import Aim
from kpilab.track.store import Store


@dataclass(frozen=True, slots=True)
class Plan:
    """An action as text: who does what by when, and what should move by how many per cent.

    Attributes:
        due: ISO day. where: texts of the form dimension=value; several values of one dimension mean
            any of them.
        expected: change hoped for, in per cent. cause: id of a stored cause.
    """

    what: str
    owner: str
    due: str | None = None
    metric: str | None = None
    where: tuple[str, ...] = ()
    expected: float | None = None
    experiment: str | None = None
    cause: int | None = None


def add(store: Store, case: Case, plan: Plan) -> int:
    """Check a plan against the case and keep it; the action's id.

    Raises:
        BadInput: an unknown metric, dimension or experiment, a day that is none, or an effect
            without a metric.
    """
    where = segment(plan.where)
    error = several(_problems(case, plan, where))
    if error:
        raise error
    return store.add_action(
        case.name,
        plan.what,
        owner=plan.owner,
        due=day(plan.due, "--due") if plan.due else None,
        aim=Aim(
            plan.metric,
            where,
            None if plan.expected is None else plan.expected / 100,
            plan.experiment,
        ),
        cause=plan.cause,
    )


def day(text: str, where: str) -> date:
    """A day from ISO text.

    Raises:
        BadInput: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a day", where, "write YYYY-MM-DD") from None


def segment(texts: tuple[str, ...]) -> Where:
    """A segment from texts such as "platform=android".

    Raises:
        BadInput: a text without "=".

    Example:
        >>> segment(("city=Rome", "city=Oslo")).plain()
        {'city': ['Rome', 'Oslo']}
    """
    values: dict[str, tuple[object, ...]] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise BadInput(
                f"{text!r} names no segment",
                "--where",
                "write dimension=value, e.g. platform=android",
            )
        values[name.strip()] = (*values.get(name.strip(), ()), value.strip())
    return Where(values)


def _problems(case: Case, plan: Plan, where: Where) -> list[Problem]:
    metric = case.metrics.get(plan.metric or "")
    problems = []
    if plan.metric is not None and metric is None:
        problems.append(unknown_problem("metric", plan.metric, case.metrics, "--metric"))
    if plan.experiment is not None and plan.experiment not in case.experiments:
        problems.append(
            unknown_problem("experiment", plan.experiment, case.experiments, "--experiment")
        )
    if plan.metric is None and plan.experiment is None and (plan.expected is not None or where):
        problems.append(
            Problem("an effect is expected, but of no metric", "--metric", "name the metric")
        )
    known = case.tables[metric.table].table.columns if metric else ()
    problems += [
        unknown_problem("dimension", d, known, "--where")
        for d in where.values
        if metric and d not in known
    ]
    return problems
