"""Names that have a new one: the old ones work one release more, with a warning."""

from __future__ import annotations

from warnings import warn

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
    "Store": "track.Store",
}


def warned(old: str, new: str, *, above: int = 1) -> None:
    """Warns whoever stands `above` calls over the caller of this function."""
    warn(
        f"{old} is now {new}; the old name goes with the next release",
        DeprecationWarning,
        above + 2,
    )
