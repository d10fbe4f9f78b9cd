"""One small door to SQLite (standard library) and PostgreSQL (psycopg):
the only place that knows their differences."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kpilab.errors import BadInput, KpilabError
from kpilab.track.schema import STEPS

if TYPE_CHECKING:
    import psycopg

Value = str | int | float | None
Row = Mapping[str, Value]
FILE = "kpilab.db"
WAIT = 60.0  # seconds to wait for another writer
KEY = {
    "sqlite": "INTEGER PRIMARY KEY",
    "postgres": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}
MENDS = {  # by the beginning of SQLite's or the server's code
    "SQLITE_FULL": "make room on that disk",
    "SQLITE_READONLY": "make the file and its folder writable, or name another store",
    "SQLITE_IOERR": "look after that disk, or name another store",
    "53100": "make room on the server's disk",
}
# any number: two programs that open an empty server at once make its tables one after the other
LOCK = 5_274_231


class StoreError(KpilabError):
    """The store refused or lost a statement."""


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """An open connection; statements use `?` for values, whatever the engine.

    Attributes:
        kind: "sqlite" or "postgres".
        place: file, or address without its password.
        connection: of sqlite3 or psycopg; outside a transaction each statement stands alone.
    """

    kind: Literal["sqlite", "postgres"]
    place: str
    connection: sqlite3.Connection | psycopg.Connection

    def rows(self, statement: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run a statement; the rows it returns, if any, as column -> value."""
        if self.kind == "postgres":
            statement = statement.replace("?", "%s")
        try:
            cursor = self.connection.execute(statement, tuple(_storable(v) for v in values))  # type: ignore[arg-type]
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except _failures() as error:
            raise StoreError(f"store {self.place}: {_first_line(error)}{_mend(error)}") from error

    def insert(self, table: str, values: Mapping[str, Value]) -> int:
        """Insert one row; its new id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        added = self.rows(
            f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id", tuple(values.values())
        )
        return int(added[0]["id"] or 0)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All statements inside are kept together, or none."""
        # SQLite: taking the write lock at once lets a second writer wait; upgrading a read lock
        # later would fail.
        self.rows("BEGIN IMMEDIATE" if self.kind == "sqlite" else "BEGIN")
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            with suppress(StoreError):
                self.rows("ROLLBACK")
            raise

    def close(self) -> None:
        self.connection.close()


def connect(place: str | Path) -> Database:
    """Open a store and bring its tables up to date.

    Args:
        place: a folder (the file kpilab.db in it), a file that ends in .db, or a postgresql://
            address.

    Raises:
        BadInput: no such place, no store, a store of a newer kpilab, or no psycopg for PostgreSQL.
    """
    database = (
        _postgres(str(place)) if re.match(r"postgres(ql)?://", str(place)) else _sqlite(Path(place))
    )
    try:
        _migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _sqlite(place: Path) -> Database:
    file = place if place.suffix == ".db" else place / FILE
    mend = "give a folder that exists and can be written, a .db file, or a postgresql:// address"
    if not file.parent.is_dir():
        raise BadInput(f"no folder {str(file.parent)!r}", "store", mend)
    try:
        connection = sqlite3.connect(file, timeout=WAIT, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        _write_ahead(connection)
    except sqlite3.Error as error:
        raise BadInput(
            f"{file.name} cannot be opened: {error}", f"store {str(file)!r}", mend
        ) from None
    return Database("sqlite", str(file), connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite does not wait for another program that is doing the
    same."""
    end = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _postgres(address: str) -> Database:
    try:
        import psycopg
    except ImportError:
        raise BadInput(
            "psycopg is not installed", "store", "pip install 'kpilab[postgres]'"
        ) from None
    shown = masked(address)
    try:
        return Database("postgres", shown, psycopg.connect(address, autocommit=True))
    except (psycopg.Error, ValueError) as error:
        # The driver's own words may repeat the address with its password.
        raise BadInput(
            f"store {shown} cannot be opened: {type(error).__name__}",
            "store",
            "check server, name and password",
        ) from None


def masked(address: str) -> str:
    """An address with everything secret left out: scheme and host remain.

    Example:
        >>> masked("postgresql://ann:secret@db:5432/kpi?sslpassword=x")
        'postgresql://…@db:5432/kpi'
    """
    scheme, _, rest = address.partition("://")
    rest = re.split(r"[?#]", rest, maxsplit=1)[0]
    return f"{scheme}://" + (f"…@{rest.rpartition('@')[2]}" if "@" in rest else rest)


def _migrate(database: Database) -> None:
    """Apply the steps this store lacks, all or none."""
    try:
        _migrated(database)
    except StoreError as error:
        mend = "give the file of a store, or another folder"
        raise BadInput(str(error), "store", mend) from None


def _migrated(database: Database) -> None:
    if database.kind == "sqlite" and _version(database) == len(STEPS):
        return
    with database.transaction():
        if database.kind == "postgres":
            database.rows("SELECT pg_advisory_xact_lock(?)", (LOCK,))
        database.rows("CREATE TABLE IF NOT EXISTS store_version (version INTEGER NOT NULL)")
        version = _version(database)
        if version > len(STEPS):
            raise BadInput(
                f"the store is of version {version}, this kpilab knows {len(STEPS)}",
                "store",
                "update kpilab",
            )
        for step in STEPS[version:]:
            for statement in step:
                database.rows(statement.replace("{id}", KEY[database.kind]))
        if version < len(STEPS):
            database.rows("DELETE FROM store_version")
            database.rows("INSERT INTO store_version (version) VALUES (?)", (len(STEPS),))


def _version(database: Database) -> int:
    if database.kind == "sqlite" and not database.rows(
        "SELECT 1 FROM sqlite_master WHERE name = 'store_version'"
    ):
        return 0
    rows = database.rows("SELECT version FROM store_version")
    return int(rows[0]["version"] or 0) if rows else 0


def _storable(value: Value) -> Value:
    # PostgreSQL has no room for a zero byte in a text; names from data may hold one.
    return value.replace("\0", "") if isinstance(value, str) else value


def _failures() -> tuple[type[Exception], ...]:
    try:
        import psycopg
    except ImportError:
        return (sqlite3.Error,)
    return (sqlite3.Error, psycopg.Error)


def _mend(error: Exception) -> str:
    """How to mend a disk that refuses; nothing where we do not know."""
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    known = next((mend for start, mend in MENDS.items() if code.startswith(start)), None)
    return f"\n  hint:  {known}; what was kept before is there" if known else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
