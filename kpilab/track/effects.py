"""Did the actions work? Each one is tested in the review after it: worked, no effect seen,
or cannot tell yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from kpilab.analysis.experiments.reanalysis import reanalysis
from kpilab.analysis.external.market import market
from kpilab.core.case import Case, Metric
from kpilab.core.result import Result
from kpilab.core.table import Benchmark, Table
from kpilab.core.values import EVERYWHERE, Message, Period, Where, fraction
from kpilab.engine.days import day_of
from kpilab.engine.metrics import BUCKET, Cut, full_buckets, measure
from kpilab.engine.run import collect
from kpilab.errors import BadInput, unknown
from kpilab.questions.trial import trial
from kpilab.stats.core.contrast import UNKNOWN, Contrast, beside
from kpilab.stats.core.level import Window
from kpilab.track.pace import known_days
from kpilab.track.records import Action
from kpilab.track.store import Store

Answer = Literal["worked", "none", "worse", "unclear", "open"]
Beside = Literal["segments", "benchmark", "experiment", "before"]
WEEK, LEAST_BEFORE, LEAST_POINTS = 7, 28, 2
LEAST_DATES = 2  # of a benchmark, on each side
# an effect found in four of five cases, over half of a 95 % interval: (1.96 + 0.84) / 1.96
DETECTABLE = 1.43
COLUMNS = (
    "action", "what", "owner", "due", "state", "done_on", "metric", "where", "effect", "low",
    "high", "p", "expected",
    "detectable", "beside", "answer", "why",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class EffectsResult(Result):
    """Answer of `effects`.

    Attributes:
        table: one row per action; columns `action` (id), `what`, `owner`, `due`, `state`,
            `done_on`, `metric`, `where`, `effect` (relative change beyond the comparison, 0.1 = +10
            %), `low`, `high` (its interval), `p`, `expected` (relative change hoped for),
            `detectable` (smallest relative change that would be found in four of five cases),
            `beside` ("segments": against the rest, "benchmark", "experiment", "before": against
            nothing but its own past), `answer` ("worked", "none": no effect seen, "worse",
            "unclear": cannot tell yet, "open": not done), `why` (message, where there is no test).
            NaN or None where it was not tested.
        level: confidence level.
    """

    level: float
    kind: ClassVar[str] = "effects"

    @property
    def headline(self) -> Message:
        if self.table.empty:
            return Message("action_state.empty")
        counts = self.table["answer"].value_counts()
        answers = ("worked", "none", "worse", "unclear", "open")
        return Message(
            "action_state.headline",
            {a: int(counts.get(a, 0)) for a in answers} | {"n": len(self.table)},
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Tested:
    """What one test gave; `why` where there was none."""

    size: Contrast = UNKNOWN
    beside: Beside | None = None
    why: Message | None = None


def effects(store: Store, case: Case, *, level: float = 0.95) -> EffectsResult:
    """Test every action of a case that is done, on the data of this case.

    After: from the first day in effect to the end of the current period. Before: as many days (at
    least 28) up to that day, whole weeks. An action with a segment is compared with the rest of the
    same metric on the same days; an action for the goal with the benchmark of the case; one with an
    experiment by its read-out; any other only with its own past, which a change of season can fool.
    *Worked*: better beyond noise. *No effect seen*: the interval leaves out the effect that was
    expected. *Cannot tell yet*: neither; then the smallest detectable effect says why.

    Args:
        store: where the actions are kept.
        case: the review that comes after them.
        level: confidence level of each test.

    Returns:
        EffectsResult, one row per action of the case.

    Raises:
        BadInput: a level that is none.
    """
    fraction(level, "effects(level=)")
    actions = [a for a in store.actions(case.name) if a.state != "dropped"]
    rows = [_row(case, action, _tested(case, action, level)) for action in actions]
    return EffectsResult(pd.DataFrame(rows, columns=list(COLUMNS)), level=level)


def _tested(case: Case, action: Action, level: float) -> _Tested:
    if action.state == "open" or action.done_on is None:
        return _Tested()
    try:
        if action.experiment is not None:
            return _by_experiment(case, action.experiment)
        if action.metric is None:
            return _Tested(why=Message("action_state.no_metric"))
        if action.metric not in case.metrics:
            raise unknown("metric", action.metric, case.metrics, f"action {action.id}")
        return _by_days(case, case.metrics[action.metric], action.where, action.done_on, level)
    except BadInput as error:
        return _Tested(why=Message("action_state.not_tested", {"why": error.what}))


def _by_experiment(case: Case, name: str) -> _Tested:
    """The lasting effect of its A/B test, relative to the control."""
    if name not in case.experiments:
        raise unknown("experiment", name, case.experiments, "case.yml, key experiments")
    asked = trial(case, case.experiments[name])
    found = reanalysis(*asked.tables, **asked.reread, dimensions=())
    base, lasting = found.lasting_base, found.lasting
    if not base or lasting.low is None or lasting.high is None:
        return _Tested(why=Message("action_state.too_early"))
    value, low, high = (v / base for v in (lasting.value, lasting.low, lasting.high))
    return _Tested(
        Contrast(value, low, high, float("nan"), DETECTABLE * (high - low) / 2), "experiment"
    )


def _by_days(case: Case, metric: Metric, where: Where, start: date, level: float) -> _Tested:
    table = case.tables[metric.table]
    _check_where(table, where)
    windows = _windows(case, table, start)
    if windows is None:
        return _Tested(why=Message("action_state.too_early"))
    market_role = next((b for b in case.of_kind(Benchmark).values() if b.own), None)
    if not where and metric.name == case.goal.metric and market_role is not None:
        against = _against_market(market_role, windows, level)
        if against is not None:
            return against
    grain = metric.per or "day"
    treated = [_days(table, metric, w, where) for w in windows]
    rest = [_days(table, metric, w, _rest(where)) for w in windows] if where else None
    if min(d.days for d in treated) < LEAST_POINTS:
        return _Tested(why=Message("action_state.too_early"))
    if rest is None or not all(
        len(r.num) == len(t.num) and r.rate > 0 for r, t in zip(rest, treated, strict=True)
    ):
        return _Tested(beside(treated[0], treated[1], grain=grain, level=level), "before")
    return _Tested(
        beside(treated[0], treated[1], (rest[0], rest[1]), grain=grain, level=level), "segments"
    )


def _windows(case: Case, table: Table, start: date) -> tuple[Period, Period] | None:
    """Days before and after, whole weeks; None when a whole week after is not there yet."""
    known = known_days(table)
    if known is None:
        return None
    last = min(known.last, case.current.last)
    after = ((last - start).days + 1) // WEEK * WEEK
    before = min(max(after, LEAST_BEFORE), (start - known.first).days // WEEK * WEEK)
    if after < WEEK or before < WEEK:
        return None
    return (
        Period(start - timedelta(days=before), start - timedelta(days=1)),
        Period(start, start + timedelta(days=after - 1)),
    )


def _days(table: Table, metric: Metric, window: Period, where: Where) -> Window:
    """The metric per day (or per full week or month for one that does not add up),
    days without rows as zero."""
    grain = metric.per or "day"
    frame = measure(table, [metric], {"all": window}, Cut(grain, (), where))
    days = pd.DatetimeIndex(full_buckets(window, grain))
    rows = frame.assign(**{BUCKET: pd.to_datetime(frame[BUCKET])}).set_index(BUCKET).reindex(days)
    num = rows[f"{metric.name}:num"].fillna(0.0).to_numpy(float)
    den = (
        rows[f"{metric.name}:den"].fillna(0.0).to_numpy(float)
        if metric.is_ratio
        else np.ones(len(days))
    )
    return Window.of(num, den, days.dayofweek if grain == "day" else np.zeros(len(days)))


def _against_market(
    role: Benchmark, windows: tuple[Period, Period], level: float
) -> _Tested | None:
    """Our own series of the benchmark against its peers;
    None where it has too few dates or no history."""
    dates = _dates(role)
    if any(len([d for d in dates if d in w]) < LEAST_DATES for w in windows):
        return None
    try:
        found = market(role, baseline=windows[0], current=windows[1], level=level)
    except BadInput:
        return None
    own = found.remainder
    if found.cause == "unclear" or own.low is None or own.high is None:
        return None
    size = Contrast(
        own.value, own.low, own.high, found.remainder_p, DETECTABLE * (own.high - own.low) / 2
    )
    return _Tested(size, "benchmark")


def _dates(role: Benchmark) -> list[date]:
    days = collect(role.table.select(day=day_of(role.table, role.time)).distinct(), "effects")[
        "day"
    ]
    return [pd.Timestamp(d).date() for d in days]


def _rest(where: Where) -> Where:
    """Everything outside a segment (what was taken out of it stays out)."""
    return Where({}, where.values) if where.values else Where(where.without)


def _check_where(table: Table, where: Where) -> None:
    for column in (*where.values, *where.without):
        if column not in table.table.columns:
            raise unknown("column", column, table.table.columns, f"table {table.name!r}")


def _row(case: Case, action: Action, tested: _Tested) -> dict[str, object]:
    size = tested.size
    return {
        "action": action.id,
        "what": action.what,
        "owner": action.owner,
        "due": action.due,
        "state": action.state,
        "done_on": action.done_on,
        "metric": action.metric,
        "where": action.where if action.where != EVERYWHERE else None,
        "effect": size.value,
        "low": size.low,
        "high": size.high,
        "p": size.p,
        "expected": float("nan") if action.expected is None else action.expected,
        "detectable": size.detectable,
        "beside": tested.beside,
        "answer": _answer(case, action, tested),
        "why": tested.why,
    }


def _answer(case: Case, action: Action, tested: _Tested) -> Answer:
    if action.state == "open":
        return "open"
    size = tested.size
    if tested.beside is None or not np.isfinite(size.low):
        return "unclear"
    if size.low > 0 or size.high < 0:
        return "worked" if (size.low > 0) == (_wanted(case, action) > 0) else "worse"
    if action.expected:
        missed = size.high < action.expected if action.expected > 0 else size.low > action.expected
        return "none" if missed else "unclear"
    return "unclear"


def _wanted(case: Case, action: Action) -> int:
    """+1 when the metric should rise, -1 when it should fall."""
    if action.expected:
        return 1 if action.expected > 0 else -1
    metric = case.metrics.get(action.metric or "")
    return -1 if metric is not None and metric.better == "down" else 1
