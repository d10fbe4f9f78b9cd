"""Counterfactual: what would have happened without the change?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Effect, Message, fraction
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import label, names, number, place
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.distributions import student
from kpilab.stats.external.structural import calibrated, structural
from kpilab.stats.external.synthetic import (
    METHODS,
    brought_to_size,
    false_positives,
    in_misses,
    placebo_space,
    placebo_time,
)
from kpilab.stats.rounding import beyond_rounding, still

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

Method = Literal["did", "synthetic control", "synthetic did", "structural"]


@dataclass(frozen=True, slots=True)
class Estimator:
    """A method of `counterfactual`, with the seed of its sampler (structural alone draws)."""

    method: Method = "synthetic did"
    seed: int = 1

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise unknown("method", self.method, get_args(Method), "counterfactual(method=)")


LEAST_PLACEBOS = 4
AGREED = 1.5  # times the error of the placebos in space
POOR = 2.0  # times the usual miss of the other units


@dataclass(frozen=True, slots=True, eq=False)
class CounterfactualResult(Result):
    """Answer of `counterfactual`.

    Attributes:
        table: one row per period; columns `time`, `actual`, `expected` (without the change), `low`,
            `high` (calibrated interval of the mean after, drawn around `expected`; NaN before),
            `effect`, `after`.
        effect: mean effect per period after the change, with calibrated interval (None without
            placebos).
        p: p-value of "no effect", from the placebos; NaN without them.
        placebos: columns `kind` (space, time), `effect` (found where nothing happened; for the
            structural method in its own standard errors), `name`.
        false_positives: share of placebos that the calibrated interval would call an effect.
        naive: interval as the model itself sees it (structural only), for comparison.
        naive_false_positives: share of placebos that the naive interval calls an effect.
        weights: columns `unit`, `weight` of the controls (coefficients for the structural method).
        method: what was used. level: confidence level. since: first period after the change.
    """

    effect: Effect
    p: float
    placebos: pd.DataFrame
    false_positives: float
    naive: Effect | None
    naive_false_positives: float
    weights: pd.DataFrame
    method: str
    level: float
    since: object
    kind: ClassVar[str] = "counterfactual"

    @property
    def headline(self) -> Message:
        after = self.table.loc[self.table["after"], "expected"].mean()
        values = {
            "effect": self.effect.value, "low": self.effect.low, "high": self.effect.high,
            "p": self.p,
            "share": self.effect.value / abs(after) if after else None,
            "wrong": self.false_positives,
            "placebos": len(self.placebos), "since": str(self.since)[:10],
        }  # fmt: skip
        if np.isnan(self.p):
            return Message("counterfactual.untested", values)
        return Message(
            "counterfactual.effect" if self.p < 1 - self.level else "counterfactual.none", values
        )


@keywords("counterfactual")
def counterfactual(
    rows: Frame,
    *,
    treated: str,
    since: date | str | int,
    time: str = "time",
    unit: str = "unit",
    value: str = "value",
    method: Method | Estimator = "synthetic did",
    level: float = 0.95,
) -> CounterfactualResult:
    """Estimate the effect of a change on one unit, with an interval that placebos have calibrated.

    The expected course comes from the other units (or, structural, from the unit's own level and
    the others as regressors). The same analysis is repeated where nothing happened: on every other
    unit (placebo in space) and at earlier starts (placebo in time). Their misses set the interval,
    and the share of placebos that it would have called an effect is printed with the answer.

    Args:
        rows: one row per unit and period; columns `time`, `unit`, `value`, every unit in every
            period.
        treated: the unit that changed. since: first period after the change.
        method: did, synthetic control, synthetic did (the default), or structural; the last also
            takes a single unit without controls. `Estimator("structural", seed=…)` seeds its
            sampler.
        level: confidence level.

    Returns:
        CounterfactualResult with one row per period.

    Raises:
        BadInput: a missing column, a `since` that is no period of the data's kind, an unknown unit
            or method, a unit that lacks a period or has it twice (a benchmark that ends early),
            fewer than 6 periods before or none after, a constant series.

    Note:
        Controls must not be touched by the change themselves.
    """
    fraction(level, "counterfactual(level=)")
    asked = method if isinstance(method, Estimator) else Estimator(method)
    method = asked.method
    columns = {"time": (time, place), "unit": (unit, label), "value": (value, number)}
    rows, left = known(frame(rows, columns, "counterfactual(rows)"), ["time"])
    (treated,) = names([treated])
    if treated not in set(rows["unit"]):
        raise unknown(
            "unit", treated, rows["unit"].unique(), f"counterfactual(treated=), column {unit!r}"
        )
    wide = _wide(rows)
    start = _since(since, wide.columns)
    before = int((wide.columns < start).sum())
    _check_periods(wide, treated, before, since)
    y, controls = wide.loc[treated].to_numpy(float), wide.drop(index=treated)
    answer = _structural if method == "structural" else _panel
    if method != "structural" and len(controls) == 0:
        raise BadInput(
            "there is no other unit",
            "counterfactual(rows)",
            "add controls, or use method='structural'",
        )
    parts = answer(y, controls, before, asked, level)
    table = pd.DataFrame({"time": wide.columns, "actual": y, "expected": parts["expected"]})
    table["after"] = np.arange(len(y)) >= before
    table["effect"] = table["actual"] - table["expected"]
    effect: Effect = parts["effect"]
    half = np.nan if effect.low is None else effect.value - effect.low
    table["low"] = np.where(table["after"], table["expected"] - half, np.nan)
    table["high"] = np.where(table["after"], table["expected"] + half, np.nan)
    notes = (*left, *parts.get("notes", ()))
    if np.isnan(parts["p"]):
        notes += (Message("counterfactual.few", {"least": LEAST_PLACEBOS}),)
    return CounterfactualResult(
        table[["time", "actual", "expected", "low", "high", "effect", "after"]], effect, parts["p"],
        parts["placebos"], parts["wrong"], parts["naive"], parts["naive_wrong"], parts["weights"],
        method, level,
        wide.columns[before], notes=notes,
    )  # fmt: skip


def _since(since: object, periods: pd.Index) -> Any:
    """The first period after the change, of the same kind as the data's periods."""
    where = "counterfactual(since=)"
    found = place(pd.Series([since]), where)
    if pd.isna(found.iloc[0]) or (found.dtype.kind == "M") != (periods.dtype.kind == "M"):
        mend = f"give one like {str(periods[0])[:10]}"
        raise BadInput(f"{str(since)[:40]!r} is no period of the data", where, mend)
    return found.iloc[0]


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    twice = rows[rows.duplicated(["unit", "time"])]
    if len(twice):
        row = twice.iloc[0]
        raise BadInput(
            f"unit {row['unit']!r} has period {_named(row['time'])} twice",
            "counterfactual(rows)",
            "keep one row each",
        )
    wide = rows.pivot(index="unit", columns="time", values="value").sort_index(axis=1)
    gaps = wide.index[wide.isna().any(axis=1)]
    if len(gaps):
        period = wide.columns[wide.loc[gaps[0]].isna()][0]
        raise BadInput(
            f"unit {gaps[0]!r} has no value at {_named(period)} (units with gaps: {len(gaps)})",
            "counterfactual(rows)",
            "fill the gap, drop the unit, or end the analysis earlier",
        )
    return wide


