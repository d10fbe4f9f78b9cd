"""What must not have moved if the cause lies outside the business, and did not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from kpilab.core.finding import StepReport
from kpilab.core.values import Effect, Period, Where
from kpilab.verdict.falsify import falsification
from tests.verdict.given import candidate, case, evidence, finding, noted


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
