"""Rereading: was a decided A/B test a win, or lost units, a novelty, or a lucky look?"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import Assignments, EventLog
from kpilab.core.values import EVERYWHERE, Effect, Message, Period, Where
from kpilab.engine.door.keys import assigned
from kpilab.engine.door.tables import Tabular
from kpilab.engine.exposure import after_assignment, check_units, units, window
from kpilab.engine.rereading import AGES, age_moments, first_hits, segment_counts
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.stats.inference import holm
from kpilab.stats.novelty import Decay, cell_rates, decay
from kpilab.stats.proportion_difference import newcombe, pooled_z, two_sided
from kpilab.stats.sequential import lan_demets, uncorrected_p
from kpilab.stats.srm import sample_ratio

Boundary = Literal["none", "alpha spending", "always valid"]
Kind = Literal["srm", "novelty", "peeking", "fine"]
SRM_LEVEL, NOVELTY_LEVEL, LEVEL = 0.001, 0.01, 0.05
FEWEST = 30
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class RereadingResult(Result):
    """Answer of `reread`.

    Attributes:
        table: one row per check; columns `check` (srm, novelty, peeking), `p`, `threshold` (trouble needs a
            p below it for srm and novelty, above it for peeking), `trouble` (bool), `effect`, `low`, `high`
            (share of units: as decided without the segment that lost units; lasting; over the planned window).
        experiment: its id. control, treatment: the variants compared (of several, the one with the best z).
        verdict: srm, novelty, peeking or fine.
        where: the segment that lost units; everywhere unless the verdict is srm and one segment explains it.
        period: from the start to the last day that counted.
        effect: the read-out at the decision (difference of the share of units with the outcome).
        base: share of control units with the outcome at the decision.
        lasting: what stays (see `lasting_pct`): the effect without the lost segment, of the old hands, or over the
            whole planned window, by verdict; the read-out itself when fine.
        lasting_pct: the same in percent of the control's outcome.
        counts: variant -> units assigned.
        curve: one row per day; `day`, `control`, `treatment` (units), `effect`, `z`, `bound` (critical |z| had every
            day been a planned look), `decided` (bool).
        ages: one row per age; `age` (days since assignment), `days` (active unit-days), `control` (rate), `effect`,
            `low`, `high`.
        segments: one row per dimension value; `dimension`, `value`, one count per variant, `ratio` (treatment to
            control, 1 = as declared), `low`, `high`, `p`, `q` (Holm over all values).
    """

    experiment: str
    control: str
    treatment: str
    verdict: Kind
    where: Where
    period: Period
    effect: Effect
    base: float
    lasting: Effect
    counts: Mapping[str, int]
    curve: pd.DataFrame
    ages: pd.DataFrame
    segments: pd.DataFrame
    half_life: float | None
    kind: ClassVar[str] = "rereading"

    @property
    def lasting_pct(self) -> float | None:
        """What lasts, in percent of the control's outcome; None when the control has none."""
        return 100 * self.lasting.value / self.lasting_base if self.lasting_base else None

    @property
    def lasting_base(self) -> float:
        """Rate that `lasting` is a part of: per active day for a novelty, per unit otherwise."""
        return float(self.ages["control"].to_numpy()[-1]) if self.verdict == "novelty" else self.base

    @property
    def p(self) -> float:
        """p-value of the check behind the verdict; of the sample ratio when fine."""
        check = "srm" if self.verdict == "fine" else self.verdict
        return float(self.table.set_index("check")["p"].to_dict()[check])

    @property
    def headline(self) -> Message:
        values = {"experiment": self.experiment, "effect": self.effect.value, "p": self.p, "treatment": self.treatment}
        ends = {"low": self.lasting.low, "high": self.lasting.high, "lasting": self.lasting.value}
        extra = {
            "srm": {"where": self.where, "units": [f"{k} {v}" for k, v in self.counts.items()]},
            "novelty": {"half_life": self.half_life},
            "peeking": {"day": self.period.last},
            "fine": {},
        }[self.verdict]
        return Message(f"rereading.{self.verdict}", values | ends | extra)


