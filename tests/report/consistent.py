"""What a review says in all its faces: one value per fact, and no sentence against its verdict."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from io import BytesIO
from math import isclose
from typing import Any

from openpyxl import load_workbook

from kpilab.core.finding import Review
from kpilab.report.document import document
from kpilab.report.first import standings
from kpilab.report.markdown import markdown
from kpilab.report.page import page
from kpilab.report.specs import BRIDGE, specs
from kpilab.report.text import verdict
from kpilab.report.words import Words
from kpilab.report.workbook import workbook
from kpilab.show.format import interval, number, signed

NUMBER = r"[+−-]?\d[\d,]*(?:\.\d+)?"
# A value and its interval: «−18.6 % (−22.4 % to −14.6 %)», with a unit of a few letters between.
BESIDE = re.compile(
    rf"(?<!\w)({NUMBER}) ?(%|pp|个百分点)?[^\d%(（,，;；:：.。|]{{0,20}}"
    rf"[(（]({NUMBER}) ?%? ?(?:to|至) ?({NUMBER})"
)
SPAN = re.compile(rf"[(（]({NUMBER}) ?%? ?(?:to|至) ?({NUMBER})")
TURNED = re.compile(
    r"\b(?:rose|grew|gained) by −|\b(?:fell|dropped|lost) by [+−]|(?:上升|增长)了? ?−|下降了? ?[+−]"
)
SAME_DAY = re.compile(
    r"from (\d+ \w+ \d{4})(?: \([^)]*\))? to \1\b|自 ?(\d+年\d+月\d+日)起逐步[^。]*?至 ?\2稳定"
)
REPR = re.compile(
    r"mappingproxy|\b(?:Where|Period|Effect|Message|Timestamp)\(|\bNone\b|\bnan\b|\d[eE][-−]\d"
)
DATE = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}|\d{4}年\d+月\d+日|\d{4}-\d\d-\d\d")


def contradictions(review: Review, lang: str) -> list[str]:
    """Every place where two faces of a review differ, or a text contradicts itself or its
    verdict."""
    words = Words(review, lang)
    charts = specs(words)
    data = document(words, charts, "2026-01-01")
    texts = {
        "page": _read(page(words, data, charts)),
        "markdown": _unmarked(markdown(words, data)),
        "text": verdict(review, lang),
    }
    sheets = load_workbook(BytesIO(workbook(words, data)), read_only=True)
    return [
        *_facts(words, texts),
        *_amounts(words, data, charts, sheets),
        *_verdicts(words),
        *(f"{face}: {fault}" for face, text in texts.items() for fault in _against_itself(text)),
    ]


def _facts(words: Words, texts: dict[str, str]) -> Iterator[str]:
    """The facts that every face tells, told alike."""
    review, lang = words.review, words.lang
    told = [words.verdict(), words.goal_line().strip()]
    told += [words.say(c.statement) for c in review.causes]
    told += [signed(r.amount, lang) for r in review.bridge]
    told += [interval((r.low, r.high), lang) for r in review.bridge if r.low is not None]
    told += [number(v, lang) for v in (review.goal.expected, review.goal.logged)]
    told += [words.sure(c.confidence) for c in review.causes]
    for face, text in texts.items():
        flat = _flat(text)
        yield from (f"{face} lacks: {fact}" for fact in told if _flat(fact) not in flat)


def _amounts(words: Words, data: Any, charts: Any, sheets: Any) -> Iterator[str]:
    """Amounts of the bridge in the data, its chart and the workbook; they sum to the log."""
    review = words.review
    amounts = [r.amount for r in review.bridge]
    if not isclose(
        review.goal.expected + sum(amounts), review.goal.logged, rel_tol=1e-6, abs_tol=1e-6
    ):
        yield "the bridge does not sum"
    rows = [
        row
        for held in charts[BRIDGE]["datasets"].values()
        for row in held
        if "start" in row and not row["total"]
    ]
    drawn = [row["stop"] - row["start"] for row in rows][: len(amounts)]
    written = [row["amount"] for row in data["bridge"]]
    name = words.text("bridge")[:31]
    sheet = list(sheets[name].iter_rows(values_only=True))[1:]
    booked = [r[1] for r in sheet][1:-1]
    for face, found in (("chart", drawn), ("json", written), ("workbook", booked)):
        same = len(found) == len(amounts) and all(
            isinstance(a, int | float) and isclose(a, b, rel_tol=1e-6, abs_tol=1e-5)
            for a, b in zip(found, amounts, strict=True)
        )
        if not same:
            yield f"{face}: the bridge is {found}, not {amounts}"
    ends = [data["goal"]["expected"], data["goal"]["logged"]]
    if [sheet[0][1], sheet[-1][1]] != ends:
        yield "workbook: the ends of the bridge"
    json.dumps(data, allow_nan=False)


def _verdicts(words: Words) -> Iterator[str]:
    """No sentence that goes against the verdict it stands beside."""
    review = words.review
    for finding in review.findings:
        p = finding.p if finding.q is None else finding.q
        if words.nothing(finding) and finding.verdict == "fine" and p is not None and p < 0.05:
            yield f"{finding.id}: nothing beyond chance at p = {p}"
        effect = finding.effect
        ends = (None, None) if effect is None else (effect.low, effect.high)
        if effect and None not in ends and not ends[0] <= effect.value <= ends[1]:
            yield f"{finding.id}: {effect} is outside its interval"
    for standing in standings(words):
        if standing.reached is not None and not standing.target:
            yield f"{standing.name}: reached, without a target"
    if bool(review.causes) != (review.answer == "causes"):
        yield f"{len(review.causes)} causes, and the answer is {review.answer}"
    if words.calm() and review.fell:
        yield "nothing is wrong, and the goal fell"


def _against_itself(text: str) -> Iterator[str]:
    """Intervals that are turned round or leave out their value, directions against their sign,
    what a program wrote."""
    for pattern in (TURNED, SAME_DAY, REPR):
        yield from (_around(text, m) for m in pattern.finditer(text))
    plain = DATE.sub("", text)
    for match in SPAN.finditer(plain):
        if _value(match[1]) > _value(match[2]):
            yield f"interval turned round: {_around(plain, match)}"
    for match in BESIDE.finditer(plain):
        value, low, high = (_value(match[k]) for k in (1, 3, 4))
        slack = 0.06 * max(1.0, abs(value) * 0.001)
        # A size without its sign stands beside the interval of the signed one.
        if not any(low - slack <= v <= high + slack for v in (value, -value)):
            yield f"outside its interval: {_around(plain, match)}"


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def _around(text: str, match: re.Match[str]) -> str:
    return " ".join(text[max(0, match.start() - 40) : match.end() + 20].split())


def _read(source: str) -> str:
    """The page's text, without scripts, styles and the tables behind findings."""
    body = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", source, flags=re.DOTALL)
    body = re.sub(r'<div class="scroll".*?</div>', " ", body, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def _unmarked(text: str) -> str:
    return html.unescape(re.sub(r"\\([\\`*_\[\]<>|#~])", r"\1", text).replace("**", ""))


def _flat(text: str) -> str:
    return "".join(text.split())
