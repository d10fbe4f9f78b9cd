"""The compiled kernels on their way into this process, without anybody waiting for a compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import Future, wait
from functools import cache
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import ibis.expr.types as ir

WORTH_LOADING = (
    200_000  # fewer rows are answered by the expression sooner than the kernels are loaded
)
WORTH_EXPECTING = 4_000_000  # bytes of a file that may well hold that many rows
WORTH_COMPILING = 5_000_000  # rows for which the expression takes longer than the compiler


def ready(rows: ir.Table) -> bool:
    """Whether the kernels are to be used: at once when loaded, and for many rows when they are
    there in good time.

    A small log never loads them. For a large one they are loaded in the background, while the
    engine fetches the rows. Where they have never been compiled, that goes on in a process of its
    own: the expression answers meanwhile, unless the log is so large that waiting is quicker.
    """
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return False
    if not _loading.cache_info().currsize:
        number = rows.count().to_pyarrow().as_py()
        if number < WORTH_LOADING:
            return False
        compiled, loaded = _loading()
        if not compiled.result() and number < WORTH_COMPILING:
            return False
        wait([loaded])
    loaded = _loading()[1]
    return loaded.done() and loaded.exception() is None


def expect(source: object) -> None:
    """Begin to load the kernels, without waiting,
    if so large a frame or file is likely to be asked with them."""
    if isinstance(source, str | Path):
        path = Path(source)
        files = path.parent.glob(path.name) if "*" in path.name else [path]
        large = sum(f.stat().st_size for f in files if f.is_file()) >= WORTH_EXPECTING
    else:
        large = isinstance(source, pd.DataFrame) and len(source) >= WORTH_LOADING
    if large and os.environ.get("NUMBA_DISABLE_JIT") != "1":
        _loading()


def prepare() -> None:
    """Load the kernels now (compile them, if nobody has on this machine)."""
    _loading()[1].result()


@cache
def _loading() -> tuple[Future[bool], Future[None]]:
    """Whether the machine code is on disk, and the code on its way.

    A daemon thread: a process that ends earlier is not held up by it.
    """
    compiled: Future[bool] = Future()
    loaded: Future[None] = Future()
    Thread(target=_load, args=(compiled, loaded), name="kpilab-kernel", daemon=True).start()
    return compiled, loaded


def _load(compiled: Future[bool], loaded: Future[None]) -> None:
    """Load the machine code from disk; compile it first, in a process of its own, if it is not
    there.

    numba keeps the code beside the package or, where that cannot be written, in the user's cache
    folder.
    """
    try:
        from kpilab.engine.events import warming

        compiled.set_result(warming.on_disk())
        if not compiled.result():
            subprocess.run(
                [sys.executable, "-m", "kpilab.engine.events.warming"],
                check=False,
                capture_output=True,
            )
        warming.warm()
    except BaseException as error:  # noqa: BLE001  handed on to whoever waits
        if not compiled.done():
            compiled.set_result(False)
        loaded.set_exception(error)
    else:
        loaded.set_result(None)
