"""What a review says in all its faces: one value per fact, and no sentence against its verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from math import isclose
from typing import Any

from openpyxl import load_workbook

from kpilab.core.finding import Cause, Review
from kpilab.core.values import EVERYWHERE, Message
from kpilab.report.document import document
from kpilab.report.first import standings
from kpilab.report.office import MOST_CAUSES
from kpilab.report.specs import BRIDGE, specs
from kpilab.report.words import Words
from kpilab.report.workbook import workbook
from kpilab.verdict.once import RESTS, WHOLE
from tests.report.faces import flat, of_review

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
    r"mappingproxy|\b(?:Where|Period|Effect|Message|Timestamp)\(|\bNone\b(?! of)|\bnan\b"
    r"|\d[eE][-−]\d"
)
# A change beside its two ends: «from 30,809 to 25,374 (−17.6 %».
ENDS = re.compile(
    rf"(?:from|从) ?({NUMBER})(?: [A-Z]{{3}})? ?(?:to|变为|到) ?({NUMBER})(?: [A-Z]{{3}})? ?"
    rf"[(（]({NUMBER}) ?%"
)
# Faults after which the review reads other numbers than the tables hold.
REPAIRED = {"goal.unfinished", "trust.lost_effect", "trust.rows_lost", "trust.hours_lost",
    "trust.twice", "trust.collapsed", "bridge.no_rows"}  # fmt: skip
DATE = re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}|\d{4}年\d+月\d+日|\d{4}-\d\d-\d\d")


def contradictions(
    review: Review, lang: str, besides: Mapping[str, str] | None = None
) -> list[str]:
    """Every place where two faces of a review differ, or a text contradicts itself or its verdict.

    Args:
        review: what is said.
        lang: in which language.
        besides: texts of the case's own faces, `home` and `board`.
    """
    words = Words(review, lang)
    charts = specs(words)
    data = document(words, charts, "2026-01-01")
    own, other = of_review(words, data, charts), dict(besides or {})
    sheets = load_workbook(BytesIO(workbook(words, data)), read_only=True)
    return [
        *_facts(words, own, other),
        *_kpis(words, {k: t for k, t in (own | other).items() if k not in ("text", "markdown")}),
        *_amounts(words, data, charts, sheets),
        *_once(words),
        *_parts(words),
        *_verdicts(words),
        *(
            f"{face}: {fault}"
            for face, text in (own | other).items()
            for fault in _against_itself(text)
        ),
    ]


def _facts(words: Words, own: Mapping[str, str], other: Mapping[str, str]) -> Iterator[str]:
    """The facts that every face tells, told alike."""
    review, verdict = words.review, words.verdict()
    causes = [words.say(c.statement) for c in review.causes]
    sure = [words.sure(c.confidence) for c in review.causes]
    rows = [words.moved(r.amount) for r in review.bridge]
    rows += [words.ends(r.low, r.high) for r in review.bridge if r.low is not None]
    ends = [words.level(v) for v in (review.goal.expected, review.goal.logged)]
    whole = [verdict, words.goal_line().strip(), *causes, *sure, *rows, *ends]
    shown = [*causes[:MOST_CAUSES], *sure[:MOST_CAUSES]]  # the bridge is a picture there
    told = dict.fromkeys(own, whole) | {"slides": [verdict, words.goal_line().strip(), *shown]}
    told |= {face: [verdict] for face in other if face == "home"}
    for face, facts in told.items():
        text = flat((dict(own) | dict(other))[face])
        yield from (f"{face} lacks: {fact}" for fact in facts if flat(fact) not in text)


def _kpis(words: Words, faces: Mapping[str, str]) -> Iterator[str]:
    """Goal and KPIs with value and target, alike wherever they stand."""
    for standing in standings(words):
        values = [v for v in (standing.current, standing.target) if v]
        numbers = [re.match(NUMBER, v) for v in values]
        known = ".{0,60}?".join(re.escape(m[0]) for m in numbers if m)
        name = re.escape(flat(standing.name))
        for face, text in faces.items():
            if face == "board" and _repaired(words.review):
                continue  # it stands on the tables as they are
            gap = 600 if face == "board" else 80  # what the review says against it comes first
            if not re.search(f"{name}.{{0,{gap}}}?{known}", flat(text), re.IGNORECASE):
                yield f"{face} lacks: {standing.name} {' '.join(values)}"


def _repaired(review: Review) -> bool:
    """Whether the review read other numbers than the tables hold: rows that a log lost or that were
    loaded twice, days that a period lacks."""
    kinds = {c.kind for c in review.causes}
    keys = {i.statement.key for i in review.issues} | {r.label.key for r in review.bridge}
    return bool(kinds & {"data_loss", "duplicate_rows"} or keys & REPAIRED)


def _once(words: Words) -> Iterator[str]:
    """What a cause made of the goal is one amount in its own sentence, its chain and the findings
    it rests on."""
    review = words.review
    findings = {f.id: f for f in review.findings}
    for cause in review.causes:
        if cause.effect is None or cause.effect.unit not in ("", review.goal.metric):
            continue
        # A cause may be a part of what its driver moved: the market's, or a place's.
        whole = cause.kind in WHOLE
        whys = [w.answer for w in cause.why if whole or w.answer.key != "why.driver"]
        told = [cause.statement, *whys]
        told += [findings[f].statement for f in cause.findings if f in findings]
        for message in told:
            for amount in _sizes(message, cause, review.goal.metric):
                if not isclose(amount, cause.effect.value, rel_tol=1e-3, abs_tol=1e-6):
                    yield f"{cause.effect.value} and {amount}: {words.say(message)}"


def _parts(words: Words) -> Iterator[str]:
    """A driver of which the bridge says causes and the rest made the sum of these rows."""
    review = words.review
    whys = [[w.answer for w in c.why if w.answer.key == "why.driver"] for c in review.causes]
    nodes = {k: said[0].values["driver"] for k, said in enumerate(whys) if said}
    for rest in (r for r in review.bridge if r.label.key in RESTS):
        driver, rows = (
            rest.label.values["driver"],
            [r for r in review.bridge if r.cause is not None],
        )
        own = sum(r.amount for r in rows if nodes.get(r.cause) == driver) + rest.amount
        told = [a.values for said in whys for a in said if a.values["driver"] == driver]
        for amount in (float(str(values["contribution"])) for values in told):
            if not isclose(amount, own, rel_tol=1e-3, abs_tol=1e-6):
                yield f"{driver}: {amount}, by the bridge {own}"


def _sizes(message: Message, cause: Cause, goal: str) -> Iterator[float]:
    """What a message, or one in it, says that the subject of a cause made of the goal there."""
    values = message.values
    same = values.get("driver", values.get("subject")) == cause.subject
    here = (values.get("where") or EVERYWHERE) == cause.where
    if same and here and values.get("goal") == goal:
        yield from (
            float(str(values[k])) for k in ("contribution", "effect") if values.get(k) is not None
        )
    for value in values.values():
        if isinstance(value, Message):
            yield from _sizes(value, cause, goal)


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
        how, quiet = words.how(finding), words.text(f"how_{finding.strength}")
        effect = finding.effect
        known = finding.strength == "tested" and effect is not None and effect.low is not None
        if known and how == quiet and not effect.excludes_zero:
            yield f"{finding.id} is said to exclude zero: {effect}"
        if how.endswith(words.text("how_tested_fine")) and p is not None and p < 0.05:
            yield f"{finding.id}: nothing beyond chance at p = {p}"
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
    for match in ENDS.finditer(plain):
        before, after, change = (_value(match[k]) for k in (1, 2, 3))
        if before and abs(100 * (after - before) / abs(before) - change) > 0.15 + 0.002 * abs(
            change
        ):
            yield f"no such change: {_around(plain, match)}"
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
