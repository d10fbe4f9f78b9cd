"""Step matrix: which events stand how many steps before and after a point of a path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import ibis
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, duration, fraction
from kpilab.engine.column import column
from kpilab.engine.events.patterns import Gap, Point, Way, blocks, found_at, named
from kpilab.engine.events.sessions import whole
from kpilab.engine.events.walks import END, SESSION, START, Path, checked, walk
from kpilab.engine.run import collect
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.events.clustered_shares import share_of_sums

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period, Where
    from kpilab.engine.door.tables import Tabular

__all__ = ["Gap", "StepMatrixResult", "step_matrix"]


@dataclass(frozen=True, slots=True, eq=False)
class StepMatrixResult(Result):
    """Answer of `step_matrix`.

    Attributes:
        table: one row per block of the way, step and event that occurs there; columns `block` (int,
            from 0), `step` (int, 0 at the block's first event), `event`, `count` (paths), `share`
            (of the paths that hold the way, 0-1; sums to 1 per block and step), `low`, `high`
            (over users). Before its first event a path is at "path_start", after its last at
            "path_end".
        events: every event of these paths, in order of name.
        paths: paths that hold the way. of: all paths. level: confidence level.
    """

    events: tuple[str, ...]
    paths: int
    of: int
    level: float
    kind: ClassVar[str] = "step_matrix"

    def matrix(self, block: int = 0, weight: str = "share") -> pd.DataFrame:
        """One block as a matrix: rows are events, columns steps."""
        part = self.table[self.table["block"] == block]
        wide = part.pivot(index="event", columns="step", values=weight)
        return wide.reindex([START, *self.events, END]).fillna(0.0).astype(float)

    @property
    def headline(self) -> Message:
        after = self.table[(self.table["block"] == 0) & (self.table["step"] == 1)]
        if after.empty:
            return Message("step_matrix.paths", {"paths": self.paths, "of": self.of})
        row = after.iloc[int(after["share"].argmax())]
        return Message(
            "step_matrix.next",
            {c: row[c] for c in ("event", "share", "low", "high")} | {"paths": self.paths},
        )


@keywords("step_matrix")
def step_matrix(
    log: EventLog | Tabular,
    *,
    around: Way | Point = START,
    steps: int = 5,
    path: Path = SESSION,
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> StepMatrixResult:
    """What do users do in the steps before and after a point of their path?

    The point is an event, "path_start" or "path_end", or a way: events that follow each other
    directly, with `Gap()` where others may stand between (`Gap(without=("cart",))`: none of these).
    A way makes one block per run of events; every block is looked at from its first event. Paths
    that do not hold the way are left out.

    Args:
        log: events; row order does not matter.
        around: event or way; or a `Point`, for its last place or some events later.
        steps: columns on either side, 1 to 50.
        path: of a session or a user, and with repeats or without; see `Path`.
        where, period: only events of this segment, of these days. level: confidence level.

    Returns:
        StepMatrixResult.

    Raises:
        BadInput: an unknown event or occurrence, steps outside 1..50, an offset that is neither, no
            such path.

    Example:
        >>> step_matrix(log, around=("add_to_cart", Gap(), "pay"), steps=1).matrix(0).round(2)
        step           -1    0    1
        event
        path_start   0.00  0.0  0.0
        add_to_cart  0.00  1.0  0.0
        pay          0.00  0.0  0.0
        place_order  0.00  0.0  1.0
        register     0.01  0.0  0.0
        view_item    0.99  0.0  0.0
        visit        0.00  0.0  0.0
        path_end     0.00  0.0  0.0
    """
    fraction(level, "step_matrix(level=)")
    log = EventLog.of(log)
    if not 1 <= steps <= 50:
        raise BadInput(
            f"steps {steps!r} is outside 1..50", "step_matrix, argument 'steps'", "3 to 6 read well"
        )
    point = Point.of(around)
    checked(log, named(point.way))
    rows = walk(log, path, where=where, period=period).cache()
    everyone = _size(rows.select("unit", "path").distinct())
    runs = blocks(point.way)
    places = found_at(rows, point.way, point.occurrence == "last")
    centres = _moved(places, rows, point.offset, len(runs)).cache()
    both = rows.inner_join(centres, [rows[c].identical_to(centres[c]) for c in ("unit", "path")])
    near = both.drop("unit_right", "path_right")
    paths = _size(centres)
    if not paths:
        raise BadInput(
            f"no path holds {point.way!r}",
            "step_matrix, argument 'around'",
            "shorten the way, or allow a Gap()",
        )
    table = pd.concat(
        [_block(near, centres, k, run, steps) for k, run in enumerate(runs)], ignore_index=True
    )
    low, high = share_of_sums(
        table["count"], table["squares"], table["products"], *_tried(centres), level=level
    )
    table = table.drop(columns=["squares", "products"])
    table = table.assign(share=table["count"] / paths, low=low, high=high)
    events = collect(near.select("event").distinct().order_by("event"), "step_matrix")["event"]
    return StepMatrixResult(table, tuple(events), paths, everyone, level)


def _size(rows: ir.Table) -> int:
    return int(collect(rows.count().as_table(), "step_matrix").to_numpy()[0, 0])


def _moved(centres: ir.Table, rows: ir.Table, offset: int | str | timedelta, runs: int) -> ir.Table:
    """Centres shifted by events or by time; paths that end before are left out."""
    if isinstance(offset, int):
        places = {f"at{k}": column(centres, f"at{k}") + offset for k in range(runs)}
        moved = centres.mutate(**places)
        end = column(moved, "events") + 1
        return moved.filter(
            *[column(moved, c) >= 0 for c in places], *[column(moved, c) <= end for c in places]
        )
    if runs > 1:
        raise BadInput(
            "a way of several blocks moved by time",
            "Point, argument 'offset'",
            "give a number of events",
        )
    later = rows.select(person="unit", walked="path", place=column(rows, "place") + 1, t="t")
    joined = centres.inner_join(
        later,
        [
            centres["unit"].identical_to(later["person"]),
            centres["path"].identical_to(later["walked"]),
        ],
    )
    at: Any = joined["t"].max(where=joined["place"] == joined["at0"])
    known = at.over(ibis.window(group_by=["unit", "path"]))
    joined = joined.mutate(due=known + whole(duration(offset, "offset")))
    joined = joined.filter(joined["t"] >= joined["due"])
    return joined.group_by(["unit", "path", "events"]).agg(at0=joined["place"].min().cast("int64"))


def _block(
    near: ir.Table, centres: ir.Table, k: int, run: tuple[str, ...], steps: int
) -> pd.DataFrame:
    """Counts of one block: events near its centre, then entries and exits, which go on for ever."""
    low = 0 if run[0] == START else -steps
    high = len(run) - 1 + (0 if run[-1] == END else steps)
    step = column(near, "place").cast("int64") + 1 - near[f"at{k}"]
    inside = (
        near.mutate(step=step).filter(step >= low, step <= high).select("unit", "step", "event")
    )
    # A path of which nothing is left stands at its entry, or its exit, for ever.
    # Spark unnests a bare column only: the places are whole numbers before, not cast after.
    places: Any = ibis.literal(list(range(low, high + 1)), "array<int64>")
    everywhere = centres.mutate(step=places.unnest())
    entry = column(everywhere, f"at{k}") <= -column(everywhere, "step")
    left = column(everywhere, "events") + 1 - everywhere[f"at{k}"] <= everywhere["step"]
    edges = [
        everywhere.filter(where).select("unit", "step", event=ibis.literal(name))
        for name, where in ((START, entry), (END, left))
    ]
    found = _counted(inside.union(*edges), centres)
    both = found.sort_values(["step", "event"], ignore_index=True)
    return both.assign(block=k)[["block", "step", "event", "count", "squares", "products"]].astype(
        {"step": "int64", "count": "int64"}
    )


def _counted(rows: ir.Table, centres: ir.Table) -> pd.DataFrame:
    """Paths per step and event, and the sums over users of their square and of their product with
    all of the user's paths."""
    own = rows.group_by(["unit", "step", "event"]).agg(met=rows.count())
    units = centres.group_by("unit").agg(tried=centres.count())
    both = own.inner_join(units, [own["unit"].identical_to(units["unit"])])
    met, tried = (column(both, c).cast("float64") for c in ("met", "tried"))
    table = both.group_by(["step", "event"]).agg(
        count=met.sum(), squares=(met * met).sum(), products=(met * tried).sum()
    )
    return collect(table, "step_matrix")


def _tried(centres: ir.Table) -> tuple[float, float, float]:
    """All paths, the sum over users of the square of theirs, and the users."""
    units = centres.group_by("unit").agg(tried=centres.count())
    tried = column(units, "tried").cast("float64")
    sums = units.aggregate(n=tried.sum(), nn=(tried * tried).sum(), users=units.count())
    row = collect(sums, "step_matrix").iloc[0]
    return float(row["n"]), float(row["nn"]), float(row["users"])
