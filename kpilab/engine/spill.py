"""Where DuckDB puts aside what does not fit into memory: a folder of its own for every connection.

By itself DuckDB writes `.tmp/duckdb_temp_storage_….tmp` into the working folder: two programs that
run in one folder write into each other's files, and get errors or worse.
"""

from __future__ import annotations

import os
import re
import shutil
import weakref
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from kpilab.core.files import sweep, unwritable

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

OPTION = "temp_directory"
OWN = re.compile(r"\.kpilab-(\d{1,9})-[0-9a-f]{8}\.spill")


def with_own_folder(settings: Mapping[str, object], beside: Path) -> dict[str, object]:
    """The settings with a folder no other program uses; DuckDB makes it when it needs it.

    Args:
        settings: DuckDB's own; `temp_directory` is the folder in which to make it.
        beside: where it is made if the settings name none.

    Raises:
        BadInput: the folder named in the settings cannot be made.
    """
    parent = Path(str(settings.get(OPTION) or beside)).absolute()
    if settings.get(OPTION):
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(
                parent, error, "what does not fit into memory", f"engine_options: {OPTION}"
            ) from None
    _tidied(parent)
    return {**settings, OPTION: str(parent / f".kpilab-{os.getpid()}-{uuid4().hex[:8]}.spill")}


def forget_with(con: BaseBackend, settings: Mapping[str, object]) -> None:
    """Remove the folder when the connection goes, or the program ends."""
    weakref.finalize(con, shutil.rmtree, str(settings[OPTION]), ignore_errors=True)


@cache
def _tidied(parent: Path) -> None:
    """Once per program: what killed ones left is removed."""
    with suppress(OSError):
        sweep(parent, OWN)
