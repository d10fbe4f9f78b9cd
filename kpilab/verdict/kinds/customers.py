"""What customers did: who left, bought less, came in smaller numbers or is worth less, and how few
carry it. Where a place moved and its customers did so too, they name the place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kpilab.analysis.customers.concentration import ConcentrationResult
from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message, Where
from kpilab.verdict.candidate import Candidate, percent
from kpilab.verdict.customers import CustomerSignal
from kpilab.verdict.evidence import Evidence, Signalled
from kpilab.verdict.kinds import place
from kpilab.verdict.tuned import ALPHA, MOST_OF_IT

LESS = ("retention_decline", "contraction", "acquisition_quality")
PULLED, FEW = "pull_forward", "concentration"
PRICE, RATE = "price_erosion", "local_regression"
PLAIN = ("volume_decline", RATE)


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """Places and customers as one list: no movement is said twice."""
    places = place.judge(case, evidence)
    pulled = [s for s in evidence.signals if s.signal.kind == PULLED]
    others = [s for s in evidence.signals if s not in pulled]
    signals = list(_strongest(others, evidence))
    if was_pulled(evidence):
        signals = [s for s in signals if s.signal.where or not case.is_loss(s.signal.effect.value)]
    found: list[Candidate] = []
    for candidate in places:
        named = [s for s in signals if _same(candidate.cause, s)]
        few = [s for s in named if _few_stand(s, evidence)]
        if few:
            continue  # the customers are the place
        named = [s for s in named if s.signal.kind != FEW]
        if _unsure(candidate.corrected):
            # A place that will not be said itself takes no name from what will.
            named = [s for s in named if _unsure(corrected(evidence, s))]
        found.append(_named(candidate, named[0], evidence) if named else candidate)
        signals = [s for s in signals if s not in named]
    return found + [_candidate(case, evidence, s) for s in (*signals, *pulled)]


def was_pulled(evidence: Evidence) -> bool:
    """Whether a trough after a peak stands: what everybody lacks in it is said once."""
    pulled = (s for s in evidence.signals if s.signal.kind == PULLED)
    return any(corrected(evidence, s) <= ALPHA for s in pulled)


def _strongest(signals: Sequence[Signalled], evidence: Evidence) -> Iterator[Signalled]:
    """Of several signals about one segment the clearest; few customers who stand out by themselves
    before segments they are in."""
    ordered = sorted(signals, key=lambda s: (not _few_stand(s, evidence), s.signal.p))
    kept: list[Signalled] = []
    for one in ordered:
        alike = [k for k in kept if _alike(k, one)]
        if not alike:
            kept.append(one)
            yield one


def _few_stand(signalled: Signalled, evidence: Evidence) -> bool:
    """Whether these are few customers who carry the loss, among all that the review asked."""
    return signalled.signal.kind == FEW and corrected(evidence, signalled) <= ALPHA


def _alike(kept: Signalled, one: Signalled) -> bool:
    a, b = kept.signal, one.signal
    if a.effect.value * b.effect.value <= 0:
        return False
    if FEW in (a.kind, b.kind):
        few, many = (a, b) if a.kind == FEW else (b, a)
        return _carry(few, many)
    return _overlap(a.where, b.where)


def _carry(few: CustomerSignal, many: CustomerSignal) -> bool:
    """Whether few customers and a segment are one movement: those who left are none of those who
    stayed and bought less."""
    told = few.result.table if isinstance(few.result, ConcentrationResult) else None
    if told is not None and many.kind == "contraction":
        left = told.loc[told["now"] <= 0, "lost"].sum()
        if left >= MOST_OF_IT * told["lost"].sum():
            return False
    return abs(few.effect.value) >= MOST_OF_IT * abs(many.effect.value)


def _overlap(first: Where, second: Where) -> bool:
    """Whether one of two places lies in the other: each value of the wider one in the narrower."""
    a, b = dict(first.values), dict(second.values)
    wide, narrow = (a, b) if len(a) <= len(b) else (b, a)
    return all(d in narrow and set(v) & set(narrow[d]) for d, v in wide.items())


def _same(cause: Cause, signalled: Signalled) -> bool:
    """Whether a place and a signal say one movement."""
    signal, size = signalled.signal, cause.effect
    if size is None or size.value * signal.effect.value <= 0:
        return False
    if signal.kind == FEW:
        return abs(signal.effect.value) >= MOST_OF_IT * abs(size.value)
    return _overlap(cause.where, signal.where)


def _unsure(p: float | None) -> bool:
    return p is not None and p > ALPHA


def _named(candidate: Candidate, signalled: Signalled, evidence: Evidence) -> Candidate:
    """The place, called by what its customers did unless something else there explains it; as sure
    as the clearer of the two where both say this place."""
    cause, kind = candidate.cause, signalled.signal.kind
    kinds = (cause.kind, *cause.alternatives)
    first = cause.kind in PLAIN and _tells(cause, signalled)
    kinds = (kind, *kinds) if first else (*kinds, kind)
    values = dict(cause.action.values) if cause.action else {}
    named = replace(
        cause,
        kind=kinds[0],
        alternatives=tuple(dict.fromkeys(kinds[1:])),
        findings=(*cause.findings, signalled.finding),
        action=Message(f"action.{kinds[0]}", values),
    )
    sure = candidate.corrected
    if sure is not None and cause.where == signalled.signal.where:
        sure = min(sure, corrected(evidence, signalled))
    return replace(candidate, cause=named, corrected=sure)


def _tells(cause: Cause, signalled: Signalled) -> bool:
    """Whether it is told from less of everything there: who cancels a contract has left, while
    fewer orders of a place look like customers who stay away, and like those who buy less. A lower
    price makes no fewer rows."""
    if signalled.signal.kind == PRICE:
        return cause.kind == RATE
    return signalled.signal.kind not in LESS or signalled.signal.contract


def _candidate(case: Case, evidence: Evidence, signalled: Signalled) -> Candidate:
    signal = signalled.signal
    own = signal.effect.unit in ("", case.goal.metric)
    size = replace(signal.effect, unit=case.goal.metric) if own else None
    now = evidence.goal.current if evidence.goal else 0.0
    values: dict[str, object] = {"where": signal.where, "driver": signal.subject}
    cause = Cause(
        signal.kind,
        signal.subject,
        "root_cause",
        signal.statement,
        0.0,
        where=signal.where,
        period=signal.period or case.current,
        effect=signal.effect,
        effect_pct=None if size is None else percent(size, now),
        effect_on=signal.effect.unit or case.goal.metric,
        findings=(signalled.finding,),
        action=Message(f"action.{signal.kind}", values),
    )
    told = None if signal.by_chance is None else corrected(evidence, signalled)
    return Candidate(cause, signal.p, effect=size, corrected=told)


def corrected(evidence: Evidence, signalled: Signalled) -> float:
    """p for everything the review looked at. What must hold several times over is unlikely by
    chance alone, and where one part of it is true, the others still have to be."""
    signal = signalled.signal
    by_chance = signal.p if signal.by_chance is None else signal.by_chance
    return max(signal.p, min(1.0, by_chance * max(evidence.questions, 1)))