def reread(
    assignments: Assignments | Tabular,
    log: EventLog | Tabular,
    *,
    experiment: str,
    outcome: str,
    control: str,
    split: Mapping[str, float],
    start: date,
    planned_days: int,
    decided_on: date,
    looks: int = 1,
    boundary: Boundary = "none",
    dimensions: Sequence[str] | None = None,
    shipped: bool = True,
) -> RereadingResult:
    """Re-analyse a decided test: lost units, wearing-off effect, uncorrected stop.

    A unit counts from its assignment on and converts with its first outcome. *SRM*: units per variant against the
    declared split, at .001; the segment is the dimension value (as of the unit's first event) that is furthest from
    the split, corrected for all values. *Novelty*: outcome per active day by days since assignment, an extra effect
    that halves every few days against a constant one; trouble when the read-out was positive or negative beyond
    chance, the extra is real at .01 and makes up most of it. *Peeking*: a test shipped before its planned end
    without a boundary is worth the chance that |z| would have reached as high at any of the planned daily looks;
    trouble when that is above .05 and the planned window does not confirm it.

    Args:
        assignments: one row per unit and experiment. log: events, before and after the decision.
        experiment: id in the assignments. outcome: SQL condition on an event, or an event name.
        control: variant compared against. split: variant -> declared share.
        start: first day. planned_days: planned length. decided_on: day of the decision.
        looks: how many daily looks were taken up to the decision. boundary: what corrected them.
        dimensions: columns searched for the segment that lost units; the log's own by default.
        shipped: whether a win was claimed; if not, neither an early stop nor a novelty did harm.

    Raises:
        BadInput: unknown experiment, variant, column or outcome; dates reversed; an empty arm.
    """
    assignments = assigned(Assignments.of(assignments), log := EventLog.of(log))
    _check(split, control, start, planned_days, decided_on, looks)
    planned = Period(start, start + timedelta(days=planned_days - 1))
    period = Period(start, min(decided_on, planned.last))
    who = window(units(assignments, experiment, beside=log.table), planned)
    names = tuple(log.dimensions if dimensions is None else dimensions)
    events = after_assignment(log, outcome, who, until=planned.last, dimensions=names)
    hits = collect(first_hits(who, events), "rereading")
    counts = _counts(hits, split, experiment, assignments)
    curves = {v: _curve(hits, control, v, planned, period, looks) for v in counts if v != control}
    if not all(np.isfinite(_decided(curve)["z"]) for curve in curves.values()):
        raise BadInput(
            f"up to the decision of {experiment!r} the outcome {outcome!r} is the same for every unit",
            f"table {assignments.name!r}, column {assignments.unit!r}",
            "check that units have the ids they have in the log, and that the outcome is counted since the start",
        )
    treatment = max(curves, key=lambda v: abs(_decided(curves[v])["z"]))
    by_segment = segment_counts(who, events, names, period.last)
    segments = _segments(by_segment, split, control, treatment)
    by_age = age_moments(events, period.last, (period.last - period.first).days)
    ages, worn = _ages(by_age, control, treatment)
    curve = curves[treatment]
    early = shipped and boundary == "none" and period.last < planned.last
    checks = (
        _srm(counts, split, segments, _outside(by_segment, segments, control, treatment)),
        _novelty(worn, _decided(curve), shipped),
        _peeking(curve, early, looks),
    )
    found = next((c for c in (checks[0], checks[2], checks[1]) if c.trouble), None)
    readout = _readout(_decided(curve))
    return RereadingResult(
        pd.DataFrame([_row(c) for c in checks]),
        notes=_notes(looks, boundary, early, len(split)),
        experiment=experiment,
        control=control,
        treatment=treatment,
        verdict=found.check if found else "fine",
        where=found.where if found else EVERYWHERE,
        period=period,
        effect=readout,
        base=_decided(curve)["rate"],
        lasting=found.effect if found else readout,
        counts=counts,
        curve=curve,
        ages=ages,
        segments=segments,
        half_life=worn.half_life if worn else None,
    )


@dataclass(frozen=True, slots=True)
class _Check:
    check: Kind
    p: float
    threshold: float
    trouble: bool
    effect: Effect
    where: Where = EVERYWHERE


def _check(
    split: Mapping[str, float], control: str, start: date, planned_days: int, decided_on: date, looks: int
) -> None:
    if control not in split:
        raise unknown("variant", control, split, "reread, argument 'control'")
    if len(split) < 2 or min(split.values()) <= 0:
        raise BadInput(
            f"split {dict(split)} is no split",
            "reread, argument 'split'",
            "give each of two or more variants a share > 0",
        )
    if decided_on < start:
        raise BadInput(
            f"decided on {decided_on}, before the start {start}",
            "reread, argument 'decided_on'",
            "swap or mend the dates",
        )
    if planned_days < 1 or looks < 1:
        raise BadInput(
            "planned_days and looks count from 1", "reread", "give the planned length in days and the looks taken"
        )


def _counts(
    hits: pd.DataFrame, split: Mapping[str, float], experiment: str, assignments: Assignments
) -> dict[str, int]:
    """Units per declared variant."""
    found = hits.groupby("variant")["units"].sum()
    check_units(int(found.sum()), experiment, assignments)
    where = f"table {assignments.name!r}, column {assignments.variant!r}"
    for name in found.index:
        if name not in split:
            raise unknown("variant", name, split, where)
    empty = [v for v in split if not found.get(v, 0)]
    if empty:
        raise BadInput(f"variant {empty[0]!r} has no units", where, "check the variant's name and the dates")
    return {v: int(found[v]) for v in split}


