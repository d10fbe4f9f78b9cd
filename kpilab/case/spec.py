"""case.yml as pydantic models: the public keys, their types and defaults,
exactly as the case format says."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kpilab.case.reading import FileKeys
from kpilab.core.trial import MARGIN, Boundary

Grain = Literal["day", "week", "month"]
Names = tuple[str, ...]


class Spec(BaseModel):
    """Base: unknown keys are errors, nothing changes after reading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        str_max_length=10_000,
        allow_inf_nan=False,
    )


def _ordered(days: tuple[date, date]) -> tuple[date, date]:
    if days[1] < days[0]:
        raise ValueError(f"ends {days[1]} before it begins {days[0]}")
    return days


Days = Annotated[tuple[date, date], AfterValidator(_ordered)]


class Periods(Spec):
    baseline: Days
    current: Days
    year_ago: Days | None = None


class ValiditySpec(Spec):
    """Columns of the time from and until which a row of a linked table holds."""

    since: str = Field(alias="from")
    until: str | None = None


class TableSpec(Spec, FileKeys):
    source: str = ""
    query: str = ""
    key: str | Names | None = None
    links: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    valid: ValiditySpec | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.source) == bool(self.query):
            raise ValueError("has a `source` or a `query`: give one of them")
        return self

    @property
    def named_by(self) -> Names:
        """Columns that together name a row."""
        return (self.key,) if isinstance(self.key, str) else self.key or ()


class EventsSpec(TableSpec):
    kind: Literal["events"]
    time: str
    user: str
    event: str
    session: str | None = None
    dimensions: Names = ()


class FactsSpec(TableSpec):
    kind: Literal["facts"]
    time: str
    dimensions: Names = ()


class EntitiesSpec(TableSpec):
    kind: Literal["entities"]
    time: str | None = None
    until: str | None = None
    dimensions: Names = ()

    @model_validator(mode="after")
    def _one_key(self) -> EntitiesSpec:
        if not isinstance(self.key, str):
            raise ValueError("an entity table has a `key`: the one column that names a row")
        return self


class BenchmarkSpec(TableSpec):
    kind: Literal["benchmark"]
    time: str
    series: str
    value: str
    own: str | None = None
    peers: Names = ()


class ReportsSpec(TableSpec):
    kind: Literal["reports"]
    time: str
    reporter: str
    metric: str
    value: str


class ExecutionsSpec(TableSpec):
    kind: Literal["executions"]
    time: str
    actor: str
    action: str
    quantity: str
    record: str | None = None
    target: str | None = None
    tiers: Names = ()
    evidence: Names = ()
    logged: Names = ()
    recorded: str | None = None
    verified: str | None = None


class AssignmentsSpec(TableSpec):
    kind: Literal["assignments"]
    time: str
    unit: str
    experiment: str
    variant: str


class IncidentsSpec(TableSpec):
    kind: Literal["incidents"]
    time: str
    unit: str
    alarm: str
    responded: str
    solved: str
    reviewed: str | None = None


AnyTable = Annotated[
    EventsSpec
    | FactsSpec
    | EntitiesSpec
    | BenchmarkSpec
    | ReportsSpec
    | ExecutionsSpec
    | AssignmentsSpec
    | IncidentsSpec,
    Field(discriminator="kind"),
]


class Label(Spec):
    en: str | None = None
    zh: str | None = None


class MetricSpec(Spec):
    table: str | None = None
    measure: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    formula: str | None = None
    cumulative: bool = False
    where: str | None = None
    label: str | Label | None = None
    unit: str = ""
    better: Literal["up", "down"] = "up"
    owner: str | None = None
    per: Grain | None = None

    @model_validator(mode="after")
    def _one_form(self) -> MetricSpec:
        if self.formula is not None:
            return self._formula_alone()
        if self.cumulative and self.per:
            raise ValueError("is `cumulative` and has `per`; what adds up over a year has no `per`")
        if self.table is None:
            raise ValueError("needs a `table`, or a `formula` of other metrics")
        ratio = (self.numerator is not None, self.denominator is not None)
        if self.measure is not None and any(ratio):
            raise ValueError("has both `measure` and `numerator`/`denominator`; keep one form")
        if self.measure is None and not all(ratio):
            raise ValueError("needs `measure`, or both `numerator` and `denominator`")
        return self

    def _formula_alone(self) -> MetricSpec:
        beside = [
            k
            for k in ("table", "measure", "numerator", "denominator", "where", "per")
            if getattr(self, k)
        ]
        if beside:
            raise ValueError(
                f"has `formula` and {beside}: a formula is made of other metrics; keep one form"
            )
        return self


