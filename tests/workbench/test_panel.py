"""What a panel does: nothing unasked, the filter carried along, errors in words,
the last question wins."""

from __future__ import annotations

from threading import Event

import altair as alt
import pandas as pd
import pytest

from kpilab.core.result import Result
from kpilab.errors import BadInput
from kpilab.track.store import Store
from kpilab.workbench.app import App, Asked
from kpilab.workbench.apps.rootcause.explore import EXPLORE
from kpilab.workbench.basket import Basket, Workspace
from kpilab.workbench.call import Call
from kpilab.workbench.job import ENGINE, Job
from kpilab.workbench.link import MARK, Link
from kpilab.workbench.panel import Panel
from kpilab.workbench.state import State


def click(link: Link, **mark: str) -> None:
    """What the browser sends when a mark is clicked."""
    fields = [{"type": "E", "field": name} for name in mark]
    store = [{"unit": "", "fields": fields, "values": list(mark.values())}]
    value = {name: [text] for name, text in mark.items()} | {"vlPoint": {"or": [dict(mark)]}}
    assert link.widget is not None
    link.widget._vl_selections = {MARK: {"value": value, "store": store}}


@pytest.fixture
def panel(shop):
    return Panel(shop, EXPLORE, lang="en")


def test_nothing_is_asked_before_show_is_pressed(panel):
    assert panel.result is None
    assert panel.link.widget is None
    panel.show.click()
    panel.wait()
    assert set(panel.result.table["platform"]) == {"android", "ios", "web"}


def test_a_click_goes_inside_and_back_goes_back(panel):
    panel.show.click()
    panel.wait()
    click(panel.link, platform="ios")
    panel.wait()
    assert panel.state.where.plain() == {"platform": "ios"}
    assert [c.description for c in panel.filter.box.children if c.has_trait("button_style")] == [
        "platform = ios ×"
    ]
    panel.go_back()
    panel.wait()
    assert not panel.state.where


def test_what_stands_on_the_page_belongs_to_its_answer_until_the_next_one(panel):
    panel.show.click()
    panel.wait()
    old = panel.offers.children
    assert old
    assert not any(offer.disabled for offer in old)
    with ENGINE:  # The next answer cannot come yet.
        click(panel.link, platform="ios")
        asked = panel.state
        # They are about to be replaced: what is pressed now would be lost.
        assert all(offer.disabled for offer in old)
        # The same mark again is the same question, not one inside of what is not there yet.
        panel.link.clicked({"platform": "ios"})
        assert panel.state == asked
    panel.wait()
    assert panel.state.where.plain() == {"platform": "ios"}
    assert not any(offer.disabled for offer in panel.offers.children)


def test_after_a_cancelled_question_the_old_offers_can_be_pressed(panel):
    panel.show.click()
    panel.wait()
    with ENGINE:
        click(panel.link, platform="ios")
        panel.stop()
        assert not any(offer.disabled for offer in panel.offers.children)
        # The chart is still of all platforms.
        panel.link.clicked({"platform": "web"})
    panel.wait()
    assert panel.state.where.plain() == {"platform": "web"}


def test_a_finding_lands_in_the_basket_with_its_filter(shop):
    panel = Panel(shop, EXPLORE, store=Basket())
    panel.go(panel.state.inside({"channel": "organic"}))
    panel.wait()
    panel.add.click()
    found = panel.store.findings[0]
    assert found.where.plain() == {"channel": "organic"}
    assert found.evidence == (panel.result,)
    assert "added to the review" in panel.added.value


def test_a_finding_lands_in_the_store_of_the_workspace(shop, tmp_path):
    panel = Panel(shop, EXPLORE, store=Workspace(shop, tmp_path))
    panel.show.click()
    panel.wait()
    panel.add.click()
    with Store.open(tmp_path) as store:
        assert len(store.findings(shop.name)) == 1


def test_another_language_says_the_same_without_asking_again(panel):
    panel.show.click()
    panel.wait()
    result = panel.result
    panel.language.value = "zh"
    assert panel.result is result
    assert panel.show.description == "显示"
    assert "销售收入" in panel.evidence.value


def failing(error: Exception) -> App:
    def ask() -> Result:
        raise error

    view = {"only": lambda case, state: Asked(Call(ask))}
    return App("explore", "goal", lambda case: State("only"), lambda case, state: (), view)


def test_an_error_is_shown_in_words_and_escaped(shop):
    panel = Panel(
        shop,
        failing(BadInput("no metric named '<b>'", "argument 'metric'", "use 'revenue'")),
        lang="en",
    )
    panel.show.click()
    panel.wait()
    assert "no metric named &#x27;&lt;b&gt;&#x27;" in panel.error.value
    assert "How to fix it: use &#x27;revenue&#x27;" in panel.error.value
    assert not panel.show.disabled


def test_a_fault_of_ours_is_not_hidden(shop):
    panel = Panel(shop, failing(ZeroDivisionError("oops")), lang="en")
    panel.show.click()
    panel.wait()
    assert "ZeroDivisionError: oops" in panel.error.value


def test_the_last_question_wins_and_a_cancelled_one_is_dropped():
    job, heard, go = Job(), [], Event()
    job.start(lambda check: go.wait(5) and "first", lambda f: heard.append(f.result()))
    job.start(lambda check: "second", lambda f: heard.append(f.result()))
    go.set()
    job.wait()
    assert heard == ["second"]
    job.start(lambda check: "third", lambda f: heard.append(f.result()))
    job.cancel()
    job.wait(5)
    assert heard in (["second"], ["second", "third"])


def test_clicks_are_heard_after_the_chart_was_changed():
    heard: list[dict] = []
    link = Link(lambda mark: heard.append(dict(mark)))
    for name in ("a", "b"):
        table = pd.DataFrame({"step": [name], "users": [1]})
        link.show(alt.Chart(table).mark_bar().encode(x="users:Q", y="step:N"), ("step",), "one bar")
        click(link, step=name)
    assert heard == [{"step": "a"}, {"step": "b"}]
    assert link.widget is not None
    assert link.widget.spec["description"] == "one bar"
