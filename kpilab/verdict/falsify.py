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


def _downstream(cause: Cause, evidence: Evidence) -> Message | None:
    """What growth of the KPI would have brought along had it been real; and the KPI elsewhere."""
    for noted in evidence.surges:
        steps = noted.result.downstream
        if noted.finding.id in cause.findings and len(steps):
            best = steps.sort_values("follows").iloc[-1].to_dict()
            values = {"kpi": cause.subject, "where": cause.where or None, "series": best["series"]}
            values |= {k: best[k] for k in ("change", "low", "high")}
            return Message("cause.downstream_rest", values)
    return None


def _within(cause: Cause, evidence: Evidence) -> Message | None:
    """The values between which the shares moved: these alone would leave each as it was."""
    if evidence.drivers is None:
        return None
    mix = evidence.drivers.result.mix
    for dimension in cause.where.values:
        row = mix[(mix["driver"] == cause.subject) & (mix["dimension"] == dimension)]
        for held in row.to_dict("records"):
            values = {"driver": cause.subject, "dimension": dimension, "falling": held["falling"]}
            return Message("cause.shares_rest", values)
    return None


def _outside(cause: Cause, evidence: Evidence) -> Message | None:
    """The rate outside the place that broke, where it did not fall beyond its noise."""
    for spread in (m.spread for m in evidence.moves if m.driver == cause.subject):
        if spread is None:
            continue
        for row in spread.table[spread.table["where"] == cause.where].to_dict("records"):
            expected = spread.expected * (1 - row["share"])
            missing = spread.amount - row["amount"]
            if expected > 0 and missing > -NOISE * expected**0.5:
                values = {"where": cause.where, "driver": cause.subject}
                return Message("cause.fall_rest", values | {"rest": missing / expected})
    return _segments(cause, evidence)


def _segments(cause: Cause, evidence: Evidence) -> Message | None:
    """The customers of the other values of the same dimensions, where none of them is unusual."""
    for signalled in evidence.signals:
        table = signalled.signal.result.table
        if signalled.finding not in cause.findings or not {"where", "q"} <= set(table.columns):
            continue
        alike = [
            set(w.values) == set(cause.where.values) and w != cause.where for w in table["where"]
        ]
        others = table[alike]
        if len(others) and not (others["q"] <= SURE).any():
            dimensions = tuple(cause.where.values)
            return Message("cause.segments_rest", {"n": len(others), "dimensions": dimensions})
    return None


def _split(cause: Cause, evidence: Evidence) -> Message | None:
    """How the units of a test were split: outside the place that lost some; or all of them."""
    for noted in evidence.rereadings:
        result, values = noted.result, {"experiment": cause.subject}
        if noted.finding.id not in cause.findings:
            continue
        if result.verdict != "srm":
            p = float(result.table.set_index("check")["p"].to_dict()["srm"])
            return Message("cause.split_rest", values | {"p": p})
        if cause.where:
            # The place is only named where the others are as declared.
            return Message("cause.place_split_rest", values | {"where": cause.where})
    return None


def _holdout(cause: Cause, evidence: Evidence) -> Message | None:
    """The group that got none of the shipped tests."""
    noted = evidence.programme
    held = noted.result.holdout if noted is not None else None
    if held is None:
        return None
    return Message("cause.holdout_rest", {"change": held.value, "low": held.low, "high": held.high})


# Of a count, in standard errors.
NOISE = 2.0
CHECKS = {
    "data_loss": _books,
    "external_decline": _beyond_market,
    "fabricated_execution": _actors,
    "definition_mismatch": _reporters,
    "wrong_kpi": _downstream,
    "mix_shift": _within,
    "local_regression": _outside,
    **dict.fromkeys(("ab_srm", "ab_novelty", "ab_peeking"), _split),
    "overstated_wins": _holdout,
    **dict.fromkeys(
        ("retention_decline", "contraction", "acquisition_quality", "acquisition_decline"),
        _segments,
    ),
    "slow_cycle": _segments,
}
