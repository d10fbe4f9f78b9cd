"""review.md: the review as text for a wiki, a merge request or a mail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kpilab.core.finding import Cause, Finding
from kpilab.report.cells import cells
from kpilab.report.document import Json, main_result
from kpilab.report.words import Words
from kpilab.show.format import day, period, pvalue, where

SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")
MOST_ROWS = 20


def markdown(words: Words, data: Json) -> str:
    """The whole review as Markdown; every name from the data is escaped."""
    made = mark(day(str(data["created"]), words.lang))
    parts = [
        f"# {mark(words.review.title)}",
        f"**{mark(words.verdict())}** {mark(words.goal_line())}",
        *([] if words.review.causes else [mark(words.detail())]),
        *_causes(words),
        *_bridge(words),
        *_beside(words),
        *_findings(words),
        *_remarks(words),
        f"*kpilab {mark(words.review.version)} · {made}*",
    ]
    return "\n\n".join(parts) + "\n"


def unfinished(words: Words, reason: str) -> str:
    """What the finished steps of a review that stopped have found; there is no verdict,
    and none is said."""
    parts = [
        f"# {mark(words.review.title)}",
        f"**{mark(reason)}**",
        *_findings(words),
        *_remarks(words),
    ]
    return "\n\n".join(parts) + "\n"


def mark(value: object) -> str:
    """Text in which nothing is taken for Markdown or HTML."""
    text = SPECIAL.sub(r"\\\1", " ".join(str(value).split()))
    return text.replace("&", "&amp;").replace("\\<", "&lt;").replace("\\>", "&gt;")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of escaped cells."""
    lines = [header, ["---"] * len(header), *([mark(c) for c in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _causes(words: Words) -> Iterator[str]:
    if words.review.causes:
        yield f"## {words.text('causes')}"
    for k, cause in enumerate(words.review.causes, 1):
        yield f"### {k}. {mark(words.say(cause.statement))}"
        facts = [*_facts(cause, words), *words.deeds(k - 1)]
        yield "\n".join(f"- {mark(line)}" for line in facts)
        if cause.why:
            yield "\n".join(
                f"{k}. *{mark(words.say(w.question))}* {mark(words.say(w.answer))}"
                for k, w in enumerate(cause.why, 1)
            )


def _facts(cause: Cause, words: Words) -> Iterator[str]:
    yield words.fact(words.text("kind"), words.known("kind", cause.kind))
    if cause.where or not cause.actors:
        yield words.fact(words.text("where"), where(cause.where, words.lang))
    if cause.actors:
        yield words.fact(words.text("actors"), words.join(cause.actors))
    if cause.period:
        yield words.fact(words.text("when"), period(cause.period, words.lang))
    size = words.size(cause.effect, cause.effect_pct, cause.effect_on)
    if size:
        yield words.fact(words.text("size"), size)
    yield words.fact(words.text("confidence"), words.sure(cause.confidence))
    if cause.action:
        yield words.fact(words.text("action"), words.say(cause.action))
    if cause.findings:
        yield words.fact(words.text("evidence"), words.join(cause.findings))


def _bridge(words: Words) -> Iterator[str]:
    goal = words.review.goal
    header = [words.text(k) for k in ("bridge_row", "bridge_amount", "interval")]
    rows = [
        (words.say(r.label), words.moved(r.amount), words.ends(r.low, r.high))
        for r in words.review.bridge
    ]
    first = (words.expected, words.level(goal.expected), "")
    last = (words.text("bridge_logged"), words.level(goal.logged), "")
    yield f"## {words.text('bridge')}"
    yield table(header, [first, *rows, last])


def _beside(words: Words) -> Iterator[str]:
    """What analysts pinned, and the causes of the review before."""
    loop = words.loop
    if loop.pinned:
        yield f"## {words.text('pinned')}"
        for said, by in map(words.pin, loop.pinned):
            yield f"- {mark(said)} ({mark(by)})"
    if loop.past:
        yield f"## {words.text('before_head')}"
        yield "\n".join(f"- {mark(line)}" for line in words.past())


def _findings(words: Words) -> Iterator[str]:
    yield f"## {words.text('findings')}"
    for report in words.review.steps:
        if report.findings:
            yield f"### {mark(words.known('step', report.step))}"
        for finding in report.findings:
            yield f"#### {mark(finding.id)}: {mark(words.say(finding.statement))}"
            yield mark(words.join([words.judged(finding), *_numbers(finding, words)]))
            yield from _table(finding, words)


def _numbers(finding: Finding, words: Words) -> Iterator[str]:
    size = words.size(finding.effect)
    if size:
        yield size
    if finding.p is not None:
        yield f"p {pvalue(finding.p, words.lang)}"
    if finding.q is not None:
        yield f"q {pvalue(finding.q, words.lang)}"
    yield words.text(f"strength_{finding.strength}")


def _table(finding: Finding, words: Words) -> Iterator[str]:
    result = main_result(finding)
    if result is None or result.table.empty:
        return
    rows = result.table.head(MOST_ROWS).itertuples(index=False, name=None)
    yield table(
        [mark(words.column(str(c))) for c in result.table.columns],
        (cells(words, result.table.columns, row) for row in rows),
    )
    if len(result.table) > MOST_ROWS:
        yield words.text("rows_shown", shown=MOST_ROWS, rows=len(result.table))


def _remarks(words: Words) -> Iterator[str]:
    skipped = [
        words.fact(words.known("step", report.step), words.say(reason))
        for report in words.review.steps
        for reason in report.not_examined
    ]
    if skipped:
        yield f"## {words.text('not_examined')}"
        yield "\n".join(f"- {mark(line)}" for line in skipped)
    yield f"## {words.text('data_quality')}"
    issues = [f"- {mark(i.table)}: {mark(words.say(i.statement))}" for i in words.review.issues]
    yield "\n".join(issues) or words.text("data_fine")
