"""Cells of a table as people say them; chains of questions that say each thing once."""

from __future__ import annotations

import json
from dataclasses import replace

from kpilab.core.values import Message
from kpilab.report.cells import cells
from kpilab.report.page import _packed, page
from kpilab.report.whys import tree
from kpilab.report.words import Words
from tests.report import reviews

COLUMNS = ("metric", "baseline", "current", "season", "target")


def test_the_values_of_a_share_are_per_cents_and_its_steps_points():
    words = Words(replace(reviews.story(), shares=("rate",)), "en")
    row = cells(words, COLUMNS, ("rate", 0.5, 0.555, 0.01, 0.6))
    assert row == ["rate", "50.0 %", "55.5 %", "+1.0 pp", "60.0 %"]
    assert cells(words, COLUMNS, ("other", 0.5, 0.555, 0.01, 0.6))[1] == "0.5"


def test_what_an_analysis_calls_a_check_is_said_in_words():
    words = Words(reviews.story(), "zh")
    assert cells(words, ("check", "missing"), ("srm", ("time_bound",))) == [
        "样本比例失衡",
        "有时限",
    ]


def test_a_goal_that_is_a_share_moves_in_points():
    goal = replace(
        reviews.story().goal, baseline=0.12, expected=0.12, logged=0.1, current=0.1, low=None
    )
    words = Words(replace(reviews.story(), goal=goal, shares=("paid_orders",)), "en")
    assert "fell by 2.0 pp (16.7 %), from 12.0 % to 10.0 %" in words.goal_line()
    assert (words.level(0.12), words.moved(-0.02)) == ("12.0 %", "−2.0 pp")
    assert words.ends(-0.03, -0.01) == "−3 to −1 pp"


def test_a_chain_shows_a_chart_once_and_says_once_what_did_not_move():
    review = reviews.story()
    still = Message("report.fact", {"name": "Still", "value": "all others"})
    first, *rest = review.causes[0].why
    whys = (first, *rest, replace(rest[0], answer=still))
    cause = replace(review.causes[0], why=whys, falsification=still)
    words = Words(replace(review, causes=(cause,)), "en")
    node, shown = tree(words)[0], []
    while True:
        shown.append((node.finding, node.chart, node.answer))
        if not node.nodes:
            break
        node = node.nodes[0]
    assert "Still: all others" not in [answer for _, _, answer in shown]
    drawn = [f for f, chart, _ in shown if chart]
    assert len(drawn) == len(set(drawn))


def test_the_page_holds_the_rows_of_a_chart_as_lists():
    rows = [{"a": 1.23456789, "b": "x"}, {"a": None}]
    spec = _packed({"mark": "bar", "datasets": {"d": rows}})
    assert spec["datasets"]["d"] == {"columns": ["a", "b"], "rows": [[1.234568, "x"], [None, None]]}
    words = Words(reviews.nothing(), "en")
    text = page(words, {"settings": {}, "not_examined": [], "created": "2026-01-01"}, {"bridge": {
        "mark": "bar", "datasets": {"d": rows}}})  # fmt: skip
    assert json.dumps(spec["datasets"]["d"], separators=(",", ":")) in text
