"""Which of several signals of the customers is said: few who carry a loss, or many who do."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from kpilab.analysis.customers.concentration import ConcentrationResult
from kpilab.core.finding import Finding, StepReport
from kpilab.core.values import EVERYWHERE, Effect, Message, Where
from kpilab.verdict.customers import CustomerSignal
from kpilab.verdict.evidence import Signalled
from kpilab.verdict.kinds import customers
from tests.verdict.given import case, evidence

TEAM = Where({"plan": ("team",)})
FEW = Where({"account": ("A1", "A2")})


def signal(kind: str, where: Where, loss: float, p: float, result: Any = None) -> Signalled:
    effect = Effect.known(-loss, -1.2 * loss, -0.8 * loss, "")
    said = Message("churn.orders")
    return Signalled(CustomerSignal(kind, "sales", where, effect, p, 9, said, result), "f")


def few(p: float, *, now: float = 0.0, loss: float = 400.0) -> Signalled:
    table = pd.DataFrame({"customer": ["A1", "A2"], "before": 300.0, "now": now, "lost": 200.0})
    result = ConcentrationResult(
        table, Effect.known(-loss, -500, -300, ""), p, 0.1, "sales", 0.95, 0
    )
    return signal("concentration", FEW, loss, p, result)


def stated(*signals: Signalled, questions: int = 5) -> list[str]:
    asked = tuple(
        Finding(f"f{k}", "root_cause", "fine", Message("churn.orders"), strength="compared")
        for k in range(questions)
    )
    report = StepReport("root_cause", asked)
    found = customers.judge(case(), evidence(signals=signals, reports=(report,)))
    return [c.cause.kind for c in found]


@pytest.mark.parametrize(
    ("p", "kinds"),
    [
        # Of five questions a p of .02 is none; what thousands of customers say is.
        (0.02, ["retention_decline"]),
        (1e-5, ["concentration"]),
    ],
)
def test_few_customers_take_a_segment_only_where_they_stand_out_themselves(p, kinds):
    assert stated(few(p), signal("retention_decline", TEAM, 420, 1e-12)) == kinds


def test_those_who_left_are_none_of_those_who_stayed_and_bought_less():
    both = {"concentration", "contraction"}
    assert set(stated(few(1e-5), signal("contraction", TEAM, 420, 1e-12))) == both
    kept = few(1e-5, now=100.0)
    assert stated(kept, signal("contraction", TEAM, 420, 1e-12)) == ["concentration"]


def test_few_whose_loss_is_small_leave_the_segment_its_name():
    found = stated(few(1e-5, loss=100.0), signal("retention_decline", TEAM, 420, 1e-12))
    assert set(found) == {"concentration", "retention_decline"}


def test_what_is_everywhere_is_not_said_again_of_a_part():
    found = stated(
        signal("contraction", EVERYWHERE, 900, 1e-9), signal("contraction", TEAM, 90, 1e-3)
    )
    assert found == ["contraction"]
