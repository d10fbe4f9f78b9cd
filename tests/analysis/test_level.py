"""Every public function with a level or an error rate refuses one that is no number between 0 and
1."""

from __future__ import annotations

import inspect

import pytest

from kpilab.errors import BadInput
from kpilab.public import thing, written

FRACTIONS = ("level", "alpha")


def asked():
    for name in written():
        found = thing(name)
        if inspect.isfunction(found):
            signature = inspect.signature(found).parameters
            yield from ((found, one) for one in FRACTIONS if one in signature)


def test_the_list_is_not_empty():
    assert len(list(asked())) > 30


@pytest.mark.parametrize(("function", "argument"), list(asked()))
@pytest.mark.parametrize("value", [0, 1, 1.5, 95, float("nan"), None, "0.95"])
def test_a_level_is_a_number_between_0_and_1(function, argument, value):
    needed = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
    given = [None for p in needed if p.kind is not p.KEYWORD_ONLY]
    named = {p.name: None for p in needed if p.kind is p.KEYWORD_ONLY}
    with pytest.raises(
        BadInput, match=rf"{argument} is .*\n  where: {function.__name__}\({argument}=\)"
    ):
        function(*given, **named | {argument: value})
