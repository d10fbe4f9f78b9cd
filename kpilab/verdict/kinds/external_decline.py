"""External decline: the market fell, and the volume driver went with it."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Effect, Message
from kpilab.verdict.candidate import Candidate, Fix
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.tuned import OWN_MUST_FALL

KIND = "external_decline"


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """The market's fall, on the volume driver that followed it."""
    found = []
    for noted in evidence.markets:
        finding, result = noted.finding, noted.result
        fallen = {
            leaf: c for leaf, c in evidence.volumes.items() if c.value < 0 and c.p < OWN_MUST_FALL
        }
        if result.cause not in ("market", "both") or result.market.value >= 0 or not fallen:
            continue
        leaf, change = min(fallen.items(), key=lambda item: item[1].value / item[1].before)
        # No more than what was lost against season and trend, which the market has as well: it
        # explains a fall, it does not enlarge it.
        past = evidence.expected.result.forecasts if evidence.expected is not None else {}
        lost = change.after - (past[leaf].value if leaf in past else change.before)
        amount = _amount(change.before, min(lost, 0.0), result.explained)
        market, share = result.market, result.market.value
        values = {
            "driver": leaf,
            "market": share,
            "low": market.low,
            "high": market.high,
            "own": result.own.value,
        }
        cause = Cause(
            KIND,
            leaf,
            "external",
            Message("cause.external_decline", values),
            0.0,
            period=case.current,
            effect_pct=100 * share,
            effect_on="market",
            findings=(finding.id,),
            action=Message("action.external_decline", values),
        )
        found.append(
            Candidate(cause, result.market_p, Fix(leaf, amount), amount.value / change.before)
        )
    return found


def _amount(before: float, lost: float, explained: Effect) -> Effect:
    """What the market took from a volume: explained share of the baseline, at most the whole loss;
    its interval is that of the share, and holds it."""
    value = max(before * explained.value, lost)
    ends = [value if e is None else before * e for e in (explained.low, explained.high)]
    return Effect(value, min(*ends, value), min(max(*ends, value), 0.0))
