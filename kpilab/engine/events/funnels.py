"""Counts of a funnel: from the best pass of every unit to users per step, value and bucket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from kpilab.core.values import MISSING
from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name, moment, one
from kpilab.engine.events.activity import DAY
from kpilab.engine.events.passes import compiled, expressed, outcomes
from kpilab.engine.events.sessions import check_names, check_users
from kpilab.engine.events.step_rows import rows_of
from kpilab.engine.events.steps import Plan, Step
from kpilab.engine.run import collect
from kpilab.errors import unknown

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.expr.operations.relations import JoinKind

    from kpilab.core.table import EventLog
    from kpilab.core.values import Period, Where
    from kpilab.engine.events.chain import Chain

TOUCHES = ("first_touch", "last_touch", "step", "all")
GRAINS = {"day": "D", "week": "W", "week_sunday": "W", "month": "M"}
OTHER = "…"
SIDE = "kpilab_side"  # which of several sides a pass is of, counted from 0


@dataclass(frozen=True, slots=True)
class Breakdown:
    """By what a funnel is broken down, and which event's value a user gets.

    Attributes:
        dimension: a column, or several.
        attribution: "first_touch" or "last_touch" (the first or last value that is not empty, on
            any event of the funnel), "step" (the value at step `step`; users who did not reach it
            are left out), or "all" (the funnel is run on each value's events apart, so a user may
            count under several).
        step: which required step, counted from 1, for attribution "step".
        limit: keep the values with most users, pool the rest as "…".
    """

    dimension: str | tuple[str, ...]
    attribution: str = "first_touch"
    step: int = 1
    limit: int | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.dimension,) if isinstance(self.dimension, str) else tuple(self.dimension)


def reached(
    log: EventLog,
    plan: Plan,
    *,
    by: str,
    where: Where,
    period: Period | None,
    breakdown: Breakdown | None = None,
) -> ir.Table:
    """One row per unit that began: its keys, `level`, `t1..`, `d2..`,
    `o1..` and the breakdown's columns."""
    columns = breakdown.columns if breakdown else ()
    _check_attribution(breakdown)
    rows, keys = rows_of(log, plan, by=by, where=where, period=period, keep=columns)
    return _passed(rows, keys, plan, breakdown, outcomes)


def reached_apart(
    log: EventLog,
    plan: Plan,
    sides: Sequence[tuple[Where, Period | None]],
    *,
    by: str,
    breakdown: Breakdown | None,
) -> ir.Table:
    """`reached` of several sides (a segment, the days) on top of each other,
    by number in `SIDE`."""
    _check_attribution(breakdown)
    columns = breakdown.columns if breakdown else ()
    cuts = [
        rows_of(log, plan, by=by, where=where, period=period, keep=columns)
        for where, period in sides
    ]
    keys = (*cuts[0][1], SIDE)
    rows = ibis.union(
        *[rows.mutate(**{SIDE: ibis.literal(k, "int64")}) for k, (rows, _) in enumerate(cuts)]
    )
    if not compiled(rows, plan.chain):
        # The time goes into writing the expression: one for all sides is as quick as one for one of
        # them.
        return _passed(rows, keys, plan, breakdown, expressed)
    found = [
        reached(log, plan, by=by, where=where, period=period, breakdown=breakdown).mutate(
            **{SIDE: ibis.literal(k, "int64")}
        )
        for k, (where, period) in enumerate(sides)
    ]
    return ibis.union(*found)


def _check_attribution(breakdown: Breakdown | None) -> None:
    if breakdown and breakdown.attribution not in TOUCHES:
        raise unknown(
            "attribution", breakdown.attribution, TOUCHES, "Breakdown, argument 'attribution'"
        )


def _passed(
    rows: ir.Table,
    keys: tuple[str, ...],
    plan: Plan,
    breakdown: Breakdown | None,
    run: Callable[[ir.Table, Chain, tuple[str, ...]], ir.Table],
) -> ir.Table:
    """The best pass of every unit that began, as `run` finds it, with what it is broken down by."""
    if breakdown and breakdown.attribution == "all":
        keys = (*keys, *breakdown.columns)
    best = run(rows.select(*keys, "t", "mask"), plan.chain, keys)
    best = _over_held(best, plan, keys)
    keys = tuple(k for k in keys if not k.startswith("hold_"))
    if breakdown and breakdown.attribution != "all":
        best = _attributed(best, rows, plan, breakdown, keys)
    return best


def _over_held(best: ir.Table, plan: Plan, keys: tuple[str, ...]) -> ir.Table:
    """The longest (then first) pass over the values held constant."""
    held = [k for k in keys if k.startswith("hold_")]
    if not held:
        return best
    rest = [k for k in keys if k not in held]
    order = ibis.window(group_by=rest, order_by=[ibis.desc("level"), "t1", *held])
    first = best.mutate(kpilab_place=ibis.row_number().over(order)).filter(
        ibis._["kpilab_place"] == 0
    )
    return first.drop("kpilab_place", *held)


