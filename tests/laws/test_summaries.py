"""Every result tells itself in words: what it found, in both languages, with the same numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kpilab.core.finding import Review
from kpilab.core.result import Result
from kpilab.show import say
from tests.laws.catalogue import ENTRIES
from tests.laws.given import AS_IT_IS, Given

# Days are written differently, and a level stands in the words of both languages.
DAYS = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}|\d{4}年\d+月\d+日|\d{4}-\d\d-\d\d")
NUMBERS = re.compile(r"\d[\d,.]*")
NO_RESULT = {"open_case", "review", "write_worksheet", "read_worksheet"}


def numbers(text: str) -> list[str]:
    return sorted(n.rstrip(".,") for n in NUMBERS.findall(DAYS.sub("", text)))


@pytest.mark.few(25)
@pytest.mark.parametrize("name", [n for n in ENTRIES if n not in NO_RESULT])
def test_a_result_says_what_it_found(name, tmp_path: Path):
    result = ENTRIES[name].call(Given(ENTRIES[name].tables, AS_IT_IS, tmp_path))
    assert isinstance(result, Result)
    english, chinese = result.summary(), result.summary(lang="zh")
    assert say(result.headline) in english
    assert str(len(result.table)) in english
    assert len(english.splitlines()) == 2 + len(result.notes)
    assert numbers(english) == numbers(chinese) != []
    assert re.search(r"[\u4e00-\u9fff]", chinese)


@pytest.mark.slow
def test_a_review_says_its_verdict(tmp_path: Path):
    review = ENTRIES["review"].call(Given(ENTRIES["review"].tables, AS_IT_IS, tmp_path))
    assert isinstance(review, Review)
    english, chinese = review.summary("en"), review.summary("zh")
    assert review.title in english.splitlines()[0]
    assert numbers(english) == numbers(chinese) != []
    assert review.chart("zh").to_dict()["layer"]
    assert all(review.say(f.statement) for f in review.findings)
    assert review.summary() == {"en": english, "zh": chinese}[review.language]
