"""Names that have a new one: the old ones work one release more, with a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar
from warnings import warn

P = ParamSpec("P")
R = TypeVar("R")

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


def keywords(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Lets the function behind a public name take the keywords it took before."""

    def takes_old(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            if KEYWORDS[name].keys() & kwargs.keys():
                return function(*args, **_renamed(name, kwargs))  # pyright: ignore[reportCallIssue]
            return function(*args, **kwargs)

        return called

    return takes_old


def _renamed(name: str, given: Mapping[str, object]) -> dict[str, object]:
    """Keywords by their new names; who gives both is refused."""
    found = {k: v for k, v in given.items() if k not in KEYWORDS[name]}
    for old in given.keys() - found.keys():
        new = KEYWORDS[name][old]
        warned(f"{name}({old}=)", f"{name}({new}=)", above=2)
        if new in found:
            raise TypeError(f"{name}() got {new!r} and its old name {old!r}")
        found[new] = given[old]
    return found


def warned(old: str, new: str, *, above: int = 1) -> None:
    """Warns whoever stands `above` calls over the caller of this function."""
    warn(
        f"{old} is now {new}; the old name goes with the next release",
        DeprecationWarning,
        above + 2,
    )
