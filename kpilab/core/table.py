"""Table roles: an unexecuted table and which column is who, what, when, how much.

Each role takes a frame (pandas, Polars, Arrow), an Ibis table, or the path of a csv, parquet, json
or xlsx file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from kpilab.errors import BadInput, Problem, several, unknown_problem

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.engine.door.tables import Tabular


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Base of all roles: the table, and its name in error messages.

    Attributes:
        table: an Ibis table in its one form, whatever was given (see `kpilab.engine.door.tables`).
        timezone: zone whose local times the table holds. A time that carries a zone is read in it,
            one without is local there. By default the zone the columns carry, for an engine that of
            its session; None: nothing says.
        settled: whether the table has come through the door.
    """

    table: ir.Table
    name: str = field(default="table", kw_only=True)
    timezone: str | None = field(default=None, kw_only=True)
    settled: bool = field(default=False, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        # Imported here so that the nouns never load an engine.
        from kpilab.engine.door.tables import entered, is_lazy

        if not self.settled or not is_lazy(self.table):
            table, zone = entered(self.table, self.name, self.timezone, self.roles())
            for key, value in (("table", table), ("timezone", zone), ("settled", True)):
                object.__setattr__(self, key, value)
        error = several(missing_columns(self))
        if error:
            raise error

    @classmethod
    def of(cls, data: Self | Tabular) -> Self:
        """The role itself, or a table whose columns are called as the role calls them by default.

        Raises:
            BadInput: a role of another kind, or columns that are missing.
        """
        if isinstance(data, cls):
            return data
        kind = cls.__name__
        if isinstance(data, Table):
            given = type(data).__name__
            raise BadInput(
                f"{given} given for {kind}", f"table {data.name!r}", f"give {kind}(table, …)"
            )
        try:
            return cls(data)  # type: ignore[arg-type]  # the door makes a table of it
        except BadInput as error:
            how = f", or wrap the table: {kind}(table, {{role}}=…)"
            mended = [
                replace(p, hint=p.hint + how.format(role=r))
                for p in error.problems
                if (r := _role(p))
            ]
            raise several(mended or error.problems) or error from None

    def roles(self) -> dict[str, str]:
        """Role -> column name, for every single column this table names."""
        return {}

    @property
    def dimensions_named(self) -> tuple[str, ...]:
        """Columns that break the table down (several roles have none)."""
        return tuple(getattr(self, "dimensions", ()))


def _role(problem: Problem) -> str:
    """The role a missing column has; "" where the problem is another."""
    return problem.where.partition(", role ")[2].strip("'")


def missing_columns(table: Table) -> list[Problem]:
    """One problem for each column a role names and the table does not have."""
    known = list(table.table.columns)
    where = f"table {table.name!r}"
    named = list(table.roles().items()) + [("dimensions", d) for d in table.dimensions_named]
    return [
        unknown_problem("column", column, known, f"{where}, role {role!r}")
        for role, column in named
        if column not in known
    ]


@dataclass(frozen=True, slots=True, eq=False)
class EventLog(Table):
    """Who did what, when: one row per event; the order of rows does not matter.

    Attributes:
        user, time, event: column names.
        session: column of the session id; None when sessions must be derived from gaps.
        dimensions: columns to break down by (platform, channel …).
    """

    user: str = field(default="user", kw_only=True)
    time: str = field(default="time", kw_only=True)
    event: str = field(default="event", kw_only=True)
    session: str | None = field(default=None, kw_only=True)
    dimensions: tuple[str, ...] = field(default=(), kw_only=True)
    name: str = field(default="events", kw_only=True)

    def __post_init__(self) -> None:
        given = self.table
        Table.__post_init__(self)
        if given is not self.table:
            # Whoever opens a large log is about to ask it: what that needs is loaded meanwhile.
            from kpilab.engine.events.native import expect

            expect(given)

    def roles(self) -> dict[str, str]:
        roles = {"time": self.time, "user": self.user, "event": self.event}
        return roles | ({"session": self.session} if self.session else {})


@dataclass(frozen=True, slots=True, eq=False)
class Facts(Table):
    """Counts and amounts to be summed: one row per date and combination of dimensions."""

    time: str = field(default="date", kw_only=True)
    dimensions: tuple[str, ...] = field(default=(), kw_only=True)
    name: str = field(default="facts", kw_only=True)

    def roles(self) -> dict[str, str]:
        return {"time": self.time}


@dataclass(frozen=True, slots=True, eq=False)
class Stacked(Facts):
    """Rows of several tables below each other, on which a formula of their metrics is measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Entities(Facts):
    """Who or what facts are about: one row per key (a customer, a product, a store).

    Attributes:
        key: column that names a row.
        time: since when there is the entity, so that its rows can be counted like facts; ""
            where nothing says.
        until: up to when; None where nothing says.
    """

    key: str = field(default="id", kw_only=True)
    time: str = field(default="", kw_only=True)
    until: str | None = field(default=None, kw_only=True)
    name: str = field(default="entities", kw_only=True)

    def roles(self) -> dict[str, str]:
        named = {"time": self.time, "until": self.until}
        return {role: column for role, column in named.items() if column} | {"key": self.key}


@dataclass(frozen=True, slots=True, eq=False)
class Benchmark(Table):
    """Series of the industry and of peers beside our own: one row per date and series."""

    time: str = field(default="date", kw_only=True)
    series: str = field(default="series", kw_only=True)
    value: str = field(default="value", kw_only=True)
    own: str | None = field(default=None, kw_only=True)
    peers: tuple[str, ...] = field(default=(), kw_only=True)
    name: str = field(default="benchmark", kw_only=True)

    def roles(self) -> dict[str, str]:
        return {"time": self.time, "series": self.series, "value": self.value}


@dataclass(frozen=True, slots=True, eq=False)
class Reports(Table):
    """Figures as each department reports them: one row per date, reporter and metric."""

    time: str = field(default="date", kw_only=True)
    reporter: str = field(default="reporter", kw_only=True)
    metric: str = field(default="metric", kw_only=True)
    value: str = field(default="value", kw_only=True)
    name: str = field(default="reports", kw_only=True)

    def roles(self) -> dict[str, str]:
        return {
            "time": self.time,
            "reporter": self.reporter,
            "metric": self.metric,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Executions(Table):
    """Work as claimed, beside its independent traces: one row per record.

    Attributes:
        time, actor, action, quantity: when, who, what, how much was claimed.
        record: column of the record id. target: the daily (or per-record) target.
        tiers: columns of bonus thresholds above the target.
        evidence: columns of independent traces of the same work (matches, follow-up, sensor
            minutes).
        logged: what the actor entered beside the claim. recorded: when it was entered.
        verified: result of an audit of sampled records.
    """

    time: str = field(default="date", kw_only=True)
    actor: str = field(default="actor", kw_only=True)
    action: str = field(default="action", kw_only=True)
    quantity: str = field(default="quantity", kw_only=True)
    record: str | None = field(default=None, kw_only=True)
    target: str | None = field(default=None, kw_only=True)
    tiers: tuple[str, ...] = field(default=(), kw_only=True)
    evidence: tuple[str, ...] = field(default=(), kw_only=True)
    logged: tuple[str, ...] = field(default=(), kw_only=True)
    recorded: str | None = field(default=None, kw_only=True)
    verified: str | None = field(default=None, kw_only=True)
    name: str = field(default="executions", kw_only=True)

    def roles(self) -> dict[str, str]:
        roles = {
            "time": self.time,
            "actor": self.actor,
            "action": self.action,
            "quantity": self.quantity,
        }
        single = {r: getattr(self, r) for r in ("record", "target", "recorded", "verified")}
        many = {
            f"{r}[{k}]": c
            for r in ("tiers", "evidence", "logged")
            for k, c in enumerate(getattr(self, r))
        }
        return roles | {r: c for r, c in single.items() if c} | many


@dataclass(frozen=True, slots=True, eq=False)
class Assignments(Table):
    """Who was put into which variant of which experiment, when: one row per unit and experiment."""

    time: str = field(default="time", kw_only=True)
    unit: str = field(default="user", kw_only=True)
    experiment: str = field(default="experiment", kw_only=True)
    variant: str = field(default="variant", kw_only=True)
    name: str = field(default="assignments", kw_only=True)

    def roles(self) -> dict[str, str]:
        return {
            "time": self.time,
            "unit": self.unit,
            "experiment": self.experiment,
            "variant": self.variant,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Incidents(Table):
    """Alarms and what became of them: alarm, response, solution, review; one row per alarm."""

    time: str = field(default="time", kw_only=True)
    unit: str = field(default="unit", kw_only=True)
    alarm: str = field(default="alarm", kw_only=True)
    responded: str = field(default="responded", kw_only=True)
    solved: str = field(default="solved", kw_only=True)
    reviewed: str | None = field(default=None, kw_only=True)
    name: str = field(default="incidents", kw_only=True)

    def roles(self) -> dict[str, str]:
        roles = {"time": self.time, "unit": self.unit, "alarm": self.alarm}
        roles |= {"responded": self.responded, "solved": self.solved}
        return roles | ({"reviewed": self.reviewed} if self.reviewed else {})


def known_role(data: Table | Tabular) -> Table:
    """The role itself; of a plain table, a log of events if it has a log's columns, else facts.

    Raises:
        BadInput: columns of neither.
    """
    if isinstance(data, Table):
        return data
    try:
        return EventLog.of(data)
    except BadInput:
        return Facts.of(data)
