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
    chart: bool = True
    looked: int | None = None
    nodes: list[Node] = field(default_factory=list)
    causes: list[int] = field(default_factory=list)


def tree(words: Words) -> list[Node]:
    """The first questions; equal question and answer make one node."""
    roots: list[Node] = []
    for k, cause in enumerate(words.review.causes):
        level, node, shown = roots, None, set[str]()
        for why in cause.why:
            if why.answer == cause.falsification:
                continue  # stands at the end of the chain, as what must not have moved
            node = _node(level, why, words, shown)
            level = node.nodes
        if node is not None:
            node.causes.append(k)
    return roots


def _node(level: list[Node], why: Why, words: Words, shown: set[str]) -> Node:
    """The node of a link; the chart of a finding is shown at its first."""
    question, answer = words.say(why.question), words.say(why.answer)
    for node in level:
        if (node.question, node.answer) == (question, answer):
            return node
    new = why.finding not in shown
    looked = _looked(words, why.finding) if new else None
    level.append(Node(question, answer, why.finding, new, looked))
    shown |= {why.finding} if why.finding else set()
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
