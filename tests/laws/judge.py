"""A call's answer under a variant, and what is wrong with it under a law."""

from __future__ import annotations

import tempfile
import traceback
import warnings
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kpilab.core.result import Result
from kpilab.errors import KpilabError
from kpilab.show import say
from tests.laws.catalogue import ENTRIES
from tests.laws.compare import Leaf, differences, leaves
from tests.laws.excuses import FAILING
from tests.laws.given import AS_IT_IS, Given, Variant
from tests.laws.relations import OTHERWISE, RELATIONS, Trial, together

ABOUT_MISSING = ("notes", "left_out", "unread", "missing", "headline.left_out")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a call gave: leaves, or words of refusal, or a crash."""

    leaves: list[Leaf]
    refused: str = ""
    crash: str = ""


def answer(name: str, variant: Variant, *, about_missing: bool = False) -> Answer:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            given = Given(ENTRIES[name].tables, variant, Path(folder))
            result = ENTRIES[name].call(given)
            if isinstance(result, Result):
                for lang in ("en", "zh"):
                    say(result.headline, lang)
            return Answer(list(leaves(besides_missing(result) if about_missing else result)))
        except KpilabError as error:
            return Answer([], refused=str(error))
        except Exception as error:  # noqa: BLE001  # a crash of any kind is what is looked for
            return Answer([], crash=told_crash(error))


def besides_missing(result: Any) -> Any:
    """An experiment without its check of units that have no variant."""
    checks = getattr(result, "checks", None)
    return (
        result if checks is None else replace(result, checks=checks[checks["check"] != "unnamed"])
    )


def told_crash(error: Exception) -> str:
    """What a crash says, and the last place of ours on its way."""
    frames = traceback.extract_tb(error.__traceback__)
    at = next(
        (f for f in reversed(frames) if "/kpilab/" in f.filename and "/tests/" not in f.filename),
        frames[-1],
    )
    words = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}: {words}"[:200]


@cache
def base(name: str) -> Answer:
    return answer(name, AS_IT_IS)


def trials(name: str, relation: str) -> list[Trial]:
    """Every way in which a function is tried under a law;
    none where it has no such data or is excused."""
    asked = ENTRIES[name]
    found = [] if relation in asked.without else RELATIONS[relation](asked.tables)
    return [t for t in found if f"{relation}: {t.change.name}" not in asked.without]


def at_once(name: str, turn: int) -> Trial | None:
    """One way of each law that keeps the answer, all together; None where there is none."""
    chosen = [
        found[turn % len(found)]
        for r in OTHERWISE
        if (found := trials(name, r)) and (name, r) not in FAILING
    ]
    return Trial(together([t.change for t in chosen])) if chosen else None


def faults(name: str, trial: Trial) -> list[str]:
    """What is wrong; empty if the law holds."""
    first = base(name)
    if first.crash or first.refused:
        return [f"as it is: {first.crash or first.refused}"]
    found = answer(name, trial.change, about_missing=trial.about_missing)
    if found.crash:
        return [found.crash]
    if found.refused:
        return [] if trial.refusal else [f"refused: {found.refused}"]
    told = []
    # The answer as it is is known already.
    for like in sorted(trial.like, key=lambda like: like is not AS_IT_IS):
        told.append(_told(first if like is AS_IT_IS else answer(name, like), found, trial))
        if not told[-1]:
            break
    return min(told, key=len, default=[]) + (findings(found.leaves) if trial.nothing else [])


def _told(right: Answer, found: Answer, trial: Trial) -> list[str]:
    if right.crash or right.refused:
        return [f"the like: {right.crash or right.refused}"]
    a, b = ([leaf for leaf in side.leaves if not _besides(leaf, trial)] for side in (right, found))
    return differences(a, b, trial.change.names, trial.change.factor)


def _besides(leaf: Leaf, trial: Trial) -> bool:
    return trial.about_missing and any(word in leaf[0] for word in ABOUT_MISSING)


# Sentences and marks by which an answer claims to have found something.
CLAIMS = {
    "funnel.changed", "paths_change.differs", "gaps.lost", "gaps.lost_unconfirmed", "outages.found",
    "reconcile.differ",
    "restatement.restated", "definitions.changed", "definitions.jumped", "relate.related_lag",
    "relate.related_now",
    "screen.some", "correlate.some", "goodhart.weaker", "goodhart.changed", "panel.related",
    "panel.ecological",
    "surge.hollow", "market.market", "market.own", "market.both", "counterfactual.effect",
    "split.most",
    "localise.found", "localise.found_several", "dating.step", "dating.gradual", "ratemix.simpson",
    "ratemix.simpson_points", "nextsplit.best", "evidence.mismatch", "bunching.bunched",
    "heaping.found",
    "timing.rush", "experiment.ship_gain", "experiment.stop_harm", "subgroups.differs",
    "course.crossed",
    "arrivals.lost", "ages.novelty", "ages.primacy", "rereading.srm", "rereading.novelty",
    "rereading.peeking",
    "control.outside", "levels.against",
}  # fmt: skip
MARKS = ("flagged", "outside", "significant", "jumped", "trouble", "simpson")


def findings(told: list[Leaf]) -> list[str]:
    """Whatever an answer claims to have found."""
    return [f"{p} = {v!r}" for p, v in told if _claims(p, v)][:8]


def _claims(path: str, value: object) -> bool:
    name = path.rsplit(".", 1)[-1].split("[")[0]
    if path.endswith("causes.len"):
        return value != 0
    if isinstance(value, float) and name in ("p", "q"):
        return value < 0.01
    return value in CLAIMS if name == "key" else value is True and name in MARKS