def _attributed(
    best: ir.Table, rows: ir.Table, plan: Plan, breakdown: Breakdown, keys: tuple[str, ...]
) -> ir.Table:
    columns, n = breakdown.columns, plan.chain.steps
    if breakdown.attribution == "step":
        # Of unordered steps the k-th met may be any of them.
        bit = (1 << n) - 1 if plan.chain.mode == "unordered" else 1 << (breakdown.step - 1)
        at = best.select(*keys, at=f"t{breakdown.step}").drop_null("at")
        hits = rows.filter((column(rows, "mask") & bit) != 0).rename({"row_t": "t"})
        found = hits.inner_join(
            at, [*[hits[k].identical_to(at[k]) for k in keys], hits["row_t"] == at["at"]]
        )
        return _joined(best, _together(found, keys, columns), keys, "inner")
    steps = rows.filter((column(rows, "mask") & ((1 << n) - 1)) != 0)
    filled = steps.filter(ibis.or_(*[(steps[c] != "") & (steps[c] != MISSING) for c in columns]))
    edge = filled["t"].min() if breakdown.attribution == "first_touch" else filled["t"].max()
    filled = filled.mutate(edge=edge.over(ibis.window(group_by=keys)))
    filled = filled.filter(filled["t"] == filled["edge"])
    joined = _joined(best, _together(filled, keys, columns), keys, "left")
    return joined.mutate(**{c: column(joined, c).fill_null(MISSING) for c in columns})


def _together(rows: ir.Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> ir.Table:
    """The values of one row of each unit, the first by name: each column's own first may have
    stood in no row together."""
    order = ibis.window(group_by=keys, order_by=list(columns))
    first = rows.mutate(kpilab_row=ibis.row_number().over(order))
    return first.filter(first["kpilab_row"] == 0).select(*keys, *columns)


def _joined(best: ir.Table, values: ir.Table, keys: tuple[str, ...], how: JoinKind) -> ir.Table:
    renamed = values.rename({f"right_{k}": k for k in keys})
    on = [best[k].identical_to(renamed[f"right_{k}"]) for k in keys]
    return best.join(renamed, on, how=how).drop(*[f"right_{k}" for k in keys])


def counts(best: ir.Table, plan: Plan, by: tuple[str, ...] = ()) -> pd.DataFrame:
    """One row per value of `by`: `n1..` units that reached each step,
    `m1..` that took each optional step."""
    level = column(best, "level")
    reach = {f"n{k}": one(level >= k).sum() for k in range(1, plan.chain.steps + 1)}
    taken = {
        f"m{o}": one(column(best, f"o{o}").notnull()).sum()
        for o in range(1, len(plan.optional) + 1)
    }
    frame = collect(
        best.group_by(list(by)).agg(**reach, **taken) if by else best.aggregate(**reach, **taken),
        "funnel",
    )
    return frame.fillna(dict.fromkeys([*reach, *taken], 0)).astype(
        dict.fromkeys([*reach, *taken], "int64")
    )


def waits(
    best: ir.Table, plan: Plan, by: tuple[str, ...] = (), shares: tuple[float, ...] = (0.5, 0.9)
) -> pd.DataFrame:
    """Seconds from step to step: `mean_k`, `q0_k`, `q1_k` … per value of `by`,
    one column per step from the second."""
    found: dict[str, Any] = {}
    for k in range(2, plan.chain.steps + 1):
        seconds = column(best, f"d{k}").cast("float64") / 1e6
        found[f"mean_{k}"] = seconds.mean()
        found |= {f"q{q}_{k}": seconds.quantile(share) for q, share in enumerate(shares)}
    return collect(
        best.group_by(list(by)).agg(**found) if by else best.aggregate(**found), "funnel"
    )


def bucketed(best: ir.Table, grain: str) -> ir.Table:
    """`best` with column `bucket`: the day, week or month in which the pass began."""
    if grain not in GRAINS:
        raise unknown("grain", grain, GRAINS, "argument 'grain'")
    # A Sunday is the Monday of a calendar that is one day ahead.
    ahead = DAY if grain == "week_sunday" else 0
    started: Any = moment(column(best, "t1") + ahead, engine_name(best))
    bucket = started.truncate(GRAINS[grain]).cast("date")
    return best.mutate(bucket=bucket - ibis.interval(days=1) if ahead else bucket)


def check_events(log: EventLog, plan: Plan, missing: str = "refuse") -> None:
    """Why a step might have nobody: name the events that never occur, with the nearest that do.

    Raises:
        BadInput: there are such events, unless they are asked for as "zero"; no usable rows.
    """
    names = (plan.named(b) if isinstance(b, Step) else None for b in plan.bits())
    if missing == "refuse":
        check_names(log, [n for n in names if n is not None])
    check_users(log)