class CustomerSpec(Spec):
    """Whose behaviour the goal is made of."""

    table: str
    amount: str | None = None
    contract: Literal["month", "none"] | None = None


def _customer(given: object) -> object:
    """A table's name alone says whose."""
    return {"table": given} if isinstance(given, str) else given


class GoalSpec(Spec):
    metric: str
    formula: str | None = None
    target: float | None = None


class PairSpec(Spec):
    logged: str
    books: str


class KpiSpec(Spec):
    metric: str
    owner: str | None = None
    target: float | None = None
    since: date | None = None
    parent: str | None = None
    level: str | None = None


class FunnelSpec(Spec):
    table: str
    steps: Names = Field(min_length=2)
    within: str = "7d"
    by: Literal["user", "session"] = "user"
    mode: Literal["ordered", "strict", "unordered"] = "ordered"
    exclude: Names = ()
    strict_deduplication: bool = False
    strict_increase: bool = False


class DefinitionSpec(Spec):
    metric: str
    reporter: str
    since: date | None = Field(default=None, alias="from")
    text: str = ""
    table: str | None = None
    per: Grain | None = None
    measure: str | None = None


class ChangeSpec(Spec):
    date: date
    text: str


def _margins(given: object) -> object:
    """Names alone have the usual margin."""
    return dict.fromkeys(given, MARGIN) if isinstance(given, list | tuple) else given


Guardrails = Annotated[dict[str, Annotated[float, Field(gt=0, lt=1)]], BeforeValidator(_margins)]


class TestSpec(Spec):
    assignments: str
    outcome: str
    control: str
    split: dict[str, Annotated[float, Field(gt=0)]]
    start: date
    hypothesis: str = ""
    planned_days: int | None = Field(default=None, gt=0)
    decided_on: date | None = None
    decision: str = ""
    claimed: str = ""
    looks: int = Field(default=1, ge=1)
    boundary: Boundary = "none"
    covariates: Names = ()
    guardrails: Guardrails = Field(default_factory=dict)
    exposure: str = ""
    window: str | None = None


class PrivacySpec(Spec):
    min_group: int = Field(default=0, ge=0)
    pseudonymise: Names = ()


@cache
def _zones() -> frozenset[str]:
    """Names of all time zones; looked up on the disk, once."""
    return frozenset(available_timezones())


def _zone(name: str) -> str:
    if name not in _zones():
        near = get_close_matches(name[:60], sorted(_zones()), 3)
        raise ValueError(
            f"{name!r} is no time zone" + (f"; did you mean {', '.join(near)}" if near else "")
        )
    return name


class CaseSpec(Spec):
    kpilab: Literal[1]
    title: str
    language: Literal["en", "zh"] = "en"
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    currency: str | None = None
    holidays: str | None = None
    periods: Periods
    engine: str = "duckdb://"
    engine_options: dict[str, str | int | float | bool] = Field(default_factory=dict)
    tables: dict[str, AnyTable]
    metrics: dict[str, MetricSpec]
    customer: Annotated[CustomerSpec | None, BeforeValidator(_customer)] = None
    goal: GoalSpec
    tree: dict[str, str] = Field(default_factory=dict)
    reconcile: tuple[PairSpec, ...] = ()
    kpis: tuple[KpiSpec, ...] = ()
    dashboard: Names = ()
    funnels: dict[str, FunnelSpec] = Field(default_factory=dict)
    definitions: tuple[DefinitionSpec, ...] = ()
    changes: tuple[ChangeSpec, ...] = ()
    experiments: dict[str, TestSpec] = Field(default_factory=dict)
    floor: float = Field(default=1.0, ge=0, le=100)
    privacy: PrivacySpec = PrivacySpec()
    alarms: dict[str, object] = Field(default_factory=dict)
    targets: dict[str, float | dict[str, float]] = Field(default_factory=dict)
