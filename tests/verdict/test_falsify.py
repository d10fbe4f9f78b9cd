"""What must not have moved if the cause lies outside the business, and did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from kpilab.core.finding import StepReport
from kpilab.core.values import EVERYWHERE, Effect, Period, Where
from kpilab.verdict.evidence import Move, Signalled
from kpilab.verdict.falsify import falsification
from tests.verdict.given import (
    NORTH,
    at_constant_mix,
    candidate,
    case,
    evidence,
    finding,
    noted,
    row,
    split,
)


@pytest.mark.parametrize(("cause", "said"), [("market", True), ("both", False)])
def test_a_market_cause_says_what_we_did_beyond_it(cause, said):
    found = noted(SimpleNamespace(cause=cause, remainder=Effect(-0.01, -0.03, 0.01)), "external.1")
    held = replace(evidence(), markets=(found,))
    blamed = replace(candidate().cause, kind="external_decline", findings=("external.1",))
    stood = falsification(case(), blamed, held)
    assert (stood is not None) is said
    if stood is not None:
        assert (stood.key, stood.values["rest"]) == ("cause.market_rest", -0.01)


@pytest.mark.parametrize(
    ("confirmed", "value", "said"),
    [(True, "ios", True), (None, "ios", False), (True, "web", False)],
)
def test_rows_lost_by_a_log_are_held_against_the_books_of_the_same_place(confirmed, value, said):
    days = Period(date(2026, 3, 2), date(2026, 3, 8))
    row = {"first": days.first, "last": days.last, "confirmed": confirmed}
    row |= {"dimension": "os", "value": value}
    row |= {"books_share": -0.01, "books_low": -0.05, "books_high": 0.03}
    seen = replace(finding("trust.1"), evidence=(SimpleNamespace(table=pd.DataFrame([row])),))
    held = replace(evidence(), reports=(StepReport("trust", (seen,)),))
    lost = replace(candidate().cause, kind="data_loss", period=days, findings=("trust.1",))
    lost = replace(lost, where=Where.of("os", "ios"))
    stood = falsification(case(), lost, held)
    assert (stood is not None) is said
    if stood is not None:
        assert stood.values == {"change": 0.01, "low": -0.03, "high": 0.05}


def test_a_kpi_that_grew_alone_is_held_against_what_it_ought_to_lead_to():
    steps = [("orders", -0.01, -0.03, 0.02, -0.02), ("active", 0.02, 0.0, 0.04, 0.05)]
    table = pd.DataFrame(steps, columns=["series", "change", "low", "high", "follows"])
    held = replace(evidence(), surges=(noted(SimpleNamespace(downstream=table), "relation.1"),))
    hollow = replace(candidate().cause, kind="wrong_kpi", subject="signups")
    stood = falsification(case(), replace(hollow, findings=("relation.1",), where=NORTH), held)
    assert stood is not None
    assert stood.key == "cause.downstream_rest"
    assert (stood.values["series"], stood.values["change"]) == ("active", 0.02)
    assert falsification(case(), replace(hollow, findings=("relation.2",)), held) is None


def test_a_shift_of_mix_is_held_against_the_values_between_which_it_shifted():
    fell = split([row("rate", 0.1, 0.1, contribution=0.0)], [at_constant_mix("region", -0.1)])
    held = replace(evidence(), drivers=noted(fell))
    mix = replace(candidate().cause, kind="mix_shift", subject="rate", where=NORTH)
    stood = falsification(case(), mix, held)
    assert stood is not None
    assert stood.values == {"driver": "rate", "dimension": "region", "falling": 1.0}
    elsewhere = replace(mix, where=Where.of("os", "ios"))
    assert falsification(case(), elsewhere, held) is None


@pytest.mark.parametrize(("amount", "said"), [(-100.0, True), (-150.0, False)])
def test_a_rate_that_broke_in_a_place_kept_its_level_outside(amount, said):
    place = {"where": NORTH, "amount": -100.0, "share": 0.5}
    spread = SimpleNamespace(table=pd.DataFrame([place]), amount=amount, expected=800.0)
    held = replace(evidence(), moves=(Move("rate", finding(), cast(Any, spread)),))
    broke = replace(candidate().cause, kind="local_regression", subject="rate", where=NORTH)
    stood = falsification(case(), broke, held)
    assert (stood is not None) is said
    if stood is not None:
        assert stood.values["rest"] == 0.0


@pytest.mark.parametrize(("q", "said"), [(0.4, True), (0.01, False)])
def test_customers_who_left_one_segment_are_held_against_those_of_the_others(q, said):
    other, pair = Where.of("region", "south"), Where({"region": ("north",), "os": ("ios",)})
    rows = [{"where": NORTH, "q": 1e-6}, {"where": other, "q": q}, {"where": pair, "q": 1e-4}]
    signal = SimpleNamespace(result=SimpleNamespace(table=pd.DataFrame(rows)))
    held = replace(evidence(), signals=(Signalled(cast(Any, signal), "root_cause.3"),))
    left = replace(candidate().cause, kind="retention_decline", where=NORTH)
    stood = falsification(case(), replace(left, findings=("root_cause.3",)), held)
    assert (stood is not None) is said
    if stood is not None:
        assert stood.values == {"n": 1, "dimensions": ("region",)}


@pytest.mark.parametrize(
    ("kind", "where", "key"),
    [
        ("peeking", EVERYWHERE, "cause.split_rest"),
        ("srm", NORTH, "cause.place_split_rest"),
        ("srm", EVERYWHERE, None),
    ],
)
def test_a_test_that_does_not_stand_is_held_against_how_its_units_were_split(kind, where, key):
    table = pd.DataFrame({"check": ["srm", "peeking"], "p": [0.4, 0.2]})
    found = noted(SimpleNamespace(table=table, verdict=kind), "execution.1")
    held = replace(evidence(), rereadings=(found,))
    cause = replace(candidate().cause, kind=f"ab_{kind}", where=where, findings=("execution.1",))
    stood = falsification(case(), cause, held)
    assert (None if stood is None else stood.key) == key


def test_overstated_wins_are_held_against_the_group_that_got_none_of_them():
    cause = replace(candidate().cause, kind="overstated_wins")
    for shown in (None, Effect(0.01, -0.01, 0.03)):
        held = replace(evidence(), programme=noted(SimpleNamespace(holdout=shown)))
        stood = falsification(case(), cause, held)
        assert (stood is None) is (shown is None)
        assert stood is None or stood.values["change"] == 0.01
