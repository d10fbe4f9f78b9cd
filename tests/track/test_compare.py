"""A cause is gone only when what it pulled down has come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from kpilab.core.values import Period, Where
from kpilab.errors import BadInput
from kpilab.report.build import write
from kpilab.show.say import sentence
from kpilab.track.compare import compare, find
from kpilab.track.records import CauseRecord, ReviewRecord, from_file
from kpilab.track.store import Store
from tests.report.reviews import story

SPRING, SUMMER = (
    Period(date(2026, 4, 1), date(2026, 6, 30)),
    Period(date(2026, 7, 1), date(2026, 9, 30)),
)
LEAK = CauseRecord(
    "untracked_leak", "pay_rate", effect=-500.0, low=-700.0, high=-300.0, effect_pct=-5.0
)


def review(*causes, period=SPRING, **levels):
    goal = {"metric": "orders", "baseline": 1.0, "current": 1.0, "expected": 1.0, "gap": 0.0}
    return ReviewRecord("c", "C", "en", {"current": period}, goal, causes, levels=levels)


def states(old, new):
    return compare(old, new).table[["state", "why"]].to_numpy().tolist()


def test_a_cause_of_both_is_open_with_both_sizes():
    result = compare(review(LEAK), review(replace(LEAK, effect=-200.0), period=SUMMER))
    row = result.table.iloc[0]
    assert (row["state"], row["why"], row["old_effect"], row["new_effect"]) == (
        "open",
        "stated",
        -500.0,
        -200.0,
    )
    assert "1 still open, 0 new, 0 gone" in sentence(result.headline)


def test_a_cause_only_of_the_new_review_is_new():
    assert states(review(), review(LEAK)) == [["new", "first"]]


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (0.70, ["open", "not_recovered"]),
        (0.72, ["open", "not_recovered"]),
        (0.79, ["gone", "recovered"]),
    ],
)
def test_a_leak_nobody_mended_stays_open_although_nothing_falls_any_more(now, state):
    old = review(LEAK, pay_rate=(0.80, 0.70))
    assert states(old, review(period=SUMMER, pay_rate=(0.70, now))) == [state]


def test_without_its_level_a_cause_is_only_no_longer_stated():
    assert states(review(LEAK), review()) == [["gone", "not_stated"]]


def test_the_same_kind_elsewhere_is_another_cause():
    here, there = (replace(LEAK, where=Where({"city": city})) for city in ("Rome", "Oslo"))
    assert states(review(here), review(there)) == [["new", "first"], ["gone", "not_stated"]]
    assert states(review(here), review(LEAK)) == [["open", "stated"]]


def test_reviews_of_different_goals_are_not_compared():
    other = replace(review(), goal={**review().goal, "metric": "revenue"})
    with pytest.raises(BadInput, match="goals differ"):
        compare(review(), other)


def test_a_file_and_the_store_tell_the_same(tmp_path):
    write(story(), tmp_path / "out")
    with Store.open(tmp_path) as store:
        number = store.save(story())
    saved = find(str(number), tmp_path)
    assert find(None, tmp_path).id == number
    read = from_file(tmp_path / "out")
    assert [(c.kind, c.where, c.effect, c.effect_pct) for c in read.causes] == [
        (c.kind, c.where, c.effect, c.effect_pct) for c in saved.causes
    ]
    assert compare(read, saved).table["state"].tolist() == ["open", "open"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"case": 1, "goal": 3, "periods": {}, "causes": []}']
)
def test_a_file_that_is_no_review_is_named(tmp_path, text):
    (tmp_path / "review.json").write_text(text)
    with pytest.raises(BadInput, match="no review"):
        from_file(tmp_path)
    with pytest.raises(BadInput, match="no review at"):
        from_file(tmp_path / "missing")
