"""review.docx and review.pptx: verdict, bridge and causes for those who present them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpilab.core.files import put
from kpilab.core.finding import Cause, Review
from kpilab.core.loop import NO_LOOP, Loop
from kpilab.errors import extra
from kpilab.report.first import Line, lines, reached, standings
from kpilab.report.specs import drawn
from kpilab.report.words import Words
from kpilab.show.format import period, where

if TYPE_CHECKING:
    from docx.document import Document
    from pptx.slide import Slide

FONT = {"en": "Arial", "zh": "Microsoft YaHei"}
MOST_CAUSES, SCALE = 6, 2.0


def office(
    review: Review, folder: Path, lang: str | None = None, *, loop: Loop = NO_LOOP
) -> tuple[Path, Path]:
    """Write review.docx and review.pptx into a folder.

    Args:
        review: what to write.
        folder: made if missing.
        lang: "en" or "zh"; the review's own language if None.
        loop: what the store knows: pinned findings, actions, former causes.
    Returns:
        The two paths.
    Raises:
        MissingExtra: python-docx or python-pptx is not installed.
    """
    words = Words(review, lang or review.language, loop)
    picture = _picture(words)
    files = {"review.docx": document(words, picture), "review.pptx": slides(words, picture)}
    put(Path(folder), files)
    return Path(folder) / "review.docx", Path(folder) / "review.pptx"


def document(words: Words, picture: bytes) -> bytes:
    """The Word document: verdict, KPIs, bridge, a chapter per cause, what was ruled out."""
    with extra("a Word document"):
        import docx
        from docx.shared import Cm
    paper = docx.Document()
    paper.core_properties.title = words.review.title
    style: Any = paper.styles["Normal"]
    style.font.name = FONT[words.lang]
    paper.add_heading(words.verdict(), 0)
    paper.add_paragraph(words.goal_line())
    if not words.review.causes:
        paper.add_paragraph(words.detail())
    _table(paper, _kpis(words))
    paper.add_heading(words.text("bridge"), 1)
    paper.add_picture(BytesIO(picture), width=Cm(15))
    _table(paper, _bridge(words))
    for k, cause in enumerate(words.review.causes, 1):
        paper.add_heading(f"{k}. {words.known('kind', cause.kind)}", 1)
        paper.add_paragraph(words.say(cause.statement))
        for fact in (*_facts(words, cause), *words.deeds(k - 1)):
            paper.add_paragraph(fact, style="List Bullet")
        for why in cause.why:
            asked = paper.add_paragraph(words.say(why.question) + " ", style="List Number")
            asked.add_run(words.say(why.answer)).bold = True
    for head, said in _beside(words):
        paper.add_heading(head, 1)
        for line in said:
            paper.add_paragraph(line, style="List Bullet")
    paper.add_heading(words.text("checked"), 1)
    for line in lines(words):
        paper.add_paragraph(_checked(words, line), style="List Bullet")
    return _saved(paper)


def slides(words: Words, picture: bytes) -> bytes:
    """The slides: verdict with KPIs, bridge, one per cause, what was ruled out."""
    with extra("slides"):
        import pptx
        from pptx.util import Inches
    show = pptx.Presentation()
    show.slide_width, show.slide_height = Inches(13.333), Inches(7.5)
    facts = [words.goal_line(), *_told(words)]
    _slide(show, words.verdict(), facts if words.review.causes else [words.detail(), *facts])
    bridge = _slide(show, words.text("bridge"), [])
    bridge.shapes.add_picture(BytesIO(picture), Inches(0.7), Inches(1.6), height=Inches(5.4))
    for k, cause in enumerate(words.review.causes[:MOST_CAUSES], 1):
        head = f"{k}. {words.known('kind', cause.kind)} · {words.name(cause.subject)}"
        facts = [*_facts(words, cause), *words.deeds(k - 1)]
        _slide(show, head, [words.say(cause.statement), *facts])
    for head, said in _beside(words):
        _slide(show, head, said)
    _slide(show, words.text("checked"), [_checked(words, line) for line in lines(words)])
    return _saved(show)


def _picture(words: Words) -> bytes:
    import vl_convert

    chart = drawn(words.review, words.lang)
    return vl_convert.vegalite_to_png(chart.to_json(), scale=SCALE)


def _kpis(words: Words) -> list[list[str]]:
    """A row per KPI and the goal, below the header."""
    found = [[words.text(k) for k in ("kpi", "current", "target", "reached_head")]]
    for s in standings(words):
        state = "" if s.reached is None else words.text("reached" if s.reached else "missed")
        name = words.text("name_of", name=s.name, of=s.owner)
        found.append([name, s.current, s.target, state])
    count, known = reached(words)
    if known:
        found.append([words.text("kpis_reached", reached=count, all=known), "", "", ""])
    return found


def _told(words: Words) -> Iterator[str]:
    """The same as lines that read without a header."""
    head, *rows = _kpis(words)
    for name, current, target, state in rows:
        if not current:
            yield name
            continue
        said = [current, *([f"{head[2]} {target}"] if target else []), *([state] if state else [])]
        yield words.fact(name, words.text("comma").join(said))


def _bridge(words: Words) -> list[list[str]]:
    goal = words.review.goal
    rows = [[words.text(k) for k in ("bridge_row", "bridge_amount", "interval")]]
    rows.append([words.expected, words.level(goal.expected), ""])
    rows += [
        [words.say(r.label), words.moved(r.amount), words.ends(r.low, r.high)]
        for r in words.review.bridge
    ]
    return [*rows, [words.text("bridge_logged"), words.level(goal.logged), ""]]


def _facts(words: Words, cause: Cause) -> Iterator[str]:
    size = words.size(cause.effect, cause.effect_pct, cause.effect_on)
    told = {
        "size": size,
        "where": "" if cause.actors and not cause.where else where(cause.where, words.lang),
        "actors": words.join(cause.actors) if cause.actors else "",
        "when": period(cause.period, words.lang) if cause.period else "",
        "confidence": words.sure(cause.confidence),
        "action": words.say(cause.action),
    }
    yield from (words.fact(words.text(key), said) for key, said in told.items() if said)


def _beside(words: Words) -> Iterator[tuple[str, list[str]]]:
    """What analysts pinned, and the causes of the review before, each with its heading."""
    if words.loop.pinned:
        yield words.text("pinned"), [" · ".join(words.pin(p)) for p in words.loop.pinned]
    if words.loop.past:
        yield words.text("before_head"), words.past()


def _checked(words: Words, line: Line) -> str:
    state = words.stand(line.step, line.state)
    name = words.text("name_of", name=words.known("step", line.step), of=state)
    return words.fact(name, line.text)


def _table(paper: Document, rows: list[list[str]]) -> None:
    table = paper.add_table(rows=0, cols=len(rows[0]), style="Light List Accent 1")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text


def _slide(show: Any, title: str, points: list[str]) -> Slide:
    """A slide with a title and lines of text."""
    from pptx.util import Pt

    made = show.slides.add_slide(show.slide_layouts[1 if points else 5])
    made.shapes.title.text = title
    made.shapes.title.width = show.slide_width - 2 * made.shapes.title.left
    if points:
        body = made.placeholders[1]
        body.width = show.slide_width - 2 * body.left
        body.text_frame.word_wrap = True
        body.text_frame.text = points[0]
        for point in points[1:]:
            body.text_frame.add_paragraph().text = point
        for paragraph in body.text_frame.paragraphs:
            paragraph.font.size = Pt(18)
    return made


def _saved(made: Any) -> bytes:
    file = BytesIO()
    made.save(file)
    return file.getvalue()
