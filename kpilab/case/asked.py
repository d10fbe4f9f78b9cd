"""What a case asks of its tables: row expressions, and columns of linked tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from kpilab.case.links import Names, leaf_of
from kpilab.case.reading import KEYS
from kpilab.engine.expression import (
    is_predicate,
    parse_measure,
    parse_predicate,
    read_by_value,
    sql,
)
from kpilab.engine.linked import dotted, renamed
from kpilab.errors import BadInput, Problem

if TYPE_CHECKING:
    from kpilab.case.document import Document
    from kpilab.case.spec import CaseSpec, TableSpec

# Keys of a table that say how it is read or linked, and name no role.
NOT_ROLES = {"kind", "source", "query", "dimensions", "key", "links", "columns", "valid", *KEYS}
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked of one table beside its own columns.

    Attributes:
        columns: name -> the expression it stands for, in leaves.
        shown: those of the columns that break the table down, where no partner is shown as `NONE`.
        names: as written (`orders.channel`) -> the column.
        dimensions, roles: of the table, by the names that the columns have.
    """

    columns: dict[str, exp.Expr] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    dimensions: list[str] = field(default_factory=list)
    roles: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """Collects what a case asks of its tables, and every name that means nothing."""

    spec: CaseSpec
    names: Names
    document: Document
    tables: dict[str, Asked]
    problems: list[Problem]

    def everything(self) -> None:
        for name, table in self.spec.tables.items():
            if name in self.tables:
                self._table(name, table)
        for name, text, place in expressions(self.spec):
            if name in self.tables:
                self._text(name, text, place)
        self._whose()
        for name, test in self.spec.experiments.items():
            for key in ("outcome", "exposure"):
                self._tested(getattr(test, key), ("experiments", name, key))

    def hidden(self) -> set[str]:
        """Columns that `privacy.pseudonymise` means, by whatever name they have in a table; what
        is computed from one would tell it, and is a problem."""
        secret = self._secret()
        for table, asked in self.tables.items():
            for called, tree in asked.columns.items():
                if isinstance(tree, exp.Column):
                    secret |= {called} if leaf_of(tree).column in secret else set()
                elif read := read_by_value(tree, secret):
                    declared = called in self.spec.tables[table].columns
                    place = ("tables", table, "columns", called) if declared else ("tables", table)
                    what = f"{called!r} is computed from {read[0]!r}, which is pseudonymised"
                    hint = "take it out, or name the column itself"
                    self.problems.append(Problem(what, self.document.at(*place), hint))
        return secret

    def _secret(self) -> set[str]:
        """The names, the columns of roles they mean, and the keys and links that hold the same."""
        named = set(self.spec.privacy.pseudonymise)
        tables = self.spec.tables.values()
        found = named | {
            c for t in tables for r in named if isinstance(c := getattr(t, r, None), str)
        }
        same = [{c, str(self.spec.tables[to].key)} for t in tables for c, to in t.links.items()]
        while more := [pair for pair in same if pair & found and not pair <= found]:
            found |= set().union(*more)
        return found

    def _whose(self) -> None:
        """Whose every row is, in the tables that lead to the customers."""
        customer = self.spec.customer
        if customer is None:
            return
        name = f"{customer.table}.{self.spec.tables[customer.table].key}"
        for table, asked in self.tables.items():
            if table != customer.table:
                try:
                    asked.columns[name] = self.names.meant(table, name, "")
                except BadInput:
                    continue

    def _table(self, name: str, table: TableSpec) -> None:
        asked, held = self.tables[name], self.names.tables[name]
        for column in table.columns:
            place = ("tables", name, "columns", column)
            if held.column(column) is not None:
                what = f"table {name!r} has a column {column!r} already"
                self.problems.append(
                    Problem(what, self.document.at(*place), "give the expression another name")
                )
            else:
                self._ask(asked, column, name, column, place)
        for role, value in table.model_dump(exclude=NOT_ROLES, exclude_none=True).items():
            if isinstance(value, tuple):
                asked.roles[role] = tuple(
                    self._role(name, v, (role, k)) for k, v in enumerate(value)
                )
            else:
                asked.roles[role] = (
                    self._role(name, value, (role,)) if role in ROLE_COLUMNS else value
                )
        for k, dimension in enumerate(getattr(table, "dimensions", ())):
            self._dimension(name, dimension, ("tables", name, "dimensions", k))

    def _role(self, table: str, value: str, role: Place) -> str:
        """A role's column; one that the table does not have is said where roles are."""
        if (
            self.names.tables[table].column(value) is not None
            or value in self.tables[table].columns
        ):
            return value
        if "." not in value:
            return value
        return self._ask(self.tables[table], value, table, value, ("tables", table, *role)) or value

    def _dimension(self, table: str, name: str, place: Place) -> None:
        asked, held = self.tables[table], self.names.tables[table]
        if "." not in name or held.column(name) is not None:
            key = self._key_held(held, name)
            if key is None:
                asked.dimensions.append(held.column(name) or name)
            elif self._ask(asked, key, table, name, place):
                asked.dimensions.append(key)
            return
        meant = self._tried(table, name, place)
        if meant is None:
            return
        if isinstance(meant, exp.Column) and not leaf_of(meant).hops:
            asked.dimensions.append(leaf_of(meant).column)
            return
        column = name.rpartition(".")[2]
        taken = {c.lower() for c in (*held.columns, *asked.columns)} | {
            d.lower() for d in asked.dimensions
        }
        called = column if column.lower() not in taken and column not in self._keys(table) else name
        asked.columns[called] = meant
        asked.shown.add(called)
        asked.dimensions.append(called)

    def _keys(self, table: str) -> set[str]:
        """Names that more than one table calls its key."""
        keys = [t.key for n, t in self.names.tables.items() if t.key and n != table]
        return {k for k in keys if keys.count(k) > 1}

    def _key_held(self, held: Any, name: str) -> str | None:
        """What a link column is called as a dimension: the key it holds; None where it is called so
        already."""
        target = self.names.tables.get(held.links.get(name, ""))
        if (
            target is None
            or target.key is None
            or target.key == name
            or held.column(target.key) is not None
        ):
            return None
        same = [t for t in self.names.tables.values() if t.key == target.key]
        return target.key if len(same) == 1 else f"{held.links[name]}.{target.key}"

    def _text(self, table: str, text: str, place: Place) -> None:
        for name in written(text):
            self._ask(self.tables[table], name, table, name, place)

    def _tested(self, text: str, place: Place) -> None:
        """A condition of an experiment, asked of every table that can tell it; whether one can is
        said later."""
        for name in written(text) if text not in self.spec.metrics else ():
            for table, asked in self.tables.items():
                try:
                    asked.columns[name] = self.names.meant(table, name, "")
                except BadInput:
                    continue
                asked.names[name] = name

    def _ask(self, asked: Asked, called: str, table: str, name: str, place: Place) -> str | None:
        """The column that a name is made into; None, and a problem, where it means nothing."""
        meant = self._tried(table, name, place)
        if meant is None:
            return None
        if isinstance(meant, exp.Column) and not leaf_of(meant).hops and called == name:
            asked.names[name] = leaf_of(meant).column
            return leaf_of(meant).column
        asked.columns[called] = meant
        asked.names[name] = called
        return called

    def _tried(self, table: str, name: str, place: Place) -> exp.Expr | None:
        where = self.document.at(*place)
        try:
            return self.names.meant(table, name, where)
        except BadInput as error:
            self.problems.extend(Problem(p.what, where, p.hint) for p in error.problems)
            return None


