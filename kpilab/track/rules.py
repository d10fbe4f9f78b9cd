"""Alarm rules as case.yml writes them under `alarms`, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from kpilab.core.case import Case
from kpilab.core.values import EVERYWHERE, Where, duration
from kpilab.errors import BadInput, Problem, nearest, several, unknown_problem
from kpilab.questions.series import asked_of
from kpilab.stats.operations.next_day import USUAL

Side = Literal["low", "high", "both"]
KEYS = {
    "chart": ("metric", "where", "side", "false_alarms"),
    "pace": ("metric", "where", "target", "below", "above", "after"),
    "freshness": ("table", "within"),
}
NEEDED = {"chart": "metric", "pace": "metric", "freshness": "table"}
AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Chart:
    """Alarm when a day lies outside its control limits, on the side asked for."""

    name: str
    metric: str
    where: Where = EVERYWHERE
    side: Side = "both"
    false_alarms: float = USUAL


@dataclass(frozen=True, slots=True)
class Pace:
    """Alarm when value / due falls below (or, for what should fall, rises above) a limit,
    after some days."""

    name: str
    metric: str
    target: float
    where: Where = EVERYWHERE
    below: float | None = 0.9
    above: float | None = None
    after: timedelta = AFTER


@dataclass(frozen=True, slots=True)
class Freshness:
    """Alarm when the newest row of a table is older than `within`."""

    name: str
    table: str
    within: timedelta


Rule = Chart | Pace | Freshness


def rules(case: Case) -> tuple[Rule, ...]:
    """The alarm rules of a case.

    Raises:
        BadInput: all faults at once, each with its key.
    """
    found: list[Rule] = []
    problems: list[Problem] = []
    for name, body in case.alarms.items():
        try:
            found.append(_rule(case, str(name), body))
        except BadInput as error:
            problems += error.problems
    error = several(problems)
    if error:
        raise error
    return tuple(found)


def _rule(case: Case, name: str, body: object) -> Rule:
    where = f"case.yml, key alarms.{name}"
    if not isinstance(body, Mapping) or body.get("rule") not in KEYS:
        given = body.get("rule") if isinstance(body, Mapping) else body
        raise BadInput(f"no alarm rule {given!r}", f"{where}.rule", f"use one of {list(KEYS)}")
    kind = str(body["rule"])
    error = several(_problems(case, body, kind, where))
    if error:
        raise error
    return _MAKERS[kind](case, name, body, where)


def _problems(case: Case, body: Mapping[Any, Any], kind: str, where: str) -> Iterator[Problem]:
    """Unknown keys, and names that the case does not know."""
    for key in body:
        if key not in (*KEYS[kind], "rule"):
            yield Problem(
                f"unknown key {key!r} of a {kind} rule",
                f"{where}.{key}",
                nearest(str(key), KEYS[kind]),
            )
    needed = NEEDED[kind]
    known = case.metrics if needed == "metric" else case.tables
    if needed not in body:
        yield Problem(f"a {kind} rule names no {needed}", f"{where}.{needed}", nearest("", known))
    elif str(body[needed]) not in known:
        yield unknown_problem(needed, body[needed], known, f"{where}.{needed}")
    elif isinstance(body.get("where"), Mapping):
        columns = case.tables[case.metrics[str(body["metric"])].table].table.columns
        for dimension in body["where"]:
            if dimension not in columns:
                yield unknown_problem("dimension", dimension, columns, f"{where}.where")
    if "where" in body and not isinstance(body["where"], Mapping):
        yield Problem(
            f"{body['where']!r} is no segment", f"{where}.where", "write {dimension: value}"
        )


def _chart(case: Case, name: str, body: Mapping[Any, Any], where: str) -> Chart:
    side = str(body.get("side", "both"))
    if side not in ("low", "high", "both"):
        raise BadInput(f"side {side!r}", f"{where}.side", "use one of ['low', 'high', 'both']")
    chance = _number(body.get("false_alarms", USUAL), f"{where}.false_alarms")
    if not 0 < chance < 0.5:
        raise BadInput(
            f"false_alarms is {chance}",
            f"{where}.false_alarms",
            "give a chance per day, e.g. 0.0027",
        )
    return Chart(name, str(body["metric"]), Where(body.get("where") or {}), side, chance)  # type: ignore[arg-type]


def _pace(case: Case, name: str, body: Mapping[Any, Any], where: str) -> Pace:
    metric = str(body["metric"])
    declared = {name: target for name, _, _, target in reversed(asked_of(case))}
    target = body.get("target", declared.get(metric))
    if target is None:
        raise BadInput(
            f"{metric!r} has no target", f"{where}.target", "give one here, or to the KPI or goal"
        )
    up = case.metrics[metric].better == "up"
    limit = _number(
        body.get("below" if up else "above", 0.9 if up else 1.1),
        f"{where}.{'below' if up else 'above'}",
    )
    if ("above" if up else "below") in body:
        wrong, right = ("above", "below") if up else ("below", "above")
        raise BadInput(
            f"{metric!r} should go {'up' if up else 'down'}", f"{where}.{wrong}", f"use {right!r}"
        )
    after = duration(str(body["after"]), f"{where}.after") if "after" in body else AFTER
    segment = Where(body.get("where") or {})
    wanted = _number(target, f"{where}.target")
    return Pace(name, metric, wanted, segment, limit if up else None, None if up else limit, after)


def _freshness(case: Case, name: str, body: Mapping[Any, Any], where: str) -> Freshness:
    return Freshness(
        name, str(body["table"]), duration(str(body.get("within", "1d")), f"{where}.within")
    )


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{value!r} is no number", where, "give a number")
    return float(value)


_MAKERS: Mapping[str, Callable[[Case, str, Mapping[Any, Any], str], Rule]] = {
    "chart": _chart,
    "pace": _pace,
    "freshness": _freshness,
}
