"""Dimensions on their way through a query: under names of ours,
so that none of the user's meets a column of ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from kpilab.core.table import Table
from kpilab.engine.column import own
from kpilab.engine.door.labels import label
from kpilab.errors import several, unknown_problem

if TYPE_CHECKING:
    import pandas as pd

Role = TypeVar("Role", bound=Table)


def aside(table: Role, names: Sequence[str]) -> tuple[Role, dict[str, str]]:
    """The table with these dimensions once more, as text (see `label`) and under names of ours;
    ours -> theirs.

    Raises:
        BadInput: columns the table does not have.
    """
    rows = table.table
    error = several(
        unknown_problem("column", n, rows.columns, f"table {table.name!r}")
        for n in names
        if n not in rows
    )
    if error:
        raise error
    ours = {own(f"by{k}"): name for k, name in enumerate(dict.fromkeys(names))}
    return replace(
        table, table=rows.mutate(**{o: label(rows[n]) for o, n in ours.items()})
    ) if ours else table, ours


def called(frame: pd.DataFrame, ours: Mapping[str, str], *beside: pd.DataFrame) -> pd.DataFrame:
    """A result with the dimensions under their own names; where it, or one `beside`,
    has such a column: «name (by)»."""
    taken = {c for part in (frame, *beside) for c in part.columns}
    names = {o: f"{name} (by)" if name in taken else name for o, name in ours.items()}
    return frame.set_axis([names.get(c, c) for c in frame.columns], axis=1)
