"""What the customers of a case did that was unusual: the tests its tables allow, as signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from kpilab.analysis.customers.acquisition import acquired, place
from kpilab.analysis.customers.channel_shift import moved_between, shifted
from kpilab.analysis.customers.churn import churned, followed, spend, stopped
from kpilab.analysis.customers.concentration import carried
from kpilab.analysis.customers.pipeline import SPEED, PipelineResult, pipeline
from kpilab.analysis.customers.pipeline import place as stage
from kpilab.analysis.customers.pull_forward import (
    PullForwardResult,
    by_early,
    every_day,
    sought,
)
from kpilab.analysis.customers.stand_out import effect_of
from kpilab.core.case import Case, Customer, Metric
from kpilab.core.result import Result
from kpilab.core.table import Entities, EventLog, Facts
from kpilab.core.values import EVERYWHERE, Effect, Message, Period, Where
from kpilab.engine.customers.amounts import Amounts, amounts
from kpilab.engine.customers.growth import by_contract
from kpilab.engine.customers.history import History, cohorts, history
from kpilab.engine.daily import Measured
from kpilab.engine.metrics import measure
from kpilab.engine.run import ConnectionLost, OutOfMemory
from kpilab.errors import BadInput, EngineError
from kpilab.questions.customers import TROUGHS, peaks, ways
from kpilab.questions.funnels import is_slow
from kpilab.questions.series import measured
from kpilab.verdict.paid import less_for_as_much

LEVEL, SEED = 0.95, 0


@dataclass(frozen=True, slots=True, eq=False)
class CustomerSignal:
    """One thing the customers did that chance and the usual do not explain.

    Attributes:
        kind: retention_decline, contraction, price_erosion (less is paid for as much),
            acquisition_quality, acquisition_decline,
            concentration, cannibalisation (subject: the value that gained), slow_cycle, or
            local_regression (fewer of those who leave a stage go on); a rise has the same kind and
            a positive effect.
        subject: name from the case. where: the segment, or the customers named.
        effect: amount of the current period beyond what was to be expected; its unit is the
            metric that the customers' amounts sum to.
        p: corrected within the test's own search. searched: how many segments that were.
        result: the analysis behind it. by_number: whether the number of customers tells it.
        contract: whether they pay by contract, so that who stops has left.
        period: days of the trouble; None for the current period.
        by_chance: p where nothing at all is wrong, for what is said only where several things hold
            at once, each of which has p on its own; None for p.
    """

    kind: str
    subject: str
    where: Where
    effect: Effect
    p: float
    searched: int
    statement: Message
    result: Result
    by_number: bool = False
    contract: bool = False
    period: Period | None = None
    by_chance: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Bought:
    """What the customers of a case bought.

    Attributes:
        customer: whose the rows are. asked: what the amounts sum to, and its rows.
        found: the amounts, summed by customer and day once for all that is asked of them.
    """

    customer: Customer
    asked: Measured
    found: Amounts

    @property
    def rows(self) -> Facts | None:
        """The rows, where they are facts and no log of events."""
        return self.asked.table if isinstance(self.asked.table, Facts) else None


def bought(case: Case) -> Bought | None:
    """What the customers bought; None without `customer:`, or a link to it.

    Raises:
        BadInput: the amount does not add up over customers, or has no row.
    """
    customer = case.customer
    asked = None if customer is None else measured(case, customer.amount)
    if customer is None or asked is None or customer.column not in asked.table.table.columns:
        return None
    found = amounts(asked.table, asked.metric, customer.column)
    return Bought(customer, asked, found.by_day())


def customer_evidence(case: Case) -> tuple[CustomerSignal, ...]:
    """All signals of a case, read by itself; see `signals`.

    Raises:
        BadInput: as `bought`.
    """
    return signals(case, bought(case))


def signals(case: Case, told: Bought | None) -> tuple[CustomerSignal, ...]:
    """All signals of the customers and deals of a case, the smallest p first; none without
    customers, or a funnel that takes weeks.

    Each test has an error rate of 5 % on unchanged customers. Losses and gains are both told.
    """
    of = _nobodys(case) if told is None else _customers(case, told)
    found = [*_deals(case), *of]
    return tuple(sorted(found, key=lambda s: s.p))


def _nobodys(case: Case) -> Iterator[CustomerSignal]:
    """What the goal alone tells, where nobody knows whose its rows are."""
    asked = measured(case, case.goal.metric)
    try:
        yield from _pulled(case, amounts(asked.table, asked.metric, None), False)
    except (ConnectionLost, OutOfMemory):
        raise
    except (BadInput, EngineError):  # not every goal adds up, nor can all its days be read
        return


def _customers(case: Case, told: Bought) -> Iterator[CustomerSignal]:
    """What the customers of `customer:` did."""
    customer, asked, found = told.customer, told.asked, told.found
    entities = case.tables[customer.table]
    if not isinstance(entities, Entities):
        return
    past = history(found, case.current, entities, entities.dimensions)
    contract = bool(past.windows.months) and by_contract(found, past.seen, customer.contract)
    yield from _moved(case, asked, customer)
    left = _existing(past, contract, customer)
    existing = tuple(_priced(case, asked, signal) for signal in left)
    yield from (*existing, *_new(case, past, customer), *_pulled(case, found, True))
    for few in _few(case, past, contract, customer):
        # Many who leave a place hold some large ones among them; few large ones are no many.
        many = (s for s in existing if s.kind == "retention_decline" and s.by_number)
        if not any(s.effect.value < few.effect.value for s in many):
            yield few


def _existing(past: History, contract: bool, customer: Customer) -> Iterator[CustomerSignal]:
    leaves = followed(past, contract)
    for kind, result, said in (
        ("retention_decline", churned(past, leaves, contract, "stopped", LEVEL), stopped),
        ("contraction", churned(past, leaves, contract, "spend", LEVEL), spend),
    ):
        for _, row in result.places.iterrows():
            yield CustomerSignal(
                kind, customer.amount, row["where"], effect_of(row, customer.amount),
                float(row["q"]), result.searched, said(row), result, row["view"] == "number",
                contract,
            )  # fmt: skip


def _priced(case: Case, asked: Measured, signal: CustomerSignal) -> CustomerSignal:
    """Customers who stayed and spend less, called by the price where they buy as much."""
    if signal.kind != "contraction":
        return signal
    told = signal.statement.values
    spent = float(str(told["now"])) / float(str(told["expected"]))
    less = less_for_as_much(case, asked, signal.where, spent, signal.statement)
    return signal if less is None else replace(signal, kind="price_erosion", statement=less)


def _new(case: Case, past: History, customer: Customer) -> Iterator[CustomerSignal]:
    leaves = cohorts(past)
    counted = (m for m in case.metrics.values() if m.table == customer.table)
    names = [m.name for m in counted if (m.measure or "").lower() == "count(*)"]
    subject = names[0] if names else customer.table
    for kind, result in (
        ("acquisition_quality", acquired(past, leaves, "quality", LEVEL)),
        ("acquisition_decline", acquired(past, leaves, "number", LEVEL)),
    ):
        for _, row in result.places.iterrows():
            yield CustomerSignal(
                kind, subject, row["where"], effect_of(row, customer.amount), float(row["q"]),
                result.searched, place(row), result,
            )  # fmt: skip


def _moved(case: Case, asked: Measured, customer: Customer) -> Iterator[CustomerSignal]:
    """Amounts that the same customers took from one channel or product to another."""
    for dimension in ways(case)[:1]:  # each costs half a second
        found = amounts(asked.table, asked.metric, customer.column, [dimension])
        result = moved_between(found, case.current, dimension, LEVEL)
        for _, row in result.found.iterrows():
            where = Where({dimension: row["source"]})
            effect = effect_of(row, customer.amount).scaled(-1.0)
            yield CustomerSignal(
                "cannibalisation", str(row["target"]), where, effect, float(row["q"]),
                len(result.table), shifted(row), result,
            )  # fmt: skip


def _pulled(case: Case, found: Amounts, known: bool) -> Iterator[CustomerSignal]:
    """A peak that ended as the current period began, or when the change log says, and what is
    missing after it."""
    amount = found.metric.name
    daily = every_day(found)
    if daily.empty:
        return
    first, last = daily.index[0].date(), daily.index[-1].date()
    asked = [p for p in peaks(case) if first <= p.first and p.last < last]
    told = sought(daily, asked, TROUGHS, amount, LEVEL)
    if told is None or not (told.p <= 1 - LEVEL and told.result.pulled):
        return
    result = told.result
    if known:
        by = by_early(result, found, daily, max(p.days for p in asked))
        # Whoever buys seldom is missing nowhere: then peak and trough tell it, if nothing speaks
        # against it.
        if by.early > 0:
            return
        result = by if by.pulled else result
    yield CustomerSignal(
        "pull_forward", case.goal.metric, EVERYWHERE, effect_of(_missing(result), amount), told.p,
        told.searched, result.headline, result, period=result.trough, by_chance=told.by_chance,
    )  # fmt: skip


def _missing(result: PullForwardResult) -> pd.Series:
    return next(row for _, row in result.table.iterrows() if row["part"] == "trough")


def _few(case: Case, past: History, contract: bool, customer: Customer) -> Iterator[CustomerSignal]:
    result = carried(past, customer.amount, LEVEL, SEED, contract)
    if result.few:
        where = Where({customer.key: tuple(result.table["customer"])})
        yield CustomerSignal(
            "concentration", case.goal.metric, where, result.effect, result.p, 1, result.headline,
            result,
        )  # fmt: skip


def _deals(case: Case) -> Iterator[CustomerSignal]:
    """What became of deals on their way through a funnel that ends in the goal."""
    for funnel in case.funnels.values():
        log, goal = case.tables[funnel.table], case.metrics[case.goal.metric]
        if not (
            is_slow(funnel)
            and isinstance(log, EventLog)
            and goal.table == funnel.table
            and log.dimensions
        ):
            continue
        try:
            result = pipeline(log, funnel.steps, current=case.current, by=log.dimensions)
        except BadInput:  # steps that are no events of the log
            continue
        worth = _worth(case, log, goal, result)
        for _, row in result.places.iterrows():
            slower = row["view"] == SPEED
            yield CustomerSignal(
                "slow_cycle" if slower else "local_regression",
                funnel.name if slower else row["view"], row["where"],
                replace(effect_of(row, goal.name).scaled(worth), unit=goal.name), float(row["q"]),
                result.searched, stage(row), result,
            )  # fmt: skip


def _worth(case: Case, log: EventLog, goal: Metric, result: PipelineResult) -> float:
    """What a deal that is won brings."""
    wins = result.stages[result.stages["stage"] == result.stages["stage"].iloc[-1]]
    period = Period(wins["first"].min().date(), case.current.last)
    total = measure(log, [goal], {"all": period})[goal.name].iloc[0]
    return float(total / max(wins["advances"].sum(), 1))
