"""The page of an experiment: whether it can be trusted, what to do, each metric of each variation,
guardrails apart, and what was done."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from kpilab.core.values import Message
from kpilab.show.say import label, sentence
from kpilab.show.theme import BAD, GOOD, NEUTRAL, QUIET

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from kpilab.analysis.experiments.experiment import ExperimentResult

COLUMNS = ("metric", "variation", "before", "after", "change", "bar", "absolute", "p", "chance")
GUARDED = "experiment.guardrails"
WIDTH, HEIGHT = 160, 14  # of an interval bar, in pixels
NUMBERS = ("before", "after", "p", "chance")


def page(result: ExperimentResult, lang: str = "en", parts: Sequence[str] = ()) -> str:
    """The page as HTML that loads nothing from outside, and has no styles of its own.

    Args:
        parts: what stands between the metrics and what was done: the effect by day, age, segment.
    """
    *health, headline = (escape(sentence(m, lang)) for m in result.banner)
    spoilt = result.decision == "invalid"
    tone = BAD if spoilt else NEUTRAL if result.checks["trouble"].any() else GOOD
    banner = "".join(f"<div>{_dot(tone)} {line}</div>" for line in health)
    guard = (result.table["role"] == "guardrail").to_numpy()
    said = [
        f"<div class='kp-banner'>{banner}</div>",
        f"<p><strong>{headline}</strong></p>",
        _table(result, ~guard, "experiment.metrics", lang),
        _table(result, guard, GUARDED, lang) if guard.any() else "",
    ]
    control = Message("experiment.against", {"control": result.control})
    done = [escape(sentence(m, lang)) for m in (control, *result.notes)]
    apart = "" if lang == "zh" else " "
    last = f"<p>{apart.join([label('experiment.done', lang), *done])}</p>"
    return "".join([*said, *parts, last])


def _dot(tone: str) -> str:
    return (
        "<svg width='10' height='10' aria-hidden='true'>"
        f"<circle cx='5' cy='5' r='4' fill='{tone}'/></svg>"
    )


def _table(result: ExperimentResult, mine: np.ndarray, title: str, lang: str) -> str:
    """One row per metric and variation."""
    columns = (*COLUMNS, "margin") if title == GUARDED else COLUMNS
    # A heading without words would be read out as one.
    head = "".join("<td></td>" if c == "bar" else _head(c, lang) for c in columns)
    rows = result.table[mine].reset_index(drop=True)
    far = _far(rows)
    said = [cells for cells, wanted in zip(result.figures, mine, strict=True) if wanted]
    body = "".join(
        f"<tr>{''.join(_cell(c, cells, rows, k, far, lang) for c in columns)}</tr>"
        for k, cells in enumerate(said)
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<p>{escape(label(title, lang))}</p>{table}"


def _head(column: str, lang: str) -> str:
    return f"<th scope='col'>{escape(label(f'experiment.column_{column}', lang))}</th>"


def _cell(
    column: str, cells: dict[str, Message], rows: pd.DataFrame, k: int, far: float, lang: str
) -> str:
    if column == "bar":
        row = rows.iloc[k]
        low, value, high = (float(row[c]) for c in ("lift_low", "lift", "lift_high"))
        tone = {1: GOOD, -1: BAD}.get(int(row["gain"]), QUIET)
        return f"<td>{_bar(low, value, high, far, tone)}</td>"
    number = " class='kp-number'" if column in NUMBERS else ""
    return f"<td{number}>{escape(sentence(cells[column], lang))}</td>"


def _far(rows: pd.DataFrame) -> float:
    """The end of the bars' scale: the furthest end of any interval."""
    ends = rows[["lift_low", "lift_high"]].abs().to_numpy(dtype=float)
    known = ends[np.isfinite(ends)]
    return float(known.max()) if known.size and known.max() > 0 else 1.0


def _bar(low: float, value: float, high: float, far: float, tone: str) -> str:
    """An interval as a bar around zero, beside its numbers; an end without runs to the edge."""
    if not np.isfinite(value):
        return ""

    def at(x: float) -> float:
        return WIDTH / 2 * (1 + float(np.clip(x / far, -1, 1)))

    left, right = at(low if low == low else value), at(high if high == high else value)
    return (
        f"<svg width='{WIDTH}' height='{HEIGHT}' aria-hidden='true'>"
        f"<rect x='{left:.1f}' y='3' width='{max(right - left, 1):.1f}' height='8' fill='{tone}'/>"
        f"<line x1='{WIDTH / 2}' x2='{WIDTH / 2}' y1='0' y2='{HEIGHT}' stroke='{NEUTRAL}'/>"
        f"<circle cx='{at(value):.1f}' cy='7' r='3' fill='{NEUTRAL}'/></svg>"
    )
