"""Words that change with a number follow the language's own rule."""

from __future__ import annotations

import pytest

from kpilab.core.values import Message
from kpilab.show import say
from kpilab.show.say import LANGUAGES, PLURAL, catalogue


@pytest.mark.parametrize(
    ("users", "word"), [(1, "1 user"), (1.0, "1 user"), (2, "2 users"), (0, "0 users")]
)
def test_a_word_is_plural_where_english_says_so(users, word):
    values = {"rate": 0.5, "age": 1, "grain": "week", "low": 0.4, "high": 0.6, "size": users}
    assert f"{word})" in say(Message("retention.curve", values), "en")


def test_a_language_whose_rule_knows_one_form_asks_for_one():
    assert [k for k, text in catalogue("zh").items() if PLURAL.search(text)] == []
    assert any(PLURAL.search(text) for text in catalogue(LANGUAGES[0]).values())
