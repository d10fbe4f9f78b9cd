"""The 5-Why chains of all causes, joined into one tree where they share their beginning."""

from __future__ import annotations

from dataclasses import dataclass, field

from kpilab.core.finding import Why
from kpilab.report.words import Words

# What a result calls the number of places or dates it looked at, and kinds that list them all.
SEARCHED = ("tests", "searched")
LISTED = ("attainment", "drivers", "split", "screen", "churn")


@dataclass(slots=True)
class Node:
    """A question and its answer; `causes` end here (their numbers, from 0)."""

    question: str
    answer: str
    finding: str | None
    looked: int | None = None
    nodes: list[Node] = field(default_factory=list)
    causes: list[int] = field(default_factory=list)


def tree(words: Words) -> list[Node]:
    """The first questions; equal question and answer make one node."""
    roots: list[Node] = []
    for k, cause in enumerate(words.review.causes):
        level, node = roots, None
        for why in cause.why:
            node = _node(level, why, words)
            level = node.nodes
        if node is not None:
            node.causes.append(k)
    return roots


def _node(level: list[Node], why: Why, words: Words) -> Node:
    question, answer = words.say(why.question), words.say(why.answer)
    for node in level:
        if (node.question, node.answer) == (question, answer):
            return node
    level.append(Node(question, answer, why.finding, _looked(words, why.finding)))
    return level[-1]


def _looked(words: Words, finding: str | None) -> int | None:
    """How many alternatives the finding was chosen from; None where none were searched."""
    for found in words.review.findings:
        if found.id == finding:
            known = [
                getattr(result, name, None) for result in found.evidence for name in SEARCHED
            ] + [
                len(result.table)
                for result in found.evidence
                if result.kind in LISTED and len(result.table) > 1
            ]
            return next((int(n) for n in known if n), None)
    return None
