"""Arithmetic over metric names, parsed by hand: `+ - * /`, parentheses, numbers.
Nothing is ever executed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kpilab.errors import BadInput

MOST_CHARACTERS, MOST_TOKENS, MOST_DEPTH = 2_000, 400, 50
TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?|\.[0-9]+)|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()]))"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A metric, or another formula of the tree."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two expressions joined by one of + - * /."""

    sign: str
    left: Expression
    right: Expression


Expression = Number | Name | Operation


def parse_formula(text: str, where: str = "formula") -> Expression:
    """The expression a formula stands for.

    Raises:
        BadInput: empty, too long or too deeply nested, or not arithmetic; the message points at the
            place.
    """
    if len(text) > MOST_CHARACTERS:
        raise BadInput(
            f"formula has {len(text):,} characters",
            where,
            f"keep it under {MOST_CHARACTERS:,}; nest through `tree:`",
        )
    return _Parser(text, where).whole()


def names(expression: Expression) -> tuple[str, ...]:
    """Names in the expression, each once, in order of appearance."""
    found: dict[str, None] = {}
    stack = [expression]
    while stack:
        node = stack.pop()
        if isinstance(node, Name):
            found[node.name] = None
        elif isinstance(node, Operation):
            stack += [node.right, node.left]
    return tuple(found)


class _Parser:
    """Recursive descent over the tokens of one formula."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.tokens, self.at = text, where, _tokens(text, where), 0

    def whole(self) -> Expression:
        if len(self.tokens) > MOST_TOKENS:
            raise BadInput(
                "formula is too long",
                self.where,
                f"use at most {MOST_TOKENS} names and signs; nest through `tree:`",
            )
        if not self.tokens:
            raise BadInput(
                "formula is empty",
                self.where,
                "write arithmetic over metric names, e.g. visits * order_rate",
            )
        expression = self.sum(0)
        if self.at < len(self.tokens):
            raise self.error()
        return expression

    def sum(self, depth: int) -> Expression:
        left = self.product(depth)
        while self.peek() in ("+", "-"):
            left = Operation(self.take(), left, self.product(depth))
        return left

    def product(self, depth: int) -> Expression:
        left = self.factor(depth)
        while self.peek() in ("*", "/"):
            left = Operation(self.take(), left, self.factor(depth))
        return left

    def factor(self, depth: int) -> Expression:
        if depth > MOST_DEPTH:
            raise BadInput(
                "formula is nested too deeply",
                self.where,
                f"use at most {MOST_DEPTH} levels; nest through `tree:`",
            )
        symbol = self.peek()
        if symbol == "-":
            self.take()
            return Operation("-", Number(0.0), self.factor(depth + 1))
        if symbol == "(":
            self.take()
            inner = self.sum(depth + 1)
            if self.peek() != ")":
                raise self.error()
            self.take()
            return inner
        if symbol is None or symbol in ("+", "*", "/", ")"):
            raise self.error()
        return Number(float(self.take())) if symbol[0] in "0123456789." else Name(self.take())

    def peek(self) -> str | None:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else None

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][0]

    def error(self) -> BadInput:
        ended = self.at >= len(self.tokens)
        what = (
            "ends too early"
            if ended
            else (
                f"has an unexpected {self.tokens[self.at][0]!r} at character "
                f"{self.tokens[self.at][1] + 1}"
            )
        )
        return BadInput(
            f"formula {self.text[:80]!r} {what}",
            self.where,
            "use + - * / and parentheses between metric names",
        )


def _tokens(text: str, where: str) -> list[tuple[str, int]]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            rest = text[at:].lstrip()
            raise BadInput(
                (
                    f"formula has {rest[0]!r} at character {len(text) - len(rest) + 1}, which is "
                    "not arithmetic"
                ),
                where,
                "use metric names, numbers, + - * / and parentheses",
            )
        found.append((match.group(match.lastgroup or 0), match.start(match.lastgroup or 0)))
        at = match.end()
    return found
