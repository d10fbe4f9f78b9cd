"""What a driver made of the goal is one amount, in the bridge and in the findings behind it."""

from __future__ import annotations

from dataclasses import replace

from kpilab.core.finding import BridgeRow, StepReport
from kpilab.core.values import Effect, Message
from kpilab.verdict.falsify import falsification
from kpilab.verdict.once import amounts, told_once
from kpilab.verdict.whys import chain
from tests.verdict.given import NORTH, candidate, case, evidence, finding, noted, row, split

SPLIT = Effect(-20.0, -21.0, -19.0, "orders")
CAUSE = BridgeRow(Message("bridge.untracked_leak", {"subject": "rate"}), -22.0, -25.0, -18.0, 0)


def found(**more):
    inner = Message("root_cause.fell", {"driver": "rate", "contribution": -20.0, "goal": "orders"})
    said = Message("root_cause.dated", {"said": inner, "when": "then"})
    return replace(finding("root_cause.1", subject="rate", effect=SPLIT), statement=said, **more)


def told(one):
    sizes = amounts([CAUSE], "orders", {0: "rate"})
    reports = told_once([StepReport("root_cause", (one,))], sizes)
    return reports[0].findings[0]


def test_a_finding_says_the_amount_of_the_bridge():
    said = told(found())
    assert said.effect == Effect(-22.0, -25.0, -18.0, "orders")
    assert said.statement.values["said"].values["contribution"] == -22.0


def test_the_split_over_all_drivers_says_the_amounts_of_the_bridge():
    rows = [
        row("visits", 1000, 990, contribution=-1.0),
        row("rate", 0.1, 0.08, contribution=-20.0),
    ]
    given = split(rows)
    said = replace(finding("goal.2"), statement=given.headline, evidence=(given,))
    report = StepReport("goal", (said,))
    told = told_once([report], amounts([CAUSE], "orders", {0: "rate"}))[0].findings[0]
    table = told.evidence[0].table.set_index("driver")
    assert table["contribution"].to_dict() == {"visits": -1.0, "rate": -22.0}
    assert table.loc["rate", ["contribution_low", "contribution_high"]].tolist() == [-25.0, -18.0]
    assert told.statement.values["contribution"] == -22.0


def test_a_place_of_the_driver_keeps_its_own_amount():
    assert told(found(where=NORTH)).effect == SPLIT


def test_a_driver_of_which_a_cause_is_a_part_says_the_sum_of_its_rows():
    part = BridgeRow(Message("bridge.mix_shift", {"subject": "rate"}), -30.0, -35.0, -25.0, 0)
    rest = BridgeRow(Message("bridge.mix_gain", {"driver": "rate"}), 8.0, 2.0, 14.0)
    other = BridgeRow(Message("bridge.place", {"subject": "visits"}), -3.0, cause=1)
    sizes = amounts([part, rest, other], "orders", {0: "rate", 1: "visits"})
    assert sizes == {"rate": Effect(-22.0, unit="orders")}
    said = told_once([StepReport("root_cause", (found(),))], sizes)[0].findings[0]
    assert said.effect == Effect(-22.0, -23.0, -21.0, "orders")
    assert said.statement.values["said"].values["contribution"] == -22.0


def test_another_driver_keeps_its_own_amount():
    assert told(found(subject="visits")).effect == SPLIT


def test_the_chain_says_the_amount_of_the_cause():
    held = evidence(attainment=noted(None))
    cause = replace(candidate().cause, effect=Effect(-22.0))
    assert held.goal is not None
    sizes = {"rate": Effect(-22.0)}
    answers = [w.answer for w in chain(case(), cause, held.goal, held, sizes)]
    assert [a.values["contribution"] for a in answers if a.key == "why.driver"] == [-22.0]


def test_what_must_not_have_moved_is_said_where_it_did_not():
    said = falsification(case(), candidate().cause, evidence())
    assert said is not None
    assert said.values["drivers"] == ("visits",)


def test_nothing_is_said_where_another_driver_fell_as_well():
    both = [
        row("visits", 1000, 900, contribution=-10.0),
        row("rate", 0.1, 0.08, contribution=-20.0),
    ]
    held = evidence(drivers=noted(split(both)))
    assert falsification(case(), candidate().cause, held) is None