def _curve(
    hits: pd.DataFrame, control: str, treatment: str, planned: Period, period: Period, looks: int
) -> pd.DataFrame:
    """Cumulative units, effect and z by day over the planned window, with the boundary of daily looks."""
    days = pd.to_datetime(list(planned))
    rows = hits.assign(day=pd.to_datetime(hits["day"]), hit=pd.to_datetime(hits["hit"]))
    arms = {}
    for arm in (control, treatment):
        mine = rows[rows["variant"] == arm]
        arms[arm] = (_cumulative(mine, "day", days), _cumulative(mine, "hit", days))
    (nc, xc), (nt, xt) = arms[control], arms[treatment]
    with np.errstate(divide="ignore", invalid="ignore"):
        rate, effect = xc / nc, xt / nt - xc / nc
    table = pd.DataFrame({"day": days, "control": nc, "treatment": nt, "hits": xc, "treated_hits": xt, "rate": rate})
    table = table.assign(effect=effect, z=pooled_z(xc, nc, xt, nt), decided=days.date == period.last)
    table["share"] = _information(nc, nt)
    first = max(int(np.flatnonzero(table["decided"])[0]) - looks + 1, 0)
    table["look"] = table.index >= first
    table["bound"] = np.nan
    table.loc[table["look"], "bound"] = lan_demets(table.loc[table["look"], "share"].to_numpy())
    return table


def _cumulative(rows: pd.DataFrame, column: str, days: pd.DatetimeIndex) -> np.ndarray:
    return rows.groupby(column)["units"].sum().reindex(days, fill_value=0).cumsum().to_numpy(dtype=float)


def _information(nc: np.ndarray, nt: np.ndarray) -> np.ndarray:
    """Information share by day; by the calendar when assignment ended before the planned window did."""
    calendar = np.arange(1, len(nc) + 1) / len(nc)
    if len(nc) > 3 and nc[-1] + nt[-1] == nc[-4] + nt[-4]:
        return calendar
    with np.errstate(divide="ignore", invalid="ignore"):
        amount = np.nan_to_num(nc * nt / (nc + nt))
    share = np.maximum.accumulate(amount / amount[-1])
    # Strictly increasing, so that a day without new units is no look for nothing.
    return np.clip(share + calendar * 1e-6, 1e-6, None) / (1 + 1e-6)


def _decided(curve: pd.DataFrame) -> dict[str, float]:
    return _at(curve, int(np.flatnonzero(curve["decided"])[0]))


def _at(curve: pd.DataFrame, row: int) -> dict[str, float]:
    numbers = curve[["control", "treatment", "hits", "treated_hits", "rate", "effect", "z", "bound"]]
    return dict(zip(numbers.columns, numbers.to_numpy(dtype=float)[row], strict=True))


def _readout(row: Mapping[str, float]) -> Effect:
    """Difference of the share of units with a hit on one day of the curve."""
    return _difference(row["hits"], row["control"], row["treated_hits"], row["treatment"])


def _difference(xc: float, nc: float, xt: float, nt: float) -> Effect:
    if not (nc and nt):
        return Effect(float("nan"))
    return Effect(float(xt / nt - xc / nc), *newcombe(xc, nc, xt, nt))


def _segments(by: pd.DataFrame, split: Mapping[str, float], control: str, treatment: str) -> pd.DataFrame:
    """Counts per dimension value against the declared split; `q` corrects for all values looked at."""
    rows = by[by["dimension"] != ""].dropna(subset=["value"])
    wide = rows.pivot_table(
        index=["dimension", "value"], columns="variant", values="units", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=list(split), fill_value=0)
    tests = [sample_ratio(row, list(split.values())) for row in wide.to_numpy()]
    with np.errstate(divide="ignore", invalid="ignore"):
        wide["ratio"] = wide[treatment] / split[treatment] / (wide[control] / split[control])
        spread = np.exp(Z95 * np.sqrt(1 / wide[treatment] + 1 / wide[control]))
    wide = wide.assign(low=wide["ratio"] / spread, high=wide["ratio"] * spread)
    wide["p"] = [t.p for t in tests]
    wide["q"] = holm(wide["p"]) if len(wide) else []
    return wide.reset_index().rename_axis(columns=None).sort_values("p", ignore_index=True)


