"""How a driver fell: in one place, in every segment, or behind a change of mix. Four kinds of cause read this."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np

from kpilab.analysis.dating import DatingResult
from kpilab.analysis.drivers import DriversResult
from kpilab.analysis.spread import SpreadResult
from kpilab.core.case import Case, Metric
from kpilab.core.finding import StepReport
from kpilab.core.values import EVERYWHERE, Effect, Where
from kpilab.engine.cells import Cells
from kpilab.stats.rates import Change, period_change, rate_change
from kpilab.verdict.candidate import results

Pattern = Literal["place", "mix", "everywhere"]
CARRIES = 0.8
NEARLY_ALL = 0.8
HIDDEN = 0.3
SURE = 0.01
TWO_WEEKS = timedelta(days=14)
MOST_SHARE = 0.7


@dataclass(frozen=True, slots=True)
class Fall:
    """The fall of one driver.

    Attributes:
        driver: leaf of the metric tree.
        pattern: place (one combination carries at least 80 %), mix (every segment fell while the shares moved),
            everywhere.
        where: the place; the segment that traffic moved to; everywhere.
        change: relative change of the driver that the fall makes (negative), with interval.
        p: corrected for the search over dimensions or combinations.
        finding: id of the finding that carries the number.
        dimension: for a mix, the dimension whose shares moved.
        since: first day, where the days tell it within two weeks; it may lie in the baseline.
    """

    driver: str
    pattern: Pattern
    where: Where
    change: Effect
    p: float
    finding: str
    dimension: str | None = None
    since: date | None = None


def falls(case: Case, cells: Cells, reports: Sequence[StepReport]) -> tuple[Fall, ...]:
    """At most one fall per ratio driver of the goal, described as specifically as the numbers allow."""
    split = next((r for _, r in results(reports, DriversResult)), None)
    if split is None:
        return ()
    searched = {r.driver: (f.id, r) for f, r in results(reports, SpreadResult)}
    findings = {f.subject: f.id for report in reports if report.step == "root_cause" for f in report.findings}
    found = []
    for row in split.table.to_dict("records"):
        metric = case.metrics[str(row["driver"])]
        if not metric.is_ratio:
            continue
        finding, spread = searched.get(metric.name, (findings.get(metric.name, ""), None))
        fall = _placed(metric.name, finding, spread) if spread is not None else None
        fall = (
            fall
            or _hidden(cells, metric, finding, split, row, spread)
            or _everywhere(metric, finding, split, row, spread)
        )
        if fall is not None:
            found.append(replace(fall, since=_since(case, reports, fall)))
    return tuple(found)


def _since(case: Case, reports: Sequence[StepReport], fall: Fall) -> date | None:
    for finding, dated in results(reports, DatingResult):
        if finding.id != fall.finding or dated.start is None or dated.low is None or dated.high is None:
            continue
        near = case.current.first - TWO_WEEKS <= dated.start <= case.current.last
        return dated.start if near and dated.high - dated.low <= TWO_WEEKS else None
    return None


def _placed(driver: str, finding: str, spread: SpreadResult) -> Fall | None:
    """One place carries at least 80 % of the fall; what is left elsewhere is within its noise.

    A value that nearly all rows have (a finished release) is no place: it cannot be told from everywhere.
    """
    table = spread.table
    down = table[(table["change"] < 0) & (table["p"] < SURE) & (table["share"] <= MOST_SHARE)]
    down = down[down["where"].map(bool).astype(bool)]
    if down.empty:
        return None
    row = down.iloc[0].to_dict()
    rest = spread.amount - row["amount"]
    noise = 2 * np.sqrt(max(spread.expected, 1.0))
    if rest < -max((1 - CARRIES) * abs(spread.amount), noise) or rest < 0.5 * row["amount"]:
        return None
    size = row["amount"] / spread.expected
    half = abs(row["high"] - row["low"]) / 2 * abs(size / row["change"])
    return Fall(driver, "place", row["where"], Effect(size, size - half, size + half), row["p"], finding)


def _hidden(
    cells: Cells, metric: Metric, finding: str, split: DriversResult, row: dict[Any, Any], spread: SpreadResult | None
) -> Fall | None:
    """Nearly every segment fell, while traffic moved to better ones: the total looks better than the segments."""
    replaced = spread.replaced if spread is not None else ()
    mix = split.mix[(split.mix["driver"] == metric.name) & ~split.mix["dimension"].isin(replaced)]
    mix = mix[(mix["change"] < 0) & (mix["falling"] >= NEARLY_ALL)]
    mix = mix[row["change"] - mix["change"] > HIDDEN * mix["change"].abs()]
    if mix.empty:
        return None
    looked_at = int((split.mix["driver"] == metric.name).sum())
    best = mix.sort_values("p").iloc[0].to_dict()
    moved_to, shift_p = _moved_to(cells, metric, best["dimension"])
    if shift_p > 0.001:
        return None
    p = min(1.0, best["p"] * max(looked_at, 1) / 2)
    effect = Effect(best["change"], best["low"], best["high"])
    where = Where({best["dimension"]: (moved_to,)})
    return Fall(metric.name, "mix", where, effect, p, finding, best["dimension"])


def _moved_to(cells: Cells, metric: Metric, dimension: str) -> tuple[object, float]:
    """The value that gained most share of the denominator, and the chance of such a shift in day-to-day noise."""
    wide = cells.by_segment(metric, (dimension,))
    before, after = wide["den0"] / wide["den0"].sum(), wide["den1"] / wide["den1"].sum()
    k = int((after - before).to_numpy().argmax())
    pooled = (wide["den0"].iloc[k] + wide["den1"].iloc[k]) / (wide["den0"].sum() + wide["den1"].sum())
    error = np.sqrt(pooled * (1 - pooled) * (1 / wide["den0"].sum() + 1 / wide["den1"].sum()))
    z = float(after.iloc[k] - before.iloc[k]) / error if error > 0 else 0.0
    # Shares of a segment vary more between days than counts would: a factor of two on the error is generous.
    return wide[dimension].iloc[k], Change(0.0, z / 2, 1.0, 1e6).p


def _everywhere(
    metric: Metric, finding: str, split: DriversResult, row: dict[Any, Any], spread: SpreadResult | None
) -> Fall | None:
    """The driver as a whole fell, beyond its noise between days, and at constant mix whichever way it is cut."""
    if row["change"] >= 0:
        return None
    replaced = spread.replaced if spread is not None else ()
    mix = split.mix[(split.mix["driver"] == metric.name) & ~split.mix["dimension"].isin(replaced)]
    if (mix["change"] >= 0).any() or (len(mix) and float(mix["falling"].median()) < NEARLY_ALL):
        return None
    p = max([row["p"], *mix["p"]]) / 2
    return Fall(metric.name, "everywhere", EVERYWHERE, Effect(row["change"], row["low"], row["high"]), p, finding)


def change_outside(cells: Cells, metric: Metric, place: Where) -> Change | None:
    """Change of a rate with a place left out; None where the place is of no dimension of its cube.

    Its noise is that of whole days, scaled to the smaller denominators.
    """
    if not place.values or any(d not in cells.dimensions.get(metric.table, ()) for d in place.values):
        return None
    wide = cells.by_segment(metric, tuple(place.values))
    inside = np.ones(len(wide), dtype=bool)
    for dimension, values in place.values.items():
        inside &= wide[dimension].astype(str).isin([str(v) for v in values]).to_numpy()
    rest = wide[~inside][["num0", "den0", "num1", "den1"]].sum()
    if not (rest["den0"] > 0 and rest["den1"] > 0):
        return None
    before, after = (cells.day_arrays(metric, period) for period in ("baseline", "current"))
    whole = rate_change(before[0], before[1], after[0], after[1])
    share = min(rest["den0"] / wide["den0"].sum(), rest["den1"] / wide["den1"].sum())
    return Change(
        rest["num0"] / rest["den0"], rest["num1"] / rest["den1"], whole.error / float(np.sqrt(share)), whole.df
    )


def volume_change(case: Case, cells: Cells, leaf: str) -> Change:
    """Change of an additive leaf with its day-to-day noise."""
    metric = case.metrics[leaf]
    totals = cells.value(leaf, "baseline"), cells.value(leaf, "current")
    before, after = (cells.day_arrays(metric, period) for period in ("baseline", "current"))
    return period_change(before, after, totals, ratio=metric.is_ratio)
