"""`write` puts a review on disk as JSON, HTML, Markdown and a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kpilab.core.case import Case
from kpilab.core.files import put
from kpilab.core.finding import GoalChange, Review
from kpilab.core.loop import NO_LOOP, Loop
from kpilab.report.document import document, now, to_text
from kpilab.report.markdown import markdown, unfinished
from kpilab.report.page import page
from kpilab.report.specs import specs
from kpilab.report.words import Words
from kpilab.report.workbook import workbook
from kpilab.verdict.run import Stopped

UNFINISHED = "unfinished.md"


@dataclass(frozen=True, slots=True)
class ReportPaths:
    """Where the four files of a review lie."""

    json: Path
    html: Path
    md: Path
    xlsx: Path


def write(
    review: Review,
    folder: Path,
    lang: str | None = None,
    *,
    created: str | None = None,
    loop: Loop = NO_LOOP,
) -> ReportPaths:
    """Write review.html, .md, .xlsx and .json; each is whole or not there.

    review.json is taken away first and written last: where it stands, the other three are of the
    same review, even after a kill or a power cut. A folder without it holds a report that was cut
    short: run the review again.

    Args:
        review: what to write.
        folder: made if missing; files of an earlier review in it are replaced.
        lang: "en" or "zh"; the review's own language if None.
        created: ISO time to state; now if None.
        loop: what the store knows: pinned findings, actions, former causes.
    Returns:
        ReportPaths.
    Raises:
        BadInput: an unknown language, or a folder that cannot be written (what was there before is
            unchanged).
    """
    folder = Path(folder)
    words = Words(review, lang or review.language, loop)
    charts = specs(words)
    data = document(words, charts, created or now())
    put(
        folder,
        {
            "review.html": page(words, data, charts).encode(),
            "review.md": markdown(words, data).encode(),
            "review.xlsx": workbook(words, data),
            "review.json": to_text(data).encode(),  # stands for the set, so it comes last
        },
    )
    (folder / UNFINISHED).unlink(missing_ok=True)
    return ReportPaths(*(folder / f"review.{end}" for end in ("json", "html", "md", "xlsx")))


def write_unfinished(stopped: Stopped, case: Case, folder: Path) -> Path:
    """Write what the finished steps of a review that stopped have found, as unfinished.md.

    A whole report in the folder stays as it is; the next one written there with `write` replaces
    both.
    """
    nan = float("nan")
    unknown = GoalChange(case.goal.metric, nan, nan, nan, nan)
    steps = Review(
        case.name,
        case.title,
        case.language,
        case.periods,
        unknown,
        (),
        (),
        stopped.finished,
        case.labels,
    )
    text = unfinished(Words(steps, case.language), str(stopped))
    put(Path(folder), {UNFINISHED: text.encode()})
    return Path(folder) / UNFINISHED
