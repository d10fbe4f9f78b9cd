"""Pipeline: are deals slower, or lost, and where – at the same age?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.analysis.customers.stand_out import Parts, View, stand_out
from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import Message, Period, Where, fraction
from kpilab.engine.column import own
from kpilab.engine.customers.deals import flow
from kpilab.engine.customers.windows import Windows
from kpilab.errors import BadInput, unknown
from kpilab.stats.customers.usual import Array, Sums

if TYPE_CHECKING:
    from kpilab.engine.door.tables import Tabular

SPEED = "speed"
_SumsOf = Callable[[Parts], Sums]
_Worth = Callable[[Parts], Array]


@dataclass(frozen=True, slots=True, eq=False)
class PipelineResult(Result):
    """Answer of `pipeline`.

    Attributes:
        table: one row per segment judged, the most telling first; columns `where`, `customers`
            (deals that left a stage in the current period), `view` (speed: how many left, or the
            name of a stage: how many of those who left it went on), `ratio`, `expected` (relative
            to deals in general that stood there as long), `effect`, `low`, `high` (won deals, in
            the long run, beyond what is expected), `p`, `q` (corrected for the search).
        places: rows of the segments that stand out.
        stages: one row per window and stage; columns `first`, `last` (days), `stage`, `exits`,
            `advances`, `rate` (share of exits), `days` (mean time that a deal stands there),
            `speed` (exits relative to what deals in general that stood there as long do).
        searched: how many segments were judged. placebos: former contrasts behind the errors.
        level: confidence level.
    """

    places: pd.DataFrame
    stages: pd.DataFrame
    searched: int
    placebos: int
    level: float
    kind: ClassVar[str] = "pipeline"

    @property
    def headline(self) -> Message:
        if self.places.empty:
            return Message("pipeline.usual", {"segments": self.searched})
        return place(self.places.iloc[0])


def place(row: pd.Series) -> Message:
    """One place in a sentence."""
    change = float(row["ratio"] / row["expected"] - 1)
    values = {"where": row["where"], "change": change, "p": float(row["q"]), "stage": row["view"],
              "effect": float(row["effect"])}  # fmt: skip
    return Message("pipeline.speed" if row["view"] == SPEED else "pipeline.lost", values)


def pipeline(
    log: EventLog | Tabular,
    stages: Sequence[str],
    *,
    current: Period,
    by: Sequence[str],
    level: float = 0.95,
) -> PipelineResult:
    """Tell a slower pipeline from one in which more is lost, by segment, stage and age.

    Of every deal that stands in a stage in a window, the days it stands there count, by how long it
    has stood there already; it leaves for a later stage, or is lost, or stands there still
    (censored). A segment is slower if fewer of its deals leave than deals as old do in general, and
    loses more if of those who leave fewer go on; each beside its own former windows and the others.
    So a young deal is never taken for a lost one, and an unfinished quarter for no bad one.

    Args:
        log: one row per deal and stage it comes to; the deal is the log's `user`, the stage its
            `event`. An event that is none of `stages` (lost, rejected) ends a deal.
        stages: first to last; the last one is won.
        current: the period asked about. by: dimensions: values and pairs of values are judged.
        level: confidence level.

    Returns:
        PipelineResult with one row per segment.

    Raises:
        BadInput: fewer than two stages, one that never occurs, or no dimension of that name.
    """
    fraction(level, "pipeline(level=)")
    log = EventLog.of(log)
    stages = tuple(stages)
    if len(stages) < 2 or len(set(stages)) < len(stages):
        what = f"stages are {list(stages)}"
        raise BadInput(what, "pipeline(stages)", "give two or more different stages, won at last")
    for dimension in by:
        if dimension not in log.table.columns:
            raise unknown("column", dimension, log.table.columns, f"table {log.name!r}")
    windows = Windows.of(current)
    # A dimension may be called as a column of ours is.
    ours = {own(f"d{k}"): dimension for k, dimension in enumerate(dict.fromkeys(by))}
    table = log.table.mutate(**{name: log.table[d] for name, d in ours.items()})
    leaves = flow(replace(log, table=table, dimensions=tuple(ours)), stages, windows, tuple(ours))
    known = set(leaves["stage"]) if len(leaves) else set()
    for stage in stages[:-1]:
        if stage not in known:
            raise unknown("stage", stage, known, f"table {log.name!r}, column {log.event!r}")
    told = _told(leaves, stages, windows, tuple(ours), level)
    return replace(told, table=_named(told.table, ours), places=_named(told.places, ours))


def _named(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """The rows with the dimensions called as they are."""
    where = [Where({names[d]: v for d, v in w.values.items()}) for w in rows["where"]]
    return rows.assign(where=pd.Series(where, rows.index, dtype=object))


def _told(
    leaves: pd.DataFrame, stages: tuple[str, ...], windows: Windows, by: tuple[str, ...],
    level: float,
) -> PipelineResult:  # fmt: skip
    cells = leaves.groupby(["stage", "young"])[["exposure", "exits", "advances"]]
    total = cells.transform("sum")
    leaves = leaves.assign(
        expected=leaves["exposure"] * (total["exits"] / total["exposure"]).fillna(0.0),
        going=leaves["exits"] * (total["advances"] / total["exits"]).fillna(0.0),
    )
    sums = leaves.groupby("stage")[["exits", "advances"]].sum()
    rate = (sums["advances"] / sums["exits"]).reindex(stages[:-1])
    # Chance to win from the stage after each, and from the stages a deal stands in on the whole.
    going = rate.to_numpy(float)
    onward = {s: float(going[k + 1 :].prod()) for k, s in enumerate(stages[:-1])}
    wins = float(sums["advances"].reindex(stages[-2:-1]).sum() / max(sums["exits"].sum(), 1))
    stay = (
        leaves.groupby("stage")["exposure"].sum() / sums["exits"].where(sums["exits"] > 0)
    ).sum()
    for stage in stages[:-1]:
        here = leaves["stage"] == stage
        for c in ("exits", "advances", "going"):
            leaves[f"{c} {stage}"] = leaves[c].where(here, 0.0)
    whole = leaves.drop(columns=["stage", "young"])
    each = 0.5 / len(onward)
    views = [View(s, _going(s), weight=each, worth=_worth(onward[s])) for s in onward]
    views.append(
        View(SPEED, _leaving, weight=0.5, worth=_late(wins, float(stay) / windows.period(0).days))
    )
    found = stand_out(whole, by, "exits", views, level)
    said = {"segments": found.searched, "placebos": found.placebos}
    notes = (Message("churn.history" if found.placebos else "churn.no_history", said),)
    return PipelineResult(
        found.table, found.places, _stages(leaves, windows, stages), found.searched,
        found.placebos, level, notes=notes,
    )  # fmt: skip


def _going(stage: str) -> _SumsOf:
    def sums(x: Parts) -> Sums:
        names = (f"{c} {stage}" for c in ("advances", "going", "exits"))
        return Sums.of_counts(*(x[n] for n in names))

    return sums


def _leaving(x: Parts) -> Sums:
    return Sums(x["exits"], x["expected"], x["exits"], counts=True)


def _late(wins: float, cycle: float) -> _Worth:
    """What one deal that did not leave yet costs.

    A cycle that is longer by some days keeps back what is won in as many, once, and at most all of
    a window. Deals that wait are many where they are slow: what they would have left by is held
    against the window before.

    Args:
        wins: won deals per deal that leaves. cycle: its usual length, in windows.
    """

    def worth(x: Parts) -> Array:
        now, before = (np.maximum(x["exits"][:, -2:][:, k], 1e-9) for k in (-1, 0))
        waiting = np.maximum(x["expected"][:, -1] - now, 1e-9)
        return wins * np.minimum(cycle * before / now, before / waiting)

    return worth


def _worth(wins: float) -> _Worth:
    return lambda x: wins + 0 * x["exits"][:, -1]


def _stages(leaves: pd.DataFrame, windows: Windows, stages: tuple[str, ...]) -> pd.DataFrame:
    """What each stage did in each window."""
    columns = ["exposure", "exits", "advances", "expected"]
    found = leaves.groupby(["window", "stage"], as_index=False)[columns].sum()
    order = {s: k for k, s in enumerate(stages)}
    found = found.assign(order=found["stage"].map(order)).sort_values(["window", "order"])
    days = [windows.period(int(k)) for k in found["window"]]
    found.insert(0, "last", pd.to_datetime([d.last for d in days]))
    found.insert(0, "first", pd.to_datetime([d.first for d in days]))
    found["rate"] = found["advances"] / found["exits"].where(found["exits"] > 0)
    found["days"] = found["exposure"] / found["exits"].where(found["exits"] > 0)
    found["speed"] = found["exits"] / found["expected"].where(found["expected"] > 0)
    ours = ["first", "last", "stage", "exits", "advances", "rate", "days", "speed"]
    return found[ours].reset_index(drop=True)
