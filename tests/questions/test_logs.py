"""Which log of several a question is about."""

from __future__ import annotations

import pytest

from kpilab.errors import BadInput
from kpilab.questions.logs import log_of, named_log


def test_the_log_that_the_question_names_comes_before_the_goals(asked):
    assert getattr(log_of(asked), "name", None) == "till"
    assert getattr(log_of(asked, tables=["work", "web"]), "name", None) == "web"


def test_a_log_without_the_columns_of_the_question_cannot_answer_it(asked):
    assert getattr(log_of(asked, tables=["web"], columns=["Amount"]), "name", None) == "till"
    assert log_of(asked, columns=["nowhere"]) is None


def test_a_log_is_named_or_refused(asked):
    assert named_log(asked, "web").name == "web"
    with pytest.raises(BadInput, match="no log"):
        named_log(asked, "work")
