"""Files that are whole or not there: written beside their place, synced, then renamed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from kpilab.errors import BadInput


def put(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write several files; none is replaced before all are safely on the disk.

    Raises:
        BadInput: the folder cannot be made or written, or the disk is full.
    """
    waiting: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            part = folder / f".{name}.{os.getpid()}.part"
            waiting.append((part, folder / name))
            _write(part, content)
        for part, target in waiting:
            os.replace(part, target)
        _sync_folder(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        for part, _ in waiting:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def unwritable(folder: Path, error: OSError) -> BadInput:
    """The error for a place that cannot be written."""
    return BadInput(
        f"the review cannot be written: {error.strerror or error}",
        str(error.filename or folder),
        "give another folder with --out, one that exists or can be made, is writable and has space",
    )


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # Some file systems cannot sync a folder; the files themselves are safe.
            os.fsync(handle)
    finally:
        os.close(handle)
