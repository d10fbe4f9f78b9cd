"""The metric tree: which formula of which metrics the goal is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kpilab.core.formula import Expression, Name, Number, names, parse_formula
from kpilab.errors import BadInput

Value = float | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MetricTree:
    """A goal as nested arithmetic over leaf metrics.

    Attributes:
        goal: name of the root.
        formulas: name -> expression, for the root and every inner node.
        nodes: all names, parents before children.
        leaves: names without a formula, in order of appearance.
    """

    goal: str
    formulas: Mapping[str, Expression]
    nodes: tuple[str, ...] = field(init=False)
    leaves: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "formulas", MappingProxyType(dict(self.formulas)))
        order = self._below(self.goal)[::-1]
        object.__setattr__(self, "nodes", tuple(order))
        object.__setattr__(self, "leaves", tuple(n for n in order if n not in self.formulas))

    @classmethod
    def parse(cls, goal: str, formula: str, tree: Mapping[str, str] | None = None) -> MetricTree:
        """Parse the goal's formula and further formulas `{metric: formula}`.

        Raises:
            BadInput: not arithmetic, or a formula that leads back to itself.
        """
        texts = {goal: formula, **(tree or {})}
        return cls(goal, {n: parse_formula(t, f"formula of {n!r}") for n, t in texts.items()})

    def children(self, node: str) -> tuple[str, ...]:
        """Names in the formula of `node`; none for a leaf."""
        return names(self.formulas[node]) if node in self.formulas else ()

    def evaluate(self, values: Mapping[str, Value], node: str | None = None) -> Value:
        """Value of `node` (default: the goal) from the values of the leaves.

        Numbers give a number and raise when a denominator is zero; arrays give arrays with NaN
        there.

        Raises:
            BadInput: a leaf without a value, or a division by zero.
        """
        node = node or self.goal
        found: dict[str, Value] = {}
        # Each once, children first: a tree may be deep, and name the same node many times.
        for name in reversed(self.nodes) if node == self.goal else self._below(node):
            if name in self.formulas:
                found[name] = _value(self.formulas[name], found, name)
            elif name in values:
                found[name] = values[name]
            else:
                mend = f"give a value for each of {list(self.leaves)}"
                raise BadInput(f"no value for {name!r}", f"formula of {self.goal!r}", mend)
        return found[node]

    def _below(self, root: str) -> list[str]:
        """The node and all below it, children first, each once."""
        order: dict[str, None] = {}
        above: dict[str, None] = {}
        stack = [(root, False)]
        while stack:
            node, left = stack.pop()
            if left:
                order[node] = above.pop(node)
            elif node in above:
                path = list(above)
                circle = " -> ".join((*path[path.index(node) :], node))
                raise BadInput(
                    f"formulas lead back to themselves: {circle}",
                    f"formula of {node!r}",
                    "take one of them out of the circle",
                )
            elif node not in order:
                above[node] = None
                stack += [(node, True), *((child, False) for child in self.children(node))]
        return list(order)


def _value(expression: Expression, found: Mapping[str, Value], node: str) -> Value:
    if isinstance(expression, Number):
        return expression.value
    if isinstance(expression, Name):
        return found[expression.name]
    left, right = _value(expression.left, found, node), _value(expression.right, found, node)
    if expression.sign == "+":
        return left + right
    if expression.sign == "-":
        return left - right
    if expression.sign == "*":
        return left * right
    return _divide(left, right, node)


def _divide(left: Value, right: Value, node: str) -> Value:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(
                np.asarray(right) == 0,
                np.nan,
                left / np.where(np.asarray(right) == 0, np.nan, right),
            )
    if right == 0:
        raise BadInput(
            "division by zero",
            f"formula of {node!r}",
            "a denominator is 0 in this period; choose another period or formula",
        )
    return left / right
