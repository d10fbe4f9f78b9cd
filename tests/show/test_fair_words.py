"""No sentence accuses anybody: figures do not match,
and why is for a check of the records to find out."""

from __future__ import annotations

import re

import pytest

from kpilab.core.values import Message
from kpilab.show.say import catalogue, sentence

ACCUSING = {
    "en": r"\b(fak\w+|fabricat\w+|cheat\w*|fraud\w*|falsif\w+"
    r"|invent(ed|s)?|guilty|culprit\w*|padded)\b",
    "zh": r"造假|作假|虚报|谎报|编造|捏造|欺骗|舞弊|伪造|作弊|责任人是|嫌疑",
}
PERSONS = {"kpi": "visits", "actors": ("ann",), "share": 0.02, "low": 0.01, "high": 0.03}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_message_accuses(lang):
    found = [
        key
        for key, text in catalogue(lang).items()
        if re.search(ACCUSING[lang], text, re.IGNORECASE)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("lang", "match", "check"), [("en", "do not match", "check"), ("zh", "不符", "核对")]
)
def test_what_is_said_of_persons_is_a_mismatch_and_leaves_the_reason_open(lang, match, check):
    said = sentence(Message("cause.fabricated_execution", PERSONS), lang)
    assert match in said
    assert check in said
