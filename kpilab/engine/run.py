"""`collect`: the only door through which rows reach pandas,
and what an engine's own errors become."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import duckdb
import ibis
import pandas as pd
import pyarrow as pa

from kpilab.engine.expression import literal
from kpilab.errors import BadInput, EngineError, KpilabError

if TYPE_CHECKING:
    import ibis.expr.types as ir

MAX_ROWS = 200_000
FULL = ("No space left on device", "failed to offload data block", "Disk quota exceeded")
DRIVERS = (
    ("psycopg", "Error"),
    ("py4j.protocol", "Py4JError"),
    ("pyspark.errors", "PySparkException"),
)
# What the server says when it ends a connection: connection exceptions, and "shutdown" of several
# kinds.
ENDED = ("08", "57P")


class ConnectionLost(EngineError):
    """The connection to the engine's server is gone; it can be opened anew."""


class OutOfMemory(EngineError):
    """The query needs more than the engine's memory limit, and its disk does not help."""


def collect(expression: ir.Table, purpose: str, limit: int = MAX_ROWS) -> pd.DataFrame:
    """Run an aggregate on its engine and fetch it.

    Args:
        expression: unexecuted Ibis table of aggregates.
        purpose: which analysis asks, for the error message.
        limit: most rows that may come back.

    Raises:
        BadInput: more than `limit` rows (a sign that raw rows were asked for).
        EngineError: the engine failed; `ConnectionLost` if its server is gone.
    """
    return _fetched(lambda: expression.limit(limit + 1).to_pandas(), expression, purpose, limit)


def collect_text(
    rows: ir.Table, select: str, purpose: str, limit: int = MAX_ROWS,
    once: tuple[str, str] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run an aggregate that is written as SQL over the rows of an expression, and fetch it.

    The text goes to the engine as it is: taking a hundred columns apart again takes longer than the
    query.

    Args:
        rows: unexecuted Ibis table that `select` reads.
        select: a query on the table `rows_read`, in the dialect of the engine; every part of it is
            checked or ours.
        purpose, limit: as for `collect`.
        once: name and query of what `select` reads instead, many times.
    """
    con: Any = rows.get_backend()
    text, last = f"WITH rows_read AS ({con.compile(rows)})", f"{select} LIMIT {limit + 1}"
    if once is not None and con.name == "duckdb":
        query = (once[0], f"{text} {once[1]}")
        return _fetched(lambda: _of_kept(con, *query, last), rows, purpose, limit)
    if once is not None:
        kept = "" if con.name == "pyspark" else "MATERIALIZED "
        text += f", {once[0]} AS {kept}({once[1]})"
    text = f"{text} {last}"
    if con.name == "duckdb":
        return _fetched(lambda: con.raw_sql(text).df(), rows, purpose, limit)
    return _fetched(lambda: con.sql(text).to_pandas(), rows, purpose, limit)


def _of_kept(con: Any, name: str, query: str, select: str) -> pd.DataFrame:
    """A query on what is put aside first. DuckDB 1.5 never ends where a part of the same statement
    (MATERIALIZED) is read by a dozen others and has rows by the million behind it."""
    con.raw_sql(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}")
    try:
        return cast("pd.DataFrame", con.raw_sql(select).df())
    finally:
        con.raw_sql(f"DROP TABLE IF EXISTS {name}")


def _fetched(
    fetch: Callable[[], pd.DataFrame], asked: ir.Table, purpose: str, limit: int
) -> pd.DataFrame:
    try:
        frame = fetch()
    except KpilabError:
        raise
    except Exception as error:
        raise _told(purpose, error, asked) from error
    if len(frame) > limit:
        raise BadInput(
            f"{purpose} would fetch more than {limit:,} rows",
            purpose,
            "use fewer or coarser dimensions, or a shorter period",
        )
    return frame


def collect_one(expression: ir.Table, purpose: str) -> dict[str, Any]:
    """The only row of an aggregate, column -> plain value."""
    return {str(k): v for k, v in collect(expression, purpose, limit=1).iloc[0].items()}


def as_count(value: Any) -> int:
    """A count or sum of whole numbers as an aggregate gives it; 0 where it had no rows to read."""
    return 0 if pd.isna(value) else int(value)


def as_sum(value: Any) -> float:
    """A sum, or an extreme, of an aggregate; of no rows, nothing."""
    return 0.0 if pd.isna(value) else float(value)


@contextmanager
def failures(purpose: str) -> Generator[None]:
    """What an engine or its driver raises inside becomes an EngineError that names the purpose.

    Raises:
        EngineError: the engine failed; `ConnectionLost` if its server is gone.
    """
    try:
        yield
    except _drivers() as error:
        raise _told(purpose, error) from error


def reconnect(tables: Iterable[ir.Table]) -> None:
    """Open the lost connections behind these tables anew, with the settings of the session.

    Temporary tables are gone with the old connection, and with them what Ibis had cached. Only
    PostgreSQL can be reached anew: Spark and DuckDB lose the tables themselves with their session.
    """
    for backend in {id(b): b for b in (t.get_backend() for t in tables)}.values():
        con: Any = getattr(backend, "con", None)
        if backend.name == "postgres" and con.closed:
            zone = con.info.parameter_status("TimeZone")
            backend.reconnect()
            # every SQL backend has it
            backend.raw_sql(f"SET TIME ZONE {literal(zone)}")  # type: ignore[attr-defined]
            _forget_cached(backend)


def _told(purpose: str, error: Exception, expression: ir.Table | None = None) -> EngineError:
    """The error in our words: who asked, the engine's first line, and the mend where we know it."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if _lost(error):
        if expression is not None:
            _forget_cached(expression.get_backend())
        return ConnectionLost(f"{purpose}: the connection to the engine was lost: {first}")
    said = f"{purpose}: the engine failed: {first}"
    if any(sign in str(error) for sign in FULL):
        return EngineError(said + _room(expression))
    if isinstance(error, duckdb.OutOfMemoryException):
        return OutOfMemory(
            f"{said}\n  hint:  give it more with engine_options: {{memory_limit: SIZE}}"
        )
    return EngineError(said)


def _forget_cached(backend: Any) -> None:
    """Ibis has no public word for it: cached tables that went with their connection are not dropped
    once more."""
    backend._cache_op_to_entry.clear()
    backend._cache_name_to_entry.clear()


def _room(expression: ir.Table | None) -> str:
    """How to mend a full disk, and where DuckDB was writing."""
    backend: Any = expression.get_backend() if expression is not None else None
    mend = (
        "make room on the engine's disk; DuckDB writes where engine_options: "
        "{temp_directory: FOLDER} says"
    )
    if backend is None or backend.name != "duckdb":
        return f"\n  hint:  {mend}"
    place = backend.con.execute("SELECT current_setting('temp_directory')").fetchone()[0]
    return f"\n  where: {place}\n  hint:  {mend}"


def _lost(error: Exception) -> bool:
    """Whether the server ended the connection, or cannot be reached."""
    if isinstance(error, ConnectionError) or type(error).__name__ == "Py4JNetworkError":
        return True
    psycopg = sys.modules.get("psycopg")
    if psycopg is None or not isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
        return False
    state: str | None = getattr(
        error, "sqlstate", None
    )  # none where the server could not say anything
    return state is None or state.startswith(ENDED)


def _drivers() -> tuple[type[Exception], ...]:
    """What engines raise; drivers that nobody imported raise nothing."""
    found = [
        getattr(sys.modules[module], name) for module, name in DRIVERS if module in sys.modules
    ]
    return (duckdb.Error, ibis.IbisError, pa.ArrowException, ConnectionError, *found)
