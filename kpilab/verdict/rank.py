"""Which candidates are said: precedence between kinds, multiplicity of the whole review, size,
confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kpilab.core.case import Case
from kpilab.core.values import Effect
from kpilab.verdict.bridge import Worth, effect
from kpilab.verdict.candidate import Candidate
from kpilab.verdict.tuned import ALONE, ALPHA, CONFIDENCE, MOST_REJECTED

INSIDE = ("local_regression", "mix_shift", "untracked_leak", "driver_decline")


def rank(
    case: Case, candidates: Sequence[Candidate], tests: int, model: Worth
) -> tuple[list[Candidate], list[Candidate]]:
    """Candidates the review stands behind, best first, and those it rejects.

    Args:
        candidates: of all kinds.
        tests: how many questions the whole review asked; Holm's correction counts them all.
        model: the formula, for the size in goal units.
    """
    competing, rejected = _compete(candidates)
    ordered = sorted(competing, key=lambda c: 0.0 if c.p is None else c.p)
    stated: list[Candidate] = []
    asked = tests
    for candidate in ordered:
        corrected = candidate.corrected
        if corrected is None and candidate.p is not None:
            corrected = min(1.0, candidate.p * max(asked, 1))
        asked -= 1 if candidate.p is not None else 0
        if (corrected is not None and corrected > ALPHA and not candidate.settled) or _small(
            case, candidate, model
        ):
            rejected.append(_confident(candidate, min(MOST_REJECTED, 1 - (corrected or 0.6))))
            continue
        confidence = candidate.cause.confidence if corrected is None else _confidence(corrected)
        stated.append(_confident(candidate, confidence))
    return sorted(stated, key=lambda c: _order(model, c), reverse=True), rejected


def _compete(candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Where two explanations compete for the same movement, the more specific takes it."""
    kept, lost = [], []
    for candidate in candidates:
        rivals = [c for c in candidates if c is not candidate]
        yields = candidate.cause.kind in INSIDE and any(_explained_by(candidate, r) for r in rivals)
        (lost if yields else kept).append(candidate)
    return kept, lost


def _explained_by(candidate: Candidate, rival: Candidate) -> bool:
    kind, cause = rival.cause.kind, candidate.cause
    if kind == "wrong_kpi":
        # Sign-ups that never become active dilute the rates where they were pumped.
        if any(cause.where.values.get(d) == v for d, v in rival.cause.where.values.items()):
            return True
        rest = next(
            (change for place, change in candidate.outside if place == rival.cause.where), None
        )
        return rest is not None and (rest.value >= 0 or rest.p > ALONE)
    if kind in ("contraction", "price_erosion") and not cause.where and not rival.cause.where:
        # Who buys or pays less lowers what a row brings: one fall, told by what is clearer.
        clearer = candidate.p is not None and rival.p is not None and rival.p < candidate.p
        return clearer and _meet(candidate.effect, rival.effect)
    if kind.startswith("ab_") and not cause.where and rival.rate_effect is not None:
        return abs(candidate.rate_effect or 0.0) <= abs(rival.rate_effect)
    return False


def _meet(one: Effect | None, other: Effect | None) -> bool:
    """Whether two sizes of one sign may be one."""
    if one is None or other is None or one.value * other.value <= 0:
        return False
    (a, b), (c, d) = _ends(one), _ends(other)
    return a <= d and c <= b


def _ends(size: Effect) -> tuple[float, float]:
    if size.low is None or size.high is None:
        return size.value, size.value
    return size.low, size.high


def is_gain(case: Case, candidate: Candidate) -> bool:
    """Whether the goal would be worse without it."""
    return candidate.effect is not None and not case.is_loss(candidate.effect.value)


def _size(model: Worth, candidate: Candidate) -> float | None:
    """What a candidate made of the goal; None outside the formula."""
    if candidate.effect is not None:
        return candidate.effect.value
    return None if candidate.fix is None else effect(model, candidate.fix).value


def _small(case: Case, candidate: Candidate, model: Worth) -> bool:
    """Below the case's floor; causes outside the formula have no size in goal units."""
    size = _size(model, candidate)
    if size is None:
        return False
    base = abs(model.goal(()) - size)
    return bool(base) and 100 * abs(size) / base < case.floor


def _confidence(corrected: float) -> float:
    return next(
        (confidence for limit, confidence in CONFIDENCE if corrected <= limit), CONFIDENCE[-1][1]
    )


def _confident(candidate: Candidate, confidence: float) -> Candidate:
    return replace(
        candidate, cause=replace(candidate.cause, confidence=float(np.round(confidence, 3)))
    )


def _order(model: Worth, candidate: Candidate) -> tuple[float, float]:
    """Causes of the goal's gap by size first, then the others by confidence."""
    size = _size(model, candidate)
    if size is None:
        size = candidate.cause.effect.value if candidate.cause.effect else 0.0
    return abs(size), candidate.cause.confidence
