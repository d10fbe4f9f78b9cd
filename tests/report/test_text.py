"""The verdict in a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from kpilab.core.finding import BridgeRow
from kpilab.core.values import Effect, Message
from kpilab.report.text import verdict, wrapped
from kpilab.report.words import Words
from kpilab.show.format import columns
from tests.report import reviews


def test_the_verdict_comes_first_and_names_the_cause():
    lines = verdict(reviews.story()).splitlines()
    assert lines[0] == "Third quarter"
    assert lines[2].startswith("2 causes stand behind this; the largest: Unmonitored leak")
    assert "1. Unmonitored leak · Pay rate · very likely (93 %)" in lines


def test_the_bridge_is_printed_from_expected_to_logged():
    text = verdict(reviews.story())
    text = text[text.index("From expected to actual") :]
    assert text.index("52,000") < text.index("−5,200") < text.index("44,500")
    assert "−5,200  --------------------  −6,100 to −4,300" in text


def test_no_line_is_wider_than_a_terminal():
    for lang in ("en", "zh"):
        assert max(map(columns, verdict(reviews.story(), lang).splitlines())) <= 96


def test_chinese_signs_take_two_columns():
    assert columns("支付a") == 5
    assert max(map(columns, wrapped("支付" * 60))) <= 96


def test_a_quarter_without_trouble_is_told_in_words():
    assert "Nothing is wrong beyond noise." in verdict(reviews.nothing())
    assert "除正常波动外，一切正常。" in verdict(reviews.nothing(), "zh")


def test_a_gain_explains_no_fall():
    quiet = reviews.nothing()
    fell = replace(quiet.goal, current=quiet.goal.baseline * 0.8, low=-9.0, high=-1.0, history=None)
    gain = replace(reviews.leak(), effect=Effect(5.0))
    said = verdict(replace(quiet, goal=fell, gains=(gain,), answer="cannot_tell"))
    assert "The goal changed, and nothing we examined explains it." in said


def test_what_a_gain_hides_is_the_headline():
    quiet = reviews.nothing()
    gain = replace(reviews.leak(), effect=Effect(5000.0))
    rest = BridgeRow(Message("bridge.unexplained_clear"), -4000.0, -6000.0, -2000.0)
    hides = replace(quiet, bridge=(*quiet.bridge[:-1], rest), gains=(gain,), answer="cannot_tell")
    assert "A gain hides a loss: beside it" in verdict(hides)
    assert "4,000" in verdict(hides).split("\n\n")[1]
    assert "增益掩盖了损失" in verdict(hides, "zh")
    within = replace(rest, label=Message("bridge.unexplained"))
    for other in (
        replace(hides, bridge=(*quiet.bridge[:-1], within)),
        replace(hides, gains=()),
        replace(hides, bridge=(*quiet.bridge[:-1], replace(rest, amount=4000.0))),
    ):
        assert other.hidden is None
        assert "hides" not in verdict(other)


def test_names_cannot_steer_the_terminal():
    assert "\x1b" not in verdict(replace(reviews.story(), title="\x1b[31mred"))


@pytest.mark.parametrize(
    "on",
    ["", "market", "experiment readout", "claimed wins", "comparison as loaded",
     "reported 访问量 (广告部)"],
)  # fmt: skip
def test_what_a_size_is_a_part_of_is_said_in_the_readers_language(on):
    assert not re.search("[a-z]", Words(reviews.story(), "zh").acts_on(on))


def test_a_reported_number_is_called_by_its_label():
    words = Words(reviews.story(), "en")
    assert words.acts_on("reported pay_rate (ads)") == "Pay rate as ads reports it"
