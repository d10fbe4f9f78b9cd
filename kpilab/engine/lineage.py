"""Lineage: which columns a SQL measure is computed from."""

from __future__ import annotations

from kpilab.core.case import Metric
from kpilab.engine.expression import columns, parse_measure, parse_predicate


def lineage(expression: str, where: str = "lineage(expression=)") -> tuple[str, ...]:
    """Columns a measure reads, each once, in order of appearance.

    Raises:
        BadInput: not a measure that may be trusted.

    Example:
        >>> lineage("sum(amount) filter (where event = 'pay')")
        ('amount', 'event')
    """
    return columns(parse_measure(expression, where))


def sources(metric: Metric) -> tuple[str, ...]:
    """Columns of its table that a metric reads, condition included."""
    texts = [t for t in (metric.measure, metric.numerator, metric.denominator) if t]
    found = [c for text in texts for c in lineage(text, f"metric {metric.name!r}")]
    if metric.condition:
        found += columns(parse_predicate(metric.condition, f"metric {metric.name!r}"))
    return tuple(dict.fromkeys(found))
