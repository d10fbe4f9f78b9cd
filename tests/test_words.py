"""The same first argument and the same words in every public question."""

from __future__ import annotations

import inspect

import pytest

from kpilab.public import thing, written

BESIDE = ("loop", "report", "samples", "workbench")  # they take a case, a store or a review
QUESTIONS = [name for name, path in written().items() if path.split(".")[1] not in BESIDE]
FUNCTIONS = {n: inspect.signature(f) for n in QUESTIONS if inspect.isfunction(f := thing(n))}
# What the first argument holds -> its name; `rows`: one row per something, `frame`: one column per
# metric.
FIRST = {
    "EventLog": {"log"},
    "Facts": {"facts"},
    "Executions": {"records"},
    "Reports": {"reports"},
    "Benchmark": {"benchmark"},
    "Incidents": {"incidents"},
    "Units": {"units"},
    "Assignments": {"assignments"},
    "Measured": {"measured"},
    "Moments": {"moments"},
    "AgeMoments": {"moments"},
    "SamplePlan": {"plan"},
    "Table": {"table"},
    "Case": {"case"},
    "MetricTree": {"tree"},
    "Frame": {"rows", "frame"},
    "Values": {"kpi"},
    "Sequence[Kpi]": {"kpis"},
    "Mapping[str, Metric]": {"metrics"},
    "str": {"path"},
}
TWO_OF_A_KIND = {"reconcile": ("logged", "books"), "restatement": ("earlier", "later")}
NAMES = {"str", "Sequence[str]", "tuple[str, ...]", "None"}
# Word -> what it may hold, wherever it is asked for.
WORDS = {
    "by": NAMES,  # dimensions whose values are told apart
    "dimensions": NAMES,  # dimensions that are searched, or gone down
    "strata": {"str", "None"},  # the dimension inside whose values units are compared
    "unit": {"str"},  # what is counted or followed, or the column that holds it
    "within": {"timedelta", "str"},  # the longest time from the first step
    "at_least": {"timedelta", "str"},  # the shortest time between two events
    "after": {"int", "str"},  # a step
    "timeout": {"timedelta", "str"},  # the pause that ends a session
    "level": {"float"},  # confidence
    "period": {"Period", "None"},
    "where": {"Where"},
    "seed": {"int"},
}
TAKEN = {
    "gap",
    "mend",
    "segments",
    "levels",
    "sample",
    "spread",
}  # mean a result, never an argument


def parts(annotation: str) -> set[str]:
    return set(annotation.replace(" | ", "|").split("|"))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_first_argument_is_the_data_by_its_name(name):
    first, *rest = FUNCTIONS[name].parameters.values()
    assert first.kind is first.POSITIONAL_OR_KEYWORD
    if name in TWO_OF_A_KIND:
        assert (first.name, rest[0].name) == TWO_OF_A_KIND[name]
    else:
        assert first.name in FIRST[first.annotation.split(" | ")[0]]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_word_means_one_thing(name):
    for one in FUNCTIONS[name].parameters.values():
        assert one.name not in TAKEN
        if one.name in WORDS:
            assert one.kind is one.KEYWORD_ONLY
            assert parts(one.annotation) <= WORDS[one.name]
        if one.name == "level":
            assert one.default == 0.95
