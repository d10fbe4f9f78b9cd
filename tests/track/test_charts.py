"""Each result of the loop draws itself in both languages, also when there is nothing to draw."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kpilab.core.values import Where
from kpilab.show.html import svg
from kpilab.track.compare import compare
from kpilab.track.effects import effects
from kpilab.track.records import Aim
from kpilab.track.watch import watch
from tests.track.conftest import daily
from tests.track.test_compare import LEAK, review


@pytest.mark.few(1)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_effects_are_drawn_with_their_intervals(store, make, lang):
    assert "<svg" in svg(effects(store, make()), lang)
    for what in ("simplify the form", "not done yet"):
        store.add_action(
            "loop",
            what,
            owner="Ann",
            aim=Aim("orders", Where({"platform": "app"}), 0.1),
        )
    store.finish(1, date(2026, 3, 30))
    result = effects(store, make(daily(1.1)))
    drawn = svg(result, lang)
    assert ("worked" if lang == "en" else "有效") in drawn
    assert json.dumps(result.chart(lang).to_dict()["title"])
    assert "simplify the form" in drawn


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_two_reviews_are_drawn_side_by_side(lang):
    assert "<svg" in svg(compare(review(), review()), lang)
    assert ("still open" if lang == "en" else "仍未解决") in svg(
        compare(review(LEAK), review(LEAK)), lang
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_alarms_are_drawn_with_what_was_seen(store, make, lang):
    case = make(extra="alarms:\n  fresh: {rule: freshness, table: daily, within: 2d}\n")
    assert ("5 days ago" if lang == "en" else "6 天") in svg(
        watch(case, store, today=date(2026, 5, 1 if lang == "en" else 2)), lang
    )
