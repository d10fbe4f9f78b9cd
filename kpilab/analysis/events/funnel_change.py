"""Funnel change: at which step, and for whom,
does conversion differ between two periods or two segments?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.column import column
from kpilab.engine.dialect import engine_name, one
from kpilab.engine.door.dimensions import aside, called
from kpilab.engine.events.funnels import SIDE, Breakdown, check_events, reached_apart
from kpilab.engine.events.steps import Plan, Step, Steps, planned
from kpilab.engine.expression import quoted
from kpilab.engine.run import collect_text
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.events.clustered_shares import Sums, differences_of_sums
from kpilab.stats.multiplicity import benjamini_hochberg

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class FunnelChangeResult(Result):
    """Answer of `funnel_change`.

    Attributes:
        table: one row per value of the breakdown and step from the second; columns of the
            breakdown, `step` (str), `of` ("previous" or, in the last row of a value, "first": the
            whole funnel), `current`, `baseline` (rates, 0-1), `current_trials`, `baseline_trials`
            (units that could go on), `difference` (current − baseline), `low`, `high` (interval
            clustered by user), `p`, `q` (Benjamini-Hochberg over all rows).
        level: confidence level.
    """

    level: float
    kind: ClassVar[str] = "funnel_change"

    @property
    def headline(self) -> Message:
        steps = self.table[(self.table["of"] == "previous") & (self.table["q"] < 1 - self.level)]
        if steps.empty:
            return Message(
                "funnel.unchanged", {"steps": int((self.table["of"] == "previous").sum())}
            )
        row = steps.iloc[int(steps["difference"].abs().argmax())]
        values = {c: row[c] for c in ("step", "current", "baseline", "q")}
        return Message(
            "funnel.changed", values | {"low": row["low"] * 100, "high": row["high"] * 100}
        )


@keywords("funnel_change")
def funnel_change(
    log: EventLog | Tabular,
    steps: Sequence[str | Step] | Steps,
    *,
    current: Period | Where,
    baseline: Period | Where,
    within: timedelta | str = "7d",
    breakdown: str | Breakdown | None = None,
    where: Where = EVERYWHERE,
    level: float = 0.95,
) -> FunnelChangeResult:
    """At which step does conversion differ between two periods, or two segments?

    Both funnels are counted as `funnel` counts them, each on its own events; the interval of a
    difference lets sessions of one user depend on each other, and a user appear on both sides.

    Args:
        log, steps, within, breakdown, where: as for `funnel`.
        current, baseline: two `Period`s of equal kind of days, or two segments (`Where`).
        level: confidence level.

    Returns:
        FunnelChangeResult; differences are current − baseline.

    Raises:
        BadInput: as `funnel`; one period and one segment.

    Note:
        Periods cut passes at their last day: give both the same length, or the longer one converts
            more.
    """
    fraction(level, "funnel_change(level=)")
    log = EventLog.of(log)
    if isinstance(current, Period) != isinstance(baseline, Period):
        raise BadInput(
            "a period is compared with a segment",
            "funnel_change, argument 'baseline'",
            "give two of a kind",
        )
    asked = Steps.of(steps)
    plan = planned(asked, within, log)
    cut = Breakdown(breakdown) if isinstance(breakdown, str) else breakdown
    log, ours = aside(log, cut.columns if cut else ())
    cut = cut and replace(cut, dimension=tuple(ours))
    both = reached_apart(
        log, plan, [_side(where, s) for s in (baseline, current)], by=asked.unit, breakdown=cut
    )
    columns = list(ours)
    sums = _sums(both, plan.chain.steps, columns)
    table = pd.concat(
        [_step(sums, plan, columns, *pair, level) for pair in _pairs(plan.chain.steps)]
    )
    table["of"] = ["previous"] * (len(table) - len(sums)) + ["first"] * len(sums)
    table = table.reset_index(drop=True)
    if not (table[["current", "baseline"]] > 0).all(axis=None):
        check_events(log, plan, Steps.of(steps).missing)
    if table.empty:
        raise BadInput(
            "nobody began in either side",
            "funnel_change",
            "check the periods, the segments and the steps",
        )
    table["q"] = benjamini_hochberg(table["p"])
    table = (
        table.sort_values([*columns], kind="stable").reset_index(drop=True) if columns else table
    )
    return FunnelChangeResult(called(table, ours), level)


def _side(where: Where, side: Period | Where) -> tuple[Where, Period | None]:
    if isinstance(side, Period):
        return where, side
    return Where(
        dict(where.values) | dict(side.values), dict(where.without) | dict(side.without)
    ), None


def _pairs(steps: int) -> list[tuple[int, int]]:
    """Steps that are compared: each with the one before, and the last with the first."""
    return [*itertools.pairwise(range(1, steps + 1)), (1, steps)]


def _sums(both: ir.Table, steps: int, columns: list[str]) -> pd.DataFrame:
    """Per value of the breakdown: users, and sums over users of what `differences_of_sums` needs
    for each pair.

    `c2` are a user's units that reached step 2 in the current side, `b2` in the baseline, `b1_c2`
    is their product.
    """
    now = column(both, SIDE)  # 0 baseline, 1 current
    reach = {k: one(column(both, "level") >= k) for k in range(1, steps + 1)}
    counts = {f"c{k}": (r * now).sum() for k, r in reach.items()} | {
        f"b{k}": (r * (1 - now)).sum() for k, r in reach.items()
    }
    users = both.group_by([*columns, "unit"]).agg(**counts)
    products = sorted({p for pair in _pairs(steps) for p in _products(*pair).values()})
    quote = "`" if engine_name(both) == "pyspark" else '"'
    keys = [quoted(c, quote) for c in columns]
    wanted = [*keys, "COUNT(*) AS clusters", *(f"SUM({c}) AS {c}" for c in counts)]
    wanted += [f"SUM({a} * {b}) AS {a}_{b}" for a, b in products]
    grouped = f" GROUP BY {', '.join(keys)}" if keys else ""
    found = collect_text(
        users, f"SELECT {', '.join(wanted)} FROM rows_read{grouped}", "funnel_change"
    )
    return found.fillna(0)  # the sums over nobody


def _products(before: int, step: int) -> dict[str, tuple[str, str]]:
    """Products of a pair of steps by their name in `Sums`: n are the units at the step before,
    y those at the step."""
    names = {"n1": f"c{before}", "n0": f"b{before}", "y1": f"c{step}", "y0": f"b{step}"}
    wanted = ("n1n1", "n0n0", "n1n0", "y1y1", "y0y0", "y1y0", "y1n1", "y0n0", "y1n0", "y0n1")
    pairs = {w: (names[w[:2]], names[w[2:]]) for w in wanted}
    return {w: (min(pair), max(pair)) for w, pair in pairs.items()}


def _step(
    sums: pd.DataFrame, plan: Plan, columns: list[str], before: int, step: int, level: float
) -> pd.DataFrame:
    """Rows of one step: the difference between the sides among the units that reached the step
    before."""
    single = {"n1": f"c{before}", "n0": f"b{before}", "y1": f"c{step}", "y0": f"b{step}"}
    products = {name: f"{a}_{b}" for name, (a, b) in _products(before, step).items()}
    given = {name: sums[c].astype(float).to_numpy() for name, c in (single | products).items()}
    found = differences_of_sums(Sums(**given, clusters=sums["clusters"].to_numpy()), level)
    return pd.DataFrame({
        **{c: sums[c].array for c in columns}, "step": plan.required[step - 1].label,
        "of": "previous",
        "current": found["current"], "baseline": found["baseline"],
        "current_trials": given["n1"].astype(int),
        "baseline_trials": given["n0"].astype(int), **{k: found[k] for k in ("difference", "low",
            "high", "p")},
    })  # fmt: skip
