"""Errors that people read arrive whole, from another process too."""

from __future__ import annotations

import pickle

from kpilab.errors import BadInput, MissingExtra, Problem


def test_an_error_is_carried_between_processes_with_all_its_problems():
    error = BadInput("a column is gone", "table 'x'", "name it", [Problem("b", "y", "z")])
    back = pickle.loads(pickle.dumps(error))
    assert back.problems == error.problems
    assert str(back) == str(error)
    assert type(pickle.loads(pickle.dumps(MissingExtra("a", "b", "c")))) is MissingExtra