def _named(period: object) -> str:
    """A period as people write it: a day without its midnight."""
    return str(period).removesuffix(" 00:00:00")


def _check_periods(wide: pd.DataFrame, treated: str, before: int, since: object) -> None:
    if before < 6 or before >= wide.shape[1]:
        raise BadInput(
            f"there are {before} periods before {since} and {wide.shape[1] - before} after",
            "counterfactual(since=)",
            "give at least 6 periods before and 1 after",
        )
    if still(wide.loc[treated].to_numpy(float)[:before]):
        raise BadInput(
            f"unit {treated!r} never changes before {since}",
            "counterfactual(treated=)",
            "check the values",
        )


def _panel(
    y: np.ndarray, controls: pd.DataFrame, before: int, asked: Estimator, level: float
) -> dict[str, Any]:
    """DiD and the synthetic methods: interval from the placebos in space, in misses of their own
    fits, or from those in time where they are larger."""
    x, resized = brought_to_size(controls.to_numpy(float), y, before)
    method = asked.method
    fit = METHODS[method](y, x, before)
    space, misses = placebo_space(x, before, method) if len(x) > 1 else (np.empty(0), np.empty(0))
    earlier = placebo_time(y, x, before, method)
    kinds = ["space"] * len(space) + ["time"] * len(earlier)
    named = [
        *map(str, controls.index[: len(space)]),
        *(f"-{k}" for k in range(len(earlier), 0, -1)),
    ]
    placebos = pd.DataFrame({"kind": kinds, "name": named, "effect": [*space, *earlier]})
    _check_controls(x, space if len(space) >= LEAST_PLACEBOS else earlier)
    judges = _judges(fit.miss, space, misses, earlier, len(y) - before)
    effect, p, wrong = Effect(fit.effect), float("nan"), float("nan")
    notes = (Message("counterfactual.resized", {"units": int(resized.sum())}),) * bool(
        resized.any()
    )
    if judges:
        error, df, judge = judges
        t = float(student.ppf(0.5 + level / 2, df))
        effect = Effect(fit.effect, fit.effect - t * error, fit.effect + t * error)
        p = float(2 * student.sf(abs(fit.effect) / error, df))
        wrong = false_positives(judge, lambda others: t * float(np.sqrt(np.mean(others**2))))
        notes += _fit_notes(fit.miss, misses, earlier if judge is earlier else earlier[:0])
    weights = pd.DataFrame({"unit": controls.index.astype(str), "weight": fit.units})
    return {
        "expected": fit.expected, "effect": effect, "p": p, "placebos": placebos, "wrong": wrong,
        "naive": None, "naive_wrong": float("nan"), "notes": notes,
        "weights": weights.sort_values("weight", ascending=False, ignore_index=True),
    }  # fmt: skip


