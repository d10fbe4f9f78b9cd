"""Retention: of the users that began together, how many come back, and when."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.table import EventLog
from kpilab.core.values import EVERYWHERE, Message, fraction
from kpilab.engine.door.dimensions import aside, called
from kpilab.engine.events.activity import active, at_once, bucket_start, cohorts, rolling
from kpilab.engine.events.retention import returns
from kpilab.engine.events.sessions import check_names, check_users
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.old import keywords
from kpilab.stats.proportion import wilson

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from kpilab.core.values import Period, Where
    from kpilab.engine.door.tables import Tabular

KINDS = ("n", "rolling", "bracket")


@dataclass(frozen=True, slots=True, eq=False)
class RetentionResult(Result):
    """Answer of `retention`.

    Attributes:
        table: one row per cohort and age; columns `cohort` (date, first day of the bucket the users
            began in), the breakdown's column if any, `age` (int, buckets later; of a bracket, its
            first), `size` (users of the cohort), `users` (that came back; at age 0, with an event
            named for it, in the bucket they began in and after they began, else all), `rate` (0-1),
            `low`, `high` (Wilson). Ages beyond the log's last bucket are left out.
        curve: the cohorts drawn together, by (breakdown and) `age`; columns as above without
            `cohort`; each age over the cohorts old enough for it.
        grain: "day", "week", "week_sunday" or "month". how: "n", "rolling" or "bracket".
        level: confidence level.
    """

    curve: pd.DataFrame
    grain: str
    how: str
    level: float
    kind: ClassVar[str] = "retention"

    @property
    def headline(self) -> Message:
        later = self.curve[self.curve["age"] > 0]
        if later.empty:
            return Message("retention.none")
        row = later.iloc[0]
        values = {
            "age": int(row["age"]),
            "grain": Message(f"retention.{self.grain}", {"age": int(row["age"])}),
            "rate": row["rate"],
        }
        return Message(
            "retention.curve",
            values | {"low": row["low"], "high": row["high"], "size": int(row["size"])},
        )


@dataclass(frozen=True, slots=True)
class Return:
    """What counts as coming back, where an event is not enough.

    Attributes:
        event: the event that counts; any when None.
        how: "n" (in exactly the k-th bucket after), "rolling" (in the k-th or any later one) or
            "bracket" (at least once from one bracket's beginning to just before the next's).
        brackets: ages, rising from 1, at which brackets begin; the last is only an end.
    """

    event: str | None = None
    how: str = "n"
    brackets: Sequence[int] = (1, 2, 4, 8)

    def __post_init__(self) -> None:
        if self.how not in KINDS:
            raise unknown("way", self.how, KINDS, "Return, argument 'how'")
        steps = itertools.pairwise((0, *self.brackets))
        if self.how == "bracket" and (
            len(self.brackets) < 2 or any(after <= before for before, after in steps)
        ):
            raise BadInput(
                f"brackets {tuple(self.brackets)} do not rise from 1",
                "Return, argument 'brackets'",
                "e.g. (1, 2, 4, 8)",
            )

    @classmethod
    def of(cls, back: str | Return | None) -> Return:
        return back if isinstance(back, Return) else cls(back)


@keywords("retention")
def retention(
    log: EventLog | Tabular,
    *,
    start: str | None = None,
    back: str | Return | None = None,
    grain: str = "week",
    by: str | None = None,
    where: Where = EVERYWHERE,
    period: Period | None = None,
    level: float = 0.95,
) -> RetentionResult:
    """Of the users that began in a bucket, what share comes back k buckets later?

    A user begins in the bucket (day, week from Monday, calendar month, all UTC) of the first
    `start` event, and comes back in exactly the k-th bucket after; `Return` says it otherwise.

    Args:
        log: events. start: event that makes a user begin; any when None.
        back: event that counts as coming back, or `Return(event, how=…)`.
        grain: "day", "week" (from Monday), "week_sunday" or "month".
        by: a dimension; a user has its value at the first event (of several in one moment, the
            first by name).
        where, period: only events of this segment, of these days. level: confidence level.

    Returns:
        RetentionResult, one row per cohort and age.

    Raises:
        BadInput: an unknown grain, way, event or column, brackets that do not rise, or no user that
            began.

    Note:
        Within a segment or a period users begin with their first event there, whoever was there
        before. Cohorts differ in size and season; compare equal ages, not equal dates. A log seldom
        ends with a bucket: the last age of each cohort then has had less time than the others, and
        its rate is too low.

    Example:
        >>> print(retention(log, grain="week").summary())
        52.4 % of users come back 1 week after they began (95 % interval 50.9 % to 53.9 %,
        4,060 users).
        Rows of the table: 36.
    """
    fraction(level, "retention(level=)")
    log = EventLog.of(log)
    asked = Return.of(back)
    event, how, brackets = asked.event, asked.how, asked.brackets
    log, ours = aside(log, (by,) if by else ())
    columns = tuple(ours)
    found = None
    if how == "n":
        found = returns(
            log, grain=grain, start=start, back=event, by=columns, where=where, period=period
        )
    if found is None:
        first = active(
            log,
            grain=grain,
            events=(start,) if start else (),
            where=where,
            period=period,
            keep=columns,
            timed=bool(by),
        )
        came = active(
            log, grain=grain, events=(event,) if event else (), where=where, period=period
        )
        counted = collect(_query(first, came, how, brackets, columns), "retention")
        seen = collect(came.aggregate(last=came["bucket"].max()), "retention")["last"]
        found = counted, int(seen.fillna(-1).to_numpy()[0])
    counted, last = found
    if not (counted["age"] > 0).any():
        check_names(log, [e for e in (start, event) if e is not None])
        check_users(log)
    if counted.empty:
        raise BadInput("nobody began", "retention", "check the filter and the period")
    soon = None
    if event is not None:
        whom = {"where": where, "period": period, "timed": True}
        began = active(log, grain=grain, events=(start,) if start else (), keep=columns, **whom)
        came = active(log, grain=grain, events=(event,), **whom)
        soon = collect(at_once(began, came, columns, ever=how == "rolling"), "retention: age 0")
    table = _filled(counted, last, how, brackets, list(columns), soon)
    curve = table.groupby([*columns, "age"], as_index=False)[["size", "users"]].sum()
    table["cohort"] = [bucket_start(int(c), grain) for c in table["cohort"]]
    table, curve = (called(_rated(t, level), ours) for t in (table, curve))
    part = period is not None or bool(where)
    notes = (Message("retention.first_here"),) if part else ()
    return RetentionResult(table, curve, grain, how, level, notes=notes)


def _query(
    first: ir.Table, came: ir.Table, how: str, brackets: Sequence[int], columns: tuple[str, ...]
) -> ir.Table:
    if how == "rolling":
        return rolling(first, came, columns)
    return cohorts(first, came, columns, tuple(brackets) if how == "bracket" else ())


def _filled(
    counted: pd.DataFrame, last: int, how: str, brackets: Sequence[int], columns: list[str],
    soon: pd.DataFrame | None,
) -> pd.DataFrame:  # fmt: skip
    """Every cohort at every age the log has seen, zeros included, with the cohort's size; `soon`:
    who came back in the very bucket they began in, if that is known."""
    keys = ["cohort", *columns]
    wide = counted.pivot_table(
        index=keys, columns="age", values="users", aggfunc="sum", fill_value=0
    )
    ages = (
        list(brackets[:-1])
        if how == "bracket"
        else list(range(1, max(last - int(counted["cohort"].min()), 0) + 1))
    )
    size = wide.sum(axis=1) if how == "rolling" else wide[0]
    wide = wide.reindex(columns=[0, *ages], fill_value=0)
    if how == "rolling":
        wide = wide.loc[:, ::-1].cumsum(axis=1).loc[:, ::-1]
    wide[0] = size
    if soon is not None:
        wide[0] = soon.set_index(keys)["users"].reindex(wide.index).fillna(0)
    table = cast("pd.Series", wide.stack()).rename("users").reset_index()
    table["size"] = size.reindex(table.set_index(keys).index).to_numpy()
    ends = (
        dict(zip(brackets, [b - 1 for b in brackets[1:]], strict=False)) if how == "bracket" else {}
    )
    seen = table["cohort"] + table["age"].map(ends).fillna(table["age"]) <= last
    table = table[seen | (table["age"] == 0)].reset_index(drop=True)
    return table.astype({"age": "int64", "users": "int64", "size": "int64"})


def _rated(table: pd.DataFrame, level: float) -> pd.DataFrame:
    table = table.assign(rate=table["users"] / table["size"])
    table["low"], table["high"] = wilson(table["users"], table["size"], level)
    order = [c for c in table.columns if c not in ("age", "size", "users", "rate", "low", "high")]
    return table[[*order, "age", "size", "users", "rate", "low", "high"]].reset_index(drop=True)
