"""What must not have moved if a cause is the right one, and did not."""

from __future__ import annotations

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Message
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.faults import place
from kpilab.verdict.once import WHOLE
from kpilab.verdict.tuned import SURE


def falsification(case: Case, cause: Cause, evidence: Evidence) -> Message | None:
    """The check that the cause stood; None where nothing could have spoken against it."""
    if cause.falsification is not None:
        return cause.falsification
    if cause.kind in WHOLE:
        return _drivers(case, cause, evidence)
    check = CHECKS.get(cause.kind)
    return check(cause, evidence) if check else None


def _drivers(case: Case, cause: Cause, evidence: Evidence) -> Message | None:
    """The other drivers, where none of them lost beyond its noise."""
    if evidence.drivers is None:
        return None
    table = evidence.drivers.result.table
    others = table[table["driver"] != cause.subject].to_dict("records")
    lost = [r for r in others if r["p"] < SURE and case.is_loss(r["contribution"])]
    if lost or not others:
        return None
    names = tuple(str(r["driver"]) for r in others)
    return Message("cause.drivers_rest", {"goal": case.goal.metric, "drivers": names})


def _books(cause: Cause, evidence: Evidence) -> Message | None:
    """The books of the days on which the log lost rows."""
    found = (f for r in evidence.reports for f in r.findings if f.id in cause.findings)
    for row in (row for f in found for e in f.evidence for row in e.table.to_dict("records")):
        days = cause.period and (cause.period.first, cause.period.last)
        same = row.get("confirmed") and (row["first"], row["last"]) == days
        if same and place(row) == cause.where:
            change, low, high = (-row[f"books_{k}"] for k in ("share", "high", "low"))
            return Message("cause.books_rest", {"change": change, "low": low, "high": high})
    return None


def _beyond_market(cause: Cause, evidence: Evidence) -> Message | None:
    """Our own series beyond the market, where it did no more than it usually does."""
    for noted in evidence.markets:
        if noted.finding.id in cause.findings and noted.result.cause == "market":
            rest = noted.result.remainder
            values = {"rest": rest.value, "low": rest.low, "high": rest.high}
            return Message("cause.market_rest", values)
    return None


def _actors(cause: Cause, evidence: Evidence) -> Message | None:
    """The actors of the same action whose claims match their traces."""
    for noted in evidence.records:
        others = len(noted.result.table) - len(cause.actors)
        if noted.finding.id in cause.findings and others > 0:
            return Message("cause.actors_rest", {"n": others})
    return None


def _reporters(cause: Cause, evidence: Evidence) -> Message | None:
    """The reporters of the same metric whose figures kept their level."""
    for noted in evidence.definitions:
        table = noted.result.table
        same = table[(table["metric"] == cause.subject) & ~table["jumped"].astype(bool)]
        if noted.finding.id in cause.findings and len(same):
            names = tuple(map(str, same["reporter"]))
            return Message("cause.reporters_rest", {"reporters": names, "metric": cause.subject})
    return None


CHECKS = {
    "data_loss": _books,
    "external_decline": _beyond_market,
    "fabricated_execution": _actors,
    "definition_mismatch": _reporters,
}
