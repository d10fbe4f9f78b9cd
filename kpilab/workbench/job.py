"""Work off the main thread, so that the page stays alive: one question at a time,
the last one asked wins."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import RLock
from typing import Generic, TypeVar

from kpilab.errors import KpilabError

T = TypeVar("T")
# One connection to the engine serves all panels of a case, and it answers one query at a time; work
# that holds it may ask again.
ENGINE = RLock()


class Stopped(KpilabError):
    """The work was cancelled; nobody waits for its answer."""


class Job(Generic[T]):
    """Runs one function after the other; the answer of a cancelled or overtaken one is dropped."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._turn = 0
        self._last: Future[T] | None = None

    def start(
        self, work: Callable[[Callable[[], None]], T], done: Callable[[Future[T]], None]
    ) -> None:
        """Begin `work(check)`; `done` gets its future.
        `check()` raises Stopped once nobody waits any more."""
        self._turn += 1
        turn = self._turn

        def check() -> None:
            if turn != self._turn:
                raise Stopped("cancelled")

        def run() -> T:
            with ENGINE:
                check()
                return work(check)

        self._last = self._pool.submit(run)
        self._last.add_done_callback(lambda future: done(future) if turn == self._turn else None)

    def cancel(self) -> None:
        """Wait no longer for the work that is running."""
        self._turn += 1

    def wait(self, seconds: float = 60) -> None:
        """Until the work begun last is finished, for scripts and tests."""
        if self._last is not None:
            self._last.exception(seconds)
            # The callbacks run after the waiting is over, in the same thread as the work.
            self._pool.submit(lambda: None).result(seconds)
