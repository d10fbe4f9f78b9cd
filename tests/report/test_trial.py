"""The page of a decided test in a report: with its effect by day, age and segment, where known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.core.finding import Review
from kpilab.core.table import Assignments, EventLog
from kpilab.core.trial import Outcome
from kpilab.report import page
from kpilab.report.build import write
from kpilab.verdict.trial_parts import parts
from tests.report import reviews
from tests.report.consistent import contradictions

REGION = "<b>north</b>"


@pytest.fixture(scope="module")
def result():
    noise, k = np.random.default_rng(3), np.arange(600)
    time = pd.Timestamp("2026-07-06") + pd.to_timedelta(k // 2 % 10, "D")
    variant = np.resize(["A", "B"], len(k))
    given = pd.DataFrame({"time": time, "user": k, "experiment": "t", "variant": variant})
    log = pd.DataFrame({"time": time + pd.Timedelta("1h"), "user": k, "event": "pay"})
    log["amount"] = noise.normal(10, 2, len(k)) + (variant == "B")
    log["region"] = np.where(k // 20 % 2, REGION, "south")
    paid = Outcome("paid_orders", "sum(amount)", kind="mean")
    tables = Assignments(given), EventLog(log, dimensions=("region",))
    return experiment(*tables, metrics=[paid], control="A", by=("region",))


def told(result, apart, lang: str) -> Review:
    review = reviews.story(lang)
    test = reviews.finding("execution.2", "execution", verdict="fine", strength="randomised")
    test = replace(test, evidence=(reviews.rates(), result, *apart))
    *others, last = review.steps
    return replace(review, steps=(*others, replace(last, findings=(*last.findings, test))))


def trial(review: Review, folder) -> str:
    text = write(review, folder).html.read_text("utf-8")
    return text[text.index('<div class="scroll trial">') :].split("<details>")[0]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("The effect on Paid orders as units came in", "6 Jul 2026", "15 Jul 2026",
                "by the days since the assignment", "2 values of region", ">q<")),
        ("zh", ("对支付订单的效果随样本累计的变化", "2026年7月6日", "2026年7月15日",
                "按分配后天数", "2 个取值", ">q 值<")),
    ],
)  # fmt: skip
def test_a_report_tells_the_effect_by_day_age_and_segment(result, lang, words, tmp_path):
    review = told(result, parts(result), lang)
    html = trial(review, tmp_path)
    assert [word for word in words if word not in html] == []
    assert html.count("class='kp-part'") == 3
    assert "&lt;b&gt;north&lt;/b&gt;" in html
    assert REGION not in html
    assert contradictions(review, lang) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_test_without_them_tells_nothing_of_them(result, lang, tmp_path):
    html = trial(told(result, (), lang), tmp_path)
    assert "kp-part" not in html
    assert "region" not in html


def test_what_has_no_room_is_left_out(result, tmp_path, monkeypatch):
    monkeypatch.setattr(page, "ROOM_FOR_PARTS", 0)
    html = trial(told(result, parts(result), "en"), tmp_path)
    assert "kp-banner" in html
    assert "kp-part" not in html
