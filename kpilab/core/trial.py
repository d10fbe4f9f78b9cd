"""Nouns of an experiment: what is measured, how the test was designed, one row per unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from kpilab.core.table import Table
from kpilab.core.values import Period, duration
from kpilab.errors import BadInput

Role = Literal["primary", "secondary", "guardrail"]
Nulls = Literal["drop", "zero", "error"]
# "alpha spending" names the family that the next two belong to, and means the first of them.
Boundary = Literal["none", "alpha spending", "obrien-fleming", "pocock", "always valid"]
# Largest tolerable loss of a guardrail that names none, as a share of the control's value.
MARGIN = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Units(Table):
    """One row per unit of one experiment: its variant and what it did.

    Attributes:
        variant: column of the variant. time: column of the assignment time; None when unknown.
        unit: column of the unit's id; None when every row is its own unit.
        dimensions: columns to break down by.
    """

    variant: str = field(default="variant", kw_only=True)
    time: str | None = field(default=None, kw_only=True)
    unit: str | None = field(default=None, kw_only=True)
    dimensions: tuple[str, ...] = field(default=(), kw_only=True)
    name: str = field(default="units", kw_only=True)

    def roles(self) -> dict[str, str]:
        named = {"variant": self.variant, "time": self.time, "unit": self.unit}
        return {role: column for role, column in named.items() if column}


@dataclass(frozen=True, slots=True, eq=False)
class Counts(Table):
    """One row per variant (and day, and segment): how many units, and what they came to together.

    Attributes:
        variant, units: columns of the variant and of the number of units. time: column of the day;
            None where there is none.
        dimensions: columns to break down by.
        squares: what a mean needs: column of a sum -> column of the sum of its squares; for a
            ratio also "a * b" -> column of the sum of the products. A share needs none.
    """

    variant: str = field(default="variant", kw_only=True)
    units: str = field(default="units", kw_only=True)
    time: str | None = field(default=None, kw_only=True)
    dimensions: tuple[str, ...] = field(default=(), kw_only=True)
    squares: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    name: str = field(default="counts", kw_only=True)

    def roles(self) -> dict[str, str]:
        named = {"variant": self.variant, "units": self.units, "time": self.time}
        named |= {f"squares of {c}": column for c, column in self.squares.items()}
        return {role: column for role, column in named.items() if column}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One metric of an experiment.

    Attributes:
        name: how it is called in the results.
        value: on a log or facts, an SQL aggregate over one unit's rows; on `Units`, a column; on
            `Counts`, a column of sums. The name if empty.
        per: denominator of a ratio (same form); None for a mean or a proportion.
        kind: mean, count (a mean, or a ratio, whose spread grows with it, for `plan`), proportion
            (0/1 per unit) or quantile.
        quantile: which one, 0-1. cap: values above this quantile of all units are set to it (both
            figures are given).
        covariates: known before the test: columns of `Units`, on a log SQL aggregates over one
            unit's rows of the design's days `before`; on a log with such days and no names, the
            metric's own value of that time.
        better: the direction of a gain. role: a win needs the primary ones; a guardrail must not be
            worse by `margin`.
        margin: largest tolerable loss of a guardrail, as a share of the control's value.
    """

    name: str
    value: str = ""
    per: str | None = None
    kind: Literal["mean", "count", "proportion", "quantile"] = "mean"
    quantile: float = 0.5
    cap: float | None = None
    covariates: tuple[str, ...] = ()
    better: Literal["up", "down"] = "up"
    role: Role = "primary"
    margin: float = MARGIN

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", self.value or self.name)
        where = f"metric {self.name!r}"
        if not 0 < self.quantile < 1 or (self.cap is not None and not 0.5 < self.cap < 1):
            raise BadInput(
                "quantile or cap is no share",
                where,
                "give a share between 0 and 1, a cap above 0.5",
            )
        if not 0 < self.margin < 1:
            raise BadInput(
                f"margin {self.margin} is no share",
                where,
                "give the tolerable loss as a share, e.g. 0.02",
            )
        if self.per and self.kind not in ("mean", "count"):
            raise BadInput(
                f"a {self.kind} has no denominator", where, "leave out `per`, or make it a mean"
            )


