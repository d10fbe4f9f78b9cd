"""Each fact has one value in every face of a review, and no text contradicts itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpilab.core.values import Message
from tests.report import reviews
from tests.report.consistent import _against_itself, contradictions


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", ["story", "nothing"])
def test_every_face_says_the_same(name, lang):
    assert contradictions(getattr(reviews, name)(lang), lang) == []


@pytest.mark.parametrize(
    "text",
    [
        "Revenue rose by −4 %.",
        "The level changed gradually from 1 Sept 2026 to 1 Sept 2026.",
        "水平自 2023年9月12日起逐步改变（区间 2023年8月21日至 9月15日），至 2023年9月12日稳定",
        "It changed by −18.6 % (−14.6 % to −22.4 %).",
        "It changed by −18.6 % (−10.0 % to −5.0 %).",
        "下降 −18.6%（−22.4% 至 −14.6%）",
        "at Where(values=mappingproxy({}))",
        "a rest of −4.39e−14",
        "sales went from 1,717,400 to 1,514,913 (−12.7 %, −15.0 % to −10.4 %)",
        "销售额从 1,717,400 变为 1,514,913（−12.7%，区间 −15.0% 至 −10.4%）",
    ],
)
def test_a_text_against_itself_is_found(text):
    assert list(_against_itself(text))


@pytest.mark.parametrize(
    "text",
    [
        "Revenue fell by 5,435 (17.6 %), from 30,809 to 25,374; interval −7,346 to −3,341.",
        "−5,802 revenue (−7,346 to −4,345), −18.6 % of the goal",
        "下单率变化 −18.6%（−22.4% 至 −14.6%），占缺口的 83.8%。",
        "sales went from 1,735,772 to 1,514,913 (−12.7 %, −15.0 % to −10.4 %)",
        "None of the others moved.",
    ],
)
def test_a_text_that_holds_is_left_alone(text):
    assert list(_against_itself(text)) == []


def test_two_amounts_of_one_cause_are_found():
    review = reviews.story()
    first, *rest = review.causes[0].why
    values = {"driver": "pay_rate", "contribution": -5770.0, "goal": "paid_orders"}
    other = replace(first, answer=Message("drivers.largest", values))
    values = {"change": -0.1, "low": -0.2, "high": -0.05}
    said = Message("why.driver", {**other.answer.values, **values})
    cause = replace(review.causes[0], why=(replace(first, answer=said), *rest))
    found = contradictions(replace(review, causes=(cause, *review.causes[1:])), "en")
    assert any("-5200.0 and -5770.0" in fault for fault in found)


def test_a_kpi_with_another_value_on_a_face_is_found():
    review = reviews.story()
    told = {"home": "nothing of the kind"}
    assert any(f.startswith("home lacks") for f in contradictions(review, "en", told))
