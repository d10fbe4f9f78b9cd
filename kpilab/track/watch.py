"""The watch: every alarm rule of a case once per call, and never the same alarm twice."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpilab.core.case import Case
from kpilab.core.result import Result
from kpilab.core.values import Message, Period
from kpilab.engine.metrics import BUCKET, Cut, measure
from kpilab.engine.run import ConnectionLost
from kpilab.errors import BadInput, EngineError
from kpilab.show.say import sentence
from kpilab.stats.operations.next_day import next_day
from kpilab.track.notify import NotSent, addresses, notify
from kpilab.track.pace import known_days, progress
from kpilab.track.records import spoken, told
from kpilab.track.rows import json_text, now
from kpilab.track.rules import Chart, Freshness, Pace, Rule, rules
from kpilab.track.store import Store

State = Literal["fired", "quiet", "unclear"]
HISTORY = 120  # days a control chart looks back
COLUMNS = ("rule", "state", "new", "since", "said")
# Metrics of a coarser grain have no daily value that means the same.
DAILY_ONLY = "is measured per week or month"


@dataclass(frozen=True, slots=True, eq=False)
class WatchResult(Result):
    """Answer of `watch`.

    Attributes:
        table: one row per rule; columns `rule` (its name), `state` ("fired", "quiet", "unclear"),
            `new` (fired, and was not open before), `since` (day it fired first; None if quiet),
            `said` (message: what was seen).
        today: the day it was called for.
    """

    today: date
    kind: ClassVar[str] = "watch"

    @property
    def new(self) -> int:
        """How many alarms fired that were not open before."""
        return int(self.table["new"].sum())

    @property
    def headline(self) -> Message:
        fired = int((self.table["state"] == "fired").sum())
        values = {"n": len(self.table), "fired": fired, "new": self.new, "day": self.today}
        return Message("watch.none" if self.table.empty else "watch.headline", values)


@dataclass(frozen=True, slots=True)
class _Seen:
    state: State
    said: Message


def watch(case: Case, store: Store, *, today: date | None = None) -> WatchResult:
    """Which alarm rules fire, and which of them fired before?

    An alarm stays open until its rule is quiet again, and is new only once in that time, whoever
    calls and how often.

    Args:
        case: its `alarms` hold the rules.
        store: remembers the open alarms.
        today: the running day, which is not over and not looked at; the day of the case's time zone
            if None.

    Raises:
        BadInput: a rule that cannot be read.
    """
    today = today or datetime.now(ZoneInfo(case.timezone)).date()
    rows = []
    for rule in rules(case):
        seen = _evaluated(case, rule, today)
        since, new = _remembered(store, case, rule.name, seen, today)
        rows.append(
            {"rule": rule.name, "state": seen.state, "new": new, "since": since, "said": seen.said}
        )
    return WatchResult(pd.DataFrame(rows, columns=list(COLUMNS)).astype({"new": bool}), today=today)


def tell(
    case: Case, store: Store, *, lang: str | None = None, to: Sequence[str] | None = None
) -> int:
    """Push the open alarms that were never pushed; how many. Nothing happens where no address is
    known.

    Raises:
        NotSent: a service did not take the message; the alarms are pushed again with the next call.
    """
    urls = addresses() if to is None else tuple(to)
    if not urls:
        return 0
    lang = lang or case.language
    mine = store.database.rows(
        (
            "UPDATE alarms SET told = ? WHERE case_name = ? AND cleared IS NULL AND told IS NULL "
            "RETURNING id, said"
        ),
        (now(), case.name),
    )
    if not mine:
        return 0
    title = sentence(Message("notify.alarms", {"title": case.title, "n": len(mine)}), lang)
    try:
        notify(title, "\n".join(told(json.loads(str(row["said"])), lang) for row in mine), to=urls)
    except (NotSent, BadInput):
        for row in mine:
            store.database.rows("UPDATE alarms SET told = NULL WHERE id = ?", (row["id"],))
        raise
    return len(mine)


def watch_lines(result: WatchResult, case: Case, lang: str) -> list[str]:
    """What a terminal (or a mail from cron) shows: fired and unclear rules first,
    quiet ones by number alone."""
    lines = [sentence(result.headline, lang)]
    for row in result.table.to_dict("records"):
        if row["state"] == "quiet":
            continue
        state = "new" if row["new"] else "still" if row["state"] == "fired" else "unclear"
        values = {
            "rule": row["rule"],
            "said": told(spoken(row["said"], _labels(case)), lang),
            "since": row["since"],
        }
        lines.append(sentence(Message(f"watch.line_{state}", values), lang))
    return lines


def _evaluated(case: Case, rule: Rule, today: date) -> _Seen:
    try:
        if isinstance(rule, Chart):
            return _charted(case, rule, today)
        if isinstance(rule, Pace):
            return _paced(case, rule, today)
        return _fresh(case, rule, today)
    except ConnectionLost:
        raise
    except (BadInput, EngineError) as error:
        return _Seen("unclear", Message("watch.unclear", {"why": str(error).partition("\n")[0]}))


def _charted(case: Case, rule: Chart, today: date) -> _Seen:
    """The last complete day with rows against the limits from the days before it."""
    metric = case.metrics[rule.metric]
    if metric.per is not None:
        raise BadInput(
            f"{metric.name!r} {DAILY_ONLY}", "control chart", "choose a metric with a daily value"
        )
    span = Period(today - timedelta(days=HISTORY + 1), today - timedelta(days=1))
    rows = measure(case.tables[metric.table], [metric], {"all": span}, Cut("day", (), rule.where))
    rows = rows.assign(day=pd.to_datetime(rows[BUCKET])).sort_values("day")
    num, den = (rows[f"{metric.name}:{part}"].to_numpy(float) for part in ("num", "den"))
    days = np.array([d.date().toordinal() for d in rows["day"]])
    if not len(days):
        raise BadInput("no rows", "control chart", "wait for data")
    if den[-1] <= 0:
        raise BadInput("the last day has no denominator", "control chart", "wait for data")
    limits = next_day(
        num, den, days, on=int(days[-1]), size=float(den[-1]), false_alarms=rule.false_alarms
    )
    value = float(num[-1] / den[-1])
    side = "low" if value < limits.low else "high" if value > limits.high else None
    fired = side is not None and rule.side in (side, "both")
    values = {"metric": metric.name, "value": value, "low": limits.low, "high": limits.high}
    values |= {"day": rows["day"].iloc[-1].date(), "where": rule.where or None}
    return _Seen(
        "fired" if fired else "quiet",
        Message(f"watch.chart_{side}" if fired else "watch.chart_quiet", values),
    )


def _paced(case: Case, rule: Pace, today: date) -> _Seen:
    if case.current.first + rule.after > today:
        return _Seen("quiet", Message("watch.pace_early", {"metric": rule.metric}))
    found = progress(case, case.metrics[rule.metric], rule.target, today=today, where=rule.where)
    if found.pace is None or found.pace != found.pace:
        raise BadInput("no data in the current period", "pace", "wait for data")
    low = rule.below is not None and found.pace < rule.below
    high = rule.above is not None and found.pace > rule.above
    values = {"metric": rule.metric, "value": found.value, "due": found.due, "pace": found.pace}
    values |= {
        "target": rule.target,
        "day": found.until,
        "chance": found.chance,
        "where": rule.where or None,
    }
    return _Seen(
        "fired" if low or high else "quiet",
        Message("watch.pace_off" if low or high else "watch.pace_quiet", values),
    )


def _fresh(case: Case, rule: Freshness, today: date) -> _Seen:
    """Age in days from the newest row's day to today: 1 for a table that is filled every night."""
    table = case.tables[rule.table]
    known = known_days(table)
    if known is None:
        return _Seen("fired", Message("watch.fresh_empty", {"table": rule.table}))
    day = known.last
    values = {
        "table": rule.table,
        "day": day,
        "age": (today - day).days,
        "within": rule.within / timedelta(days=1),
    }
    stale = today - day > rule.within
    return _Seen(
        "fired" if stale else "quiet",
        Message("watch.fresh_stale" if stale else "watch.fresh_quiet", values),
    )


def _remembered(
    store: Store, case: Case, rule: str, seen: _Seen, today: date
) -> tuple[date | None, bool]:
    """Since when the alarm of a rule is open, and whether this call opened it."""
    where = "case_name = ? AND rule = ? AND cleared IS NULL"
    if seen.state == "quiet":
        store.database.rows(
            f"UPDATE alarms SET cleared = ? WHERE {where}", (str(today), case.name, rule)
        )
        return None, False
    if seen.state == "fired":
        added = store.database.rows(
            (
                "INSERT INTO alarms (case_name, rule, fired, said) VALUES (?, ?, ?, ?) ON CONFLICT "
                "DO NOTHING RETURNING id"
            ),
            (case.name, rule, str(today), json_text(spoken(seen.said, _labels(case)))),
        )
        if added:
            return today, True
    rows = store.database.rows(f"SELECT fired FROM alarms WHERE {where}", (case.name, rule))
    return (date.fromisoformat(str(rows[0]["fired"])), False) if rows else (None, False)


def _labels(case: Case) -> dict[str, Mapping[str, str]]:
    return {name: metric.label for name, metric in case.metrics.items() if metric.label}
