"""Names that have a new one: the old ones work one release more, with a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from inspect import BoundArguments, signature
from typing import Any, ParamSpec, TypeVar, cast
from warnings import warn

P = ParamSpec("P")
R = TypeVar("R")
PATH = ("unit", "timeout", "collapse")
DECIDED = (
    "experiment", "split", "start", "planned_days", "decided_on", "looks", "boundary", "shipped",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Keywords that are now fields of a noun, which is given for `argument`."""

    argument: str
    noun: str
    fields: tuple[str, ...]


# Name that was at the top of the package -> where it is now.
NAMES = {
    "Incidents": "operations.Incidents",
    "Units": "experiments.Units",
    "Outcome": "experiments.Outcome",
    "Design": "experiments.Design",
    "Step": "events.Step",
    "Breakdown": "events.Breakdown",
    "Exclusion": "events.Exclusion",
    "funnel_change": "events.funnel_change",
    "dropoff": "events.dropoff",
    "blindspots": "events.blindspots",
    "paths_change": "events.paths_change",
    "step_matrix": "events.step_matrix",
    "Gap": "events.Gap",
    "sequences": "events.sequences",
    "activity": "events.activity",
    "relate": "relation.relate",
    "screen": "relation.screen",
    "panel": "relation.panel",
    "goodhart": "relation.goodhart",
    "surge": "relation.hollow_growth",
    "explore": "rootcause.explore",
    "history": "rootcause.history",
    "clustered": "rootcause.user_intervals",
    "dating": "rootcause.changepoint",
    "ratemix": "rootcause.ratemix",
    "nextsplit": "rootcause.next_split",
    "conflicts": "relation.conflicts",
    "counterfactual": "external.counterfactual",
    "audit": "execution.audit",
    "sample": "execution.audit_sample",
    "priority": "execution.priority",
    "write_worksheet": "execution.write_worksheet",
    "read_worksheet": "execution.read_worksheet",
    "bunching": "execution.bunching",
    "heaping": "execution.heaping",
    "timing": "execution.timing",
    "gaps": "data.missing_rows",
    "outages": "data.outages",
    "reconcile": "data.reconcile",
    "restatement": "data.restatement",
    "Measured": "data.Measured",
    "registry": "data.registry",
    "smart": "relation.smart",
    "subgroups": "experiments.subgroups",
    "course": "experiments.cumulative_effect",
    "ages": "experiments.effect_by_age",
    "arrivals": "experiments.sample_ratio",
    "reread": "experiments.reanalysis",
    "oee": "operations.oee",
    "Machines": "operations.Machines",
    "control": "operations.control",
    "response": "operations.response",
    "fair": "operations.fair_targets",
    "targets": "operations.targets",
    "pace": "operations.pace",
    "incentives": "operations.incentives",
    "Tier": "operations.Tier",
    "claims": "execution.claims",
    "levels": "relation.kpi_cascade",
    "Store": "loop.Store",
}

# Public name -> keyword it took -> keyword it takes.
KEYWORDS: dict[str, dict[str, str]] = {
    "BadInput": {"mend": "hint"},
    "funnel": {"by": "unit"},
    "funnel_change": {"by": "unit"},
    "paths": {"by": "unit", "gap": "timeout"},
    "paths_change": {"by": "unit", "gap": "timeout"},
    "sequences": {"after": "at_least"},
    "step_matrix": {"by": "unit", "gap": "timeout"},
    "fair_targets": {"within": "strata"},
    "targets": {"levels": "dimensions", "history": "measured"},
    "cumulative_effect": {"planned": "planned_units"},
    "split": {"dimension": "by"},
    "experiment": {"who": "assignments", "segments": "by"},
    "effect_by_age": {"found": "moments"},
    "localise": {"data": "facts"},
    "user_intervals": {"data": "facts"},
    "oee": {"table": "facts"},
    "plan": {"history": "units"},
    "panel": {"data": "rows"},
    "counterfactual": {"data": "rows"},
    "changepoint": {"days": "rows"},
    "next_split": {"segments": "rows"},
    "ratemix": {"segments": "rows", "spread": "dispersion"},
    "hollow_growth": {"counts": "rows"},
    "claims": {"claimed": "rows"},
    "incentives": {"outlook": "rows"},
}

