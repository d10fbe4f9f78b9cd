"""The 5-Why chains of all causes, joined into one tree where they share their beginning."""

from __future__ import annotations

from dataclasses import dataclass, field

from kpilab.core.finding import Why
from kpilab.report.words import Words


@dataclass(slots=True)
class Node:
    """A question and its answer; `causes` end here (their numbers, from 0)."""

    question: str
    answer: str
    finding: str | None
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
    level.append(Node(question, answer, why.finding))
    return level[-1]
