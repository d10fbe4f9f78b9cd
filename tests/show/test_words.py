"""Texts as people of the field write them, in the punctuation of their language."""

from __future__ import annotations

import re

import pytest

from kpilab.core.values import Message
from kpilab.show import say
from kpilab.show.format import number, plain, points
from kpilab.show.say import OPTIONAL, catalogue

# Words that are no words of the field, and calques.
STRANGE = {
    "en": re.compile(
        r"\btold by\b|asked of|\bmend(?!\})|nobody (is )?watch|lucky look|\(s\)|cannot be told"
        r"|let expect|to be expected|held against|looked at|\bas can be told"
        r"|(took|take) away|\bgave way|nobody owns|went with it|the shares did it",
        re.I,
    ),
    # One word for the current period, and none that only a translation has.
    "zh": re.compile(
        r"读数|碰巧|账面|(无人|有人|没有人)关注|付出代价|本期|侵蚀|一次性改变|KPI 指标"
    ),
}
WIDE = "[\u4e00-\u9fff]"
# Half-width stops beside a Chinese character; what stands in code or in numbers is left alone.
HALF = re.compile(rf"{WIDE}[,;:!?()]|[,;:!?()]{WIDE}")
# … nor beside a slot, which will hold Chinese as well.
BESIDE = re.compile(r"\}[,;:!?(]|[,;:)!?]\{|\(\{|\}\)")
# A direction in words and a sign say it twice, or contradict each other.
TWICE = {
    "en": re.compile(r"\b(rose|fell|grew|dropped) by \{\w+:signed"),
    "zh": re.compile(r"(上升|下降|增长|减少)了? ?\{\w+:signed"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_text_uses_a_strange_word(lang):
    assert {k: v for k, v in catalogue(lang).items() if STRANGE[lang].search(v)} == {}


def test_chinese_texts_have_chinese_punctuation():
    bare = {k: re.sub(r"`[^`]*`|\{[^}]*\}", "", v) for k, v in catalogue("zh").items()}
    assert {k: v for k, v in bare.items() if HALF.search(v)} == {}
    held = {k: re.sub(r"`[^`]*`", "", v) for k, v in catalogue("zh").items()}
    assert {k: v for k, v in held.items() if BESIDE.search(v)} == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_direction_is_said_once(lang):
    assert {k: v for k, v in catalogue(lang).items() if TWICE[lang].search(v)} == {}


def test_one_of_a_thing_is_singular():
    clean = {"table": "t", "faults": 0}
    assert (
        say(Message("quality.clean", {"rows": 1, **clean}))
        == "Table t: 1 row, no fault in its values."
    )
    assert "2 rows" in say(Message("quality.clean", {"rows": 2, **clean}))


def test_between_chinese_characters_stands_no_space():
    values = {"metric": "销售收入"}
    assert say(Message("report.course_head", values), "zh") == "销售收入的走势"
    change = {"driver": "转化率", "change": -0.1, "low": -0.2, "high": -0.05}
    assert say(Message("cause.driver_decline", change), "zh").startswith("转化率在所有分组变化 −10")


def test_a_value_has_a_space_that_falls_away_between_chinese_characters():
    # Other sentences stand in `said`, and need none.
    close = re.compile(rf"\{{(?!said\}})[a-z_]+(:[a-z_]+)?\}}{WIDE}|{WIDE}\{{[a-z_]")
    assert {k: v for k, v in catalogue("zh").items() if close.search(v)} == {}
    values = {"metric": "sales"}
    assert say(Message("report.course_head", values), "zh") == "sales 的走势"


def test_a_sentence_begins_with_a_capital():
    values = {"driver": "pay rate", "change": -0.1, "low": -0.2, "high": -0.05}
    assert say(Message("cause.driver_decline", values)).startswith("Pay rate changed")
    named = values | {"driver": "exp_1"}
    assert say(Message("cause.driver_decline", named)).startswith("exp_1 changed")


def test_numbers_are_written_as_people_write_them():
    assert number(-4.39e-14) == "0"
    assert number(0.00925) == "0.00925"
    assert number(-0.05) == "−0.05"
    assert points(-0.1238) == "−12.4 pp"
    assert points(0.1, "zh") == "+10.0 个百分点"
    assert [plain(v) for v in (True, False, None, (1, 2))] == ["yes", "no", "–", "1, 2"]


# What a sentence may not hold once its optional parts are left out.
LOOSE = {
    "en": re.compile(r": (or|and)\b|[:;,] ?[;,.]|\( ?\)"),
    "zh": re.compile(r"：(或|和|及|、|，|；)|[；，、][；，。、]|（）"),
}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_sentence_stands_without_its_optional_parts(lang):
    bare = {k: OPTIONAL.sub("", v) for k, v in catalogue(lang).items()}
    assert {k: v for k, v in bare.items() if LOOSE[lang].search(v)} == {}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_run_of_days_is_said_as_a_period_so_that_one_day_is_one_day(lang):
    ends = re.compile(r"\{first:date\}.*\{last:date\}")
    assert {k: v for k, v in catalogue(lang).items() if ends.search(v)} == {}
