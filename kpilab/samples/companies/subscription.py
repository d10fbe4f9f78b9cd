"""A software firm: accounts, monthly invoices, support tickets, weekly use."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kpilab.samples.companies.company import (
    Company,
    Draw,
    Knob,
    Papers,
    Setting,
    book,
    repeated,
    uneven,
)
from kpilab.samples.companies.crowd import crowd, settled
from kpilab.samples.companies.lever import Lever, doubled, pulled
from kpilab.samples.companies.span import busy

PLANS = ("starter", "team", "business", "enterprise")
SEAT = {"starter": 12.0, "team": 22.0, "business": 34.0, "enterprise": 48.0}
SEATS = {"starter": 2, "team": 7, "business": 16, "enterprise": 45}
REGIONS = ("EMEA", "AMER", "APAC", "LATAM")
TRADES = ("retail", "finance", "health", "education", "media")
LEADS = ("inbound", "outbound", "partner", "event")
DIMS = ("plan", "region", "industry", "lead_source")
WIDE = (*DIMS, "account_id")
MONTH = 30.4375
TICKETS = 0.35  # tickets per account and month


def simulate(setting: Setting, levers: Sequence[Lever]) -> Draw:
    """The firm's tables; the same setting with other levers differs by the levers alone."""
    rng = np.random.default_rng(setting.seed)
    possible = _accounts(rng, setting)
    accounts = settled(possible, setting, levers)
    invoices = _invoices(rng, setting, possible, accounts, levers)
    tickets = _tickets(rng, setting, possible, accounts, levers)
    usage = _usage(rng, setting, possible, accounts, levers)
    days, here = setting.days, accounts[accounts["here"]]
    tables = {
        "accounts": pd.DataFrame(
            {
                "account_id": here["account_id"].to_numpy(),
                "signup_date": days.dates(here["joined"].to_numpy()),
                **{dim: here[dim].to_numpy() for dim in DIMS},
            }
        ),
        "invoices": pd.DataFrame(
            {
                "invoice_id": invoices["number"].to_numpy(),
                "account_id": invoices["account_id"].to_numpy(),
                "invoice_date": days.dates(invoices["day"].to_numpy()),
                "seats": invoices["seats"].to_numpy(),
                "amount": invoices["amount"].to_numpy(),
            }
        ),
        "tickets": tickets,
        "usage": usage,
    }
    joined = here[here["joined"] >= 0]
    joined = joined.assign(day=np.floor(joined["joined"]).astype(int))
    books = {
        "mrr": book(invoices, WIDE, invoices["amount"].to_numpy()),
        "seats": book(invoices, WIDE, invoices["seats"].to_numpy(float)),
        "new_accounts": book(joined, WIDE, np.ones(len(joined))),
    }
    return Draw(tables, books)


