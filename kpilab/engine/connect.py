"""Connections: any Ibis engine by URL, and files beside a case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from kpilab.engine.expression import literal
from kpilab.engine.spill import forget_with, with_own_folder
from kpilab.errors import BadInput, KpilabError, unknown

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

# What a case may set: nothing that loads code, installs extensions or opens another database.
DUCKDB_SETTINGS = ("memory_limit", "max_memory", "threads", "worker_threads", "temp_directory",
                   "max_temp_directory_size", "preserve_insertion_order", "read_only",
                   "access_mode")  # fmt: skip
LOADS_CODE = re.compile(
    r"jars|packages|pyfiles|^spark\.(files|archives|plugins|submit)|extensions|classpath|javaoptions|librarypath"
    r"|catalog|listener|pyspark\.(driver\.)?python$|script|serializer|hadoop",
    re.IGNORECASE,
)


def connect(
    url: str = "duckdb://", options: Mapping[str, object] | None = None, timezone: str = "UTC"
) -> BaseBackend:
    """Open an engine by its Ibis URL.

    Args:
        url: the engine. options: the engine's own settings (memory_limit, threads).
        timezone: whose days are meant where a time carries a zone; never the machine's own.

    Raises:
        BadInput: a setting that is unknown or could load code, or an engine that does not open.
    """
    settings = {str(k): v for k, v in (options or {}).items()}
    _check_settings(url, settings)
    try:
        if url.startswith("duckdb://"):
            path = url.removeprefix("duckdb://") or ":memory:"
            settings = with_own_folder(settings, Path(path).parent)
            con = ibis.duckdb.connect(path, **settings)
            forget_with(con, settings)
            con.raw_sql(f"SET TimeZone = {literal(timezone)}")
            # In a notebook it would write a bar of its own below every slow query.
            con.raw_sql("SET enable_progress_bar = false")
            return con
        if url.startswith("pyspark"):
            return _spark({"spark.sql.session.timeZone": timezone, **settings})
        con = ibis.connect(url.replace("postgresql://", "postgres://", 1), **settings)
        if con.name == "postgres":
            from kpilab.engine.postgres import Compiler

            con.compiler = Compiler()  # type: ignore[attr-defined]  # every SQL backend has one
            # every SQL backend has it
            con.raw_sql(f"SET TIME ZONE {literal(timezone)}")  # type: ignore[attr-defined]
        return con
    except KpilabError:
        raise
    except Exception as error:  # every engine has errors of its own
        scheme = url.split("://", 1)[0][:20]
        raise BadInput(
            f"engine {scheme}:// cannot be opened: {_first_line(error)}",
            "case.yml, key 'engine'",
            f"check the address, and that the extra is installed: pip install 'kpilab[{scheme}]'",
        ) from error


def _check_settings(url: str, settings: Mapping[str, object]) -> None:
    if "://" not in url:  # Ibis would open, or make, a database file of that name
        mend = "give one such as duckdb:// or postgres://server/database"
        raise BadInput(f"engine {url[:40]!r} is no address", "case.yml, key 'engine'", mend)
    where = "case.yml, key 'engine_options'"
    for key in settings:
        if url.startswith("duckdb") and key not in DUCKDB_SETTINGS:
            raise unknown("setting", key, DUCKDB_SETTINGS, where)
        if url.startswith("pyspark") and LOADS_CODE.search(key):
            raise BadInput(
                f"{key!r} can load code", where, "set it in the spark-defaults.conf of the cluster"
            )


def _spark(settings: Mapping[str, object]) -> BaseBackend:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("kpilab")
    for key, value in settings.items():
        builder = builder.config(key, str(value))
    return ibis.pyspark.connect(builder.getOrCreate())


def confine(con: BaseBackend, paths: Iterable[str]) -> None:
    """Let an embedded engine read the given files (and spill to its own folder), and nothing else.

    Of a pattern, the files that match it now; not their neighbours, and none that comes later.
    Other engines guard their files themselves.
    """
    if con.name != "duckdb":
        return
    # A pattern is allowed as it stands, too: the engine asks for it by name before it asks for the
    # files.
    files = {
        file
        for path in paths
        for file in (path, *(glob(path, recursive=True) if "*" in path else ()))
    }
    listed = ", ".join(literal(file) for file in sorted(files))
    for setting in (f"allowed_paths = [{listed}]", "enable_external_access = false"):
        con.raw_sql(f"SET {setting}")  # type: ignore[attr-defined]  # every SQL backend has it


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
