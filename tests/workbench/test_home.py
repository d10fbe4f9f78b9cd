"""The home page: there before anything is computed, and every question says whether it can be
asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpilab.core.finding import StepReport
from kpilab.workbench.apps.events.funnel import FUNNEL
from kpilab.workbench.apps.review import ReviewPanel
from kpilab.workbench.home import QUESTIONS, Home
from kpilab.workbench.links import query_of, state_of
from tests.case.conftest import CASE, events
from tests.report.reviews import finding, nothing


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A case with a log of events and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "case.yml").write_text(CASE, "utf-8")
    events().to_csv(folder / "events.csv", index=False)
    return folder


@pytest.fixture
def home(bare, tmp_path, monkeypatch):
    monkeypatch.delenv("QUERY_STRING", raising=False)
    made = Home(bare, "en", tmp_path)
    made.wait()
    return made


def test_the_shell_stands_before_the_case_is_open(bare, monkeypatch):
    monkeypatch.setattr(Home, "load", lambda self: None)
    page = Home(bare, "zh")
    *cards, tree, new = page.cards.children
    assert len(cards) == len(QUESTIONS)
    assert all(card.children[0].disabled for card in cards)
    assert tree.children[0].disabled
    assert not new.children[0].disabled
    assert page.show("goal") is None


def test_a_card_says_what_its_question_lacks(home):
    said = {
        name: card.children[1].value
        for name, card in zip(QUESTIONS, home.cards.children, strict=False)
    }
    assert (
        "Needs a benchmark series: add a table of kind <code>benchmark</code>" in said["external"]
    )
    assert "lacks" not in said["goal"]
    home.speak("zh")
    assert "需要大盘序列" in home.cards.children[QUESTIONS.index("external")].children[1].value


def test_goal_and_kpis_stand_on_the_page(home):
    assert "revenue" in home.goal.value


@pytest.mark.slow
def test_a_saved_view_is_found_again_by_another_page(home, bare, tmp_path):
    panel = home.show("explore")
    panel.go(panel.state.chosen(grain="week"))
    panel.wait()
    home.save_view()
    again = Home(bare, "en", tmp_path)
    again.wait()
    again.views.children[1].click()
    found = again.panels["explore"]
    found.wait()
    assert found.state == panel.state
    assert again.address.query == home.address.query


def test_a_case_that_cannot_be_opened_is_told_in_words(tmp_path):
    page = Home(tmp_path / "none", "en")
    page.wait()
    assert "role='alert'" in page.problem.value
    assert not page.status.value


def test_a_link_keeps_view_choice_filter_and_language(shop):
    state = FUNNEL.start(shop).looking("broken", step="pay").inside({"platform": "a&b=c"})
    query = query_of(FUNNEL, state, "zh")
    assert state_of(FUNNEL, shop, query) == state
    assert "lang=zh" in query


def test_what_the_review_repaired_stands_on_the_home_page_as_well(home):
    read = home.reached
    repaired = replace(read, table=read.table.assign(current=4321.0))
    goal = finding("goal.1", "goal", evidence=(repaired,))
    home._reviewed(replace(nothing(), steps=(StepReport("goal", (goal,)),)))
    assert "4,321" in home.goal.value


def test_to_explore_has_a_card_of_its_own(home):
    card = home.cards.children[QUESTIONS.index("explore")]
    card.children[0].click()
    assert home.stage.children[0].app.name == "explore"


@pytest.mark.parametrize(
    ("lang", "name"), [("en", "Findings, step by step"), ("zh", "逐步骤的发现")]
)
def test_the_findings_of_a_review_are_chosen_by_name(shop, lang, name):
    panel = ReviewPanel(shop, lang=lang)
    panel.review = nothing()
    panel.speak(lang)
    assert panel.finding.description == name
    assert panel.finding.options
