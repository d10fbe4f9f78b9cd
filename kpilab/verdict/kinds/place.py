"""A place that left its own course: named by what else moved there, else by what moved."""

from __future__ import annotations

from math import log, log1p

from kpilab.core.case import Case
from kpilab.core.finding import Cause
from kpilab.core.values import Effect, Message, Period
from kpilab.engine.algebra import alike
from kpilab.questions.drivers import Driver, within_both
from kpilab.questions.nature import Nature, nature
from kpilab.verdict.candidate import Candidate, Fix, percent
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.placed import Placed
from kpilab.verdict.tuned import HALF, MOST_OF_IT

# What a metric that moved there makes of the place.
NAMED: dict[Nature, str] = {
    "availability": "stockout",
    "duration": "delay",
    "returns": "returns_rise",
    "price": "price_erosion",
}
OWN = {"returns": "returns_rise", "price": "price_erosion"}  # by the nature of a driver itself


def judge(case: Case, evidence: Evidence) -> list[Candidate]:
    """One candidate per place, a loss or a gain. What moved from one value of a dimension to
    another is a shift of mix, and no less of anything."""
    shifted = {f.dimension for f in evidence.falls if f.pattern == "mix"}
    return [
        _candidate(case, evidence, placed)
        for placed in evidence.places
        if placed.found.driver.kind == "rate" or not shifted & set(placed.found.where.values)
    ]


def _candidate(case: Case, evidence: Evidence, placed: Placed) -> Candidate:
    found = placed.found
    rate = _rate_of(case, placed)
    plain = "volume_decline" if found.driver.kind == "volume" and not rate else "local_regression"
    subject = rate or found.driver.name
    told = (_kind(case, found.driver.name), *_behind(case, placed), _came(case, found.driver))
    kinds = list(dict.fromkeys((*(k for k in told if k), plain)))
    values: dict[str, object] = {"driver": found.driver.name, "where": found.where}
    acted = values | {"driver": subject}
    values |= {"change": found.change, "rest": found.rest, "goal": case.goal.metric}
    said = Message("cause.place", values)
    if placed.behind:
        first = placed.behind[0]
        also = {"said": said, "metric": first.name, "before": first.before, "after": first.after}
        said = Message("cause.place_behind", also)
    effect = Effect(found.effect.value, found.effect.low, found.effect.high, case.goal.metric)
    now = evidence.goal.current if evidence.goal else 0.0
    since = placed.since or case.current.first
    cause = Cause(
        kinds[0],
        subject,
        "root_cause",
        said,
        0.0,
        where=found.where,
        period=Period(min(since, case.current.last), case.current.last),
        effect=effect,
        effect_pct=percent(effect, now),
        effect_on=case.goal.metric,
        findings=(placed.finding,),
        action=Message(f"action.{kinds[0]}", acted),
        alternatives=tuple(kinds[1:]),
        falsification=Message("cause.place_rest", values) if found.rest is not None else None,
    )
    leaf = None if placed.node is None else Fix(found.driver.name, placed.node)
    return Candidate(
        cause, found.corrected, leaf, effect=effect, corrected=corrected(evidence, placed)
    )


def _rate_of(case: Case, placed: Placed) -> str | None:
    """The rate that made a count less, where one of the case's rates counts the same rows over
    more: kept appointments are fewer because fewer of those booked are kept."""
    count, change = placed.found.driver, placed.found.change
    if count.kind != "volume" or not change or change <= -1:
        return None
    for moved in placed.behind:
        rate = case.metrics[moved.name]
        same = rate.is_ratio and rate.table == count.table
        if same and alike(within_both(rate)[0], count.num) and min(moved.before, moved.after) > 0:
            made = log(moved.after / moved.before) / log1p(change)
            return rate.name if made >= MOST_OF_IT else None
    return None


def corrected(evidence: Evidence, placed: Placed) -> float:
    """p for everything the review looked at. Half of its level goes to the search of places,
    whatever its size: the tests of all tables are one family, and each table has its part of it."""
    found = placed.found
    return min(1.0, found.corrected * evidence.looked / max(found.tests, 1) / HALF)


def _came(case: Case, driver: Driver) -> str | None:
    """Rows of the customers' own table are dated by the day of coming: fewer are fewer who came."""
    of_customers = case.customer is not None and driver.table == case.customer.table
    return "acquisition_decline" if of_customers and driver.kind == "volume" else None


def _kind(case: Case, driver: str) -> str | None:
    metric = case.metrics.get(driver)
    about = nature(case, metric) if metric is not None else None
    return OWN.get(about or "")


def _behind(case: Case, placed: Placed) -> list[str | None]:
    abouts: list[Nature | None] = [nature(case, case.metrics[m.name]) for m in placed.behind]
    return [None if about is None else NAMED[about] for about in abouts]
