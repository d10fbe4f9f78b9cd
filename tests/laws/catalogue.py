"""Every public function with a small call; a name that is neither here nor a noun fails the
suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

import pandas as pd

import kpilab
from kpilab import (
    customers,
    data,
    events,
    execution,
    experiments,
    external,
    operations,
    relation,
    rootcause,
)
from kpilab.core.case import Kpi
from kpilab.core.tree import MetricTree
from kpilab.core.trial import Outcome
from tests.laws import worlds as w
from tests.laws.excuses import (
    ALL_ALARMS,
    ALL_UNITS,
    EMPTY,
    FILES,
    FIRST_KNOWN,
    INDEXED,
    NO_DAY,
    NOBODY,
    OWN_SUM,
    PARTS,
    SIGNALS,
    ZERO_DAYS,
)
from tests.laws.given import Given, Rows, rows

Call = Callable[[Given], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A function's call, the tables it is given,
    and the laws it is excused from with the reason."""

    call: Call
    tables: Mapping[str, Rows]
    without: Mapping[str, str] = field(default_factory=dict)

    @property
    def on_engine(self) -> bool:
        """Whether its data lie on an engine: its calls take ten times as long."""
        return any(t.role or t.filed for t in self.tables.values())


def entry(call: Call, without: Mapping[str, str] | None = None, **tables: Rows) -> Entry:
    return Entry(call, tables, without or {})


LOG = rows(
    w.events,
    "EventLog",
    user="my_user",
    time="my_time",
    event="my_event",
    dimensions=("my_platform",),
)
BUSY = rows(
    w.busy,
    "EventLog",
    user="my_user",
    time="my_time",
    event="my_event",
    dimensions=("my_platform",),
)
TRAIL = rows(
    w.trail,
    "EventLog",
    user="my_user",
    time="my_time",
    event="my_event",
    dimensions=("my_platform",),
)
DEALS = rows(
    w.deals,
    "EventLog",
    user="my_user",
    time="my_time",
    event="my_event",
    dimensions=("my_platform",),
)
PAID = rows(
    w.paid,
    "EventLog",
    user="my_user",
    time="my_time",
    event="my_event",
    dimensions=("my_platform",),
)
FACTS = rows(w.facts, "Facts", time="my_day", dimensions=("my_region", "my_city"))
ORDERS = rows(w.orders, "Facts", time="my_day", dimensions=("my_region",))
SERVED = rows(w.served, "Facts", time="my_day", dimensions=("my_region",))
LINES = rows(w.lines, "Facts", time="my_day")
PEOPLE = rows(w.people, "Entities", key="my_who", time="my_day", dimensions=("my_region",))
HISTORY = rows(w.history, "Facts", time="my_day", dimensions=("my_region", "my_city"))
BOOKS = rows(w.books, "Facts", time="my_day", dimensions=("my_platform",))
SHIFTS = rows(w.shifts, "Facts", time="my_day", dimensions=("my_machine",))
SOLD, SOLD_BEFORE = (rows(f, "Facts", time="my_day") for f in (w.sold, w.sold_before))
RECORDS = rows(
    w.records, "Executions", time="my_day", actor="my_actor", action="my_action",
    quantity="my_claim",
    record="my_record", target="my_target", evidence=("my_match", "my_follow"),
    recorded="my_entered",
)  # fmt: skip
REPORTS = rows(
    w.reports,
    "Reports",
    time="my_day",
    reporter="my_reporter",
    metric="my_metric",
    value="my_value",
)
MARKET = rows(w.market, "Benchmark", time="my_day", series="my_series", value="my_value")
ALARMS = rows(
    w.alarms, "Incidents", time="my_time", unit="my_unit", alarm="my_alarm",
    responded="my_responded",
    solved="my_solved",
)  # fmt: skip
UNITS = rows(
    w.units,
    "Units",
    variant="my_variant",
    time="my_day",
    unit="my_user",
    dimensions=("my_platform",),
)
WHO = rows(
    w.assigned, "Assignments", time="my_time", unit="my_user", experiment="my_experiment",
    variant="my_variant"
)  # fmt: skip

