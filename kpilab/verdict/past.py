"""The decided tests of a case, read one by one and added up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kpilab.analysis.experiments.experiment import experiment
from kpilab.analysis.experiments.past import Past
from kpilab.analysis.experiments.programme import ProgrammeResult, programme
from kpilab.analysis.experiments.reanalysis import ReanalysisResult, reanalysis
from kpilab.core.values import Effect, Message, fraction
from kpilab.errors import BadInput, unknown
from kpilab.questions.trial import TrialQuestion, trial
from kpilab.stats.tail import critical
from kpilab.verdict.overlap import overlaps

if TYPE_CHECKING:
    from kpilab.core.case import Case


def programme_of(
    case: Case, *, holdout: Effect | str | None = None, level: float = 0.95, seed: int = 1
) -> ProgrammeResult:
    """Add up what the decided tests of a case achieved together, and find those that changed each
    other's effect.

    Args:
        case: with `experiments`, each with its day of decision and what was decided.
        holdout: as in `programme`; or the id of the test whose control got nothing that was
            shipped. level, seed: as in `programme`.

    Raises:
        BadInput: fewer than three decided tests that can be read again, an unknown hold-out.

    Example:
        >>> import kpilab
        >>> kpilab.experiments.programme_of(kpilab.open_case("data/shop"))
        Traceback (most recent call last):
        kpilab.errors.BadInput: too few decided tests for a programme: 1
          where: programme(rows)
          hint:  give 3 or more
    """
    fraction(level, "programme_of(level=)")
    held, case = held_out(case, holdout, level) if isinstance(holdout, str) else (holdout, case)
    past, notes = past_of(case)
    found = programme(past, holdout=held, level=level, seed=seed)
    return replace(found, notes=notes, interactions=overlaps(case))


def held_out(case: Case, name: str, level: float = 0.95) -> tuple[Effect, Case]:
    """The relative effect of everything that was shipped, as the test `name` shows it, and the case
    without that test."""
    if name not in case.experiments:
        raise unknown("experiment", name, case.experiments, "programme_of(holdout=)")
    asked = trial(case, case.experiments[name])
    read = experiment(*asked.tables, **asked.experiment, ages=False, level=level)
    row = read.table[read.table["treatment"] == read.best].to_dict("records")[0]
    if row["bounds"] != "interval":
        raise BadInput(
            f"the effect of hold-out {name!r} has no interval", "programme_of(holdout=)",
            "give a test whose control has a value, or an Effect",
        )  # fmt: skip
    up = 1 if asked.outcomes[0].better == "up" else -1
    low, high = sorted((up * row["lift_low"], up * row["lift_high"]))
    rest = {k: v for k, v in case.experiments.items() if k != name}
    return Effect(up * row["lift"], low, high), replace(case, experiments=rest)


def past_of(case: Case) -> tuple[list[Past], tuple[Message, ...]]:
    """The decided tests of a case with all their metrics, and a note for each that cannot be
    read."""
    found, notes = list[Past](), list[Message]()
    for test in case.experiments.values():
        try:
            asked = trial(case, test)
            reread = reanalysis(*asked.tables, **asked.reread)
            read = experiment(*asked.tables, **asked.experiment, ages=False)
        except BadInput as error:
            notes.append(Message("programme.left", {"test": test.name, "why": error.what}))
            continue
        first = decided(asked, reread)
        found += [first] if first else []
        mine = read.table[read.table["treatment"] == reread.treatment]
        rows = mine[mine["bounds"] == "interval"].to_dict("records")
        for m, row in ((m, r) for m in asked.outcomes[1:] for r in rows if r["metric"] == m.name):
            error = (row["lift_high"] - row["lift_low"]) / (2 * critical(read.level))
            up = 1 if m.better == "up" else -1
            if first and error > 0:
                found.append(
                    Past(test.name, up * row["lift"], error, first.shipped, m.name, first.decided)
                )
    return found, tuple(notes)


def decided(asked: TrialQuestion, reread: ReanalysisResult) -> Past | None:
    """The deciding metric of a test as it stood at its decision, without a price for looks; None
    where the control had nothing to change."""
    row = reread.curve[reread.curve["decided"]].to_dict("records")[0]
    base = abs(row["rate"])
    error = (row["high"] - row["low"]) / (2 * critical(0.95))
    if not (base > 0 and error > 0 and np.isfinite(error)):
        return None
    up, metric = (1 if asked.outcomes[0].better == "up" else -1), asked.outcomes[0].name
    return Past(
        asked.test.name, up * row["effect"] / base, error / base, asked.shipped, metric,
        asked.decided_on, verdict=reread.verdict, hypothesis=asked.test.hypothesis,
    )  # fmt: skip
