"""Word and PowerPoint files hold the verdict, the bridge and the causes."""

from __future__ import annotations

import pytest

from kpilab.report.office import office
from kpilab.report.words import Words
from tests.report import reviews

docx, pptx = pytest.importorskip("docx"), pytest.importorskip("pptx")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_files_tell_verdict_bridge_and_causes(tmp_path, lang):
    review = reviews.story(lang)
    words = Words(review, lang)
    paper, show = office(review, tmp_path, lang)
    document, slides = docx.Document(paper), pptx.Presentation(show)
    told = "\n".join(p.text for p in document.paragraphs)
    shown = "\n".join(
        s.text_frame.text for p in slides.slides for s in p.shapes if s.has_text_frame
    )
    for text in (words.verdict(), *(words.say(c.statement) for c in review.causes)):
        assert text in told
        assert text in shown
    cells = [c.text for table in document.tables for row in table.rows for c in row.cells]
    assert {"−5,200", "50,000", "45,000"} & set(cells) >= {"−5,200"}
    assert len(document.inline_shapes) == 1


def test_a_review_without_a_cause_says_so(tmp_path):
    review = reviews.nothing()
    paper, _ = office(review, tmp_path)
    told = "\n".join(p.text for p in docx.Document(paper).paragraphs)
    assert Words(review, "en").detail() in told
