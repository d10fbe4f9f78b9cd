"""Few people: what a panel must not show of a case with `privacy: min_group`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import Message, Where
from kpilab.engine.groups import people
from kpilab.errors import BadInput

# Kind of result -> its tables whose rows are groups of people -> columns that add up to a group's size.
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


def shown(case: Case, result: Result) -> Result:
    """The result without the rows that are about fewer people than the case allows; a note says how many they are.

    Rows are left out of the tables alone: sentences and totals are still about everybody.
    """
    least, changes, dropped = case.privacy.min_group, dict[str, pd.DataFrame](), 0
    if least < 2:
        return result
    for name, columns in {"table": (), **SIZES.get(result.kind, {})}.items():
        table: pd.DataFrame = getattr(result, name)
        keep = _large(table, columns, least) & _wide(case, table, least)
        if not keep.all():
            changes[name] = table[keep].reset_index(drop=True)
            dropped += int((~keep).sum())
    if not changes:
        return result
    note = Message("workbench.few", {"groups": dropped, "least": least})
    return replace(result, notes=(*result.notes, note), **changes)  # type: ignore[arg-type]  # tables by their names


def _large(table: pd.DataFrame, columns: tuple[str, ...], least: int) -> pd.Series:
    """Rows of nobody or of enough people; a size that is not known is taken for a total."""
    size = table[list(columns)].sum(axis=1, min_count=1) if columns else pd.Series(float("nan"), table.index)
    return ~size.between(1, least - 1)


def _wide(case: Case, table: pd.DataFrame, least: int) -> pd.Series:
    """Rows whose place, where they name one, holds enough people; single values were put together before."""
    if "where" not in table.columns:
        return pd.Series(True, table.index)
    tables = tuple(case.tables.values())
    sizes = [people(tables, w) if isinstance(w, Where) and len(w.values) > 1 else None for w in table["where"]]
    return pd.Series([size is None or size == 0 or size >= least for size in sizes], table.index, dtype=bool)
