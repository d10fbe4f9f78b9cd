"""Every key of case.yml changes a number or a word of the review, of the board or of the watch;
or it is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import BaseModel

import kpilab
from kpilab.case import reading
from kpilab.case.check import KINDS
from kpilab.case.spec import CaseSpec, TableSpec
from kpilab.core.case import Case
from kpilab.core.finding import Review
from kpilab.engine.rootcause.cells import pull
from kpilab.errors import BadInput
from kpilab.report.document import document
from kpilab.report.text import verdict
from kpilab.report.words import Words
from kpilab.track.store import Store
from kpilab.track.watch import watch, watch_lines
from kpilab.verdict.evidence import Evidence
from kpilab.verdict.run import STEPS, Step
from kpilab.verdict.run import _weighed as weighed
from kpilab.verdict.steps import trust

DROP = object()
FIRST, DAYS = pd.Timestamp("2026-01-05"), 56
LAST = (FIRST + pd.Timedelta(days=DAYS - 1)).date()
CASE: dict[str, Any] = {
    "kpilab": 1,
    "title": "every key",
    "language": "en",
    "timezone": "UTC",
    "currency": "EUR",
    "holidays": "CN",
    "periods": {
        "baseline": ["2026-01-05", "2026-02-01"],
        "current": ["2026-02-02", "2026-03-01"],
        "year_ago": ["2025-02-03", "2025-03-02"],
    },
    "tables": {
        "events": {"kind": "events", "source": "events.parquet", "time": "at", "user": "user",
            "event": "event",
                   "session": "sid", "dimensions": ["city"]},
        "daily": {"kind": "facts", "source": "daily.csv", "time": "day", "dimensions": ["city"]},
        "market": {"kind": "benchmark", "source": "market.csv", "time": "day", "series": "series",
            "value": "value",
                   "own": "us", "peers": ["a", "b", "c"]},
        "reports": {"kind": "reports", "source": "reports.csv", "time": "day", "reporter": "unit",
            "metric": "metric",
                    "value": "value"},
        "work": {"kind": "executions", "source": "work.csv", "time": "day", "actor": "who",
            "action": "what",
                 "quantity": "n", "record": "rec", "target": "aim", "tiers": ["bonus"],
                 "evidence": ["trace", "sensor"],
                 "logged": ["minutes"], "recorded": "entered", "verified": "ok"},
        "arms": {"kind": "assignments", "source": "arms.csv", "time": "at", "unit": "user",
            "experiment": "test",
                 "variant": "arm"},
        "alarms": {"kind": "incidents", "source": "alarms.csv", "time": "at", "unit": "machine",
            "alarm": "what",
                   "responded": "responded", "solved": "solved", "reviewed": "reviewed"},
    },
    "metrics": {
        "revenue": {"table": "events", "measure": "sum(amount)", "where": "event = 'pay'",
                    "label": {"en": "Takings", "zh": "收入"}, "owner": "Ann"},
        "visits": {"table": "events", "measure": "count(*) filter (where event = 'visit')"},
        "rate": {"table": "events", "numerator": "count(*) filter (where event = 'pay')",
                 "denominator": "count(*) filter (where event = 'visit')"},
        "basket": {"table": "events", "numerator": "sum(amount)",
                   "denominator": "count(*) filter (where event = 'pay')"},
        "users": {"table": "events", "measure": "count(distinct user)", "where": "event = 'pay'",
            "per": "week"},
        "calls": {"table": "work", "measure": "sum(n)"},
        "carts": {"table": "events", "measure": "count(*) filter (where event = 'cart')"},
        "booked": {"table": "daily", "measure": "sum(booked)"},
    },
    "goal": {"metric": "revenue", "formula": "visits * rate * basket", "target": 90000},
    "reconcile": [{"logged": "revenue", "books": "booked"}],
    "kpis": [{"metric": "basket", "owner": "Bob", "target": 30, "since": "2026-01-05",
        "parent": "revenue",
              "level": "store"}, {"metric": "visits"}],
    "dashboard": ["revenue", "basket"],
    "funnels": {"main": {"table": "events", "steps": ["visit", "cart", "pay"], "within": "1d",
        "by": "user",
                         "mode": "ordered", "exclude": ["leave"]}},
    "definitions": [{"metric": "takers", "reporter": "sales", "from": "2026-01-05",
        "text": "distinct users",
                     "table": "events", "per": "day", "measure": "count(distinct user)"}],
    "changes": [{"date": "2026-02-02", "text": "new checkout"}],
    "experiments": {"t1": {"assignments": "arms", "outcome": "revenue", "control": "A",
        "split": {"A": 0.5, "B": 0.5},
                           "start": "2026-02-02", "planned_days": 20, "decided_on": "2026-02-16",
                           "decision": "shipped", "hypothesis": "more pay",
                           "claimed": "twice as much", "looks": 2,
                           "boundary": "pocock"}},
    "floor": 1,
    "privacy": {"min_group": 0, "pseudonymise": []},
    "alarms": {"stale": {"rule": "freshness", "table": "events", "within": "2d"}},
    "targets": {"visits": 900},
}  # fmt: skip
# What a key needs beside the core of the case, by the beginning of its path: reviews are quick when
# they are small.
CORE = (
    "kpilab",
    "title",
    "language",
    "timezone",
    "currency",
    "periods",
    "goal",
    "dashboard",
    "floor",
    "privacy",
)
PARTS: dict[str, tuple[str, ...]] = {
    "tables.market": ("tables.market",),
    "tables.reports": ("tables.reports", "definitions"),
    "definitions": ("tables.reports", "definitions"),
    "tables.work": ("tables.work", "metrics.calls"),
    "tables.alarms": ("tables.alarms",),
    "tables.arms": ("tables.arms", "experiments"),
    **dict.fromkeys(
        ("experiments.t1.guardrails", "experiments.t1.exposure"),
        ("tables.arms", "metrics.carts", "experiments"),
    ),
    "experiments": ("tables.arms", "experiments"),
    "tables.daily": ("tables.daily", "metrics.booked", "reconcile"),
    "reconcile": ("tables.daily", "metrics.booked", "reconcile"),
    "metrics.visits": ("tables.daily",),
    "metrics.users": ("metrics.users", "kpis"),
    "kpis": ("kpis",),
    "metrics.basket": ("kpis",),
    "holidays": ("holidays", "kpis"),
    "funnels": ("funnels",),
    "tables.events.session": ("funnels",),
    "alarms": ("alarms",),
    "targets": ("targets",),
    "changes": ("changes",),
}

# The steps that read a key, by the beginning of its path; the goal's for any other. They are asked
# by themselves, and the whole review only where they say the same.
GOAL, RELATION, ROOT, EXTERNAL, WORK = STEPS
READ_BY: dict[str, tuple[Step, ...]] = {
    **dict.fromkeys(
        ("experiments", "tables.arms", "tables.reports", "definitions", "tables.work"), (WORK,)
    ),
    **dict.fromkeys(("tables.alarms", "privacy.pseudonymise"), (WORK,)),
    "tables.market": (EXTERNAL,),
    "funnels": (GOAL, ROOT),
    "tables.events.session": (GOAL, ROOT),
    "kpis": (RELATION,),
    "holidays": (RELATION,),
    "metrics.users": (RELATION,),
    "metrics.basket": (RELATION,),
    "metrics.visits": (GOAL, RELATION),
    "reconcile": (trust.examine,),
    "tables.daily": (trust.examine,),
    "alarms": (),
}


def read_by(path: str) -> tuple[Step, ...]:
    return next((steps for start, steps in READ_BY.items() if path.startswith(start)), (GOAL,))


def trimmed(path: str) -> dict[str, Any]:
    """The core of the case, and what a key needs."""
    names = [
        *CORE,
        "tables.events",
        *(f"metrics.{m}" for m in ("revenue", "visits", "rate", "basket")),
    ]
    names += next((found for start, found in PARTS.items() if path.startswith(start)), ())
    spec: dict[str, Any] = {}
    for name in names:
        at: Any = CASE
        for part in name.split("."):
            at = at[part]
        spec = laid(spec, name, at)
    return spec


TREE = {
    "goal": {"metric": "revenue", "formula": "visits * per_visit"},
    "tree": {"per_visit": "rate * basket"},
}

BOOKS = {
    "metrics.seen": {"table": "daily", "measure": "sum(seen)"},
    "metrics.per_seen": {"table": "daily", "numerator": "sum(booked)", "denominator": "sum(seen)"},
    "goal": {"metric": "booked", "formula": "seen * per_seen"},
}
PEOPLE = {
    "kind": "entities",
    "source": "people.csv",
    "key": "user",
    "time": "since",
    "until": "gone",
    "dimensions": ["plan"],
}
AGAIN = {
    "funnels.main.exclude": [],
    "funnels.main.steps": ["visit", "event in ('cart', 'leave')", "pay"],
}
GOLD = "event = 'pay' and people.plan = 'gold'"
LINKED = {
    "tables.people": PEOPLE,
    "tables.events.links": {"user": "people"},
    "metrics.revenue.where": GOLD,
}
TWO_WAYS = {
    **LINKED,
    "tables.others": {**PEOPLE, "source": "people2.csv"},
    "metrics.revenue.where": "event = 'pay' and user.plan = 'gold'",
}
WHOSE = {
    **LINKED,
    "tables.others": {**PEOPLE, "source": "people2.csv"},
    "tables.events.links": {"user": "people", "friend": "others"},
    "customer": {"table": "people", "amount": "revenue"},
}
MONTHS = {"baseline": ["2026-01-01", "2026-01-31"], "current": ["2026-02-01", "2026-02-28"]}
HELD = {
    "tables.plans": {
        "kind": "entities",
        "source": "plans.csv",
        "key": "user",
        "valid": {"from": "since", "until": "gone"},
    },
    "tables.events.links": {"user": "plans"},
    "metrics.revenue.where": "event = 'pay' and plans.plan = 'gold'",
}
JOINED = {
    "tables.people": PEOPLE,
    "metrics.golds": {"table": "people", "measure": "count(*) filter (where plan = 'gold')"},
    "metrics.joined": {"table": "people", "measure": "count(*)"},
    "metrics.share": {
        "table": "people",
        "numerator": "count(*) filter (where plan = 'gold')",
        "denominator": "count(*)",
    },
    "goal": {"metric": "golds", "formula": "joined * share"},
    "dashboard": ["joined"],
}
NET = {
    "tables.daily": CASE["tables"]["daily"],
    "metrics.booked": CASE["metrics"]["booked"],
    "metrics.net": {"formula": "revenue - booked"},
    "goal": {"metric": "net"},
}
GUARDED = {"experiments.t1.guardrails": {"carts": 0.05}}
OTHER_ARMS = {**CASE["tables"]["arms"], "variant": "branch"}
MORE = {"tables.more": {**CASE["tables"]["events"], "source": "m.parquet"}}
# Key -> (path in the case, another value); a third entry is laid over both sides first.
VARIANTS: dict[str, tuple[Any, ...]] = {
    "title": ("title", "another"),
    "language": ("language", "zh"),
    "timezone": ("timezone", "Asia/Shanghai"),
    "currency": ("currency", "CNY"),
    "holidays": ("holidays", DROP),
    "periods.baseline": ("periods.baseline", ["2026-01-12", "2026-02-01"]),
    "periods.current": ("periods.current", ["2026-02-02", "2026-02-22"]),
    "periods.year_ago": ("periods.year_ago", DROP),
    "metrics.table": ("metrics.visits", {"table": "daily", "measure": "count(*)"},
                      {"metrics.visits": {"table": "events", "measure": "count(*)"}}),
    "metrics.measure": ("metrics.visits.measure", "count(*)"),
    "metrics.numerator": ("metrics.rate.numerator", "count(*)"),
    "metrics.denominator": ("metrics.rate.denominator", "count(*)"),
    "metrics.where": ("metrics.revenue.where", "event = 'pay' and amount > 20"),
    "metrics.label": ("metrics.revenue.label", "Money in"),
    "metrics.label.en": ("metrics.revenue.label.en", "Money in"),
    "metrics.label.zh": ("metrics.revenue.label.zh", "进账", {"language": "zh"}),
    "metrics.unit": ("metrics.revenue.unit", "thousand"),
    "metrics.better": ("metrics.basket.better", "down"),
    "metrics.owner": ("metrics.revenue.owner", DROP),
    "metrics.per": ("metrics.users.per", "day", {"kpis.1.metric": "users"}),
    "goal.metric": ("goal.metric", "visits", {"goal.formula": "rate * basket"}),
    "goal.formula": ("goal.formula", "visits * rate"),
    "goal.target": ("goal.target", 80000),
    "tree": ("tree.per_visit", "basket", TREE),
    "reconcile.logged": ("reconcile.0.logged", "visits"),
    "reconcile.books": ("reconcile.0.books", "visits"),
    "kpis.metric": ("kpis.1.metric", "rate"),
    "kpis.owner": ("kpis.0.owner", "Cat"),
    "kpis.target": ("kpis.0.target", 25),
    "kpis.since": ("kpis.0.since", DROP),
    "kpis.parent": ("kpis.0.parent", DROP),
    "kpis.level": ("kpis.0.level", "region"),
    "dashboard": ("dashboard", ["visits", "rate", "basket"]),
    "funnels.table": ("funnels.main.table", "more", {**MORE, "funnels.main.by": "session"}),
    "funnels.steps": ("funnels.main.steps", ["visit", "pay"]),
    "funnels.within": ("funnels.main.within", "6m"),
    "funnels.by": ("funnels.main.by", "session"),
    "funnels.mode": ("funnels.main.mode", "unordered"),
    "funnels.exclude": ("funnels.main.exclude", []),
    "funnels.strict_deduplication": ("funnels.main.strict_deduplication", True, AGAIN),
    "funnels.strict_increase": (
        "funnels.main.strict_increase",
        True,
        {"tables.events.time": "hour"},
    ),
    "definitions.metric": ("definitions.0.metric", "revenue"),
    "definitions.reporter": ("definitions.0.reporter", "web"),
    "definitions.from": ("definitions.0.from", "2026-02-10"),
    "definitions.text": ("definitions.0.text", "people that came"),
    "definitions.table": ("definitions.0.table", "arms", {"tables.arms": CASE["tables"]["arms"]}),
    "definitions.per": ("definitions.0.per", "week"),
    "definitions.measure": ("definitions.0.measure", "count(*)"),
    "changes.date": ("changes.0.date", "2026-01-06"),
    "changes.text": ("changes.0.text", "old checkout"),
    "experiments.assignments": ("experiments.t1.assignments", "others",
        {"tables.others": OTHER_ARMS}),
    "experiments.outcome": ("experiments.t1.outcome", "event = 'pay' and amount > 40"),
    "experiments.control": ("experiments.t1.control", "B"),
    "experiments.split": ("experiments.t1.split", {"A": 0.6, "B": 0.4}),
    "experiments.start": ("experiments.t1.start", "2026-02-03"),
    "experiments.hypothesis": ("experiments.t1.hypothesis", "more carts"),
    "experiments.planned_days": ("experiments.t1.planned_days", 40),
    "experiments.decided_on": ("experiments.t1.decided_on", "2026-02-18"),
    "experiments.decision": ("experiments.t1.decision", "rolled back"),
    "experiments.claimed": ("experiments.t1.claimed", "nothing"),
    "experiments.looks": ("experiments.t1.looks", 9),
    "experiments.boundary": ("experiments.t1.boundary", "none"),
    "experiments.covariates": ("experiments.t1.covariates", ["revenue"]),
    "experiments.guardrails": ("experiments.t1.guardrails", {"carts": 0.9}, GUARDED),
    "experiments.exposure": ("experiments.t1.exposure", "event = 'cart'", GUARDED),
    "experiments.window": ("experiments.t1.window", "3d", {"experiments.t1.window": "7d"}),
    "floor": ("floor", 50),
    "privacy.min_group": ("privacy.min_group", 20),
    "privacy.pseudonymise": ("privacy.pseudonymise", ["who"],
        {"tables.work": CASE["tables"]["work"]}),
    "alarms": ("alarms.stale.within", "900d"),
    "targets": ("targets.visits", 1000),
    "tables.events.source": ("tables.events.source", "m.parquet"),
    "tables.events.time": ("tables.events.time", "later"),
    "tables.events.user": ("tables.events.user", "sid", {"funnels": CASE["funnels"]}),
    "tables.events.event": ("tables.events.event", "kind_of", {"funnels": CASE["funnels"]}),
    "tables.events.session": ("tables.events.session", "user", {"funnels.main.by": "session"}),
    "tables.events.dimensions": ("tables.events.dimensions", []),
    "tables.key": ("tables.people.key", "alias", LINKED),
    "tables.links": ("tables.events.links", {"user": "others"}, TWO_WAYS),
    "tables.columns": ("tables.events.columns", {"big": "amount > 40"},
        {"tables.events.columns": {"big": "amount > 20"},
         "metrics.revenue.where": "event = 'pay' and big"}),
    "tables.valid.from": ("tables.plans.valid.from", "from2", HELD),
    "tables.valid.until": ("tables.plans.valid.until", "until2", HELD),
    "tables.entities.source": ("tables.people.source", "people2.csv", JOINED),
    "tables.entities.time": ("tables.people.time", "later", JOINED),
    "tables.entities.until": ("tables.people.until", "until2", JOINED),
    "tables.entities.dimensions": ("tables.people.dimensions", [], JOINED),
    "customer.table": ("customer.table", "others", WHOSE),
    "customer.amount": ("customer.amount", "visits", WHOSE),
    "customer.contract": ("customer.contract", "month", {**WHOSE, "periods": MONTHS}),
    "metrics.formula": ("metrics.net.formula", "revenue - 2 * booked", NET),
    "metrics.cumulative": ("metrics.visits.cumulative", True),
    "tables.facts.source": ("tables.daily.source", "daily2.csv"),
    "tables.facts.time": ("tables.daily.time", "later"),
    "tables.facts.dimensions": ("tables.daily.dimensions", [], BOOKS),
    "tables.benchmark.source": ("tables.market.source", "market2.csv"),
    "tables.benchmark.time": ("tables.market.time", "later"),
    "tables.benchmark.series": ("tables.market.series", "other"),
    "tables.benchmark.value": ("tables.market.value", "value2"),
    "tables.benchmark.own": ("tables.market.own", "b", {"tables.market.peers": ["a", "c"]}),
    "tables.benchmark.peers": ("tables.market.peers", ["a", "b"]),
    "tables.reports.source": ("tables.reports.source", "reports2.csv"),
    "tables.reports.time": ("tables.reports.time", "later"),
    "tables.reports.reporter": ("tables.reports.reporter", "unit2", {"definitions": []}),
    "tables.reports.metric": ("tables.reports.metric", "metric2"),
    "tables.reports.value": ("tables.reports.value", "value2"),
    "tables.executions.source": ("tables.work.source", "work2.csv"),
    "tables.executions.time": ("tables.work.time", "entered"),
    "tables.executions.actor": ("tables.work.actor", "crew"),
    "tables.executions.action": ("tables.work.action", "what2"),
    "tables.executions.quantity": ("tables.work.quantity", "minutes"),
    "tables.executions.record": ("tables.work.record", "aim"),
    "tables.executions.target": ("tables.work.target", DROP),
    "tables.executions.tiers": ("tables.work.tiers", []),
    "tables.executions.evidence": ("tables.work.evidence", ["trace"]),
    "tables.executions.logged": ("tables.work.logged", []),
    "tables.executions.recorded": ("tables.work.recorded", DROP),
    "tables.executions.verified": ("tables.work.verified", DROP),
    "tables.assignments.source": ("tables.arms.source", "arms2.csv"),
    "tables.assignments.time": ("tables.arms.time", "later"),
    "tables.assignments.unit": ("tables.arms.unit", "person"),
    "tables.assignments.experiment": ("tables.arms.experiment", "trial"),
    "tables.assignments.variant": ("tables.arms.variant", "branch"),
    "tables.incidents.source": ("tables.alarms.source", "alarms2.csv"),
    "tables.incidents.time": ("tables.alarms.time", "before"),
    "tables.incidents.unit": ("tables.alarms.unit", "what"),
    "tables.incidents.alarm": ("tables.alarms.alarm", "machine"),
    "tables.incidents.responded": ("tables.alarms.responded", "solved"),
    "tables.incidents.solved": ("tables.alarms.solved", "reviewed"),
    "tables.incidents.reviewed": ("tables.alarms.reviewed", DROP),
}  # fmt: skip
# What says how to compute, not what; and what has a suite of its own.
APART = {
    "kpilab": "the version: any other is refused",
    "engine": "where the figures are computed",
    "engine_options": "memory and threads",
    "tables.query": "rows of the engine: tests/engine/test_query.py",
    # How files are read stands in tests/case/test_reading.py.
    **{f"tables.{key}": "how a file is read" for key in reading.KEYS - {"unpivot", "expand"}},
    **{f"tables.unpivot.{key}": "how a file is read" for key in reading.UnpivotSpec.model_fields},
    **{f"tables.expand.{key}": "how a file is read" for key in reading.ExpandSpec.model_fields},
}


def rows(seed: int = 1) -> dict[str, pd.DataFrame]:
    """The tables: eight weeks of a small shop, its books, market, reports, work and machines."""
    noise = np.random.default_rng(seed)
    days = pd.date_range(FIRST, periods=DAYS)
    events = []
    for day in [*pd.date_range("2025-02-03", periods=28), *days]:
        for user in range(40):
            cart, pay = noise.random(2) < (0.6, 0.7 if day < pd.Timestamp("2026-02-02") else 0.4)
            at = day + pd.Timedelta(hours=18, minutes=int(noise.integers(300)))
            steps = ["visit", "cart", "pay"][: 1 + cart + (cart and pay)]
            steps = steps[:1] + ["leave"] * (user % 9 == 0) + steps[1:]
            if user % 11 == 0:
                steps = steps[::-1]
            for k, step in enumerate(steps):
                name, amount = (
                    "ABC"[user % 3],
                    float(np.round(noise.gamma(4, 8), 2)) if step == "pay" else None,
                )
                moment = at + pd.Timedelta(minutes=4 * k)
                visit = f"{user}-{day.date()}-{k // 2}"
                events.append((moment.tz_localize("UTC"), f"u{user}", step, visit, name, amount))
    log = pd.DataFrame(events, columns=["at", "user", "event", "sid", "city", "amount"])
    log["friend"] = log["user"].where(log["city"] == "A")
    log = log.assign(
        later=log["at"] + pd.Timedelta(days=3),
        hour=log["at"].dt.floor("h"),
        kind_of=log["event"].replace({"cart": "visit"}),
    )
    others = np.random.default_rng(seed + 50)
    people = pd.DataFrame({"user": [f"u{k}" for k in range(240)]})
    people["alias"] = others.permutation(people["user"])
    people["plan"] = others.choice(["gold", "free"], 240)
    early = np.where(people["plan"] == "gold", DAYS // 2, DAYS)
    people["since"] = [days[int(k)] for k in others.integers(0, early)]
    people["later"] = people["since"] + pd.Timedelta(days=9)
    people["gone"], people["until2"] = pd.Timestamp("2027-01-01"), pd.Timestamp("2026-01-06")
    half = pd.Timestamp("2026-02-10")
    plans = pd.concat(
        [
            people.assign(plan="gold", since=pd.Timestamp("2024-01-01"), gone=half, until2=FIRST),
            people.assign(plan="free", since=half, gone=pd.NaT, until2=pd.NaT),
        ]
    )
    plans["from2"] = plans["since"] + pd.Timedelta(days=9)
    daily = pd.DataFrame([(d.date(), c) for d in days for c in "ABC"], columns=["day", "city"])
    size = len(daily)
    daily = daily.assign(booked=noise.integers(200, 300, size), seen=noise.integers(100, 140, size))
    daily["later"] = [d + pd.Timedelta(days=2) for d in daily["day"]]
    market = pd.DataFrame(
        [(d.date(), s) for d in days for s in ("us", "a", "b", "c")], columns=["day", "series"]
    )
    market = market.assign(
        value=noise.normal(100, 5, len(market)), value2=noise.normal(90, 5, len(market))
    )
    market["other"] = market["series"].replace({"us": "a", "a": "us"})
    market["later"] = [d + pd.Timedelta(days=2) for d in market["day"]]
    reports = pd.DataFrame(
        [(d.date(), u) for d in days for u in ("sales", "web", "shop")], columns=["day", "unit"]
    )
    reports = reports.assign(
        metric="takers", metric2="givers", value=noise.normal(40, 1, len(reports))
    )
    reports["value2"], reports["unit2"] = (
        reports["value"] + 3,
        reports["unit"].replace({"web": "north"}),
    )
    reports["later"] = [d + pd.Timedelta(days=2) for d in reports["day"]]
    work = pd.DataFrame(
        [(d.date(), w) for d in days for w in ("p", "q", "r", "s")], columns=["day", "who"]
    )
    size = len(work)
    work = work.assign(what="call", what2="visit", crew=[f"{'xyz'[k % 3]}" for k in range(size)])
    work = work.assign(
        n=noise.poisson(20, size), rec=range(size), aim=20, bonus=25, trace=noise.poisson(18, size)
    )
    work = work.assign(sensor=noise.poisson(30, size), minutes=noise.poisson(60, size))
    work["entered"] = [d + pd.Timedelta(days=int(noise.integers(0, 4))) for d in work["day"]]
    work["ok"] = np.where(
        noise.random(size) < 0.2, np.where(noise.random(size) < 0.9, "yes", "no"), None
    )
    units, began = [f"u{k}" for k in range(40)], pd.Timestamp("2026-02-03")
    arms = pd.DataFrame(
        {
            "at": began,
            "user": units,
            "person": units[::-1],
            "test": "t1",
            "arm": noise.permutation(list("AB" * 20)),
        }
    )
    arms = arms.assign(later=began + pd.Timedelta(days=2), branch=noise.permutation(arms["arm"]))
    arms["trial"] = np.where(arms.index < 30, "t1", "t2")
    start = [d + pd.Timedelta(hours=int(noise.integers(1, 20))) for d in days]
    alarms = pd.DataFrame({"at": start, "machine": ["m1", "m2"] * (DAYS // 2), "what": "hot"})
    for name, minutes in (("responded", 5), ("solved", 30), ("reviewed", 60)):
        alarms[name] = [t + pd.Timedelta(minutes=minutes + int(noise.integers(9))) for t in start]
    alarms["before"] = alarms["at"] - pd.Timedelta(minutes=3)
    found = {
        "events": log,
        "daily": daily,
        "market": market,
        "reports": reports,
        "work": work,
        "arms": arms,
        "people": people,
        "plans": plans,
    }
    return found | {"alarms": alarms}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("keys")
    other = rows(2)
    for name, frame in rows().items():
        frame.to_csv(place / f"{name}.csv", index=False)
        other[name].to_csv(place / f"{name}2.csv", index=False)
    rows()["events"].to_parquet(place / "events.parquet")
    other["events"].to_parquet(place / "m.parquet")
    return place


@pytest.fixture(scope="module")
def told(folder: Path) -> Callable[..., str]:
    """Everything a case makes these steps (None: the review) and the watch say; each case once."""
    known: dict[tuple[str, tuple[Step, ...] | None], str] = {}

    def tell(spec: dict[str, Any], steps: tuple[Step, ...] | None = None) -> str:
        text = yaml.safe_dump(spec, sort_keys=False, allow_unicode=True)
        if (text, steps) not in known:
            (folder / "case.yml").write_text(text, "utf-8")
            known[text, steps] = "\n".join(_said(folder, steps))
        return known[text, steps]

    return tell


def _said(folder: Path, steps: tuple[Step, ...] | None) -> Iterator[str]:
    case = kpilab.open_case(folder)
    if case.alarms:
        with Store.open(folder / "store.db") as store:
            yield from watch_lines(
                watch(case, store, today=LAST + timedelta(days=9)), case, case.language
            )
    if steps == ():
        return
    found = kpilab.review(case) if steps is None else _asked(case, steps)
    if case.experiments and found.steps[-1].step == "execution":
        assert any(f.subject in case.experiments for f in found.findings), found.steps[
            -1
        ].not_examined
    data = document(Words(found, case.language), {}, "now")
    data.pop("version")
    yield json.dumps(data, ensure_ascii=False)
    yield verdict(found, case.language)


def _asked(case: Case, steps: tuple[Step, ...]) -> Review:
    """The review of these steps alone, none before them."""
    cells, evidence = pull(case), Evidence()
    for step in steps:
        report, evidence = step(case, cells, evidence)
        evidence = evidence.and_report(report)
    return weighed(case, cells, evidence)


def laid(spec: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The case with one key set (or dropped)."""
    spec = copy.deepcopy(spec)
    *above, last = [int(p) if p.isdigit() else p for p in path.split(".")]
    at: Any = spec
    for part in above:
        at = at[part] if isinstance(part, int) else at.setdefault(part, {})
    if value is DROP:
        del at[last]
    else:
        at[last] = value
    return spec


