"""Few people: what a panel must not show of a case with `privacy: min_group`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

import pandas as pd

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, MISSING, Message, Where
from kpilab.engine.groups import people, small_combinations
from kpilab.errors import BadInput

# Kind of result -> its tables whose rows are groups of people -> columns that add up to a group's
# size.
SIZES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "paths": {"table": ("users",), "transitions": ("users",)},
    "sequences": {"table": ("users",)},
    "retention": {"table": ("size",), "curve": ("size",)},
    "activity": {"table": ("mau",)},
    "dropoff": {"table": ("stopped", "went")},
}


def refused(size: int, least: int) -> BadInput:
    """The error for a look at too few people."""
    return BadInput(
        f"{size} people are too few to be looked at",
        "case.yml, key 'privacy.min_group'",
        f"widen the filter to {least} people or more",
    )


def enough(case: Case, where: Where) -> None:
    """Refuse a filter that leaves fewer people than the case allows to look at.

    Raises:
        BadInput: the segment holds somebody, but fewer than `privacy: min_group`.
    """
    least = case.privacy.min_group
    size = people(tuple(case.tables.values()), where) if least > 1 and where else None
    if size is not None and 0 < size < least:
        raise refused(size, least)


def shown(case: Case, result: Result, where: Where = EVERYWHERE) -> Result:
    """The result without the rows that are about fewer people than the case allows; a note says how
    many they are.

    Rows are left out of the tables alone: sentences and totals are still about everybody.

    Args:
        case: its `privacy: min_group`, and the logs that know who is in a segment.
        result: any answer. where: the filter it was asked with.
    """
    least, changes, dropped = case.privacy.min_group, dict[str, pd.DataFrame](), 0
    if least < 2:
        return result
    for field in fields(result):
        table = getattr(result, field.name)
        if isinstance(table, pd.DataFrame):
            keep = _large(table, SIZES.get(result.kind, {}).get(field.name, ()), least)
            for log in case.of_kind(EventLog).values():
                keep &= _wide(log, table, where, least)
            if not keep.all():
                changes[field.name] = table[keep].reset_index(drop=True)
                dropped += int((~keep).sum())
    if not changes:
        return result
    note = Message("workbench.few", {"groups": dropped, "least": least})
    # tables by their names
    return replace(result, notes=(*result.notes, note), **changes)  # type: ignore[arg-type]


def _large(table: pd.DataFrame, columns: tuple[str, ...], least: int) -> pd.Series:
    """Rows of nobody or of enough people; a size that is not known is taken for a total."""
    size = (
        table[list(columns)].sum(axis=1, min_count=1)
        if columns
        else pd.Series(float("nan"), table.index)
    )
    return ~size.between(1, least - 1)


def _wide(log: EventLog, table: pd.DataFrame, where: Where, least: int) -> pd.Series:
    """Rows whose segment, inside the filter, holds enough people of the log.

    A segment is named by columns called like dimensions, by a pair `dimension` and `value`, or by a
    column `where`. Single values without a filter need no look: the small ones were put together
    when the case was opened.
    """
    keep, known = pd.Series(True, table.index), set(log.dimensions)
    if not {*where.values, *where.without} <= known:
        return keep
    named = {c: c.removesuffix(" (by)") for c in table.columns if c.removesuffix(" (by)") in known}
    named = {c: n for c, n in named.items() if f"{c} (by)" not in named}
    if len(named) > (0 if where else 1):
        keep &= ~_among(
            table[list(named)], small_combinations(log, list(named.values()), where, least)
        )
    if where and {"dimension", "value"} <= set(table.columns):
        for name in known & set(table["dimension"].dropna()):
            keep &= (table["dimension"] != name) | ~_among(
                table[["value"]], small_combinations(log, [name], where, least)
            )
    if "where" in table.columns:
        inside = [
            Where({**where.values, **w.values}) if isinstance(w, Where) else None
            for w in table["where"]
        ]
        sizes = [people([log], w) if w is not None and len(w.values) > 1 else None for w in inside]
        keep &= pd.Series([not size or size >= least for size in sizes], table.index, dtype=bool)
    return keep


def _among(values: pd.DataFrame, small: set[tuple[str, ...]]) -> pd.Series:
    """Rows whose values, as text, are one of the combinations."""
    texts = values.astype(object).where(values.notna(), MISSING).astype(str)
    found = [row in small for row in texts.itertuples(index=False, name=None)]
    return pd.Series(found, values.index, dtype=bool)