DAILY = Rows(w.facts, filed=True)
LEAVES = Rows(w.leaves, mapping=True)
STEPS = ["visit", "cart", "pay"]
WEEKS = (
    kpilab.Period(w.FIRST, date(2025, 8, 17)),
    kpilab.Period(date(2025, 8, 18), date(2025, 12, 7)),
)
ARMS = {"control": "A", "treatment": "B"}
SPEND = "sum({my_spend})"
CASE = """\
kpilab: 1
title: Laws
periods:
  baseline: [2025-03-03, 2025-03-30]
  current: [2025-03-31, 2025-04-27]
tables:
  daily: {kind: facts, source: daily.parquet, time: "{my_day}", dimensions: ["{my_region}",
      "{my_city}"]}
metrics:
  sales: {table: daily, measure: 'sum("{my_sales}")', owner: Ann}
  orders: {table: daily, measure: 'sum("{my_orders}")', owner: Ann}
  visits: {table: daily, measure: 'sum("{my_visits}")', owner: Bob}
  rate: {table: daily, numerator: 'sum("{my_orders}")', denominator: 'sum("{my_visits}")'}
  basket: {table: daily, numerator: 'sum("{my_sales}")', denominator: 'sum("{my_orders}")'}
goal: {metric: sales, formula: visits * rate * basket}
"""


def spent(g: Given) -> data.Measured:
    return Outcome("spend", g.n("my_spend"), covariates=(g.n("my_before"),))


def tested(g: Given) -> Any:
    return kpilab.experiment(g["units"], metrics=[spent(g)], control="A", by=[g.n("my_platform")])


def added_up(g: Given) -> Any:
    """A test, and its places as tests of their own."""
    whole = tested(g)
    parts = experiments.subgroups(whole.moments, "spend", by=g.n("my_platform"), **ARMS).table
    read = pd.concat([whole.table.assign(value="everywhere"), parts])
    error = (read["lift_high"] - read["lift_low"]) / 4
    rows = {"test": read["value"], "effect": read["lift"], "error": error}
    return experiments.programme(pd.DataFrame(rows).reset_index(drop=True))


def followed(g: Given) -> Any:
    return kpilab.experiment(
        g["who"], g["log"], metrics=[Outcome("spend", g.sql(SPEND))], control="A"
    )


@cache
def drawn() -> Any:
    from pathlib import Path
    from tempfile import mkdtemp

    from tests.laws.given import AS_IT_IS

    g = Given({"records": RECORDS}, AS_IT_IS, Path(mkdtemp()))
    return execution.audit_sample(g["records"], period=w.BOTH)


def confirmed() -> pd.DataFrame:
    found = drawn().table[["record"]].astype(int)
    return found.assign(confirmed=found.index % 9 != 0)


def sheet(g: Given) -> Any:
    plan = execution.audit_sample(g["records"], period=w.BOTH)
    path = execution.write_worksheet(plan, g.folder / "sheet.csv")
    return plan, path


def filled(g: Given) -> pd.DataFrame:
    plan, path = sheet(g)
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    text.assign(confirmed="yes").to_csv(path, index=False)
    return execution.read_worksheet(plan, path)


def chain(g: Given) -> Any:
    kpis = [
        Kpi(g.n("my_goal"), owner="x", level="company"),
        Kpi(g.n("my_kpi"), owner="y", parent=g.n("my_goal"), level="store"),
    ]
    metrics = {k.metric: g.metric("sum({my_kpi})", name=k.metric) for k in kpis}
    return relation.kpi_cascade(
        kpis, goal=g.n("my_goal"), metrics=metrics, series=g.indexed("weeks")
    )


def clever(g: Given) -> Any:
    kpis = [Kpi("kpi", owner="x", target=g.amount(300000.0), since=w.SPLIT)]
    metrics = {"kpi": g.metric("sum({my_sales})")}
    return relation.smart(kpis, metrics=metrics, tables={"table": g["facts"]}, current=w.NOW)


