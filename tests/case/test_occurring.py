"""What case.yml names and no row has is said, with the nearest that one has."""

from __future__ import annotations

import pandas as pd
import pytest

from kpilab.analysis.experiments.experiment import experiment
from kpilab.case.occurring import uncounted
from kpilab.case.read import open_case
from kpilab.errors import BadInput
from kpilab.questions.trial import trial
from kpilab.show.say import sentence
from tests.case.conftest import events


def notes(folder) -> list[str]:
    return [
        sentence(i.statement) for i in open_case(folder).issues if i.statement.key == "trust.never"
    ]


def test_a_case_that_fits_has_nothing_to_note(make_case):
    assert notes(make_case()) == []
    assert uncounted(open_case(make_case())) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            ("where event = 'visit')}", "where event = 'vist')}"),
            "event = 'vist' (case.yml, metrics.visits.measure)",
        ),
        (
            ("measure: sum(amount)", "measure: sum(amount), where: \"city in ('a', 'bb')\""),
            "city = 'bb'",
        ),
        (
            ("within: 1d}", "within: 1d, exclude: [cancel]}"),
            "event = 'cancel' (case.yml, funnels.main.exclude.0)",
        ),
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
    assert "'cart'" in found[0].hint


def test_a_step_may_be_called_what_reads_as_a_condition(make_case):
    frame = events().replace({"event": {"cart": "sign in"}})
    case = open_case(make_case(("[visit, cart, pay]", "[visit, sign in, pay]"), frame=frame))
    assert uncounted(case) == []


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (
            "sign in",
            "no event is called 'sign in', and read as a condition it has no column named 'sign'",
        ),
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


ARMS = """\
  arms: {kind: assignments, source: arms.csv, time: since, experiment: test, variant: variant,
      unit: user}
"""
TEST = """\
experiments:
  t1: {assignments: arms, outcome: OUTCOME, control: A, split: {A: .5, B: .5}, start: 2026-01-05,
      exposure: EXPOSED}
"""


def test_a_variant_that_the_split_leaves_out_is_said_before_the_review(make_case):
    folder = with_test(make_case, "pay", "cart")
    assert uncounted(open_case(folder)) == []
    arms = pd.read_csv(folder / "arms.csv")
    arms.loc[[3, 7], "variant"] = "C"
    arms.to_csv(folder / "arms.csv", index=False)
    (problem,) = uncounted(open_case(folder))
    said = (problem.what, problem.where)
    assert said == ("the split leaves out variant 'C'", "case.yml, key experiments.t1.split")


def with_test(make_case, outcome, exposure, frame=None):
    """The case with a test of 20 users."""
    extra = TEST.replace("OUTCOME", f'"{outcome}"').replace("EXPOSED", f'"{exposure}"')
    folder = make_case(("metrics:\n", ARMS + "metrics:\n"), frame=frame, extra=extra)
    arms = {
        "since": "2026-01-05",
        "test": "t1",
        "user": [f"u{k}" for k in range(20)],
        "variant": ["A", "B"] * 10,
    }
    pd.DataFrame(arms).to_csv(folder / "arms.csv", index=False)
    return folder


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "name", ["sign-in", "支付 成功", "sign in", "order = paid", "pay", "event = 'pay'"]
)
def test_an_experiment_may_name_an_event_or_a_condition(make_case, name):
    called = name if name != "event = 'pay'" else "pay"
    frame = events().replace({"event": {"pay": called, "cart": "order = cart"}})
    case = open_case(with_test(make_case, name, "order = cart", frame))
    assert [p for p in uncounted(case) if "experiments" in p.where] == []
    asked = trial(case, case.experiments["t1"])
    (row,) = experiment(*asked.tables, **asked.experiment).table.to_dict("records")
    assert (row["control"], row["value"]) == (
        3 / 5,
        2 / 5,
    )  # five of each arm fill a cart, u0 to u4 pay


@pytest.mark.parametrize("key", ["outcome", "exposure"])
def test_an_event_of_a_test_that_nobody_did_is_named_with_the_nearest(make_case, key):
    named = {"outcome": "pay", "exposure": "cart", key: "crat"}
    found = uncounted(open_case(with_test(make_case, **named)))
    assert [(p.what, p.where) for p in found] == [
        ("no event named 'crat'", f"case.yml, key experiments.t1.{key}")
    ]


@pytest.mark.parametrize("key", ["outcome", "exposure"])
def test_a_condition_of_a_test_that_its_log_cannot_tell_is_refused(make_case, key):
    with pytest.raises(BadInput, match=rf"no column named 'evnt'[^$]*key experiments\.t1\.{key}"):
        open_case(
            with_test(make_case, **{"outcome": "pay", "exposure": "cart", key: "evnt = 'pay'"})
        )


def test_an_event_of_the_second_log_is_looked_for_there(make_case):
    folder = with_test(make_case, "signed", "")
    text = (folder / "case.yml").read_text("utf-8")
    second = (
        "  late: {kind: events, source: late.csv, time: at, user: user, event: event}\nmetrics:\n"
    )
    (folder / "case.yml").write_text(text.replace("metrics:\n", second, 1), "utf-8")
    events().replace({"event": {"pay": "signed"}}).to_csv(folder / "late.csv", index=False)
    case = open_case(folder)
    assert uncounted(case) == []
    assert trial(case, case.experiments["t1"]).log.name == "late"