def _outside(by: pd.DataFrame, segments: pd.DataFrame, control: str, treatment: str) -> Effect:
    """The read-out without the segment furthest from the split."""
    whole = by[by["dimension"] == ""].set_index("variant")[["units", "hits"]]
    if len(segments):
        worst = segments.iloc[0]
        inside = by[(by["dimension"] == worst["dimension"]) & (by["value"] == worst["value"])]
        whole = whole - inside.set_index("variant")[["units", "hits"]].reindex(whole.index, fill_value=0)
    (nc, xc), (nt, xt) = whole.loc[[control, treatment]].to_numpy(dtype=float)
    return _difference(xc, nc, xt, nt)


def _srm(counts: Mapping[str, int], split: Mapping[str, float], segments: pd.DataFrame, outside: Effect) -> _Check:
    shares = list(split.values())
    whole = sample_ratio(list(counts.values()), shares)
    where = EVERYWHERE
    if len(segments) and segments["q"].to_numpy()[0] <= LEVEL:
        worst = segments.iloc[0]
        rest = [counts[v] - int(worst[v]) for v in counts]
        # One place explains it only if the others are as declared.
        if sum(rest) and sample_ratio(rest, shares).p > NOVELTY_LEVEL:
            where = Where({str(worst["dimension"]): (worst["value"],)})
    return _Check("srm", whole.p, SRM_LEVEL, whole.p < SRM_LEVEL, outside, where)


def _ages(moments: pd.DataFrame, control: str, treatment: str) -> tuple[pd.DataFrame, Decay | None]:
    """Effect per active day by age with its covariance, and the decay fitted to it."""
    arms = {str(row["variant"]): row for row in moments.to_dict("records")}
    if not {control, treatment} <= set(arms):
        return pd.DataFrame(columns=["age", "days", "control", "effect", "low", "high"]), None
    parts = {v: _sums(arms[v]) for v in (control, treatment)}
    n = {v: part[0] for v, part in parts.items()}
    kept = np.flatnonzero(np.minimum(n[control], n[treatment]) >= FEWEST)
    (rate, cov_c), (treated, cov_t) = (cell_rates(*parts[v][:3], kept) for v in (control, treatment))
    days = (n[control] + n[treatment])[kept]
    age = (parts[control][3] + parts[treatment][3])[kept] / days
    effect, matrix = treated - rate, cov_c + cov_t
    half = Z95 * np.sqrt(np.diag(matrix))
    table = pd.DataFrame({"age": age, "days": days.astype(int), "control": rate, "effect": effect})
    return table.assign(low=effect - half, high=effect + half), decay(effect, matrix, age)


def _sums(arm: Mapping[Hashable, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Active days, days with a hit, the products of both (stacked), and ages, by age class."""
    size = sum(f"n{k}" in arm for k in range(len(AGES)))
    n, y, age = (np.array([arm[f"{c}{k}"] for k in range(size)], dtype=float) for c in "nya")
    names = [f"{c}{k}" for c in "ny" for k in range(size)]
    products = np.array([[arm.get(f"{a}_{b}", arm.get(f"{b}_{a}", 0.0)) for b in names] for a in names], dtype=float)
    return n, y, products, age


def _novelty(worn: Decay | None, decided: Mapping[str, float], shipped: bool) -> _Check:
    if worn is None:
        return _Check("novelty", float("nan"), NOVELTY_LEVEL, False, Effect(float("nan")))
    claimed = shipped and two_sided(decided["z"]) <= LEVEL
    wears_off = worn.p <= NOVELTY_LEVEL and worn.extra * decided["effect"] > 0
    most = abs(worn.lasting) < abs(worn.first) / 2 or worn.lasting * worn.first < 0
    lasting = Effect(worn.lasting, worn.low, worn.high)
    return _Check("novelty", worn.p, NOVELTY_LEVEL, bool(claimed and wears_off and most), lasting)


def _peeking(curve: pd.DataFrame, early: bool, looks: int) -> _Check:
    z, last = _decided(curve)["z"], _at(curve, -1)
    p = uncorrected_p(z, curve.loc[curve["look"], "share"].to_numpy(dtype=float))
    confirmed = last["z"] * z > 0 and abs(last["z"]) >= last["bound"]
    return _Check("peeking", p, LEVEL, bool(early and p > LEVEL and not confirmed), _readout(last))


def _row(check: _Check) -> dict[str, object]:
    effect = check.effect
    values = {"effect": effect.value, "low": effect.low, "high": effect.high}
    return {"check": check.check, "p": check.p, "threshold": check.threshold, "trouble": check.trouble} | values


def _notes(looks: int, boundary: Boundary, early: bool, variants: int) -> tuple[Message, ...]:
    notes = []
    if boundary != "none":
        notes.append(Message("rereading.note_boundary", {"looks": looks}))
    if early:
        notes.append(Message("rereading.note_early"))
    if variants > 2:
        notes.append(Message("rereading.note_best"))
    return tuple(notes)
