"""Rows of files as they stand in a table of the engine, before anything is read of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from kpilab.engine.expression import literal, quoted
from kpilab.engine.run import failures

if TYPE_CHECKING:
    from ibis.backends import BaseBackend


@dataclass(frozen=True, slots=True)
class Raw:
    """Rows of text in a table of the engine, numbered by `rowid`.

    Attributes:
        con: the engine. relation: the table's name there. table, file: what it is called in words.
        separator: of its columns in the file.
        row: number in the file of the k-th row here, or file and number.
        source: column of the file that a row is from, where there are several; files: its values
            -> their names.
    """

    con: BaseBackend
    relation: str
    table: str
    file: str
    separator: str | None
    row: Callable[[int], int | str] = field(default=lambda k: k + 2)
    source: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The expression of the file that a row is from."""
        return quoted(self.source) if self.source else literal(self.file)

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises:
            EngineError: the engine does not take it.
        """
        with failures(f"reading {self.file}"):
            return cast("Any", self.con).raw_sql(query).fetchall()
