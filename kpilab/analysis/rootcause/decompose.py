"""Decompose: what did each part of the formula contribute to the goal's change?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from kpilab.core.formula import Expression, Name, Number, Operation
from kpilab.core.result import Result
from kpilab.core.tree import MetricTree
from kpilab.core.values import Message, fraction
from kpilab.engine.column import own
from kpilab.engine.door.frames import numbers
from kpilab.errors import BadInput, unknown
from kpilab.stats.distributions import norm
from kpilab.stats.rootcause.lmdi import lmdi, log_mean
from kpilab.stats.rootcause.shapley import MOST_PLAYERS, shapley

Values = Mapping[str, float]
COLUMNS = [
    "node",
    "parent",
    "depth",
    "baseline",
    "current",
    "contribution",
    "low",
    "high",
    "share",
    "log",
    "method",
]


@dataclass(frozen=True, slots=True, eq=False)
class DecomposeResult(Result):
    """Answer of `decompose`.

    Attributes:
        table: one row per node of the formula and parent it stands under, parents first; columns
            `node`, `parent` ("" for the goal), `depth` (0 for the goal), `baseline`, `current`
            (values), `contribution` (to the goal's change, in goal units; children sum to their
            parent), `low`, `high` (interval; NaN without `errors`, and where a denominator may as
            well be zero), `share` (of the goal's change; NaN if that is 0), `log` (contribution to
            ln(current / baseline) of the goal; NaN unless both are positive), `method` ("lmdi",
            "shapley", or "whole" for the goal).
        goal: its name. before, after: its values.
        level: confidence level.
    """

    goal: str
    before: float
    after: float
    level: float
    kind: ClassVar[str] = "decompose"

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def leaves(self) -> pd.DataFrame:
        """The rows without children; their contributions sum to the change."""
        return self.table[~self.table["node"].isin(self.table["parent"])]

    @property
    def headline(self) -> Message:
        leaves = self.leaves
        if leaves.empty or self.change == 0:
            return Message("decompose.same", {"goal": self.goal})
        first = leaves.iloc[int(np.argmax(leaves["contribution"].abs().to_numpy()))]
        values = {"goal": self.goal, "change": self.change, "node": first["node"]}
        return Message("decompose.largest", values | {"contribution": float(first["contribution"])})


def decompose(
    tree: MetricTree | str,
    baseline: Values,
    current: Values,
    *,
    errors: Mapping[str, tuple[float, float]] | None = None,
    level: float = 0.95,
) -> DecomposeResult:
    """Split the goal's change over all nodes of a nested formula, exactly.

    Each formula is split over the names in it: LMDI where it is a product or ratio of positive
    values, Shapley values otherwise (up to 12 names; nest longer formulas). What a node contributes
    is handed on to its own children in the same way, so children sum to their parent and leaves to
    the change.

    Args:
        tree: the metric tree, or a formula of leaf names.
        baseline, current: leaf -> value.
        errors: leaf -> standard errors in both periods, for the intervals (delta method).
        level: confidence level.

    Returns:
        DecomposeResult with one row per node.

    Raises:
        BadInput: a leaf without a value (or whose value is missing or infinite), errors that are
            negative, missing or of no leaf, a zero denominator, or a formula with more than 12
            names.

    Example:
        >>> before, now = {"visits": 90, "shops": 3}, {"visits": 80, "shops": 4}
        >>> decompose("visits / shops", before, now).change
        -10.0
    """
    fraction(level, "decompose(level=)")
    tree = MetricTree.parse("goal", tree) if isinstance(tree, str) else tree
    baseline, current = (
        numbers(v, f"decompose({n})", tree.leaves)
        for v, n in ((baseline, "baseline"), (current, "current"))
    )
    rows = _rows(tree, baseline, current)
    table = pd.DataFrame(
        rows, columns=[c for c in COLUMNS if c not in ("low", "high", "share", "log")]
    )
    before, after = (float(table[c].to_numpy(float)[0]) for c in ("baseline", "current"))
    half, notes = np.full(len(table), np.nan), ()
    if errors:
        known, z = _checked(errors, tree), float(norm.ppf(0.5 + level / 2))
        if any(_near_zero(tree, v, known, k, z) for k, v in enumerate((baseline, current))):
            notes = (Message("decompose.near_zero"),)
        else:
            half = z * _errors(tree, baseline, current, known)
    table["low"], table["high"] = table["contribution"] - half, table["contribution"] + half
    table["share"] = table["contribution"] / (after - before) if after != before else np.nan
    table["log"] = (
        table["contribution"] / log_mean(after, before) if before > 0 and after > 0 else np.nan
    )
    return DecomposeResult(table[COLUMNS], tree.goal, before, after, level, notes=notes)


def _checked(
    errors: Mapping[str, tuple[float, float]], tree: MetricTree
) -> dict[str, tuple[float, float]]:
    """Standard errors of both periods as numbers; each of a leaf, none missing or below zero."""
    where = "decompose(errors=)"
    for leaf in errors:
        if leaf not in tree.leaves:
            raise unknown("leaf", leaf, tree.leaves, where)
    first, second = (
        numbers({n: pair[k] for n, pair in errors.items()}, where, errors) for k in (0, 1)
    )
    for leaf in errors:
        if min(first[leaf], second[leaf]) < 0:
            raise BadInput(
                f"the standard error of {leaf!r} is below zero",
                where,
                "give it as a positive number",
            )
    return {leaf: (first[leaf], second[leaf]) for leaf in errors}


def _nested(tree: MetricTree) -> MetricTree:
    """The tree with every denominator that is a difference as a node of its own.

    Half-way between two periods such a denominator may be zero, though it never was in either; it
    moved from one value to the other, and hands its part on to what it is made of.
    """
    formulas: dict[str, Expression] = {}

    def lifted(part: Expression, whole: tuple[str, ...]) -> Expression:
        if not isinstance(part, Operation):
            return part
        left, right = lifted(part.left, whole), part.right
        inside = _every_name(right)
        alone = all(whole.count(n) == inside.count(n) for n in inside) and len(set(inside)) > 1
        if part.sign == "/" and alone and _subtracts(right):
            name = own(f"below{len(formulas)}")
            formulas[name] = right
            return Operation(part.sign, left, Name(name))
        return Operation(part.sign, left, lifted(right, whole))

    for node, formula in tree.formulas.items():
        formulas[node] = lifted(formula, _every_name(formula))
    return MetricTree(tree.goal, formulas)


def _every_name(part: Expression) -> tuple[str, ...]:
    """Names of an expression, as often as they occur."""
    if isinstance(part, Operation):
        return (*_every_name(part.left), *_every_name(part.right))
    return (part.name,) if isinstance(part, Name) else ()


def _subtracts(part: Expression) -> bool:
    if not isinstance(part, Operation):
        return False
    return part.sign == "-" or _subtracts(part.left) or _subtracts(part.right)


def _rows(
    tree: MetricTree, baseline: Values, current: Values, ways: Mapping[str, str] | None = None
) -> list[tuple[object, ...]]:
    """Rows of the table, from the goal down; every node hands its contribution on to its
    children, in the way given for it, if any."""
    given, tree = set(tree.nodes), _nested(tree)
    old, new = (
        {n: float(np.asarray(tree.evaluate(v, n))) for n in tree.nodes} for v in (baseline, current)
    )
    rows: list[tuple[object, ...]] = []

    def hand_on(
        node: str, parent: str, depth: int, contribution: float, slope: float, method: str
    ) -> None:
        shown = node in given
        if shown:
            rows.append((node, parent, depth, old[node], new[node], contribution, method))
        children = tree.children(node)
        if not children:
            return
        parts, how = _split(tree, node, children, old, new, (ways or {}).get(node))
        for child, part in zip(children, parts, strict=True):
            moved = new[child] - old[child]
            small = abs(moved) <= 1e-12 * max(abs(new[child]), abs(old[child]), 1e-300)
            below = slope * (_slope(tree, node, child, old, new) if small else part / moved)
            above = (node, depth + 1) if shown else (parent, depth)
            hand_on(child, *above, slope * part, below, how)

    goal = tree.goal
    hand_on(goal, "", 0, new[goal] - old[goal], 1.0, "whole")
    return rows


def _split(
    tree: MetricTree,
    node: str,
    children: tuple[str, ...],
    old: Values,
    new: Values,
    way: str | None = None,
) -> tuple[list[float], str]:
    """Contributions of the children to the node's own change."""
    powers = _powers(tree.formulas[node])
    if (
        way != "shapley"
        and powers is not None
        and all(old[c] > 0 and new[c] > 0 for c in powers[0])
    ):
        factors, scale = powers
        before, after = (np.array([v[c] for c in children]) for v in (old, new))
        power = np.array([float(factors[c]) for c in children])
        return [float(p) for p in lmdi(before, after, power, scale)], "lmdi"
    if len(children) > MOST_PLAYERS:
        raise BadInput(
            f"formula of {node!r} has {len(children)} names",
            f"formula of {node!r}",
            f"group them into at most {MOST_PLAYERS} through `tree:`",
        )
    single = MetricTree(node, {node: tree.formulas[node]})

    def worth(changed: frozenset[int]) -> float:
        mixed = {c: (new if k in changed else old)[c] for k, c in enumerate(children)}
        try:
            return float(np.asarray(single.evaluate(mixed)))
        except BadInput as error:
            # Both periods have been evaluated already: only a mixture of the two divides by zero.
            at = ", ".join(f"{c} = {v:g}" for c, v in mixed.items())
            mend = (
                "give the denominator a name of its own through `tree:`, or write the "
                "formula without it"
            )
            raise BadInput(
                f"half-way between the periods ({at}) the denominator is 0", error.where, mend
            ) from None

    return [float(p) for p in shapley(worth, len(children))], "shapley"


