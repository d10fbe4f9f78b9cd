"""Progress of a command: a bar on a terminal, and on request how long each step took."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import perf_counter

from kpilab.show.say import label

Progress = Callable[[str, int, int], None]


@contextmanager
def progress(lang: str, *, timed: bool = False) -> Generator[Progress]:
    """A function (step's key, steps done, steps in all) to call when a step begins.

    A bar with the step's name on a terminal, nothing anywhere else; with `timed`, a line per step
    on stderr at the end.
    """
    begun: list[tuple[str, float]] = []
    with _bar(lang) as show:

        def advance(step: str, done: int, total: int) -> None:
            if not begun or begun[-1][0] != step:
                begun.append((step, perf_counter()))
            show(step, done, total)

        advance("start", 0, 1)
        yield advance
    if timed:
        ends = [start for _, start in begun[1:]] + [perf_counter()]
        for (step, start), end in zip(begun, ends, strict=True):
            print(f"{end - start:8.2f} s  {label(f'progress.{step}', lang)}", file=sys.stderr)


@contextmanager
def _bar(lang: str) -> Generator[Progress]:
    if not sys.stderr.isatty():
        yield lambda step, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(
            task, description=label(f"progress.{step}", lang), completed=done, total=total
        )
