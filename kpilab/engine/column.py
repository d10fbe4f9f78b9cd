"""A table's columns for arithmetic and comparison, and the names of columns that are ours."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

OWN = "kpilab_"


def own(name: str) -> str:
    """The name of a column we add to a table: no column of the user's is called so
    (`kpilab.engine.door.tables`)."""
    return OWN + name


# Numerator and denominator of baseline and current period, side by side, where the dimensions have
# the user's names.
SIDES = NUM0, DEN0, NUM1, DEN1 = own("num0"), own("den0"), own("num1"), own("den1")


def marked(dimension: str) -> str:
    """The column of a dimension beside those of metrics, which have the user's names as well."""
    return own(f"by {dimension}")


def unmarked(name: str) -> str:
    """The dimension of a marked column; any other name as it is."""
    return name.removeprefix(marked(""))


def column(rows: ir.Table, name: str) -> Any:
    """The column without a declared type.

    Ibis learns only at run time whether a column is a number or a text: its annotations say
    `Column` for all, and know no comparison of a column with a plain number. So no annotation would
    be both true and of use.
    """
    return rows[name]


def spelled(name: str, known: Collection[str]) -> str:
    """The column as the door calls it: of names that differ in case alone,
    `Revenue` is `Revenue [1]`."""
    numbered = re.compile(re.escape(name) + r" \[\d+\]")
    return name if name in known else next((k for k in known if numbered.fullmatch(k)), name)
