"""The case: a question, and everything needed to answer it. Validated when it was read;
it runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeVar

from kpilab.core.finding import DataIssue
from kpilab.core.table import Stacked, Table
from kpilab.core.tree import MetricTree
from kpilab.core.trial import Boundary
from kpilab.core.values import Period

Grain = Literal["day", "week", "month"]
Role = TypeVar("Role", bound=Table)
Target = float | Mapping[str, float]  # of a metric as a whole, or share by share


def whole(target: Target | None) -> float | None:
    """The target of the metric as a whole: shares add up to it."""
    return float(sum(target.values())) if isinstance(target, Mapping) else target


@dataclass(frozen=True, slots=True)
class Metric:
    """The one definition of a metric.

    Attributes:
        table: name of the table it is measured on.
        measure: SQL aggregate; None for a ratio, which has `numerator` and `denominator` instead.
        condition: SQL predicate that restricts the rows; None for all.
        label: language -> label. better: "up" or "down".
        per: grain of a metric that does not add up over time; None when it does.
        cumulative: whether a period's value is counted from the start of its year; by the day
            it is what the day adds.
        formula: the metrics it is made of, as written; `table` holds the rows of all of them.
    """

    name: str
    table: str
    measure: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    condition: str | None = None
    label: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    better: Literal["up", "down"] = "up"
    owner: str | None = None
    per: Grain | None = None
    cumulative: bool = False
    formula: str | None = None

    @property
    def is_ratio(self) -> bool:
        return self.denominator is not None

    @property
    def counted(self) -> str:
        """What the numerator of a ratio is called where it stands by itself."""
        return f"{self.name}:count"


@dataclass(frozen=True, slots=True)
class Goal:
    """What the business wants: a metric, the tree that explains it, the planned value."""

    metric: str
    tree: MetricTree
    target: float | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """What a team is measured on."""

    metric: str
    owner: str | None = None
    target: float | None = None
    since: date | None = None
    parent: str | None = None
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Funnel:
    """Steps users go through: event names or SQL predicates."""

    name: str
    table: str
    steps: tuple[str, ...]
    within: timedelta
    by: Literal["user", "session"] = "user"
    mode: Literal["ordered", "strict", "unordered"] = "ordered"
    exclude: tuple[str, ...] = ()
    strict_deduplication: bool = False
    strict_increase: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """How a reporter declares to measure a metric, since when."""

    metric: str
    reporter: str
    since: date | None = None
    text: str = ""
    table: str | None = None
    per: Grain | None = None
    measure: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log."""

    date: date
    text: str


@dataclass(frozen=True, slots=True)
class Test:
    """An experiment as it was run and decided.

    Attributes:
        outcome: a metric, an SQL predicate over a unit's events, or an event name. covariates:
            metrics, measured before the assignment. guardrails: metric -> largest tolerable loss as
            a share of the control's value.
        exposure: predicate or event that shows a unit met the change; "" for none. window: time
            that every unit is observed; None for all. looks: daily looks taken up to the decision.
    """

    name: str
    assignments: str
    outcome: str
    control: str
    split: Mapping[str, float]
    start: date
    hypothesis: str = ""
    planned_days: int | None = None
    decided_on: date | None = None
    decision: str = ""
    claimed: str = ""
    looks: int = 1
    boundary: Boundary = "none"
    covariates: tuple[str, ...] = ()
    guardrails: Mapping[str, float] = field(default_factory=dict)
    exposure: str = ""
    window: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose behaviour the goal is made of.

    Attributes:
        table: of the entities. key: its column that names one. amount: the metric they make up.
        contract: whether they are billed every month; None where the rows are to tell.
    """

    table: str
    key: str
    amount: str
    contract: bool | None = None

    @property
    def column(self) -> str:
        """The column that says whose a row is, in every table linked to them."""
        return f"{self.table}.{self.key}"


@dataclass(frozen=True, slots=True)
class Privacy:
    """What must not be shown: groups smaller than `min_group`,
    names in the columns of `pseudonymise`."""

    min_group: int = 0
    pseudonymise: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A question plus the tables needed to answer it."""

    name: str
    folder: Path
    title: str
    periods: Mapping[str, Period]
    tables: Mapping[str, Table]
    metrics: Mapping[str, Metric]
    goal: Goal
    language: Literal["en", "zh"] = "en"
    timezone: str = "UTC"
    currency: str | None = None
    holidays: str | None = None
    reconcile: tuple[tuple[str, str], ...] = ()
    kpis: tuple[Kpi, ...] = ()
    dashboard: tuple[str, ...] = ()
    funnels: Mapping[str, Funnel] = field(default_factory=dict)
    definitions: tuple[Definition, ...] = ()
    changes: tuple[Change, ...] = ()
    experiments: Mapping[str, Test] = field(default_factory=dict)
    customer: Customer | None = None
    floor: float = 1.0
    privacy: Privacy = Privacy()
    alarms: Mapping[str, object] = field(default_factory=dict)
    targets: Mapping[str, Target] = field(default_factory=dict)
    issues: tuple[DataIssue, ...] = ()
    engine: str = "duckdb://"

    @property
    def baseline(self) -> Period:
        return self.periods["baseline"]

    @property
    def current(self) -> Period:
        return self.periods["current"]

    @property
    def watched(self) -> frozenset[str]:
        """Metrics that a KPI or a dashboard covers."""
        return frozenset((*self.dashboard, *(k.metric for k in self.kpis)))

    def is_loss(self, change: float) -> bool:
        """Whether such a change of the goal is for the worse."""
        return (change < 0) == (self.metrics[self.goal.metric].better == "up")

    @property
    def sources(self) -> dict[str, Table]:
        """The tables as they were given; those that hold the rows of a formula are left out."""
        return {n: table for n, table in self.tables.items() if not isinstance(table, Stacked)}

    def of_kind(self, role: type[Role]) -> dict[str, Role]:
        """Tables of one role by name."""
        return {name: table for name, table in self.tables.items() if isinstance(table, role)}

    @property
    def labels(self) -> dict[str, Mapping[str, str]]:
        """What each metric is called, the numerator of each ratio, and each table where its rows
        are a driver; one without a label by its name, spoken."""
        spoken = {n: {"en": n.replace("_", " ")} for n in (*self.tables, *self.metrics) if "_" in n}
        called = spoken | {n: m.label for n, m in self.metrics.items() if m.label}
        ratios = [m for m in self.metrics.values() if m.is_ratio]
        return called | {m.counted: _numerator(m.name, called.get(m.name, {})) for m in ratios}

    def label(self, metric: str, lang: str) -> str:
        found = self.labels.get(metric, {})
        return found.get(lang) or found.get("en") or metric


def _numerator(name: str, label: Mapping[str, str]) -> Mapping[str, str]:
    en = label.get("en", name)
    return {"en": f"numerator of {en}", "zh": f"{label.get('zh', en)} 的分子"}