def _accounts(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """Possible accounts with seats, price per seat and day of the month."""
    dims = {
        "plan": (PLANS, np.array([0.42, 0.33, 0.15, 0.1])),
        "region": (REGIONS, uneven(rng, 4, 0.35)),
        "industry": (TRADES, uneven(rng, 5, 0.3)),
        "lead_source": (LEADS, uneven(rng, 4, 0.3)),
    }
    life = rng.uniform(500, 900)
    joins = setting.rows / setting.days.days * MONTH / life
    people = crowd(rng, setting, joins=joins, life=life, dims=dims, source="lead_source")
    plan = people["plan"].astype(str)
    seats = plan.map(SEATS).to_numpy() * rng.lognormal(0, 0.6, len(people))
    names = pd.Categorical([f"A{k:05d}" for k in range(len(people))])
    return people.assign(
        account_id=names,
        seats=np.maximum(1, np.round(seats)),
        seat=plan.map(SEAT).to_numpy(),
        moves=rng.normal(0.1, 0.25, len(people)),
    )


def _invoices(
    rng: np.random.Generator,
    setting: Setting,
    possible: pd.DataFrame,
    accounts: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """One invoice a month on the account's own day of it, from joining to leaving."""
    days = setting.days.days
    since, until = (np.floor(possible[c].to_numpy()) for c in ("joined", "left"))
    months = np.flatnonzero(setting.days.calendar().day == 1)
    on = months + (since % 28)[:, None]
    row, month = np.nonzero((on >= since[:, None]) & (on < np.minimum(until, days)[:, None]))
    frame = repeated(accounts, row)
    frame["day"] = on[row, month].astype(int)
    day = frame["day"].to_numpy()
    turn = np.floor((day - since[row]) / MONTH)
    # Seats move a step every half year, up more often than down.
    steps = np.floor(turn / 6) * frame["moves"].to_numpy() * 0.25
    seats = frame["seats"].to_numpy() * np.exp(np.clip(steps, -1, 1))
    seats = seats * pulled(levers, "seats", frame, day)
    whole = np.floor(seats + rng.random(len(frame)))
    frame["seats"] = np.maximum(1, whole).astype(int)
    price = frame["seat"].to_numpy() * pulled(levers, "price", frame, day)
    frame["amount"] = np.round(frame["seats"].to_numpy() * price, 2)
    late = rng.random(len(frame)) < 0.02
    stays = frame["here"] & (frame["day"] >= 0) & (frame["day"] < np.minimum(frame["left"], days))
    frame = frame[stays.to_numpy() & ~late].sort_values("day", kind="stable")
    frame["number"] = np.arange(1, len(frame) + 1)
    return doubled(frame, levers)


def _tickets(
    rng: np.random.Generator,
    setting: Setting,
    possible: pd.DataFrame,
    accounts: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Support tickets of the accounts and how many hours the first answer took."""
    since = np.clip(possible["joined"].to_numpy(), 0, None)
    until = np.minimum(possible["left"].to_numpy(), setting.days.days)
    count = rng.poisson(TICKETS * np.maximum(until - since, 0) / MONTH)
    row = np.repeat(np.arange(len(possible)), count)
    frame = repeated(accounts, row)
    time = since[row] + rng.random(len(row)) * (until - since)[row]
    frame["day"] = np.floor(time).astype(int)
    hours = rng.lognormal(1.8, 0.7, len(row))
    hours = hours * pulled(levers, "delay", frame, frame["day"].to_numpy())
    stays = (frame["here"] & (time < frame["left"])).to_numpy()
    order = np.argsort(time[stays], kind="stable")
    return pd.DataFrame(
        {
            "ticket_id": np.arange(1, int(stays.sum()) + 1),
            "account_id": frame["account_id"][stays].take(order).to_numpy(),
            "opened": setting.days.moments(time[stays][order]),
            "answer_hours": np.round(hours[stays][order], 1),
        }
    )


def _usage(
    rng: np.random.Generator,
    setting: Setting,
    possible: pd.DataFrame,
    accounts: pd.DataFrame,
    levers: Sequence[Lever],
) -> pd.DataFrame:
    """Active seats per account in the weeks of the last two periods."""
    first = setting.days.baseline[0]
    weeks = np.arange(first, setting.days.days, 7)
    level = busy(rng, setting.days, setting.course)[weeks]
    n = len(possible)
    active = rng.binomial(possible["seats"].to_numpy(int), 0.65, (len(weeks), n)).ravel()
    frame = repeated(accounts, np.tile(np.arange(n), len(weeks)))
    frame["day"] = np.repeat(weeks, n)
    active = active * np.repeat(level, n) * pulled(levers, "seats", frame, frame["day"].to_numpy())
    open_ = frame["here"] & (frame["joined"] < frame["day"]) & (frame["left"] > frame["day"])
    rows = open_.to_numpy()
    return pd.DataFrame(
        {
            "week": setting.days.dates(frame["day"].to_numpy()[rows]),
            "account_id": frame["account_id"].to_numpy()[rows],
            "active_seats": np.round(active[rows]).astype(int),
        }
    )


def papers() -> Papers:
    """Tables and metrics of case.yml."""
    linked = [f"accounts.{dim}" for dim in DIMS]
    link = {"account_id": "accounts"}
    tables = {
        "invoices": {
            "kind": "facts", "source": "invoices.csv", "time": "invoice_date",
            "key": "invoice_id", "links": link, "dimensions": linked,
        },
        "tickets": {
            "kind": "facts", "source": "tickets.csv", "time": "opened", "key": "ticket_id",
            "links": link, "dimensions": linked,
        },
        "usage": {
            "kind": "facts", "source": "usage.csv", "time": "week", "links": link,
            "dimensions": linked,
        },
        "accounts": {
            "kind": "entities", "source": "accounts.csv", "key": "account_id",
            "time": "signup_date", "dimensions": list(DIMS),
        },
    }  # fmt: skip
    metrics = {
        "mrr": {"table": "invoices", "measure": "sum(amount)"},
        "seats": {"table": "invoices", "measure": "sum(seats)"},
        "new_accounts": {"table": "accounts", "measure": "count(*)"},
        "tickets": {"table": "tickets", "measure": "count(*)", "better": "down"},
        "answer_hours": {
            "table": "tickets", "numerator": "sum(answer_hours)", "denominator": "count(*)",
            "better": "down",
        },
        "active_seats": {"table": "usage", "measure": "sum(active_seats)"},
    }  # fmt: skip
    return Papers(tables, metrics, "accounts")


GOAL, KPI = ("mrr",), ("new_accounts",)
CHURN = ("retention_decline", "churn", "local_regression", "volume_decline", "driver_decline")
SHRINK = ("contraction", "local_regression", "volume_decline", "driver_decline")
CHEAP = ("price_erosion", "discount", "local_regression", "driver_decline", "untracked_leak")
LARGE = ("concentration", "retention_decline", "churn")
LATE = ("delay", *CHURN)
KNOBS = {
    "delay": Knob("leave", ("plan", "region"), GOAL, KPI, LATE, 0.5, 0.1, 0.7, heads="account_id"),
    "large": Knob("leave", ("account_id",), GOAL, KPI, LARGE),
    "leave": Knob("leave", DIMS, GOAL, KPI, CHURN, 0.76, 0.2, 0.85, heads="account_id"),
    "contract": Knob("seats", DIMS, GOAL, KPI, SHRINK, least=0.5, rises=True),
    "price": Knob("price", DIMS, GOAL, (*KPI, "seats"), CHEAP, least=0.6, most=0.9),
}
SUBSCRIPTION = Company(
    "subscription",
    "a software firm",
    simulate,
    papers,
    KNOBS,
    seasonal=False,
    cycle=30,
    rows=(6_000, 60_000),
    loaded=("mrr", "seats"),
)
