"""Each kind of cause: what speaks for it, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kpilab.core.finding import GoalChange
from kpilab.core.values import EVERYWHERE, Effect, Period, Where
from kpilab.verdict.evidence import Evidence, Fall, Pattern
from kpilab.verdict.kinds import (
    data_loss,
    definition_mismatch,
    driver_decline,
    experiment,
    external_decline,
    fabricated_execution,
    local_regression,
    mix_shift,
    untracked_leak,
    wrong_kpi,
)
from tests.verdict.given import CURRENT, NORTH, case, evidence, moved, noted
from tests.verdict.hand import LOSS


def fall(pattern: Pattern, where: Where = EVERYWHERE, **fields: Any) -> Fall:
    return Fall("rate", pattern, where, Effect(-0.2, -0.25, -0.15), 1e-6, "root_cause.2", **fields)


@pytest.mark.parametrize(
    ("pattern", "watched", "kind"),
    [
        ("place", False, local_regression),
        ("mix", True, mix_shift),
        ("everywhere", False, untracked_leak),
        ("everywhere", True, driver_decline),
    ],
)
def test_a_fall_is_of_one_kind(pattern, watched, kind):
    shop, found = case(watched=["rate"] if watched else []), evidence(falls=(fall(pattern),))
    stated = [
        k
        for k in (local_regression, mix_shift, untracked_leak, driver_decline)
        if k.judge(shop, found)
    ]
    assert stated == [kind]
    candidate = kind.judge(shop, found)[0]
    assert (candidate.cause.kind, candidate.cause.subject, candidate.p) == (kind.KIND, "rate", 1e-6)
    assert candidate.cause.findings == ("root_cause.2",)
    assert candidate.cause.period == CURRENT


def test_a_fall_is_undone_by_what_the_driver_would_be_without_it():
    found = local_regression.judge(
        case(), evidence(falls=(fall("place", NORTH, since=date(2025, 4, 2)),))
    )[0]
    assert found.fix is not None
    amount = found.fix.amount
    assert (amount.value, amount.low, amount.high) == pytest.approx(
        (0.08 - 0.1, 0.08 - 0.08 / 0.75, 0.08 - 0.08 / 0.85)
    )
    assert (found.cause.where, found.rate_effect) == (NORTH, -0.2)
    assert found.cause.period == Period(date(2025, 4, 2), CURRENT.last)


def test_what_a_fall_did_outside_a_pumped_place_goes_with_it():
    change = moved(0.1, 0.08, 1e-4)
    found = untracked_leak.judge(
        case(), evidence(falls=(fall("everywhere", outside=((NORTH, change),)),))
    )[0]
    assert found.outside == ((NORTH, change),)


def test_a_loss_that_the_goal_lacks_rows_by_is_data_loss():
    loss = replace(LOSS, goal=Effect(-20.0, -22.0, -18.0, "orders"))
    goal = GoalChange("orders", 100.0, 100.0, 80.0, 100.0)
    found = data_loss.judge(case(), evidence(goal=goal, losses=(loss,)))[0]
    assert (found.cause.subject, found.cause.where, found.cause.period) == (
        "events",
        LOSS.where,
        LOSS.days,
    )
    assert found.cause.effect == loss.goal
    assert found.cause.effect_pct == pytest.approx(-20.0)
    assert found.settled
    assert found.fix is None


@pytest.mark.parametrize(
    "given", [evidence(losses=(LOSS,)), Evidence(losses=(LOSS,))], ids=["no goal lost", "no goal"]
)
def test_a_loss_beside_the_goal_is_no_cause(given):
    assert data_loss.judge(case(), given) == []


def market(cause: str = "market", change: float = -0.1, explained: float = -0.08) -> Any:
    sizes = {
        "market": Effect(change, -0.12, -0.08),
        "own": Effect(-0.1),
        "explained": Effect(explained, -0.1, -0.06),
    }
    return SimpleNamespace(cause=cause, market_p=1e-4, **sizes)


def outside(found: Any, p: float = 0.01, after: float = 900.0) -> list[Any]:
    given = evidence(
        markets=(noted(found, "external.1"),), volumes={"visits": moved(1000.0, after, p)}
    )
    return external_decline.judge(case(), given)


def test_the_market_takes_what_it_explains_of_the_volume_that_fell():
    found = outside(market())[0]
    assert (found.cause.subject, found.cause.effect_pct, found.p) == ("visits", -10.0, 1e-4)
    assert found.fix is not None
    assert (found.fix.amount.value, found.fix.amount.low, found.fix.amount.high) == (
        -80.0,
        -100.0,
        -60.0,
    )
    assert found.rate_effect == -0.08


def test_the_market_explains_no_more_than_was_lost():
    found = outside(market(explained=-0.2))[0]
    assert found.fix is not None
    assert found.fix.amount.value == -100.0
    sure = SimpleNamespace(**{**vars(market()), "explained": Effect(-0.12, -0.16, -0.08)})
    found = outside(sure)[0]
    assert found.fix is not None
    ends = found.fix.amount.low, found.fix.amount.high
    assert (found.fix.amount.value, *ends) == (-100.0, -160.0, -80.0)


@pytest.mark.parametrize(
    ("given", "p", "after"),
    [
        (market("own"), 0.01, 900.0),
        (market("neither"), 0.01, 900.0),
        (market(change=0.1), 0.01, 900.0),
        (market(), 0.05, 900.0),
        (market(), 0.01, 1100.0),
    ],
    ids=["ours alone", "nobody moved", "the market rose", "ours may be noise", "ours rose"],
)
def test_what_is_no_market(given, p, after):
    assert outside(given, p, after) == []


def test_of_several_volumes_the_one_that_fell_most_is_the_markets():
    volumes = {"visits": moved(1000.0, 900.0, 0.01), "leads": moved(10.0, 5.0, 0.01)}
    found = external_decline.judge(
        case(), evidence(markets=(noted(market("both")),), volumes=volumes)
    )
    assert [c.cause.subject for c in found] == ["leads"]


def surge(where: Where | None) -> Any:
    table = pd.DataFrame({"jump": [0.001, 0.2, 0.5, 1e-9]})  # three segments, and the total
    return SimpleNamespace(where=where, table=table, total=Effect(0.3), change=Effect(0.9))


def test_a_kpi_that_jumped_alone_is_a_wrong_kpi():
    found = wrong_kpi.judge(
        case(), evidence(surges=(noted(surge(NORTH), "relation.1", subject="signups"),))
    )[0]
    assert (found.cause.subject, found.cause.where, found.cause.effect_pct) == (
        "signups",
        NORTH,
        30.0,
    )
    assert found.p == pytest.approx(0.003)  # the surest of three segments; the total is none


def test_a_kpi_that_did_not_jump_alone_is_none():
    assert wrong_kpi.judge(case(), evidence(surges=(noted(surge(None), subject="signups"),))) == []


def records(*flagged: str) -> Any:
    table = pd.DataFrame({"q": [1e-5, 0.4]})
    return SimpleNamespace(
        action="signups", flagged=flagged, total=Effect(0.2, 0.1, 0.3), table=table
    )


def test_claims_without_traces_name_the_actors():
    found = fabricated_execution.judge(
        case(), evidence(records=(noted(records("ann", "bob"), "execution.1"),))
    )[0]
    assert (found.cause.actors, found.p, found.cause.effect_pct) == (("ann", "bob"), 1e-5, 20.0)
    assert fabricated_execution.judge(case(), evidence(records=(noted(records()),))) == []


def test_a_reporter_who_broke_away_is_a_mismatch_since_its_own_day():
    usual = {
        "metric": "active",
        "jump": 0.2,
        "low": 0.1,
        "high": 0.3,
        "definition_after": "new",
        "p": 1e-6,
    }
    rows = [
        usual | {"reporter": "sales", "jumped": True, "since": date(2025, 4, 7)},
        usual | {"reporter": "ops", "jumped": False, "since": None},
        usual | {"reporter": "web", "jumped": True, "since": date(2026, 1, 1)},
    ]
    given = noted(
        SimpleNamespace(table=pd.DataFrame(rows)),
        "execution.2",
        where=Where({"department": ("sales",)}),
    )
    first, second = definition_mismatch.judge(case(), evidence(definitions=(given,)))
    assert (first.cause.subject, first.cause.where) == ("active", Where({"department": ("sales",)}))
    assert first.cause.period == Period(date(2025, 4, 7), CURRENT.last)
    assert second.cause.period == CURRENT  # a day after the period tells nothing


def reread(verdict: str, base: float = 0.1) -> Any:
    effects = {"effect": Effect(0.02), "lasting": Effect(0.0, -0.01, 0.01)}
    fields = {
        "experiment": "exp",
        "where": EVERYWHERE,
        "period": CURRENT,
        "base": base,
        "lasting_pct": 0.0,
        "figures": {},
    }
    return SimpleNamespace(verdict=verdict, **fields, **effects)


@pytest.mark.parametrize(
    ("verdict", "confidence"), [("srm", 0.97), ("novelty", 0.9), ("peeking", 0.9)]
)
def test_a_test_that_fails_its_rereading_is_said_by_its_own_rule(verdict, confidence):
    found = experiment.judge(case(), evidence(rereadings=(noted(reread(verdict)),)))[0]
    assert (found.cause.kind, found.cause.confidence, found.p) == (
        f"ab_{verdict}",
        confidence,
        None,
    )
    assert found.rate_effect == pytest.approx(0.2)


def test_a_test_without_a_base_moves_no_rate_and_a_fine_one_is_no_cause():
    assert (
        experiment.judge(case(), evidence(rereadings=(noted(reread("srm", 0.0)),)))[0].rate_effect
        is None
    )
    assert experiment.judge(case(), evidence(rereadings=(noted(reread("fine")),))) == []


def test_what_moved_between_values_of_a_dimension_is_no_less_of_a_volume():
    from types import SimpleNamespace

    from kpilab.verdict.kinds import place

    found = SimpleNamespace(driver=SimpleNamespace(kind="volume"), where=Where({"way": ("web",)}))
    mix = SimpleNamespace(pattern="mix", dimension="way")
    evidence = SimpleNamespace(places=(SimpleNamespace(found=found),), falls=(mix,))
    assert place.judge(SimpleNamespace(), evidence) == []
