"""What a measure is made of: terms that add up, the rows it counts, the columns it adds."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from kpilab.engine.expression import parse_measure, parse_predicate, restricted, sql


@dataclass(frozen=True, slots=True)
class Term:
    """One aggregate of a sum of such: `factor` × `measure`."""

    factor: float
    measure: str


def terms(measure: str) -> tuple[Term, ...] | None:
    """The sums and counts that a measure adds up or subtracts; None for one that is made otherwise.

    A count of distinct values adds up over no two rows, and is none of these.
    """
    found = _terms(parse_measure(measure, "measure"), 1.0)
    return None if found is None else tuple(Term(f, sql(tree)) for f, tree in found)


def _terms(tree: exp.Expr, factor: float) -> list[tuple[float, exp.Expr]] | None:
    if isinstance(tree, exp.Paren | exp.Coalesce):
        return _terms(tree.this, factor)
    if isinstance(tree, exp.Neg):
        return _terms(tree.this, -factor)
    if isinstance(tree, exp.Add | exp.Sub):
        left = _terms(tree.this, factor)
        right = _terms(tree.expression, factor if isinstance(tree, exp.Add) else -factor)
        return None if left is None or right is None else left + right
    if isinstance(tree, exp.Mul):
        for number, other in ((tree.this, tree.expression), (tree.expression, tree.this)):
            value = _number(number)
            if value is not None:
                return _terms(other, factor * value)
        return None
    inner = tree.this if isinstance(tree, exp.Filter) else tree
    whole = isinstance(inner, exp.Sum) or _counts_rows(inner)
    return [(factor, tree)] if whole else None


def _counts_rows(tree: exp.Expr) -> bool:
    return isinstance(tree, exp.CountIf) or (
        isinstance(tree, exp.Count) and not isinstance(tree.this, exp.Distinct)
    )


def _number(tree: exp.Expr) -> float | None:
    if isinstance(tree, exp.Neg | exp.Paren):
        inner = _number(tree.this)
        return None if inner is None else (-inner if isinstance(tree, exp.Neg) else inner)
    return float(tree.name) if isinstance(tree, exp.Literal) and not tree.is_string else None


def rows_of(measure: str) -> str | None:
    """The count of the rows that one term sums; None where the term is itself a count."""
    tree = parse_measure(measure, "measure")
    inner = tree.this if isinstance(tree, exp.Filter) else tree
    if not isinstance(inner, exp.Sum):
        return None
    rows = exp.Count(this=exp.Star())
    if not isinstance(tree, exp.Filter):
        return sql(rows)
    return sql(exp.Filter(this=rows, expression=tree.expression.copy()))


def within(measure: str, condition: str | None) -> str:
    """A measure over the rows that meet a condition."""
    if condition is None:
        return measure
    tree = parse_measure(measure, "measure")
    return sql(restricted(tree, parse_predicate(condition, "where")))


def alike(first: str | None, second: str | None) -> bool:
    """Whether two measures are one, however they are written."""
    if first is None or second is None:
        return first is second
    return (
        sql(parse_measure(first, "measure")).lower()
        == sql(parse_measure(second, "measure")).lower()
    )


def passes_on(num: str, den: str, goal: str) -> float | None:
    """How much of a goal's term one more of a ratio's numerator makes, at the same denominator.

    Where a discount is `sum(listed - amount) / sum(listed)`, one more of it at the same list price
    is one less of an amount that is summed. None where the two share no column, or several.
    """
    parts = [_weights(text) for text in (num, den, goal)]
    if any(part is None for part in parts):
        return None
    above, below, wanted = (part or {} for part in parts)
    shared = [c for c in above if c in wanted and c not in below and above[c]]
    return wanted[shared[0]] / above[shared[0]] if len(shared) == 1 else None


def _weights(measure: str) -> dict[str, float] | None:
    """Column -> what a sum adds of it; None where it sums anything but columns."""
    found: dict[str, float] = {}
    for factor, tree in _terms(parse_measure(measure, "measure"), 1.0) or []:
        if not isinstance(tree, exp.Sum):
            return None
        parts = _columns(tree.this, factor)
        if parts is None:
            return None
        for name, weight in parts:
            found[name] = found.get(name, 0.0) + weight
    return found or None


def _columns(tree: exp.Expr, factor: float) -> list[tuple[str, float]] | None:
    if isinstance(tree, exp.Column):
        return [(tree.name.lower(), factor)]
    if isinstance(tree, exp.Paren):
        return _columns(tree.this, factor)
    if isinstance(tree, exp.Neg):
        return _columns(tree.this, -factor)
    if isinstance(tree, exp.Add | exp.Sub):
        left = _columns(tree.this, factor)
        right = _columns(tree.expression, factor if isinstance(tree, exp.Add) else -factor)
        return None if left is None or right is None else left + right
    return None