def _slope(tree: MetricTree, node: str, child: str, old: Values, new: Values) -> float:
    """Change of the node per unit of a child that did not move, all else half-way."""
    single = MetricTree(node, {node: tree.formulas[node]})
    middle = {c: (old[c] + new[c]) / 2 for c in tree.children(node)}
    step = max(abs(middle[child]), 1.0) * 1e-5
    low, high = (single.evaluate(middle | {child: middle[child] + s}) for s in (-step, step))
    return float(np.asarray(high) - np.asarray(low)) / (2 * step)


def _powers(expression: Expression) -> tuple[dict[str, int], float] | None:
    """Names with their powers and the constant, if the expression is a product or ratio;
    None otherwise."""
    if isinstance(expression, Name):
        return {expression.name: 1}, 1.0
    if isinstance(expression, Number):
        return ({}, expression.value) if expression.value > 0 else None
    if expression.sign not in "*/":
        return None
    left, right = _powers(expression.left), _powers(expression.right)
    if left is None or right is None:
        return None
    sign = 1 if expression.sign == "*" else -1
    names = {**left[0], **right[0]}
    powers = {n: left[0].get(n, 0) + sign * right[0].get(n, 0) for n in names}
    return powers, left[1] * right[1] ** sign


def _near_zero(
    tree: MetricTree, values: Values, errors: Mapping[str, tuple[float, float]], k: int, z: float
) -> bool:
    """Whether some denominator of a period may be zero within its own error: the delta method
    knows no interval there."""

    parts = [p for formula in tree.formulas.values() for p in _denominators(formula)]

    def below(leaves: Values) -> np.ndarray:
        # Arrays: one that is zero on the way is missing, not an error.
        found = {name: np.array([value]) for name, value in leaves.items()}
        known = found | {n: np.asarray(tree.evaluate(found, n)) for n in tree.nodes}
        made = [MetricTree("below", {"below": part}).evaluate(known) for part in parts]
        return np.array([float(np.asarray(m).ravel()[0]) for m in made])

    here = below(values)
    moves = [
        (below({**values, leaf: values[leaf] + 0.01 * pair[k]}) - here) / 0.01
        for leaf, pair in errors.items()
        if parts and pair[k] > 0
    ]
    reach = z * np.sqrt(np.sum(np.square(moves), axis=0))
    return bool(moves) and not bool((np.abs(here) > reach).all())


def _denominators(part: Expression) -> list[Expression]:
    """Whatever an expression divides by."""
    if not isinstance(part, Operation):
        return []
    inside = _denominators(part.left) + _denominators(part.right)
    return [*inside, part.right] if part.sign == "/" else inside


def _errors(
    tree: MetricTree, baseline: Values, current: Values, errors: Mapping[str, tuple[float, float]]
) -> np.ndarray:
    """Standard error of every row's contribution by the delta method,
    leaves taken as independent."""
    total = 0.0
    # A step across zero must not change the way a node is split by: the two differ by more.
    ways = {str(row[1]): str(row[6]) for row in _rows(tree, baseline, current)}
    for leaf, pair in errors.items():
        for k, error in enumerate(pair):
            if error > 0:
                sides = []
                for step in (-0.01 * error, 0.01 * error):
                    moved = [dict(baseline), dict(current)]
                    moved[k][leaf] += step
                    sides.append(
                        np.array(
                            [row[5] for row in _rows(tree, moved[0], moved[1], ways)], dtype=float
                        )
                    )
                total = total + ((sides[1] - sides[0]) / 0.02) ** 2
    return np.sqrt(total)
