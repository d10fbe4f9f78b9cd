"""Do only aggregates leave the engine? Reviews a large case and lists the largest tables that were
fetched.

python benchmarks/frames.py --events 5000000
python benchmarks/frames.py --events 5000000 --expressions      (without the compiled kernels)
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

EVENTS_OF_ONE = 57_000  # of the sample at size 1
LIMIT = 200_000
Fetched = list[tuple[str, int]]


@contextmanager
def recorded() -> Iterator[tuple[Fetched, Fetched]]:
    """Who fetched how many rows: through `collect`,
    and as Arrow columns for the compiled kernels."""
    import ibis.expr.types as ir

    from kpilab.engine import run

    frames: Fetched = []
    columns: Fetched = []
    collected, arrow = run._fetched, ir.Table.to_pyarrow

    def fetched(fetch: Any, asked: Any, purpose: str, limit: int) -> Any:
        frame = collected(fetch, asked, purpose, limit)
        frames.append((purpose, len(frame)))
        return frame

    def to_pyarrow(table: ir.Table, *given: Any, **named: Any) -> Any:
        found = arrow(table, *given, **named)
        columns.append((sys._getframe(1).f_globals["__name__"], len(found)))
        return found

    with patch.object(run, "_fetched", fetched), patch.object(ir.Table, "to_pyarrow", to_pyarrow):
        yield frames, columns


def largest(fetched: Fetched) -> list[tuple[str, int, int]]:
    """Per asker, the most first: name, fetches, most rows at once."""
    names = dict.fromkeys(name for name, _ in fetched)
    rows = [
        (n, sum(name == n for name, _ in fetched), max(k for name, k in fetched if name == n))
        for n in names
    ]
    return sorted(rows, key=lambda row: -row[2])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expressions", action="store_true", help="without the compiled kernels")
    asked = parser.parse_args()
    if asked.expressions:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    from kpilab.case.read import open_case
    from kpilab.samples.write import write
    from kpilab.verdict.run import review

    with tempfile.TemporaryDirectory() as folder:
        write("shop", folder, seed=asked.seed, size=asked.events / EVENTS_OF_ONE)
        case = open_case(folder)
        print(f"{case.tables['events'].table.count().to_pandas():,} events")
        start, busy = time.perf_counter(), time.process_time()
        with recorded() as (frames, columns):
            answer = review(case)
        took = (
            f"{time.perf_counter() - start:.0f} s, {time.process_time() - busy:.0f} s of "
            "processor time"
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{took}, {memory:.1f} GiB at most with the making of the case; causes "
            f"{[c.kind for c in answer.causes]}"
        )
    print(f"\n{len(frames)} frames fetched, the largest of {max(k for _, k in frames):,} rows")
    for name, times, most in largest(frames)[:8]:
        print(f"{most:10,d} rows  {times:4d} times  {name[:80]}")
    print(
        "\nArrow columns for the compiled kernels (inside the process, never in a result):"
        if columns
        else ""
    )
    for name, times, most in largest(columns):
        print(f"{most:10,d} rows  {times:4d} times  {name}")
    sys.exit(max(k for _, k in frames) >= LIMIT)


if __name__ == "__main__":
    main()