def first_of_blocks() -> list[Any]:
    """One key of each block where only some tests run; every key where all do."""
    blocks = [key.rpartition(".")[0] for key in VARIANTS]
    again = [bool(b) and b in blocks[:k] for k, b in enumerate(blocks)]
    slow = pytest.mark.slow
    return [pytest.param(k, marks=slow) if a else k for k, a in zip(VARIANTS, again, strict=True)]


@pytest.mark.few(6)
@pytest.mark.parametrize("key", first_of_blocks())
def test_a_key_changes_what_is_said(told, key):
    path, value, *first = VARIANTS[key]
    before = trimmed(path)
    for name, given in (first[0] if first else {}).items():
        before = laid(before, name, given)
    after = laid(before, path, value)
    assert any(told(after, steps) != told(before, steps) for steps in (read_by(path), None))


def keys_of(model: type[BaseModel], above: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{above}{field.alias or name}"
        inner = [m for m in _models(field.annotation) if m not in KINDS.values()]
        if name == "tables":
            yield from (f"tables.{k}" for k in keys_of(TableSpec) if k != "source")
            shared = set(TableSpec.model_fields) - {"source"}  # read alike for every kind
            for kind, spec in KINDS.items():
                own = (f for f in spec.model_fields if f != "kind" and f not in shared)
                yield from (f"tables.{kind}.{f}" for f in own)
        elif inner and path != "metrics.label":
            for spec in inner:
                yield from keys_of(spec, f"{path}.")
        else:
            yield path
            yield from (f"{path}.{f}" for spec in inner for f in spec.model_fields)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def test_no_key_is_left_out():
    known = set(keys_of(CaseSpec))
    assert known == {*VARIANTS, *APART}


@pytest.mark.parametrize(
    "path",
    ["entities", "tables.events.primary_key"],
)  # fmt: skip
def test_what_nothing_reads_is_refused_in_words(folder, path):
    (folder / "case.yml").write_text(
        yaml.safe_dump(laid(trimmed("tables.daily"), path, "x")), "utf-8"
    )
    with pytest.raises(BadInput, match=f"no key named '{path.rpartition('.')[2]}'"):
        kpilab.open_case(folder)
