"""What analysts pinned, the actions on causes and the causes before stand in the report; the board
knows what speaks against a KPI."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import docx
import pptx
import pytest

from kpilab.core.values import Period
from kpilab.report.build import write
from kpilab.report.office import office
from kpilab.report.words import Words
from kpilab.track.board import page
from kpilab.track.loop import loop
from tests.report.reviews import finding, story

BEFORE = {
    "baseline": Period(date(2026, 1, 1), date(2026, 3, 31)),
    "current": Period(date(2026, 4, 1), date(2026, 6, 30)),
}
LATER = date(2026, 12, 1)


@pytest.fixture
def told(store):
    """A story whose quarter before had the first cause, with a pinned finding and two actions."""
    old = replace(story(), periods=BEFORE, causes=story().causes[:1])
    first = store.review(store.save(old))
    review = story()
    saved = store.review(store.save(review))
    store.add_finding(review.case, finding("pinned.1"), author="Ann")
    store.add_action(review.case, "mend the card form", owner="Bob", cause=first.causes[0].id,
        due=date(2026, 8, 1))  # fmt: skip
    store.add_action(review.case, "train the team", owner="Cid", cause=saved.causes[1].id)
    return review, loop(review, store, saved, today=LATER)


def test_pins_actions_and_former_causes_are_found(told):
    _, found = told
    assert [(p.author, p.said["en"]) for p in found.pinned] == [
        ("Ann", "Payment: 18 of 100 orders are not paid")
    ]
    assert [(d.cause, d.what, d.state) for d in found.deeds] == [
        (0, "mend the card form", "late"),
        (1, "train the team", "open"),
    ]
    assert [(p.kind, p.state) for p in found.past] == [("untracked_leak", "open")]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_they_stand_in_the_report(told, tmp_path, lang):
    review, found = told
    paths = write(review, tmp_path / "out", lang, loop=found)
    paper, show = office(review, tmp_path / "out", lang, loop=found)
    told = "\n".join(p.text for p in docx.Document(str(paper)).paragraphs)
    slides = (s for slide in pptx.Presentation(str(show)).slides for s in slide.shapes)
    shown = "\n".join(s.text_frame.text for s in slides if s.has_text_frame)
    texts = [paths.html.read_text("utf-8"), paths.md.read_text("utf-8"), told, shown]
    for text in texts:
        assert "Ann" in text
        assert "mend the card form · Bob" in text
        assert Words(review, lang, found).past()[0] in text.replace("\\", "")


def test_a_review_without_a_store_has_none_of_them(tmp_path):
    text = write(story(), tmp_path).html.read_text("utf-8")
    assert "Added by analysts" not in text


def test_the_board_says_what_speaks_against_a_kpi(make, store):
    case = make()
    cause = replace(story().causes[1], subject=case.kpis[0].metric if case.kpis else "orders")
    store.save(replace(story(), case=case.name, periods=case.periods, causes=(cause,)))
    text = page(case, store, today=LATER)
    assert "but: Visits: 18 of 120 visits of two people have no follow-up" in text
    assert "badge doubt" in text


def test_the_board_says_that_a_log_lost_rows_wherever_it_stands_on_it(make, store):
    case = make()
    table = case.metrics[case.goal.metric].table
    lost = replace(story().causes[0], kind="data_loss", subject=table)
    # The data end before the period does: its first day is the same.
    now = case.periods["current"]
    cut = {**case.periods, "current": Period(now.first, now.first + timedelta(days=9))}
    store.save(replace(story(), case=case.name, periods=cut, causes=(lost,)))
    assert "but: Payment: orders are placed as before" in page(case, store, today=LATER)
