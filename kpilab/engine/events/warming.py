"""Compile, or load, the kernels for the very types they are called with. Run as a module,
it only compiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from kpilab.engine.events import kernel, kernel_rows, kernel_walks


def on_disk() -> bool:
    """Whether numba finds machine code of these sources that was compiled before."""
    kernels: list[Any] = [
        kernel.run,
        kernel.run_plain,
        kernel_rows.parted,
        kernel_rows.grouped,
        kernel_walks.walk,
    ]
    return all(
        k._cache._cache_file._load_index() for k in kernels
    )  # numba has no public word for it


def warm() -> None:
    """Call everything once, on one row."""
    unit, t, mark = np.zeros(1, np.int64), np.zeros(1, np.int64), np.ones(1, np.int32)
    for column in (unit, t, mark):
        column.setflags(
            write=False
        )  # columns of Arrow tables are read only, which is a type of its own
    _, units, moments, masks = kernel_rows.parted(unit, t, mark, 0, 0, 1)
    bounds, moments, masks = kernel_rows.grouped(units, moments, masks, 1)
    none = np.zeros(0, np.int64)
    limits = np.full(1, kernel.NEVER)
    kernel.run_plain(bounds, moments, masks, 1, kernel.NEVER, limits)
    kernel.run(
        bounds,
        moments,
        masks,
        1,
        kernel.NEVER,
        kernel.ORDERED,
        True,
        False,
        limits,
        none,
        none,
        none,
    )
    found = kernel_walks.walk(bounds, moments, masks, 2, 1, False, -1, -1, 1)
    kernel_walks.waits(*found[1:3], 16)


if __name__ == "__main__":
    warm()
