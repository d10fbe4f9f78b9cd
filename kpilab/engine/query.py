"""A query of a case: one SELECT over tables of the engine's catalogue, read only; parsed and held
against a whitelist before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from kpilab.engine.dialect import dialect_of
from kpilab.engine.expression import ALLOWED, MOST_CHARACTERS, sql
from kpilab.engine.run import failures
from kpilab.errors import BadInput, EngineError, unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends import BaseBackend

QUERY = (
    exp.Select, exp.From, exp.Join, exp.Group, exp.Having, exp.Limit, exp.Offset, exp.With, exp.CTE,
    exp.Subquery, exp.Union, exp.Table, exp.TableAlias, exp.Alias, exp.Exists, exp.Tuple,
    exp.Window, exp.WindowSpec, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead,
)  # fmt: skip
OF_TABLE = {"this", "db", "alias"}
SYSTEM = {"information_schema", "pg_catalog", "system", "temp", "sys"}
MEND = "write one SELECT over tables of the engine; joins and CTEs may be in it"


def queried(con: BaseBackend, text: str, where: str) -> ir.Table:
    """The rows of a query, as a lazy table of the engine.

    Args:
        text: in the engine's own dialect.

    Raises:
        BadInput: not one SELECT, something off the whitelist, or a table the engine does not have.
    """
    dialect = dialect_of(con.name)
    tree = _checked(text, dialect, where)
    for table in tree.find_all(exp.Table):
        _known(con, table, tree, where)
    try:
        with failures("the query"):
            return con.sql(sql(tree, dialect))  # type: ignore[attr-defined]  # every SQL backend has it
    except EngineError as error:
        raise BadInput(str(error), where, "mend the query") from None


def _checked(text: str, dialect: str, where: str) -> exp.Expr:
    if len(text) > MOST_CHARACTERS:
        raise BadInput("the query is too long", where, f"keep it under {MOST_CHARACTERS:,} signs")
    try:
        trees = sqlglot.parse(text, read=dialect)
    except (SqlglotError, RecursionError, ValueError) as error:
        first = str(error).strip().splitlines()[0][:160]
        raise BadInput(f"the query cannot be read: {first}", where, MEND) from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Select | exp.Union):
        raise BadInput("the query is not one SELECT", where, MEND)
    if not all(part.expressions for part in trees[0].find_all(exp.Select)):
        raise BadInput("the query selects nothing", where, MEND)
    for node in trees[0].walk():
        if type(node) not in ALLOWED + QUERY:
            named = node.name if isinstance(node, exp.Anonymous) else node.key
            raise BadInput(f"{named!r} is not allowed in a query", where, MEND)
    return trees[0]


def _known(con: BaseBackend, table: exp.Table, tree: exp.Expr, where: str) -> None:
    """A table of the catalogue, or of the query itself; no function, file or system table."""
    given = {key for key, value in table.args.items() if value}
    if given - OF_TABLE or not isinstance(table.this, exp.Identifier):
        raise BadInput(f"{table.sql()!r} is no table of the engine", where, MEND)
    schema = table.db
    if schema.lower() in SYSTEM:
        raise BadInput(f"{schema!r} is the engine's own", where, "name your own tables")
    if not schema and table.name in {cte.alias for cte in tree.find_all(exp.CTE)}:
        return
    known = con.list_tables(database=schema) if schema else con.list_tables()
    if table.name not in known:
        raise unknown("table of the engine", table.name, known, where)
