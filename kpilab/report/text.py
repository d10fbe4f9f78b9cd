"""The verdict as plain text, for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby

from kpilab.core.finding import Cause, Review
from kpilab.report.words import Words
from kpilab.show.format import columns, period, where

WIDTH, BAR = 96, 20


def verdict(review: Review, lang: str | None = None) -> str:
    """What a review found, on one or two screens: verdict, causes, bridge, what was not examined.

    Args:
        review: the review to tell.
        lang: "en" or "zh"; the review's own language if None.
    """
    words = Words(review, lang or review.language)
    parts = [
        [review.title, "", *wrapped(words.verdict()), *wrapped(words.goal_line())],
        [] if review.causes else wrapped(words.detail()),
        *(_cause(k, cause, words) for k, cause in enumerate(review.causes, 1)),
        _bridge(words),
        _remarks(words),
    ]
    text = "\n\n".join("\n".join(part) for part in map(list, parts) if part)
    # A name from the data must not steer the terminal.
    return (
        "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) != "Cc") + "\n"
    )


def wrapped(text: str, indent: str = "") -> list[str]:
    """The text in lines of at most 96 columns, broken at blanks or between Chinese signs."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and columns(indent + line + piece.rstrip()) > WIDTH:
            lines.append(indent + line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, indent + line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterator[str]:
    """Where a line may break: after blanks, and after each wide sign."""
    for wide, run in groupby(
        " ".join(text.split()), lambda c: unicodedata.east_asian_width(c) in "WF"
    ):
        signs = "".join(run)
        yield from signs if wide else signs.replace(" ", " \0").split("\0")


def _cause(rank: int, cause: Cause, words: Words) -> Iterator[str]:
    lang = words.lang
    name = words.name(cause.subject)
    yield f"{rank}. {words.known('kind', cause.kind)} · {name} · {words.sure(cause.confidence)}"
    yield from wrapped(words.say(cause.statement), "   ")
    size, share = (
        words.size(cause.effect, cause.effect_pct, cause.effect_on),
        words.share_of_gap(cause),
    )
    facts = [words.fact(words.text("size"), size)] if size else []
    facts += [words.text("share_of_gap", share=share)] if share else []
    facts += [words.fact(words.text("where"), where(cause.where, lang))] if cause.where else []
    facts += [words.fact(words.text("actors"), words.join(cause.actors))] if cause.actors else []
    facts += [words.fact(words.text("when"), period(cause.period, lang))] if cause.period else []
    yield from wrapped(" · ".join(facts), "   ")
    if cause.action:
        yield from wrapped(words.fact(words.text("action"), words.say(cause.action)), "   ")


def _bridge(words: Words) -> Iterator[str]:
    """The bridge as a table with a bar per row; the longest amount fills the bar."""
    goal, rows = words.review.goal, words.review.bridge
    longest = max((abs(r.amount) for r in rows), default=0.0)
    table = [(words.expected, words.level(goal.expected), "", "")]
    for row in rows:
        bar = (
            ("-" if row.amount < 0 else "+") * round(BAR * abs(row.amount) / longest)
            if longest
            else ""
        )
        ends = words.ends(row.low, row.high) if row.low is not None else ""
        table.append((words.say(row.label), words.moved(row.amount), bar, ends))
    table.append((words.text("bridge_logged"), words.level(goal.logged), "", ""))
    yield words.text("bridge")
    left, middle = (max(columns(line[k]) for line in table) for k in (0, 1))
    for label, amount, bar, ends in table:
        gap = " " * (left - columns(label) + 2 + middle - columns(amount))
        yield f"  {label}{gap}{amount}  {bar.ljust(BAR)}  {ends}".rstrip()


def _remarks(words: Words) -> Iterator[str]:
    """What was not examined, and what is wrong with the data."""
    for report in words.review.steps:
        for reason in report.not_examined:
            said = words.fact(words.known("step", report.step), words.say(reason))
            yield from wrapped(words.fact(words.text("not_examined"), said))
    for issue in words.review.issues:
        yield from wrapped(
            words.fact(words.text("data_quality"), f"{issue.table}: {words.say(issue.statement)}")
        )
