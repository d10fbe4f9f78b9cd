"""What every face of a review says as plain text: page, Markdown, terminal, Word, slides, and of
its case the home page of the app and the board."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import docx
import pptx

from kpilab.core.case import Case
from kpilab.core.finding import Review
from kpilab.report import office
from kpilab.report.markdown import markdown
from kpilab.report.page import page
from kpilab.report.text import verdict
from kpilab.report.words import Words
from kpilab.track.board import page as board
from kpilab.track.store import Store
from kpilab.workbench.home import Home

PIXEL = bytes.fromhex(  # a picture of one point: what is drawn is looked at elsewhere
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def of_review(words: Words, data: Mapping[str, Any], charts: Mapping[str, Any]) -> dict[str, str]:
    """The faces that a review has by itself."""
    return {
        "page": read(page(words, dict(data), charts)),
        "markdown": unmarked(markdown(words, dict(data))),
        "text": verdict(words.review, words.lang),
        "word": _word(office.document(words, PIXEL)),
        "slides": _slides(office.slides(words, PIXEL)),
    }


def of_case(case: Case, review: Review, lang: str, folder: str) -> dict[str, str]:
    """The home page of the app and the board, once the review is known and kept."""
    told = replace(case, language=lang)
    with Store.open(folder) as store:
        if not store.reviews(case.name):
            store.save(review)
        found = {"board": read(board(told, store))}
    home = Home(case.folder, lang, folder)
    home.wait(300)
    home._reviewed(review)
    return found | {"home": read(home.goal.value + home.verdict.value)}


def read(source: str) -> str:
    """The text of a page, without scripts, styles and the tables behind findings."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", source, flags=re.DOTALL)
    body = re.sub(r'<div class="scroll".*?</div>', " ", body, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def unmarked(text: str) -> str:
    return html.unescape(re.sub(r"\\([\\`*_\[\]<>|#~])", r"\1", text).replace("**", ""))


def flat(text: str) -> str:
    return "".join(text.split())


def _word(file: bytes) -> str:
    paper = docx.Document(BytesIO(file))
    rows = (" | ".join(c.text for c in row.cells) for t in paper.tables for row in t.rows)
    return "\n".join([*(p.text for p in paper.paragraphs), *rows])


def _slides(file: bytes) -> str:
    show = pptx.Presentation(BytesIO(file))
    shapes = (s for slide in show.slides for s in slide.shapes if s.has_text_frame)
    return "\n".join(s.text_frame.text for s in shapes)
