"""A new case without writing YAML: found, confirmed, checked, written, opened."""

from __future__ import annotations

import pytest

import kpilab
from kpilab.workbench.create import Asked, NewCase
from kpilab.workbench.home import Home
from tests.case.conftest import events


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "sales"
    folder.mkdir()
    events().to_csv(folder / "events.csv", index=False)
    return folder


@pytest.fixture
def page(tables, tmp_path):
    opened = []
    made = NewCase(tables, tmp_path, made=opened.append)
    made.wait()
    return made, opened


def test_what_was_found_is_shown_and_the_file_grows_with_each_choice(page):
    made, _ = page
    assert "events: events" in made.seen.value
    assert "<td>" in made.seen.value
    assert "\nkpis:\n" not in made.yaml.value
    name, (wanted, target) = next(iter(made.wanted.items()))
    wanted.value, target.value, made.owner.value = True, "0.25", "Ann"
    assert f"metric: {name}" in made.yaml.value
    assert "0.25" in made.yaml.value
    assert "Ann" in made.yaml.value


def test_it_is_checked_written_and_opened(page, tables):
    made, opened = page
    made.target.value = "1,250.5"
    made.write.click()
    made.wait()
    assert "In order; written to" in made.told.value
    assert kpilab.open_case(tables).goal.target == 1250.5
    made.open_it.click()
    assert opened == [tables]


def test_what_is_wrong_is_said_and_nothing_is_written(page, tables):
    made, _ = page
    made.target.value = "many"
    assert "no number" in made.told.value
    made.yaml.value = "kpilab: 1\nnonsense: true\n"
    made.write.click()
    made.wait()
    assert "role='alert'" in made.told.value
    assert not (tables / "case.yml").exists()
    assert made.open_it.layout.display == "none"


def test_dropped_tables_are_kept_in_the_workspace_and_nowhere_else(tmp_path):
    made = NewCase(None, tmp_path)
    made.name.value = "../mine"
    content = events().to_csv(index=False).encode()
    other = {"name": "x.exe", "content": b""}
    made.dropped([{"name": "../../events.csv", "content": content}, other])
    made.wait()
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["events.csv"]
    assert made.found is not None


@pytest.mark.slow
def test_a_folder_without_a_case_opens_the_page_and_then_the_case(tables, tmp_path):
    home = Home(tables, "en", tmp_path)
    made = home.panels["new"]
    made.wait()
    made.write.click()
    made.wait()
    made.open_it.click()
    home.wait()
    assert home.case is not None
    assert home.front.layout.display == ""


def test_one_period_makes_the_other(page):
    wishes = Asked(current="2026-06-01..2026-06-30").wishes("en")
    assert wishes.periods["baseline"] == wishes.periods["current"].before()
