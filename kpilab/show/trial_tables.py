"""The effect of an experiment by day, by age and by segment as small tables, without a chart."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from kpilab.core.values import Message
from kpilab.show.format import day, number
from kpilab.show.say import label, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from kpilab.analysis.experiments.cumulative_effect import CumulativeEffectResult
    from kpilab.analysis.experiments.effect_by_age import EffectByAgeResult
    from kpilab.analysis.experiments.subgroups import SubgroupsResult
    from kpilab.core.result import Result

MOST_ROWS = 8  # of a course
Row = dict[Any, Any]


def part_table(part: Result, lang: str = "en") -> str:
    """A part of an experiment's page as HTML; nothing for a result of another kind."""
    form = PARTS.get(part.kind)
    return form(part, lang) if form else ""


def _segments(result: SubgroupsResult, lang: str) -> str:
    """Every value of the dimension; a share by its points, else the relative change as well."""
    changes = () if result.share else ("change",)
    columns = (*changes, "absolute", "p")
    heads = [result.dimension, *(label(f"experiment.column_{c}", lang) for c in changes)]
    heads += [label("experiment.column_absolute", lang), label("column.q", lang)]
    rows = [
        [str(row["value"]), *(sentence(_cells(row, result.share)[c], lang) for c in columns)]
        for row in result.table.to_dict("records")
    ]
    return _table(sentence(result.headline, lang), heads, rows)


def _course(result: CumulativeEffectResult, lang: str) -> str:
    heads = [label("course.day", lang), label("course.effect", lang)]
    rows = [
        [day(row["day"], lang), sentence(_cells(row, result.share)["absolute"], lang)]
        for row in _few(result.table)
    ]
    return _table(label("course.table", lang, metric=result.metric), heads, rows)


def _ages(result: EffectByAgeResult, lang: str) -> str:
    heads = [label("ages.age", lang), label("ages.effect", lang)]
    rows = [
        [number(round(row["age"], 1), lang), sentence(_cells(row, result.share)["absolute"], lang)]
        for row in _few(result.table)
    ]
    return _table(label("ages.table", lang, metric=result.metric), heads, rows)


# each form takes its own result
PARTS: Mapping[str, Callable[[Any, str], str]] = {
    "subgroups": _segments,
    "course": _course,
    "ages": _ages,
}


def _few(table: pd.DataFrame) -> list[Row]:
    """The first and the last row that have an effect, and some evenly between."""
    known = table[np.isfinite(table["effect"].to_numpy(dtype=float))]
    places = np.linspace(0, len(known) - 1, min(len(known), MOST_ROWS)).round().astype(int)
    return known.iloc[places].to_dict("records")


def _cells(row: Mapping[Any, Any], share: bool) -> dict[str, Message]:
    """The effect in its own unit and, where there is one, relative to the control."""
    step = f"experiment.step_{'share' if share else 'amount'}"
    names = ("step", "_low", "_high")
    told = zip(names, _bounded(row, "effect", "low", "high"), strict=True)
    said = {k: None if v is None else Message(step, {"value": v}) for k, v in told}
    cells = {"absolute": Message("experiment.cell_absolute", said)}
    if "lift" in row:
        ends = ("lift", "lift_low", "lift_high")
        change = {str(k): v for k, v in zip(ends, _bounded(row, *ends), strict=True)}
        cells["change"] = Message("experiment.cell_change", change)
        cells["p"] = Message("experiment.cell_p", {"q": row["q"]})
    return cells


def _bounded(row: Mapping[Any, Any], value: str, *ends: str) -> tuple[float | None, ...]:
    """A value and its interval; None for what is not known, and for an interval that reaches
    everywhere."""
    known = np.isfinite([row[end] for end in ends]).any()
    return _known(row[value]), *(row[end] if known else None for end in ends)


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th scope='col'>{escape(h)}</th>" for h in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in rows)
    table = f"<table class='kp-part'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<p>{escape(title)}</p>{table}"