def _check_controls(x: np.ndarray, judge: np.ndarray) -> None:
    own = x - x.mean(axis=1, keepdims=True)
    own = own - own.mean(axis=0) if len(x) > 1 else own
    judge = beyond_rounding(judge, x)
    if not beyond_rounding(own, x).any() or (len(judge) and not judge.any()):
        what = "the other units never change, or all alike"
        raise BadInput(what, "counterfactual(rows)", "give controls that move by themselves")


def _judges(
    miss: float, space: np.ndarray, misses: np.ndarray, earlier: np.ndarray, after: int
) -> tuple[float, float, np.ndarray] | None:
    """Error of the effect, the degrees it is known with, and the placebos that set it.

    Placebos in space are independent of each other, those in time are of the series itself but
    overlap. Both tell of one error, unless the series has missed by much more before than the
    others' placebos say: then its own misses count alone.
    """
    if len(space) < LEAST_PLACEBOS and len(earlier) < LEAST_PLACEBOS:
        return None
    own, windows = float(np.mean(earlier**2)) if len(earlier) else 0.0, len(earlier) / after
    if len(space) < LEAST_PLACEBOS:
        return float(np.sqrt(own)), max(windows, 2.0), earlier
    scaled = in_misses(space, misses)
    others, units = miss**2 * float(np.mean(scaled**2)), float(len(space))
    if len(earlier) < LEAST_PLACEBOS:
        return float(np.sqrt(others)), units, scaled
    if own > AGREED**2 * others:
        return float(np.sqrt(own)), max(windows, 2.0), earlier
    pooled = (units * others + windows * own) / (units + windows)
    return float(np.sqrt(pooled)), units + windows, scaled


def _fit_notes(miss: float, misses: np.ndarray, earlier: np.ndarray) -> tuple[Message, ...]:
    """What a reader must know of how our series followed the others before the change;
    `earlier` are its own misses, where they alone set the interval."""
    notes = []
    usual = float(np.median(misses)) if len(misses) else 0.0
    if usual and miss > POOR * usual:
        notes.append(Message("counterfactual.poor_fit", {"times": miss / usual}))
    if len(earlier) and len(misses) >= LEAST_PLACEBOS:
        most = float(earlier[np.argmax(np.abs(earlier))])
        notes.append(Message("counterfactual.earlier", {"most": most}))
    return tuple(notes)


def _structural(
    y: np.ndarray, controls: pd.DataFrame, before: int, asked: Estimator, level: float
) -> dict[str, Any]:
    """Structural time series, calibrated by placebos in time."""
    x = controls.to_numpy(float).T if len(controls) else None
    fit = structural(y, x, before, seed=asked.seed)
    tested = calibrated(y, x, before, fit, level, seed=asked.seed)
    ends = (None, None) if np.isnan(tested.p) else (tested.low, tested.high)
    names = [f"-{k}" for k in range(len(tested.placebos), 0, -1)]
    return {
        "expected": fit.expected, "effect": Effect(tested.effect, *ends), "p": tested.p,
        "placebos": pd.DataFrame({"kind": "time", "name": names, "effect": tested.placebos}),
        "wrong": tested.false_positives, "naive": Effect(fit.effect, fit.effect_low,
            fit.effect_high),
        "naive_wrong": tested.naive_false_positives,
        "weights": pd.DataFrame({"unit": controls.index.astype(str), "weight": fit.coefficients}),
    }  # fmt: skip
