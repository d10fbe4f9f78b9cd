"""Which column a name means, where tables are linked: the way to it, or an expression of columns
along such ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from kpilab.engine.column import spelled
from kpilab.engine.expression import parse_row
from kpilab.engine.joins import Hop, Leaf
from kpilab.engine.linked import dotted
from kpilab.errors import BadInput, unknown

if TYPE_CHECKING:
    from kpilab.case.spec import TableSpec


@dataclass(frozen=True, slots=True)
class Linked:
    """A table as far as names need it: its columns, the links it declares, its row expressions."""

    columns: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    computed: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None

    def column(self, name: str) -> str | None:
        """The column as the table spells it; None if it has none of that name."""
        called = spelled(name, self.columns)
        return (
            called
            if called in self.columns
            else next((c for c in self.columns if c.lower() == name.lower()), None)
        )


@dataclass(frozen=True, slots=True)
class Names:
    """The tables of a case by name, and what names mean in each of them."""

    tables: Mapping[str, Linked]

    def meant(self, table: str, name: str, where: str) -> exp.Expr:
        """The expression a name stands for in a table, its columns being `node(leaf)`.

        Args:
            name: a column, a row expression, or one of a linked table: `products.unit_cost`,
                `ship_to.region`.

        Raises:
            BadInput: no such column, no or several ways to it, or expressions that stand for
                each other.
        """
        return self._meant(table, name, (), frozenset(), where)

    def leaf(self, table: str, name: str, where: str) -> Leaf | None:
        """The column a name means; None for one that is computed."""
        tree = self.meant(table, name, where)
        return leaf_of(tree) if isinstance(tree, exp.Column) else None

    def time(self, table: str, spec: TableSpec) -> Leaf | None:
        """Where the time of a table's rows stands; None where it has none, or it is computed."""
        named = getattr(spec, "time", None)
        return self.leaf(table, named, f"table {table!r}, role 'time'") if named else None

    def written(self, table: str, tree: exp.Expr, where: str) -> exp.Expr:
        """An expression with every column replaced by what it means."""
        return self._written(table, tree, (), frozenset(), where)

    def _meant(
        self, table: str, name: str, hops: tuple[Hop, ...], seen: frozenset[str], where: str
    ) -> exp.Expr:
        path, column = _split(self.tables[table], name)
        for part in path:
            hops += self._way(table, part, where)
            table = hops[-1].table if hops else table
        held = self.tables[table]
        found = held.column(column)
        if found is not None:
            return node(Leaf(hops, found))
        if column not in held.computed:
            known = [*held.columns, *held.computed]
            raise unknown(
                "column", column, known, where if not hops else f"{where}, in table {table!r}"
            )
        mark = f"{table}.{column}"
        if mark in seen:
            raise BadInput(
                f"column {column!r} is computed from itself", where, "break the circle of `columns`"
            )
        tree = parse_row(held.computed[column], where)
        return exp.paren(self._written(table, tree, hops, seen | {mark}, where))

    def _written(
        self, table: str, tree: exp.Expr, hops: tuple[Hop, ...], seen: frozenset[str], where: str
    ) -> exp.Expr:
        return tree.transform(
            lambda part: (
                self._meant(table, dotted(part), hops, seen, where)
                if isinstance(part, exp.Column)
                else part
            )
        )

    def _way(self, table: str, to: str, where: str) -> tuple[Hop, ...]:
        """The hops to a linked table, or over a link column; none to the table itself.

        Raises:
            BadInput: there is none, or there are several of one length.
        """
        links = self.tables[table].links
        if to in links:
            return (Hop(to, links[to]),)
        if to == table:
            return ()
        found: list[tuple[Hop, ...]] = []
        for way in self._ways(table):
            if way[-1].table == to and (not found or len(way) == len(found[0])):
                found.append(way)
        if not found:
            known = [*links, *dict.fromkeys(way[-1].table for way in self._ways(table))]
            problem = unknown("linked table or link", to, known, where)
            raise (
                problem
                if known
                else BadInput(
                    f"table {table!r} is linked to no table {to!r}",
                    where,
                    f"declare it: links: {{COLUMN: {to}}}",
                )
            )
        if len(found) > 1:
            ways = [".".join(h.link for h in way) for way in found]
            raise BadInput(
                f"there are several ways to {to!r}: {ways}",
                where,
                f"name the link, e.g. {ways[0]}.COLUMN",
            )
        return found[0]

    def _ways(self, table: str) -> Iterator[tuple[Hop, ...]]:
        """All ways without a circle, short ones first."""
        ahead: list[tuple[Hop, ...]] = [(Hop(c, t),) for c, t in self.tables[table].links.items()]
        while ahead:
            way = ahead.pop(0)
            yield way
            passed = {table, *(h.table for h in way)}
            onward = self.tables[way[-1].table].links if way[-1].table in self.tables else {}
            ahead += [(*way, Hop(c, t)) for c, t in onward.items() if t not in passed]


def _split(table: Linked, name: str) -> tuple[list[str], str]:
    """The way and the column of a name; a column that is itself called so has no way."""
    if table.column(name) is not None or name in table.computed:
        return [], name
    *path, column = name.split(".")
    return path, column


def node(leaf: Leaf) -> exp.Column:
    """A leaf as a column of an expression, until it is known what it is called."""
    made = exp.column(leaf.column, quoted=True)
    made.meta["leaf"] = leaf
    return made


def leaf_of(column: exp.Column) -> Leaf:
    """The leaf a column stands for."""
    return column.meta["leaf"]


def leaves(trees: Iterable[exp.Expr]) -> list[Leaf]:
    """All leaves of expressions, each once."""
    return list(dict.fromkeys(leaf_of(c) for tree in trees for c in tree.find_all(exp.Column)))
