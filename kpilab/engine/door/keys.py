"""Keys: the ids by which two tables are joined, brought into one type or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kpilab.core.table import Assignments, EventLog, Facts, known_role
from kpilab.core.trial import Counts, Units
from kpilab.engine.column import column
from kpilab.engine.dialect import one
from kpilab.engine.door.zones import one_clock
from kpilab.engine.run import collect_one
from kpilab.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import Table
    from kpilab.engine.door.tables import Tabular

WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"  # a whole number as an engine writes it
NUMERAL = r"^\s*[+-]?[0-9]+(\.0*)?\s*$"  # any way to write one
EXACT = 2**53  # whole numbers a float holds


@dataclass(frozen=True, slots=True, eq=False)
class Id:
    """A column of ids, and what it and its table are called in words."""

    table: ir.Table
    column: str
    name: str
    called: str = ""

    @property
    def kind(self) -> str:
        return str(self.table.schema()[self.column])


def given(
    who: Assignments | Units | Counts | Tabular, log: EventLog | Facts | Tabular | None
) -> tuple[Assignments | Units | Counts, EventLog | Facts | None]:
    """The roles of an experiment's tables, with ids of one type; a plain table is one of units, or
    of assignments.

    Raises:
        BadInput: columns that are missing, a role that is neither, ids or times that cannot be
            compared.
    """
    if not isinstance(who, Assignments | Units | Counts):
        who = Units.of(who) if log is None else Assignments.of(who)
    role = None if log is None else known_role(log)
    if role is not None and not isinstance(role, EventLog | Facts):
        raise BadInput(
            f"{type(role).__name__} given for EventLog",
            f"table {role.name!r}",
            "give a log or facts",
        )
    return (assigned(who, role) if role is not None and isinstance(who, Assignments) else who), role


def assigned(who: Assignments, log: EventLog | Facts) -> Assignments:
    """The assignments with the ids of the log's type.

    Raises:
        BadInput: ids or times that cannot be compared.
    """
    one_clock(who, log)
    key = log.user if isinstance(log, EventLog) else who.unit
    if key not in log.table.columns:
        return who  # said by whoever reads it
    unit = _alike(who, who.unit, log, key)
    return who if unit is None else replace(who, table=who.table.mutate(**{who.unit: unit}))


def _alike(mine: Table, name: str, other: Table, key: str) -> Any:
    """The column in the type of the other table's key; None where it has it."""
    ours, target = column(mine.table, name), column(other.table, key)
    kind, wanted = ours.type(), target.type()
    if kind == wanted or {_sort(kind), _sort(wanted)} in ({"text"}, {"whole"}):
        return None
    where = f"table {mine.name!r}, column {name!r}, and table {other.name!r}, column {key!r}"
    mend = "bring both columns into one type: Series.astype"
    if None in (_sort(kind), _sort(wanted)):
        raise BadInput(f"ids are {kind} in one table and {wanted} in the other", where, mend)
    for table, values, of in ((mine.table, ours, mine), (other.table, target, other)):
        odd = _odd(table, values, strict=of is mine or _sort(values.type()) != "text")
        if odd is not None:
            said = (
                f"ids are {kind} in one table and {wanted} in the other, and {of.name!r} "
                f"holds {odd!r}"
            )
            raise BadInput(said, where, mend)
    return ours.cast("int64").cast(wanted)


def moved(table: ir.Table, other: ir.Table, name: str) -> ir.Table:
    """The table on the engine of `other`: as it is if it lives there already, else copied."""
    mine, theirs = table.get_backend(), other.get_backend()
    return (
        table
        if mine is theirs
        else theirs.create_table(f"{name}_copy", table.to_pyarrow(), overwrite=True)
    )


def joinable(link: Id, key: Id) -> Callable[[Any], Any]:
    """What makes the values of a link and of the key it holds comparable: to be applied to both
    columns.

    A link that is no key at all (`X12` beside whole numbers) has no partner; one that would be
    another id if it were
    read as a number (`0012`) is not guessed.

    Raises:
        BadInput: types that cannot be compared, or ids that have no single form as a whole number.
    """
    kinds = {_sort(column(i.table, i.column).type()) for i in (link, key)}
    if (
        column(link.table, link.column).type() == column(key.table, key.column).type()
        or len(kinds - {None}) == 1
    ):
        return lambda values: values
    where = " and ".join(f"table {i.name!r}, column {i.called or i.column!r}" for i in (link, key))
    said = f"ids are {link.kind} in one table and {key.kind} in the other"
    if None in kinds:
        raise BadInput(said, where, "bring both columns into one type")
    for side in (link, key):
        odd = _odd(side.table, column(side.table, side.column), strict=False)
        if odd is not None:
            raise BadInput(
                f"{said}, and {side.name!r} holds {odd!r}",
                where,
                "write the ids alike in both tables",
            )
    return partial(_whole, text="text" in kinds)


def _whole(values: Any, *, text: bool) -> Any:
    kind = _sort(values.type())
    values = values.cast("int64") if kind == "number" else values
    return values.cast("string") if text and kind != "text" else values


def _sort(kind: Any) -> str | None:
    if kind.is_string():
        return "text"
    if kind.is_integer():
        return "whole"
    return "number" if kind.is_numeric() and not kind.is_boolean() else None


def _odd(table: ir.Table, values: Any, *, strict: bool) -> Any:
    """An id that has no single form as a whole number; None if there is none.

    Of texts those that could be read as one but are not written as one; all others too, where
    `strict`.
    """
    if values.type().is_integer():
        return None
    if values.type().is_string():
        bad = ~values.re_search(WHOLE) & (values.notnull() if strict else values.re_search(NUMERAL))
    else:
        bad = (values != values.floor()) | (values.abs() > EXACT)
    found = collect_one(table.aggregate(n=one(bad).sum(), first=values.min(where=bad)), "ids")
    return found["first"] if found["n"] and found["n"] == found["n"] else None
