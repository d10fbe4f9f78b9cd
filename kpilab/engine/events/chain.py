"""A chain of events: what the portable expression and the compiled kernel both compute.

A pass starts at every moment t1 of step 1. Step k is met at the earliest moment t_k >= t_(k-1) at
which steps 1..k can be given different rows (one row may serve any number of steps when `reuse`);
rows of one moment stand in any order. Where a step must wait, t_k >= t_(k-1) + its gap, so that a
gap of 1 lets no two steps share a moment. With `once`, a pass stops at the first row that repeats a
step it has met (the second or a later one) and serves no other; rows of one moment serve before
they repeat, and a row that meets the first step alone begins before one that meets more. A pass
reaches the last step k with t_k <= t1 + within and
every limit kept. Passes spoilt by an exclusion are dropped. A unit's outcome is its longest pass;
of several, the first.
"""

from __future__ import annotations

from dataclasses import dataclass

NEVER = 2**62  # later than any moment
FOREVER = 2**61  # longer than any log


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of a funnel as bits of a row's mask, and the rules they keep.

    Attributes:
        steps: number of required steps; step k is bit k - 1.
        within: longest time from the first step to the last, microseconds.
        mode: "ordered", "strict" (no other row between) or "unordered".
        limits: per step, longest time since the step before, microseconds; None for no limit.
        groups: steps (from 0) that one row may meet together; a row meets steps of one group only.
        exclusions: (from, to) steps (from 1); exclusion e is bit steps + e.
        extras: optional steps, by the required step (from 1) they follow; bits after the
            exclusions.
        reuse: whether one row may serve several steps.
        gaps: per step, shortest time since the step before, microseconds; empty for none.
        once: whether a repeat of a step that was met stops the pass; not together with `reuse`.
    """

    steps: int
    within: int = FOREVER
    mode: str = "ordered"
    limits: tuple[int | None, ...] = ()
    groups: tuple[tuple[int, ...], ...] = ()
    exclusions: tuple[tuple[int, int], ...] = ()
    extras: tuple[int, ...] = ()
    reuse: bool = False
    gaps: tuple[int, ...] = ()
    once: bool = False

    @property
    def ruled(self) -> bool:
        """Whether steps must wait, or must not repeat: rules that a kernel does not know."""
        return self.once or any(self.gaps)

    def furthest(self, start: int) -> int:
        """Last step that one moment may bring a pass to that has met `start`: a step that must wait
        shares no moment with the step before."""
        waiting = [k for k in range(start + 1, self.steps) if self.gaps and self.gaps[k]]
        return min(waiting, default=self.steps)

    @property
    def disjoint(self) -> bool:
        """Whether no row can meet two steps."""
        return all(len(group) == 1 for group in self.groups) or not self.groups

    @property
    def plain(self) -> bool:
        """Whether a moment's rows need only be known by the steps they meet together,
        and nothing bars a pass."""
        free = not self.exclusions and not self.extras and self.mode == "ordered"
        free = free and not self.ruled
        return free and (self.disjoint or self.reuse)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the outcome beside the keys."""
        return (
            "level",
            *self.times,
            *self.waits,
            *(f"o{k}" for k in range(1, len(self.extras) + 1)),
        )

    @property
    def times(self) -> tuple[str, ...]:
        return tuple(f"t{k}" for k in range(1, self.steps + 1))

    @property
    def waits(self) -> tuple[str, ...]:
        return tuple(f"d{k}" for k in range(2, self.steps + 1))