GAIN = MetricTree.parse("gain", "visits * (price - rate)", {"rate": "orders / visits"})
ENTRIES: dict[str, Entry] = {
    # Events.
    "funnel": entry(
        lambda g: kpilab.funnel(g["log"], STEPS, breakdown=g.n("my_platform")), FIRST_KNOWN, log=LOG
    ),
    "funnel_change": entry(
        lambda g: events.funnel_change(
            g["log"], STEPS, current=w.NOW, baseline=w.BASE, breakdown=g.n("my_platform")
        ),
        FIRST_KNOWN,
        log=LOG,
    ),
    "dropoff": entry(
        lambda g: events.dropoff(g["log"], STEPS, after="visit", by=[g.n("my_platform"), *g.extra]),
        log=LOG,
    ),
    "blindspots": entry(
        lambda g: events.blindspots(g["log"], STEPS, watched=["visit", "pay"]), log=LOG
    ),
    "paths": entry(
        lambda g: kpilab.paths(g["log"], start="visit", breakdown=g.n("my_platform")), log=LOG
    ),
    "paths_change": entry(
        lambda g: events.paths_change(g["log"], current=w.NOW, baseline=w.BASE, start="visit"),
        log=LOG,
    ),
    "step_matrix": entry(lambda g: events.step_matrix(g["log"]), log=LOG),
    "sequences": entry(
        lambda g: events.sequences(g["log"], [("visit", "pay"), ("cart", "pay")]), log=LOG
    ),
    "retention": entry(lambda g: kpilab.retention(g["log"], by=g.n("my_platform")), log=LOG),
    "activity": entry(lambda g: events.activity(g["log"], by=(g.n("my_platform"),)), log=LOG),
    # The log itself, and figures beside it.
    "missing_rows": entry(
        lambda g: data.missing_rows(
            g["log"],
            period=kpilab.Period(w.FIRST, date(2025, 3, 30)),
            dimensions=[g.n("my_platform"), *g.extra],
            books=g.measured("books", "sum({my_sales})"),
        ),
        log=BUSY,
        books=BOOKS,
    ),
    "outages": entry(
        lambda g: data.outages(g["log"], period=w.BASE, dimensions=[g.n("my_platform"), *g.extra]),
        log=BUSY,
    ),
    "quality": entry(
        lambda g: kpilab.quality(
            g["facts"],
            period=w.BOTH,
            ranges={g.n("my_orders"): (0, None)},
            amounts=[g.n("my_sales")],
        ),
        {"missing": "what is missing is what it counts"} | EMPTY,
        facts=FACTS,
    ),
    "reconcile": entry(
        lambda g: data.reconcile(
            data.Measured(g["log"], g.metric("count(*) filter (where {my_event} = 'pay')")),
            g.measured("books", "sum({my_sales})"),
            period=w.BASE,
            by=g.n("my_platform"),
        ),
        ZERO_DAYS,
        log=BUSY,
        books=BOOKS,
    ),
    "restatement": entry(
        lambda g: data.restatement(
            g.measured("earlier", "sum({my_sales})"),
            g.measured("later", "sum({my_sales})"),
            period=w.BASE,
            key=g.n("my_sale"),
        ),
        {"missing": "an amount that went missing is altered, a row that went is gone"},
        earlier=SOLD_BEFORE,
        later=SOLD,
    ),
    "definitions": entry(
        lambda g: kpilab.definitions(g["reports"], baseline=w.BASE, current=w.NOW), reports=REPORTS
    ),
    "registry": entry(lambda g: data.registry({"kpi": g.metric("sum({my_sales})")})),
    "smart": entry(clever, facts=FACTS),
    "kpi_cascade": entry(chain, INDEXED, weeks=rows(w.weeks)),
    # Relations.
    "relate": entry(
        lambda g: relation.relate(g.series("weeks", "my_kpi"), g.series("weeks", "my_goal")),
        INDEXED,
        weeks=rows(w.weeks),
    ),
    "screen": entry(
        lambda g: relation.screen(g.indexed("weeks"), goal=g.n("my_goal")),
        INDEXED,
        weeks=rows(w.weeks),
    ),
    "correlate": entry(
        lambda g: kpilab.correlate(g.indexed("weeks"), metrics=[g.n("my_kpi"), g.n("my_goal")]),
        INDEXED,
        weeks=rows(w.weeks),
    ),
    "goodhart": entry(
        lambda g: relation.goodhart(
            g.series("weeks", "my_kpi"), g.series("weeks", "my_goal"), since=date(2026, 4, 27)
        ),
        INDEXED,
        weeks=rows(w.weeks),
    ),
    "panel": entry(
        lambda g: relation.panel(
            g["panel"],
            unit=g.n("my_unit"),
            time=g.n("my_day"),
            kpi=g.n("my_kpi"),
            goal=g.n("my_goal"),
        ),
        panel=rows(w.panel),
    ),
    "hollow_growth": entry(
        lambda g: relation.hollow_growth(
            g["counts"], kpi="signups", downstream=["bought"], baseline=w.BASE, current=w.NOW
        ),
        ZERO_DAYS,
        counts=rows(w.counts),
    ),
    "market": entry(
        lambda g: kpilab.market(g["market"], baseline=WEEKS[0], current=WEEKS[1], own="we"),
        market=MARKET,
    ),
    "counterfactual": entry(
        lambda g: external.counterfactual(
            g["change"],
            treated="u0",
            since="2025-04-02",
            time=g.n("my_day"),
            unit=g.n("my_unit"),
            value=g.n("my_value"),
        ),
        change=rows(w.change),
    ),
    # Customers.
    "growth": entry(
        lambda g: customers.growth(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            baseline=w.BASE,
            current=w.NOW,
            by=[g.n("my_region")],
        ),
        NOBODY,
        orders=ORDERS,
    ),
    "churn": entry(
        lambda g: customers.churn(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=[g.n("my_region")],
        ),
        orders=ORDERS,
    ),
    "churn: of a table of customers": entry(
        lambda g: customers.churn(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=[g.n("my_region")],
            customers=g["people"],
        ),
        orders=ORDERS,
        people=PEOPLE,
    ),
    "acquisition": entry(
        lambda g: customers.acquisition(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=[g.n("my_region")],
        ),
        orders=ORDERS,
    ),
    "acquisition: of a table of customers": entry(
        lambda g: customers.acquisition(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=[g.n("my_region")],
            customers=g["people"],
        ),
        orders=ORDERS,
        people=PEOPLE,
    ),
    "basket": entry(
        lambda g: customers.basket(
            g["lines"],
            customers.Lines(g.n("my_sale"), g.n("my_city"), g.n("my_orders")),
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            baseline=w.BASE,
            current=w.NOW,
        ),
        NOBODY,
        lines=LINES,
    ),
    "cohorts": entry(
        lambda g: customers.cohorts(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            until=w.NOW.last,
            by=[g.n("my_region")],
        ),
        orders=ORDERS,
    ),
    "payback": entry(
        lambda g: customers.payback(
            g["orders"],
            g.measured("orders", "sum({my_sales})"),
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            by=g.n("my_region"),
            until=w.NOW.last,
            customers=g["people"],
        ),
        orders=ORDERS,
        people=PEOPLE,
    ),
    "service_effect": entry(
        lambda g: customers.service_effect(
            g["served"],
            g.n("my_match"),
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            within="60d",
            strata=g.n("my_region"),
        ),
        served=SERVED,
    ),
    "survival": entry(
        lambda g: customers.survival(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            until=w.NOW.last,
            by=[g.n("my_region")],
        ),
        orders=ORDERS,
    ),
    "survival: of a table of customers": entry(
        lambda g: customers.survival(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            until=w.NOW.last,
            by=[g.n("my_region")],
            customers=g["people"],
        ),
        orders=ORDERS,
        people=PEOPLE,
    ),
    "repeat": entry(
        lambda g: customers.repeat(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=[g.n("my_region")],
        ),
        orders=ORDERS,
    ),
    "repeat: of a table of customers": entry(
        lambda g: customers.repeat(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=[g.n("my_region")],
            customers=g["people"],
        ),
        orders=ORDERS,
        people=PEOPLE,
    ),
    "concentration": entry(
        lambda g: customers.concentration(
            g["orders"], customer=g.n("my_who"), amount=g.n("my_sales"), current=w.NOW
        ),
        orders=ORDERS,
    ),
    "channel_shift": entry(
        lambda g: customers.channel_shift(
            g["orders"],
            customer=g.n("my_who"),
            amount=g.n("my_sales"),
            current=w.NOW,
            by=g.n("my_region"),
        ),
        orders=ORDERS,
    ),
    "price_volume_mix": entry(
        lambda g: customers.price_volume_mix(
            g["facts"],
            by=[g.n("my_region"), g.n("my_city")],
            quantity=g.n("my_orders"),
            amount=g.n("my_sales"),
            baseline=w.BASE,
            current=w.NOW,
        ),
        facts=FACTS,
    ),
    "lifetime": entry(
        lambda g: customers.lifetime(
            g["orders"], customer=g.n("my_who"), until=w.NOW.last, by=[g.n("my_region")]
        ),
        orders=ORDERS,
    ),
    "pull_forward": entry(
        lambda g: customers.pull_forward(
            g["orders"], customer=g.n("my_who"), amount=g.n("my_sales"), peak=w.BASE
        ),
        NOBODY,
        orders=ORDERS,
    ),
    "pipeline": entry(
        lambda g: customers.pipeline(
            g["log"], ["open", "offer", "won"], current=w.NOW, by=[g.n("my_platform")]
        ),
        FIRST_KNOWN,
        log=DEALS,
    ),
    # Root cause.
    "explore": entry(
        lambda g: rootcause.explore(g.case(CASE), "sales", by=[g.n("my_region")], grain="week"),
        FILES,
        daily=DAILY,
    ),
    "split": entry(
        lambda g: kpilab.split(g.case(CASE), "sales", by=g.n("my_region")),
        FILES,
        daily=DAILY,
    ),
    "history": entry(lambda g: rootcause.history(g.case(CASE)), FILES, daily=DAILY),
    "open_case": entry(lambda g: g.case(CASE).goal, FILES, daily=DAILY),
    "review": entry(
        lambda g: kpilab.review(g.case(CASE)),
        FILES | {"missing": "what is missing is told by its first step"},
        daily=DAILY,
    ),
    "decompose": entry(
        lambda g: kpilab.decompose(
            "visits * orders * price", g.numbers("leaves", 0), g.numbers("leaves", 1)
        ),
        leaves=LEAVES,
    ),
    "conflicts": entry(
        lambda g: relation.conflicts(
            GAIN,
            g.numbers("leaves", 0),
            {"rate": "up"},
        ),
        leaves=LEAVES,
    ),
    "localise": entry(
        lambda g: kpilab.localise(
            g["facts"],
            dimensions=[g.n("my_region"), g.n("my_city"), *g.extra],
            measure=g.n("my_sales"),
            periods=(w.BASE, w.NOW),
        ),
        facts=FACTS,
    ),
    "user_intervals": entry(
        lambda g: rootcause.user_intervals(
            g["facts"],
            [kpilab.Where({g.n("my_region"): "North"})],
            user=g.n("my_city"),
            measure=g.n("my_sales"),
            periods=(w.BASE, w.NOW),
        ),
        facts=FACTS,
    ),
    "changepoint": entry(
        lambda g: rootcause.changepoint(
            g["days"], value=g.n("my_value"), exposure=g.n("my_weight"), time=g.n("my_day")
        ),
        days=rows(w.sixty),
    ),
    "changepoint: a total": entry(
        lambda g: rootcause.changepoint(g["days"], value=g.n("my_value"), time=g.n("my_day")),
        days=rows(w.sixty),
    ),
    "ratemix": entry(
        lambda g: rootcause.ratemix(g["segments"], by=g.n("my_region")), segments=rows(w.segments)
    ),
    "next_split": entry(
        lambda g: rootcause.next_split(
            g["segments"], dimensions=[g.n("my_region"), g.n("my_city"), *g.extra]
        ),
        segments=rows(w.segments),
    ),
    # Execution.
    "evidence": entry(
        lambda g: kpilab.evidence(g["records"], baseline=w.BASE, current=w.NOW), records=RECORDS
    ),
    "bunching": entry(lambda g: execution.bunching(g["records"], period=w.BOTH), records=RECORDS),
    "heaping": entry(lambda g: execution.heaping(g["records"], period=w.BOTH), records=RECORDS),
    "timing": entry(
        lambda g: execution.timing(g["records"], period=w.BOTH), PARTS, records=RECORDS
    ),
    "priority": entry(
        lambda g: execution.priority(g["records"], period=w.BOTH), SIGNALS, records=RECORDS
    ),
    "audit_sample": entry(
        lambda g: execution.audit_sample(g["records"], period=w.BOTH), records=RECORDS
    ),
    "audit": entry(lambda g: execution.audit(drawn(), g["results"]), results=rows(confirmed)),
    "write_worksheet": entry(lambda g: sheet(g)[1].read_text("utf-8"), records=RECORDS),
    "read_worksheet": entry(filled, records=RECORDS),
    # Experiments.
    "experiment": entry(tested, ALL_UNITS, units=UNITS),
    "subgroups": entry(
        lambda g: experiments.subgroups(tested(g).moments, "spend", by=g.n("my_platform"), **ARMS),
        ALL_UNITS,
        units=UNITS,
    ),
    "cumulative_effect": entry(
        lambda g: experiments.cumulative_effect(tested(g).moments, "spend", **ARMS),
        ALL_UNITS,
        units=UNITS,
    ),
    "sample_ratio": entry(
        lambda g: experiments.sample_ratio(tested(g).moments, **ARMS), ALL_UNITS, units=UNITS
    ),
    "effect_by_age": entry(
        lambda g: experiments.effect_by_age(followed(g).by_age, "spend", **ARMS), who=WHO, log=TRAIL
    ),
    "plan": entry(
        lambda g: kpilab.plan(g["units"], metric=spent(g), effects=[0.05, 0.1], simulations=20),
        ALL_UNITS,
        units=UNITS,
    ),
    "programme": entry(added_up, ALL_UNITS, units=UNITS),
    "reanalysis": entry(
        lambda g: experiments.reanalysis(
            g["who"],
            g["log"],
            decision=experiments.Decision(
                "t1", {"A": 0.5, "B": 0.5}, w.FIRST, 14, date(2025, 3, 17)
            ),
            outcome=g.sql("{my_event} = 'pay'"),
            control="A",
        ),
        who=WHO,
        log=PAID,
    ),
    # Operations.
    "oee": entry(
        lambda g: operations.oee(
            g["shifts"],
            operations.Machines(
                scheduled=g.n("my_scheduled"),
                total=g.n("my_made"),
                scrap=g.n("my_scrap"),
                cycle=g.n("my_cycle"),
                stops={"breakdown": g.n("my_down"), "changeover": g.n("my_change")},
            ),
            by=(g.n("my_machine"),),
        ),
        NO_DAY,
        shifts=SHIFTS,
    ),
    "control": entry(
        lambda g: operations.control(
            g.measured("facts", "sum({my_sales})"), period=w.BOTH, by=(g.n("my_region"),)
        ),
        facts=FACTS,
    ),
    "control: a rate": entry(
        lambda g: operations.control(
            g.measured("facts", ("sum({my_orders}) over sum({my_visits})")), period=w.BOTH
        ),
        OWN_SUM,
        facts=FACTS,
    ),
    "response": entry(
        lambda g: operations.response(g["alarms"], by=(g.n("my_unit"),)), ALL_ALARMS, alarms=ALARMS
    ),
    "fair_targets": entry(
        lambda g: operations.fair_targets(
            g.measured("facts", ("sum({my_orders}) over sum({my_visits})")),
            by=g.n("my_region"),
            period=w.BOTH,
        ),
        OWN_SUM,
        facts=FACTS,
    ),
    "targets": entry(
        lambda g: operations.targets(
            g.measured("history", "sum({my_sales})"),
            7000,
            dimensions=[g.n("my_region"), g.n("my_city")],
            period=kpilab.Period(w.FIRST, date(2025, 6, 22)),
            weeks=4,
        ),
        {"scaled": "shares of a target are whole units"},
        history=HISTORY,
    ),
    "pace": entry(
        lambda g: operations.pace(
            g.measured("facts", "sum({my_sales})"),
            {"a": g.amount(70000.0), "b": g.amount(100000.0)},
            by=g.n("my_city"),
            period=kpilab.Period(w.SPLIT, date(2025, 5, 11)),
        ),
        facts=FACTS,
    ),
    "incentives": entry(
        lambda g: operations.incentives(g["outlook"], draws=400), outlook=rows(w.outlook)
    ),
    "claims": entry(
        lambda g: execution.claims(g["claimed"], wanted={"x": 50.0, "y": 40.0}),
        claimed=rows(w.claimed),
    ),
}