@dataclass(frozen=True, slots=True)
class Design:
    """How the test was set up; everything has a usual default.

    Attributes:
        split: variant -> declared share; equal shares if empty.
        start, until: first and last day of assignment that count; None for all. planned_days:
            planned length.
        seen_until: last day of the log that counts, e.g. the day of a decision; None for all.
        boundary: Lan-DeMets for planned looks (costs nothing at a single look; alpha spending is
            O'Brien-Fleming), always valid for unplanned ones, or none: looks are not paid for.
        looks: information share (0-1) of each look taken so far, the last being now.
        tuning: number of units at which an always-valid interval is tightest; to be chosen before
            the test.
        cluster: column that was randomised instead of the unit. strata: column for
            post-stratification.
        nulls: what a missing value means: leave the unit out, count zero, or stop.
        before: days before the assignment that serve as covariate on a log; 0 for none.
        relative: interval of the relative change.
        prior: (mean, variance) of the relative effect; None for a flat one (proportions: uniform
            shares).
        exposure: what shows that a unit met the change: on a log an SQL condition or an event name,
            on `Units` a column (yes/no, or the time). Only units that met it are compared; the
            effect on all is shown beside.
        window: days after its assignment that every unit is observed; units with fewer are left
            out. None for all.
        name: the experiment, if the assignments hold several.
        covariates: columns of `Units` known before the test, for every metric that names none
            itself.
        sides: 2, or 1 where only a gain was asked for before the test: a harm is then no more than
            "no gain". Guardrails are always read on both sides.
        phases: where the split differed by stratum or changed over time: value of the column
            `strata` -> its own split. Arms are then compared inside each, and each is held against
            its own split.
        slot, washout: of a switchback test on `Units` with a time: length of the time slots that
            were drawn (per value of `cluster`, all together without one), and how much of the
            beginning of each is left out, as what was on before still has its effect there; a
            length of time or a text like "30m".
    """

    split: Mapping[str, float] = field(default_factory=dict)
    start: date | None = None
    until: date | None = None
    planned_days: int | None = None
    boundary: Boundary = "obrien-fleming"
    looks: tuple[float, ...] = (1.0,)
    tuning: float = 5000.0
    cluster: str | None = None
    strata: str | None = None
    nulls: Nulls = "drop"
    before: int = 0
    relative: Literal["fieller", "log", "delta"] = "fieller"
    prior: tuple[float, float] | None = None
    exposure: str = ""
    window: int | None = None
    seen_until: date | None = None
    name: str | None = None
    covariates: tuple[str, ...] = ()
    sides: Literal[1, 2] = 2
    phases: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    slot: timedelta | str | None = None
    washout: timedelta | str | None = None

    def __post_init__(self) -> None:
        if self.sides not in (1, 2):
            raise BadInput(f"sides is {self.sides}", "Design", "choose 1 or 2")
        if self.phases and (self.split or not self.strata):
            raise BadInput(
                "phases have a split each, of the values of a column",
                "Design, phases",
                "name the column as `strata`, and leave out `split`",
            )
        if self.washout and not (self.slot and duration(self.washout) < duration(self.slot)):
            raise BadInput(
                f"a washout of {self.washout} leaves nothing of a slot",
                "Design, washout",
                "give a `slot` that is longer",
            )
        if self.boundary == "alpha spending":
            object.__setattr__(self, "boundary", "obrien-fleming")
        if self.start and self.until and self.until < self.start:
            raise BadInput(
                f"until {self.until} is before start {self.start}",
                "Design",
                "swap or mend the dates",
            )
        for name in ("planned_days", "window"):
            days = getattr(self, name)
            if days is not None and days < 1:
                raise BadInput(f"{name} is {days}", "Design", "give days, counted from 1")
        rising = all(a < b for a, b in zip((0.0, *self.looks), self.looks, strict=False))
        if not self.looks or not rising or self.looks[-1] > 1:
            raise BadInput(
                f"looks {self.looks} do not rise within 0-1",
                "Design",
                "give the information share of each look",
            )
        for split in (self.split, *self.phases.values()):
            if any(share <= 0 for share in split.values()):
                raise BadInput(
                    f"split {dict(split)} has an empty share",
                    "Design",
                    "give each variant a share above 0",
                )


@dataclass(frozen=True, slots=True)
class Decision:
    """How a decided test was meant to run, and how it was read.

    Attributes:
        experiment: id in the assignments.
        split: variant -> declared share.
        start: first day. planned_days: planned length. decided_on: day of the decision.
        looks: how many daily looks were taken up to the decision. boundary: what corrected them.
        shipped: whether a win was claimed; if not, neither an early stop nor a novelty did harm.
    """

    experiment: str
    split: Mapping[str, float]
    start: date
    planned_days: int
    decided_on: date
    looks: int = 1
    boundary: Boundary = "none"
    shipped: bool = True

    def __post_init__(self) -> None:
        if len(self.split) < 2 or min(self.split.values()) <= 0:
            raise BadInput(
                f"split {dict(self.split)} is no split",
                "Decision, argument 'split'",
                "give each of two or more variants a share > 0",
            )
        if self.decided_on < self.start:
            raise BadInput(
                f"decided on {self.decided_on}, before the start {self.start}",
                "Decision, argument 'decided_on'",
                "swap or mend the dates",
            )
        if self.planned_days < 1 or self.looks < 1:
            raise BadInput(
                "planned_days and looks count from 1",
                "Decision, argument 'looks'",
                "give the planned days and the looks taken",
            )

    @property
    def planned(self) -> Period:
        return Period(self.start, self.start + timedelta(days=self.planned_days - 1))

    @property
    def read(self) -> Period:
        """The planned days up to the decision."""
        return Period(self.start, min(self.decided_on, self.planned.last))

    @property
    def early(self) -> bool:
        """Whether a win was shipped before the planned end, with nothing to pay for it."""
        return self.shipped and self.boundary == "none" and self.read.last < self.planned.last
