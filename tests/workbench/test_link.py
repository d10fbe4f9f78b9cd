"""Clicks: a mark with a pointer leads somewhere, and the list below the chart leads there too."""

from __future__ import annotations

import altair as alt
import pandas as pd
import pytest

from kpilab.show.say import LANGUAGES
from kpilab.workbench.apps.events.funnel import FUNNEL
from kpilab.workbench.apps.whys import WHYS
from kpilab.workbench.link import MARK, Link, marks
from kpilab.workbench.words import Words
from tests.workbench.test_apps import VIEWS, state

STEPS = pd.DataFrame({"step": ["visit", "pay"], "users": [9, 3]})
RULE = alt.Chart(pd.DataFrame({"at": [1]})).mark_rule().encode(x="at:Q")
BARS = alt.Chart(STEPS).mark_bar().encode(x="users:Q", y="step:N")


def shown(chart):
    link, heard = Link(lambda mark: heard.append(dict(mark))), []
    link.show(chart, ("step",), asks="Go to")
    return link, heard


def pointers(spec):
    if isinstance(spec, list):
        return [p for part in spec for p in pointers(part)]
    if not isinstance(spec, dict):
        return []
    own = spec.get("mark")
    found = [own["type"]] if isinstance(own, dict) and own.get("cursor") == "pointer" else []
    return found + [p for k, v in spec.items() if k != "mark" for p in pointers(v)]


@pytest.mark.parametrize(
    "chart", [BARS, RULE + BARS, RULE | BARS, alt.vconcat(RULE + BARS, BARS, RULE)]
)
def test_only_marks_that_carry_the_field_have_a_pointer_and_the_chart_listens(chart):
    link, _ = shown(chart)
    assert set(pointers(link.widget.spec)) == {"bar"}
    assert link.widget.selections.has_trait(MARK)


def test_a_chart_that_does_not_carry_the_field_is_refused_when_it_is_built():
    with pytest.raises(LookupError, match="no mark of the chart carries"):
        shown(RULE)


def test_the_list_below_the_chart_is_the_twin_of_the_click():
    link, heard = shown(RULE + BARS)
    assert [name for name, _ in link.list.options] == ["…", "visit", "pay"]
    # One key from the first entry is the first mark.
    assert link.list.index == 0
    link.list.index = 1
    assert heard == [{"step": "visit"}]
    link.list.index = 2
    assert heard == [{"step": "visit"}, {"step": "pay"}]


@pytest.mark.few(5)
@pytest.mark.parametrize(("app", "view"), VIEWS, ids=[f"{app.name}-{view}" for app, view in VIEWS])
def test_every_mark_that_can_be_clicked_leads_somewhere(app, view, shop):
    here = state(app, view, shop)
    if app.lacking(shop, here):
        pytest.skip("the sample has nothing that this could be asked of")
    asked = app.asked(shop, here)
    if not asked.fields:
        pytest.skip("a click leads nowhere, and no pointer says so")
    result = asked.call.ask()
    for lang in LANGUAGES:
        found = marks(asked.drawn(result, lang, Words(shop, lang).names), asked.fields)
        assert found
        assert [mark for mark in found if app.clicked(shop, here, mark) is None] == []


def test_a_place_goes_inside_all_its_dimensions(shop):
    place = '{"values": {"platform": ["ios"], "channel": ["paid"]}, "without": {}}'
    for app, view in ((WHYS, "next"), (FUNNEL, "funnel")):
        following = app.clicked(shop, state(app, "next", shop), {"at": place})
        assert following.view == view
        assert following.where.plain() == {"platform": "ios", "channel": "paid"}
