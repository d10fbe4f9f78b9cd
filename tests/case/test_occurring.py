"""What case.yml names and no row has is said, with the nearest that one has."""

from __future__ import annotations

import pytest

from kpilab.case.occurring import uncounted
from kpilab.case.read import open_case
from kpilab.errors import BadInput
from kpilab.show.say import sentence
from tests.case.conftest import events


def notes(folder) -> list[str]:
    return [sentence(i.statement) for i in open_case(folder).issues if i.statement.key == "trust.never"]


def test_a_case_that_fits_has_nothing_to_note(make_case):
    assert notes(make_case()) == []
    assert uncounted(open_case(make_case())) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("where event = 'visit')}", "where event = 'vist')}"), "event = 'vist' (case.yml, metrics.visits.measure)"),
        (("measure: sum(amount)", "measure: sum(amount), where: \"city in ('a', 'bb')\""), "city = 'bb'"),
        (("within: 1d}", "within: 1d, exclude: [cancel]}"), "event = 'cancel' (case.yml, funnels.main.exclude.0)"),
    ],
)
def test_a_value_that_never_occurs_is_named_with_its_key(make_case, edit, said):
    found = notes(make_case(edit))
    assert len(found) == 1
    assert said in found[0]


def test_the_nearest_value_is_named(make_case):
    found = notes(make_case(("where event = 'visit')}", "where event = 'vist')}")))
    assert found[0].endswith("The nearest that occur: visit.")


def test_a_step_that_no_event_is_called_by_is_named_with_the_nearest(make_case):
    found = uncounted(open_case(make_case(("[visit, cart, pay]", "[visit, crat, pay]"))))
    assert [p.what for p in found] == ["no event named 'crat'"]
    assert "'cart'" in found[0].mend


def test_a_step_may_be_called_what_reads_as_a_condition(make_case):
    frame = events().replace({"event": {"cart": "sign in"}})
    case = open_case(make_case(("[visit, cart, pay]", "[visit, sign in, pay]"), frame=frame))
    assert uncounted(case) == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("sign in", "no event is called 'sign in', and read as a condition it has no column named 'sign'"),
        ("evnt = 'pay'", "no column named 'evnt'"),
    ],
)
def test_a_step_that_is_neither_event_nor_condition_is_refused(make_case, step, said):
    with pytest.raises(BadInput, match=r"line 30, key funnels\.main\.steps\.1") as error:
        open_case(make_case(("[visit, cart, pay]", f'[visit, "{step}", pay]')))
    assert said in str(error.value)


def test_a_metric_that_the_engine_does_not_take_is_refused_and_named(make_case):
    with pytest.raises(BadInput, match="metric 'revenue' cannot be measured") as error:
        open_case(make_case(("measure: sum(amount)", "measure: sum(city)")))
    assert len(error.value.problems) == 1


def test_hidden_and_small_values_are_not_offered_as_the_nearest(make_case):
    frame = events()
    frame.loc[frame["user"] == "u3", "city"] = "bab"
    extra = "privacy: {min_group: 5}\n"
    edit = ("measure: sum(amount)", "measure: sum(amount), where: \"city != 'x' and city = 'baa'\"")
    found = notes(make_case(edit, frame=frame, extra=extra))
    assert len(found) == 1
    assert "bab" not in found[0]
