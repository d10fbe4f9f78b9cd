"""Funnel change: at which step, and for whom, does conversion differ between two periods or two segments?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import EVERYWHERE, Message, Period, Where
from kpilab.engine.column import column
from kpilab.engine.funnels import Breakdown, check_events, reached_apart
from kpilab.engine.run import collect
from kpilab.engine.steps import Exclusion, Plan, Step, planned
from kpilab.errors import BadInput
from kpilab.stats.clustered import clustered_difference
from kpilab.stats.inference import benjamini_hochberg

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.table import EventLog


@dataclass(frozen=True, slots=True, eq=False)
class FunnelChangeResult(Result):
    """Answer of `funnel_change`.

    Attributes:
        table: one row per value of the breakdown and step from the second; columns of the breakdown, `step` (str),
            `of` ("previous" or, in the last row of a value, "first": the whole funnel), `current`, `baseline`
            (rates, 0-1), `current_trials`, `baseline_trials` (units that could go on), `difference` (current −
            baseline), `low`, `high` (interval clustered by user), `p`, `q` (Benjamini-Hochberg over all rows).
        level: confidence level.
    """

    level: float
    kind: ClassVar[str] = "funnel_change"

    @property
    def headline(self) -> Message:
        steps = self.table[(self.table["of"] == "previous") & (self.table["q"] < 1 - self.level)]
        if steps.empty:
            return Message("funnel.unchanged", {"steps": int((self.table["of"] == "previous").sum())})
        row = steps.iloc[int(steps["difference"].abs().argmax())]
        values = {c: row[c] for c in ("step", "current", "baseline", "q")}
        return Message("funnel.changed", values | {"low": row["low"] * 100, "high": row["high"] * 100})


def funnel_change(
    log: EventLog,
    steps: Sequence[str | Step],
    *,
    current: Period | Where,
    baseline: Period | Where,
    within: timedelta | str = "7d",
    mode: str = "ordered",
    by: str = "user",
    breakdown: str | Breakdown | None = None,
    exclude: Sequence[str | Exclusion] = (),
    where: Where = EVERYWHERE,
    level: float = 0.95,
) -> FunnelChangeResult:
    """At which step does conversion differ between two periods, or two segments?

    Both funnels are counted as `funnel` counts them, each on its own events; the interval of a difference lets
    sessions of one user depend on each other, and a user appear on both sides.

    Args:
        log, steps, within, mode, by, breakdown, exclude, where: as for `funnel`.
        current, baseline: two `Period`s of equal kind of days, or two segments (`Where`).
        level: confidence level.

    Returns:
        FunnelChangeResult; differences are current − baseline.

    Raises:
        BadInput: as `funnel`; one period and one segment.

    Note:
        Periods cut passes at their last day: give both the same length, or the longer one converts more.
    """
    if isinstance(current, Period) != isinstance(baseline, Period):
        raise BadInput(
            "a period is compared with a segment", "funnel_change, argument 'baseline'", "give two of a kind"
        )
    plan = planned(steps, within, mode, exclude)
    cut = Breakdown(breakdown) if isinstance(breakdown, str) else breakdown
    both = reached_apart(log, plan, [_side(where, s) for s in (baseline, current)], by=by, breakdown=cut)
    columns = list(cut.columns) if cut else []
    kinds = _kinds(both, plan.chain.steps, columns)
    blocks = [_step(kinds, plan, columns, k - 1, k, level) for k in range(2, plan.chain.steps + 1)]
    table = pd.concat(
        [*blocks, _step(kinds, plan, columns, 1, plan.chain.steps, level).assign(of="first")], ignore_index=True
    )
    if not (table[["current", "baseline"]] > 0).all(axis=None):
        check_events(log, plan)
    if table.empty:
        raise BadInput("nobody began in either side", "funnel_change", "check the periods, the segments and the steps")
    table["q"] = benjamini_hochberg(table["p"])
    table = table.sort_values([*columns], kind="stable").reset_index(drop=True) if columns else table
    return FunnelChangeResult(table, level)


def _side(where: Where, side: Period | Where) -> tuple[Where, Period | None]:
    if isinstance(side, Period):
        return where, side
    return Where(dict(where.values) | dict(side.values), dict(where.without) | dict(side.without)), None


def _kinds(both: ir.Table, steps: int, columns: list[str]) -> pd.DataFrame:
    """Kinds of users and their number: units that reached step k in the current (`c`) and the baseline side (`b`)."""
    now = column(both, "__side")  # 0 baseline, 1 current
    reach = {k: (column(both, "level") >= k).cast("int64") for k in range(1, steps + 1)}
    sums = {f"c{k}": (r * now).sum() for k, r in reach.items()} | {
        f"b{k}": (r * (1 - now)).sum() for k, r in reach.items()
    }
    users = both.group_by([*columns, "unit"]).agg(**sums)
    return collect(users.group_by([*columns, *sums]).agg(clusters=users.count()), "funnel_change")


def _step(kinds: pd.DataFrame, plan: Plan, columns: list[str], before: int, step: int, level: float) -> pd.DataFrame:
    """Rows of one step: the difference between the sides among the units that reached the step before."""
    found = []
    for value, block in kinds.groupby(columns, dropna=False) if columns else [((), kinds)]:
        now, then = ((block[f"{side}{before}"].array, block[f"{side}{step}"].array) for side in ("c", "b"))
        d = clustered_difference(now, then, block["clusters"], level)
        trials = {
            "current_trials": int((now[0] * block["clusters"]).sum()),
            "baseline_trials": int((then[0] * block["clusters"]).sum()),
        }
        named = dict(zip(columns, np.atleast_1d(np.asarray(value, dtype=object)), strict=False))
        rates = {"current": d.current, "baseline": d.baseline}
        found.append(named | {"step": plan.required[step - 1].label, "of": "previous"} | rates | trials
                     | {"difference": d.value, "low": d.low, "high": d.high, "p": d.p})  # fmt: skip
    return pd.DataFrame(found)
