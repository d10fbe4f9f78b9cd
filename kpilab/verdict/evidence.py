"""The evidence: what the steps found, as typed values that are handed on and never changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from kpilab.analysis.rootcause.place_growth import nothing_grown
from kpilab.core.result import Result
from kpilab.core.values import Effect, Where

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from kpilab.analysis.data.definitions import DefinitionsResult
    from kpilab.analysis.execution.evidence import EvidenceResult
    from kpilab.analysis.experiments.programme import ProgrammeResult
    from kpilab.analysis.experiments.reanalysis import ReanalysisResult
    from kpilab.analysis.external.market import MarketResult
    from kpilab.analysis.relation.hollow_growth import HollowGrowthResult
    from kpilab.analysis.rootcause.attainment import AttainmentResult
    from kpilab.analysis.rootcause.changepoint import ChangepointResult
    from kpilab.analysis.rootcause.drivers import DriversResult
    from kpilab.analysis.rootcause.expected import ExpectedResult
    from kpilab.analysis.rootcause.segment_search import SegmentSearchResult
    from kpilab.core.finding import Finding, GoalChange, StepName, StepReport
    from kpilab.core.values import Period
    from kpilab.stats.core.change import Change
    from kpilab.verdict.customers import CustomerSignal
    from kpilab.verdict.placed import Placed

Found = TypeVar("Found", bound=Result)
NOTHING = Effect(0.0)
Pattern = Literal["place", "mix", "everywhere"]


@dataclass(frozen=True, slots=True, eq=False)
class Noted(Generic[Found]):
    """A result, and the finding that says it."""

    finding: Finding
    result: Found


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows that are missing: lost by the log while the books went on, or all of some days.

    Attributes:
        table: the log.
        where, days: what is missing.
        rows: how many are missing. share: the same as part of what was expected there, 0-1.
        least, most: ends of the interval of what is missing, as multiples of the estimate.
        p: chance of such a gap in noise, corrected for the search over days and segments.
        finding: id of the finding that carries the number.
        goal: what the log's goal lacks in the current period (negative), in goal units; known once
            it is put back.
        confirmed: whether the books of the same days went on; days without rows may also be days
            without business.
    """

    table: str
    where: Where
    days: Period
    rows: float
    share: float
    least: float
    most: float
    p: float
    finding: str
    goal: Effect = NOTHING
    confirmed: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """What is known about one driver.

    Attributes:
        driver: leaf of the metric tree.
        finding: that says it.
        spread: where it left its baseline; None for what is no rate, or has no dimensions.
        dating: when its trouble began; None for a steady driver.
    """

    driver: str
    finding: Finding
    spread: SegmentSearchResult | None = None
    dating: ChangepointResult | None = None


@dataclass(frozen=True, slots=True)
class Fall:
    """The fall of one driver.

    Attributes:
        driver: leaf of the metric tree.
        pattern: place (one combination carries at least 80 %), mix (every segment fell while the
            shares moved), everywhere.
        where: the place; the segment that traffic moved to; everywhere.
        change: relative change of the driver that the fall makes (negative), with interval.
        p: corrected for the search over dimensions or combinations.
        finding: id of the finding that carries the number.
        dimension: for a mix, the dimension whose shares moved.
        since: first day, where the days tell it within two weeks; it may lie in the baseline.
        outside: what the driver did outside each place in which a KPI jumped alone.
    """

    driver: str
    pattern: Pattern
    where: Where
    change: Effect
    p: float
    finding: str
    dimension: str | None = None
    since: date | None = None
    outside: tuple[tuple[Where, Change], ...] = ()


@dataclass(frozen=True, slots=True)
class Twice:
    """Rows of a table that were loaded twice.

    Attributes:
        before, after: part of the rows of the baseline and of the current period, 0-1.
        off: by how much the comparison of the two would be off, as loaded.
        finding: id of the finding that says it.
    """

    table: str
    days: Period
    before: float
    after: float
    off: float
    finding: str


@dataclass(frozen=True, slots=True, eq=False)
class Signalled:
    """Something unusual that customers did, and the finding that says it."""

    signal: CustomerSignal
    finding: str


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known after a step; each step gives back the evidence it was given and what it has
    found itself.

    Attributes:
        reports: of the finished steps, in order.
        losses: what only a log lost; it is put back before the steps read the numbers.
        twice: rows that were loaded twice, and are counted once.
        attainment: the goal and the KPIs against target and baseline.
        goal: the goal's change; every later step and the review itself say this one.
        moved: the goal between the periods, like with like.
        expected: what the goal and its drivers should be by their history.
        drivers: the goal's change split over the leaves of its formula; None without a formula.
        now: current value of each leaf of the formula.
        volumes: change of each leaf that adds up.
        surges: per KPI, whether it jumped in one place while nothing downstream followed.
        moves: per driver, where it left its baseline and when.
        falls: at most one per rate of the formula, as specific as the numbers allow.
        looked: places and drivers that were held against the rest, in all tables.
        grown: how drivers grew as a whole and by value (`place_growth.grown`).
        signals: what customers did that was unusual.
        places: where a driver left its own course, and what else moved there.
        markets: per benchmark, what the market did.
        records: per action, claims held against traces.
        definitions: per table of reports, who counts differently.
        rereadings: per decided experiment.
        programme: all decided experiments together; None where they are few.
    """

    reports: tuple[StepReport, ...] = ()
    losses: tuple[Loss, ...] = ()
    twice: tuple[Twice, ...] = ()
    attainment: Noted[AttainmentResult] | None = None
    goal: GoalChange | None = None
    moved: Change | None = None
    expected: Noted[ExpectedResult] | None = None
    drivers: Noted[DriversResult] | None = None
    now: Mapping[str, float] = field(default_factory=dict)
    volumes: Mapping[str, Change] = field(default_factory=dict)
    surges: tuple[Noted[HollowGrowthResult], ...] = ()
    moves: tuple[Move, ...] = ()
    falls: tuple[Fall, ...] = ()
    places: tuple[Placed, ...] = ()
    looked: int = 0
    grown: pd.DataFrame = field(default_factory=nothing_grown)
    signals: tuple[Signalled, ...] = ()
    markets: tuple[Noted[MarketResult], ...] = ()
    records: tuple[Noted[EvidenceResult], ...] = ()
    definitions: tuple[Noted[DefinitionsResult], ...] = ()
    rereadings: tuple[Noted[ReanalysisResult], ...] = ()
    programme: Noted[ProgrammeResult] | None = None

    @property
    def questions(self) -> int:
        """How many questions were put to the data; the correction counts all whose answer may make
        a cause."""
        found = (f for report in self.reports for f in report.findings)
        return sum(f.strength != "described" and not f.aside for f in found)

    def and_report(self, report: StepReport) -> Evidence:
        return replace(self, reports=(*self.reports, report))


def numbering(step: StepName) -> Callable[[Finding], Finding]:
    """Gives each finding the next id of its step: `step.1`, `step.2`, …"""
    numbers = count(1)
    return lambda finding: replace(finding, id=f"{step}.{next(numbers)}")
