"""A question in one line: shows its answer, or says in words what the case lacks for it."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import kpilab
from kpilab.errors import KpilabError
from kpilab.show.say import LANGUAGES, catalogue
from kpilab.workbench.answers import answer
from kpilab.workbench.apps.experiments.trial import TRIAL
from kpilab.workbench.apps.external.market import EXTERNAL
from kpilab.workbench.apps.goal import GOAL
from kpilab.workbench.lacks import HELD
from kpilab.workbench.opening import begin
from tests.case.conftest import CASE, events
from tests.workbench.test_apps import VIEWS


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    (folder / "case.yml").write_text(CASE, "utf-8")
    events().to_csv(folder / "events.csv", index=False)
    return kpilab.open_case(folder)


def test_an_answer_shows_itself_in_the_language_of_the_case(shop):
    found = answer(shop, GOAL, "reached", lang="zh")
    assert "<svg" in found._repr_html_()
    assert "销售收入" in repr(found)
    assert "kpilab" in found.code


@pytest.mark.parametrize(("app", "view"), [(GOAL, "reached"), (TRIAL, "experiment")])
def test_what_may_be_wider_than_the_page_is_scrolled_from_the_keyboard(shop, app, view):
    table = answer(shop, app, view)._repr_html_().split("class='kp-table' ")[1]
    assert table.startswith("tabindex='0' role='region' aria-label=")


def test_what_is_lacking_is_said_and_nothing_stops(bare):
    found = answer(bare, EXTERNAL)
    assert found.result is None
    assert found.code == ""
    assert repr(found).startswith("Needs a benchmark series")
    assert "kp-lacks" in found._repr_html_()


@pytest.mark.few(6)
@pytest.mark.parametrize(("app", "view"), VIEWS, ids=[f"{a.name}-{v}" for a, v in VIEWS])
def test_every_view_of_a_case_with_little_in_it_answers_or_says_why_not(app, view, bare):
    found = answer(bare, app, view)
    assert found.result is not None or isinstance(found.problem, KpilabError)
    assert found._repr_html_()


def test_everything_needed_has_words():
    for lang in LANGUAGES:
        assert {f"workbench.lacks_{name}" for name in HELD} <= set(catalogue(lang))


def test_a_notebook_takes_its_case_by_parameter_else_by_environment(bare, monkeypatch, tmp_path):
    monkeypatch.setenv("KPILAB_CASE", str(bare.folder))
    monkeypatch.setenv("KPILAB_LANG", "zh")
    opened, store = begin(workspace=tmp_path)
    assert (opened.folder, opened.language, store.place) == (bare.folder, "zh", tmp_path)
    assert begin(kpilab_shop(), "en")[0].name == "shop"


def kpilab_shop():
    from kpilab.workbench.lab import bundled

    return bundled()


def test_the_page_of_what_panels_say_is_up_to_date():
    place = Path(__file__).parents[2] / "docs"
    spec = spec_from_file_location("panels", place / "panels.py")
    assert spec is not None
    assert spec.loader is not None
    page = module_from_spec(spec)
    spec.loader.exec_module(page)
    assert (place / "how-to" / "panels.md").read_text("utf-8").endswith(page.table())
