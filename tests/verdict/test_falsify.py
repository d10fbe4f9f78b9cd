"""What must not have moved if the cause is the market, and did not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from kpilab.core.values import Effect
from kpilab.verdict.falsify import falsification
from tests.verdict.given import candidate, case, evidence, noted


@pytest.mark.parametrize(("cause", "said"), [("market", True), ("both", False)])
def test_a_market_cause_says_what_we_did_beyond_it(cause, said):
    found = noted(SimpleNamespace(cause=cause, remainder=Effect(-0.01, -0.03, 0.01)), "external.1")
    held = replace(evidence(), markets=(found,))
    blamed = replace(candidate().cause, kind="external_decline", findings=("external.1",))
    stood = falsification(case(), blamed, held)
    assert (stood is not None) is said
    if stood is not None:
        assert (stood.key, stood.values["rest"]) == ("cause.market_rest", -0.01)