# Roles that are columns; others (`own`, `peers` of a benchmark) are values.
ROLE_COLUMNS = {
    "time", "user", "event", "session", "series", "value", "reporter", "metric", "actor",
    "action", "quantity", "record", "target", "recorded", "verified", "unit", "experiment",
    "variant", "alarm", "responded", "solved", "reviewed", "until",
}  # fmt: skip


def written(text: str) -> tuple[str, ...]:
    """Names of linked columns in an expression, as written."""
    try:
        tree = parse_measure(text, "", linked=True)
    except BadInput:
        try:
            tree = parse_predicate(text, "", linked=True)
        except BadInput:
            return ()  # no expression: said where it is checked
    return tuple(dict.fromkeys(dotted(c) for c in tree.find_all(exp.Column) if len(c.parts) > 1))


def expressions(spec: CaseSpec) -> Iterator[tuple[str, str, Place]]:
    """Table, text and place of every expression that names its table."""
    for name, m in spec.metrics.items():
        for key in ("measure", "numerator", "denominator", "where"):
            if m.table and (text := getattr(m, key)):
                yield m.table, text, ("metrics", name, key)
    for k, d in enumerate(spec.definitions):
        if d.table and d.measure:
            yield d.table, d.measure, ("definitions", k, "measure")
    for name, funnel in spec.funnels.items():
        for key in ("steps", "exclude"):
            yield from (
                (funnel.table, text, ("funnels", name, key, k))
                for k, text in enumerate(getattr(funnel, key))
                if is_predicate(text)
            )


def rewritten(spec: CaseSpec, asked: Mapping[str, Asked]) -> CaseSpec:
    """The case with names of linked columns replaced by those of the columns they became."""

    def of(table: str | None) -> Mapping[str, str]:
        return asked[table].names if table and table in asked else {}

    every = {name: name for a in asked.values() for name in a.columns if "." in name}
    measured, walked = ("measure", "numerator", "denominator", "where"), ("steps", "exclude")
    metrics = {
        name: m.model_copy(update={k: _called(getattr(m, k), of(m.table)) for k in measured})
        for name, m in spec.metrics.items()
    }
    funnels = {
        name: f.model_copy(
            update={k: tuple(_called(t, of(f.table)) for t in getattr(f, k)) for k in walked}
        )
        for name, f in spec.funnels.items()
    }
    definitions = tuple(
        d.model_copy(update={"measure": _called(d.measure, of(d.table))}) for d in spec.definitions
    )
    tests = {
        name: t.model_copy(
            update={key: _called(getattr(t, key), every) for key in ("outcome", "exposure")}
        )
        for name, t in spec.experiments.items()
    }
    return spec.model_copy(
        update={
            "metrics": metrics,
            "funnels": funnels,
            "definitions": definitions,
            "experiments": tests,
        }
    )


def _called(text: str | None, names: Mapping[str, str]) -> str | None:
    """The text with linked columns called by one name; as it is where it names none."""
    if not text or not any(name in names for name in written(text)):
        return text
    try:
        tree = parse_measure(text, "", linked=True)
    except BadInput:
        tree = parse_predicate(text, "", linked=True)
    return sql(renamed(tree, names))
