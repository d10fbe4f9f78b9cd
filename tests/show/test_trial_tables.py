"""The parts of an experiment as tables: a share in points, an amount by its relative change."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from kpilab.analysis.experiments.cumulative_effect import CumulativeEffectResult
from kpilab.analysis.experiments.effect_by_age import EffectByAgeResult
from kpilab.analysis.experiments.subgroups import SubgroupsResult
from kpilab.core.result import Result
from kpilab.show.trial_tables import MOST_ROWS, part_table

NAN, FAR = float("nan"), float("inf")
VALUES = {
    "value": ["<b>north</b>", "south", "west"], "effect": [0.051, -0.02, 0.01],
    "low": [0.01, -0.05, NAN], "high": [0.09, 0.01, NAN], "lift": [0.2, -0.1, NAN],
    "lift_low": [-FAR, -FAR, NAN], "lift_high": [0.4, FAR, NAN], "p": [0.01, 0.2, NAN],
    "q": [0.02, 0.2, NAN],
}  # fmt: skip


def segments(share: bool) -> SubgroupsResult:
    return SubgroupsResult(pd.DataFrame(VALUES), "<i>paid</i>", "region & more", "B", 0.03, share)


def cells(html: str) -> list[list[str]]:
    return [re.findall(r"<td>(.*?)</td>", row) for row in html.split("<tr>")[2:]]


def test_a_share_changes_by_points_and_every_text_is_escaped():
    html = part_table(segments(share=True))
    assert cells(html) == [
        ["&lt;b&gt;north&lt;/b&gt;", "+5.1 pp (+1.0 pp to +9.0 pp)", "0.020"],
        ["south", "−2.0 pp (−5.0 pp to +1.0 pp)", "0.200"],
        ["west", "+1.0 pp", "–"],
    ]
    assert "&lt;i&gt;paid&lt;/i&gt;" in html
    assert "region &amp; more" in html
    assert "<b>" not in html
    assert "<i>" not in html


def test_an_amount_changes_by_per_cent_with_the_absolute_beside():
    assert [row[1:3] for row in cells(part_table(segments(share=False)))] == [
        ["+20.0 % (−∞ % to +40.0 %)", "+0.051 (+0.01 to +0.09)"],
        ["−10.0 %", "−0.02 (−0.05 to +0.01)"],
        ["–", "+0.01"],
    ]


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ("Day of assignment", "single look", "1 Jan 2026", "30 Jan 2026")),
     ("zh", ("分配日期", "单次分析", "2026年1月1日", "2026年1月30日"))],
)  # fmt: skip
def test_a_course_has_its_first_and_last_day_and_few_between(lang, words):
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=31), "effect": 1.5})
    days = days.assign(low=1.0, high=2.0)
    days.loc[30, "effect"] = NAN  # a day that cannot be read
    html = part_table(CumulativeEffectResult(days, "paid", "B"), lang)
    assert len(cells(html)) == MOST_ROWS
    assert all(word in html for word in words)


@pytest.mark.parametrize(("lang", "word"), [("en", "Effect per unit and day"), ("zh", "每个样本")])
def test_ages_are_told_in_days(lang, word):
    table = pd.DataFrame({"age": [0.0, 3.489], "effect": 0.02, "low": 0.01, "high": 0.03})
    html = part_table(EffectByAgeResult(table, "paid", "B", 1, 0, 0, 0, 0, 0, True), lang)
    assert [row[0] for row in cells(html)] == ["0", "3.5"]
    assert word in html


def test_no_other_result_and_no_empty_one_has_a_table():
    assert part_table(Result(pd.DataFrame({"a": [1]}))) == ""
    empty = pd.DataFrame(columns=["day", "effect", "low", "high"], dtype=float)
    assert part_table(CumulativeEffectResult(empty, "paid", "B")) == ""
