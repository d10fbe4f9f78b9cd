"""Where engines differ: the same quantity, written for each of them."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import ibis

from kpilab.errors import BadInput

if TYPE_CHECKING:
    import ibis.expr.types as ir


_FROM_TIME = (("timestamp",), "int64")
_SAME_TIME = (("timestamp",), "timestamp")
_TO_TIME = (("int64",), "timestamp")


def _builtin(name: str, signature: tuple[tuple[str, ...], str]) -> Callable[..., Any]:
    """A function the engine itself has, under the engine's name for it."""

    def one(value):  # type: ignore[no-untyped-def]  # Ibis reads the signature instead
        ...

    def two(value, other):  # type: ignore[no-untyped-def]  # as above
        ...

    stub = one if len(signature[0]) == 1 else two
    stub.__name__ = name
    return ibis.udf.scalar.builtin(name=name, signature=signature)(stub)


@cache
def _function(engine: str, quantity: str) -> Callable[..., Any]:
    """The engine's own function for a quantity."""
    if quantity == "microseconds":
        return _builtin({"duckdb": "epoch_us", "pyspark": "unix_micros"}[engine], _FROM_TIME)
    return _builtin({"duckdb": "make_timestamp", "pyspark": "timestamp_micros"}[engine], _TO_TIME)


def engine_name(table: ir.Table) -> str:
    """Name of the engine that holds a table ("duckdb", "pyspark" …)."""
    return str(table.get_backend().name)


def dialect_of(engine: str) -> str:
    """What the parser of SQL calls an engine's dialect."""
    return "spark" if engine == "pyspark" else engine


def microseconds(column: ir.Value, engine: str) -> ir.IntegerValue:
    """A moment as whole microseconds since 1970 (UTC), on any engine.

    Raises:
        BadInput: the column is neither a time nor a date.
    """
    if column.type().is_date():
        column = column.cast("timestamp")
    if not column.type().is_timestamp():
        raise BadInput(
            f"column {column.get_name()!r} is {column.type()}, not a time",
            "EventLog, argument 'time'",
            "parse it first, in one time zone: pandas.to_datetime(column, utc=True)",
        )
    if engine == "pyspark":
        # Spark counts from 1970 only in times with a zone; one without is a type of its own there
        # (in its UTC session).
        column = _builtin("to_timestamp", _SAME_TIME)(column)
    if engine in ("duckdb", "pyspark"):
        return _function(engine, "microseconds")(column)
    seconds = cast("ir.TimestampColumn", column).epoch_seconds()
    return cast("ir.IntegerValue", seconds.cast("int64") * 1_000_000)


def moment(us: ir.IntegerValue, engine: str) -> ir.TimestampValue:
    """The moment (UTC) of whole microseconds since 1970, on any engine."""
    if engine in ("duckdb", "pyspark"):
        return _function(engine, "moment")(us)
    return (us // 1_000_000).as_timestamp("s")


def session_zone(con: Any) -> str:
    """The zone in which an engine's session reads moments; UTC where it has none."""
    if con.name == "duckdb":
        return str(con.raw_sql("SELECT current_setting('TimeZone')").fetchone()[0])
    if con.name == "postgres":
        return str(con.con.info.parameter_status("TimeZone"))
    return (
        str(con._session.conf.get("spark.sql.session.timeZone")) if con.name == "pyspark" else "UTC"
    )


def local_time(column: Any, zone: str) -> Any:
    """A moment as the local time of a zone."""
    if engine_name(column.as_table()) == "pyspark":
        return _builtin("from_utc_timestamp", (("timestamp", "string"), "timestamp"))(column, zone)
    return _builtin("timezone", (("string", "timestamp('UTC')"), "timestamp"))(zone, column)


def of_utc(column: Any, zone: str) -> Any:
    """A time of UTC, which carries no zone, as the local time of a zone."""
    if zone == "UTC":
        return column
    if engine_name(column.as_table()) == "pyspark":
        return _builtin("from_utc_timestamp", (("timestamp", "string"), "timestamp"))(column, zone)
    utc = _builtin("timezone", (("string", "timestamp"), "timestamp('UTC')"))("UTC", column)
    return _builtin("timezone", (("string", "timestamp('UTC')"), "timestamp"))(zone, utc)


def finite(value: Any, engine: str) -> Any:
    """Whether a float is a number. No comparison can tell:
    DuckDB takes a parquet file's word for its range."""
    if engine == "duckdb":
        return _builtin("isfinite", (("float64",), "boolean"))(value)
    return ~(value.isnan() | value.isinf())


def one(condition: Any) -> Any:
    """1 where the condition holds, 0 where it does not or cannot be told:
    PostgreSQL casts no truth to a number."""
    return condition.ifelse(1, 0).cast("int64")


@contextmanager
def row_ids(rows: ir.Table, keys: tuple[str, ...]) -> Generator[ir.Table]:
    """A passing table that numbers the distinct keys of `rows` from 0 (column `id`)."""
    con = rows.get_backend()
    name = f"kpilab_ids_{uuid4().hex}"
    distinct = rows.select(*keys).distinct()
    ids = con.create_table(name, distinct.mutate(id=ibis.row_number()), temp=True)
    try:
        yield ids
    finally:
        con.drop_table(name, force=True)


def sha256(column: ir.StringValue, engine: str) -> ir.StringValue:
    """The SHA-256 of a text (UTF-8) in 64 hexadecimal digits, on any engine."""
    if engine != "postgres":
        return column.hexdigest("sha256")
    as_bytes = _builtin("convert_to", (("string", "string"), "binary"))
    digest = _builtin("sha256", (("binary",), "binary"))
    encoded = _builtin("encode", (("binary", "string"), "string"))
    return encoded(digest(as_bytes(column, "UTF8")), "hex")
