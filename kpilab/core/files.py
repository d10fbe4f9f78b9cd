"""Files that are whole or not there, alone or as a set: written beside their place, synced,
then moved in."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from kpilab.errors import BadInput

STAGE = ".kpilab-{}.part"  # the writer's process number
STAGES = re.compile(r"\.kpilab-(\d{1,9})\.part")
FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)


def put(folder: Path, contents: Mapping[str, bytes], what: str = "the review") -> None:
    """Write several files as one set; the last one stands for the set.

    Nothing in the folder is touched before all files are safely on the disk. Then the last file of
    the old set is taken away first, and the new one put there last: where it stands, all others
    belong to it, whenever the program or the machine stopped. A set cut short there lacks its last
    file until it is written again. What a program that was killed left behind is swept by the next
    one. After an error everything is as it was.

    Args:
        folder: made if missing.
        contents: name -> content; files of these names are replaced.
        what: what is written, for the error message.

    Raises:
        BadInput: the folder cannot be made or written, or the disk is full.
    """
    stage = folder / STAGE.format(os.getpid())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sweep(folder, STAGES)
        stage.mkdir()
        for name, content in contents.items():
            _write(stage / name, content)
        _exchange(stage, folder, tuple(contents))
    except OSError as error:
        raise unwritable(
            folder, error, what, "--out; what was there before is unchanged"
        ) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def sweep(folder: Path, names: re.Pattern[str]) -> None:
    """Remove the folders that killed programs left; those of a running one stay.

    Args:
        names: of such folders; its first group is the number of the process.
    """
    for path in folder.iterdir():
        named = names.fullmatch(path.name)
        if named and not _running(int(named[1])):
            shutil.rmtree(path, ignore_errors=True)


def unwritable(folder: Path, error: OSError, what: str, option: str = "--out") -> BadInput:
    """The error for a place that cannot be written; `option` is what names another."""
    mend = "give another folder, one that exists or can be made, is writable and has space"
    if error.errno in FULL:
        mend = "make room on that disk, or give another folder"
    elif error.errno in FORBIDDEN:
        mend = "give a folder that you may write"
    place = str(error.filename or folder)
    return BadInput(
        f"{what} cannot be written: {os.strerror(error.errno) if error.errno else error}",
        str(folder) if STAGES.search(place) else place,
        f"{mend} with {option}",
    )


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _exchange(stage: Path, folder: Path, names: Sequence[str]) -> None:
    """Old files out, the last one first; new files in, the last one last;
    back again if that fails."""
    moved: list[tuple[Path, Path]] = []

    def move(start: Path, end: Path) -> None:
        os.replace(start, end)
        moved.append((start, end))

    for name in names:
        if (folder / name).is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(folder / name))
    # A single file is replaced in one go: it needs no other file to agree with.
    old = [n for n in reversed(names) if len(names) > 1 and os.path.lexists(folder / n)]
    try:
        for name in old:
            move(folder / name, stage / f"{name}.old")
            if name == names[-1]:
                _sync_folder(folder)
        for name in names:
            if name == names[-1]:
                _sync_folder(folder)
            move(stage / name, folder / name)
        _sync_folder(folder)
    except BaseException:
        for start, end in reversed(moved):
            with suppress(OSError):
                os.replace(end, start)
        raise


def _running(process: int) -> bool:
    """Whether another process of this number runs; only POSIX can tell without harm."""
    if os.name != "posix" or process == os.getpid():
        return False
    try:
        os.kill(process, 0)  # signal 0 is not sent, only checked
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(
            OSError
        ):  # Some file systems cannot sync a folder; the files themselves are safe.
            os.fsync(handle)
    finally:
        os.close(handle)
