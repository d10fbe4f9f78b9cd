"""The bridge sums, and says each amount once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kpilab.core.finding import BridgeRow, GoalChange
from kpilab.core.values import Effect
from kpilab.verdict.bridge import bridge, effect, relative, shares, worth
from kpilab.verdict.candidate import Candidate, Fix
from kpilab.verdict.evidence import Evidence
from tests.verdict.given import candidate, case, evidence, noted, row, split
from tests.verdict.hand import LOSS


def bridged(
    found: Evidence, causes: Sequence[Candidate] = ()
) -> tuple[dict[str, BridgeRow], list[Effect | None]]:
    assert found.goal is not None
    rows, effects = bridge(worth(case(), found), found.goal, causes, found)
    total = sum(r.amount for r in rows)
    assert abs(total - (found.goal.logged - found.goal.expected)) <= 1e-9 * abs(found.goal.baseline)
    return {r.label.key.removeprefix("bridge."): r for r in rows}, effects


def test_undoing_a_fall_gives_its_worth():
    model = worth(case(), evidence())
    fix = Fix("rate", Effect(-0.02, -0.03, -0.01))
    found = effect(model, fix)
    assert (found.value, found.low, found.high, found.unit) == pytest.approx(
        (-20.0, -30.0, -10.0, "orders")
    )
    assert relative(model, fix) == pytest.approx(-20.0)


def test_two_falls_share_what_both_made():
    model = worth(case(), evidence())
    both = [Fix("rate", Effect(-0.02)), Fix("visits", Effect(-250.0))]
    whole = model.goal(()) - model.goal(both)
    sizes = [s.value for s in shares(model, both)]
    assert whole == pytest.approx(80.0 - 125.0)
    assert sum(sizes) == pytest.approx(whole)
    assert sizes == pytest.approx([-22.5, -22.5])


def test_a_cause_takes_its_amount_and_the_rest_is_unexplained():
    rows, effects = bridged(evidence(), [candidate(fix=-0.015)])
    assert rows["untracked_leak"].amount == pytest.approx(-15.0)
    assert rows["untracked_leak"].cause == 0
    assert rows["unexplained"].amount == pytest.approx(-5.0)
    assert (rows["unexplained"].low, rows["unexplained"].high) == pytest.approx((-10.0, 0.0))
    assert effects[0] is not None
    assert effects[0].value == rows["untracked_leak"].amount


def test_without_causes_all_is_unexplained():
    rows, effects = bridged(evidence())
    # Its interval leaves out zero: that is no noise.
    assert set(rows) == {"unexplained_clear"}
    assert rows["unexplained_clear"].amount == -20.0
    assert effects == []


def test_a_target_above_the_baseline_is_planned_growth():
    goal = GoalChange("orders", 100.0, 110.0, 80.0, 80.0)
    rows, _ = bridged(evidence(goal=goal))
    assert rows["planned"].amount == -10.0
    assert (rows["unexplained"].low, rows["unexplained"].high) == (None, None)


@pytest.mark.parametrize(
    ("own", "half", "p", "said"),
    [
        (10.0, 1.0, 1e-6, True),
        (10.0, 1.0, 0.02, False),
        (10.0, 8.0, 1e-6, False),
        (-10.0, 1.0, 1e-6, False),
    ],
)
def test_a_clear_rise_of_another_driver_is_a_gain(own, half, p, said):
    rows = [
        row("visits", 1000, 1100, contribution=own, half=half, p=p),
        row("rate", 0.1, 0.08, contribution=-20.0),
    ]
    found, _ = bridged(evidence(drivers=noted(split(rows))))
    assert ("gain" in found) == said
    if said:
        assert (found["gain"].amount, found["gain"].low, found["gain"].high) == (
            own,
            own - half,
            own + half,
        )


def test_what_a_driver_gained_beside_its_own_cause_is_a_gain_of_the_mix():
    rows = [
        row("visits", 1000, 1000, contribution=0.0, p=1.0),
        row("rate", 0.1, 0.1, contribution=0.0, p=0.9),
    ]
    goal = GoalChange("orders", 100.0, 100.0, 100.0, 100.0)
    found, _ = bridged(
        evidence(drivers=noted(split(rows)), goal=goal, now={"visits": 1000.0, "rate": 0.1}),
        [candidate("mix_shift", fix=-0.02)],
    )
    assert found["mix_shift"].amount == pytest.approx(-20.0)
    assert found["mix_gain"].amount == pytest.approx(20.0)
    assert found["unexplained"].amount == pytest.approx(0.0)


def test_what_the_formula_does_not_give_is_a_row():
    rows = [
        row("visits", 1000, 1000, contribution=0.0, p=1.0),
        row("rate", 0.1, 0.08, contribution=-15.0),
    ]
    found, _ = bridged(evidence(drivers=noted(split(rows, unexplained=-5.0))))
    assert found["formula"].amount == -5.0


def test_each_loss_is_a_row_and_the_size_of_its_cause():
    loss = replace(LOSS, goal=Effect(-8.0, -9.0, -7.0, "orders"))
    goal = GoalChange("orders", 100.0, 100.0, 72.0, 80.0)
    said = candidate("data_loss", subject="events", fix=None, where=LOSS.where, settled=True)
    cause = replace(said, cause=replace(said.cause, period=LOSS.days))
    rows, effects = bridged(evidence(goal=goal, losses=(loss,)), [candidate(), cause])
    assert (rows["lost"].amount, rows["lost"].low, rows["lost"].high, rows["lost"].cause) == (
        -8.0,
        -9.0,
        -7.0,
        1,
    )
    assert effects[1] == loss.goal
    assert rows["unexplained"].amount == pytest.approx(0.0)


def test_a_loss_that_took_nothing_of_the_goal_is_no_row():
    rows, _ = bridged(evidence(losses=(LOSS,)))
    assert "lost" not in rows