# Public name -> the argument and the noun (`.room.Name`) that now hold keywords it took.
GROUPED: dict[str, tuple[Group, ...]] = {
    "funnel": (Group("steps", "Steps", ("unit", "mode", "exclude", "reuse_event")),),
    "funnel_change": (Group("steps", "Steps", ("unit", "mode", "exclude")),),
    "paths": (Group("ways", "Ways", (*PATH, "length", "through", "minimum", "most")),),
    "paths_change": (Group("ways", "Ways", (*PATH, "length", "most")),),
    "step_matrix": (
        Group("around", "Point", ("occurrence", "offset")),
        Group("path", "Path", PATH),
    ),
    "retention": (Group("back", "Return", ("how", "brackets")),),
    "relate": (Group("calendar", "Calendar", ("events",)),),
    "correlate": (Group("calendar", "Calendar", ("events",)),),
    "screen": (Group("calendar", "Calendar", ("events",)),),
    "counterfactual": (Group("method", "Estimator", ("seed",)),),
    "experiment": (Group("design", "Design", ("name", "covariates")),),
    "plan": (Group("simulations", "Simulations", ("seed",)),),
    "localise": (
        Group("measure", "Rate", ("numerator", "denominator")),
        Group("search", "Search", ("deepest", "alpha", "material")),
    ),
    "reanalysis": (Group("decision", "Decision", DECIDED),),
    "targets": (Group("method", "Weights", ("potential",)),),
    "Store.add_action": (Group("aim", "Aim", ("metric", "where", "expected", "experiment")),),
}


def keywords(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Lets the function behind a public name take the keywords it took before."""

    def takes_old(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if not gone & kwargs.keys():
                return function(*args, **kwargs)
            given = _renamed(name, kwargs)
            bound = takes.bind_partial(*args, **{k: v for k, v in given.items() if k not in inner})
            for group in GROUPED.get(name, ()):
                _grouped(group, {k: given[k] for k in group.fields if k in given}, bound)
            for field in inner & kwargs.keys():
                warned(f"{name}({field}=)", _now(name, field))
            return function(*bound.args, **bound.kwargs)

        inner = {field for group in GROUPED.get(name, ()) for field in group.fields}
        gone, takes = KEYWORDS.get(name, {}).keys() | inner, signature(function)
        return called

    return takes_old


def _renamed(name: str, given: Mapping[str, object]) -> dict[str, object]:
    """Keywords by their new names; who gives both is refused."""
    renamed = KEYWORDS.get(name, {})
    found = {k: v for k, v in given.items() if k not in renamed}
    for old in given.keys() - found.keys():
        new = renamed[old]
        warned(f"{name}({old}=)", _now(name, new), above=2)
        if new in found:
            raise TypeError(f"{name}() got {new!r} and its old name {old!r}")
        found[new] = given[old]
    return found


def _grouped(group: Group, fields: Mapping[str, object], bound: BoundArguments) -> None:
    """Puts keywords that were taken one by one into their noun."""
    from kpilab.public import thing

    if not fields:
        return
    noun: Any = thing(group.noun)
    plain = bound.arguments.get(group.argument)
    if isinstance(plain, noun):
        whole = replace(cast(Any, plain), **fields)
    else:
        whole = noun(*(() if plain is None else (plain,)), **fields)
    bound.arguments[group.argument] = whole


def _now(name: str, keyword: str) -> str:
    """How a keyword is given now: by itself, or in its noun."""
    for group in GROUPED.get(name, ()):
        if keyword in group.fields:
            return f"{name}({group.argument}={group.noun}({keyword}=))"
    return f"{name}({keyword}=)"


def warned(old: str, new: str, *, above: int = 1) -> None:
    """Warns whoever stands `above` calls over the caller of this function."""
    warn(
        f"{old} is now {new}; the old name goes with the next release",
        DeprecationWarning,
        above + 2,
    )
