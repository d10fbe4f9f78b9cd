"""Do the tests of customers keep their level where nothing happened, and see what did?

python benchmarks/customers.py --worlds 40 --seed 1          size and power, with Monte Carlo errors
python benchmarks/customers.py --orders 1000000              time of each question
python benchmarks/customers.py --orders 10000000 --only growth cohorts
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd

from kpilab import Facts, Period
from kpilab.customers import (
    Lines,
    acquisition,
    basket,
    churn,
    cohorts,
    concentration,
    growth,
    pipeline,
    repeat,
    service_effect,
    survival,
)

NOW = Period(date(2026, 4, 1), date(2026, 6, 30))
BEFORE = Period(date(2026, 1, 1), date(2026, 3, 31))
MONTHS = pd.date_range("2024-07-01", "2026-06-01", freq="MS")
ASKED = {"customer": "who", "amount": "amount", "current": NOW}


def accounts(rng: np.random.Generator, n: int, leaves: float) -> pd.DataFrame:
    """Accounts of two years: some from the start, the others evenly after; each leaves some day."""
    first = np.where(rng.random(n) < 0.6, 0, rng.integers(0, 24, n))
    return pd.DataFrame({
        "who": np.arange(n), "first": first, "stop": first + rng.geometric(leaves, n),
        "plan": rng.choice(["solo", "team", "firm"], n), "size": rng.lognormal(4, 1, n),
        "region": rng.choice(list("abcd"), n), "industry": rng.choice(list("vwxyz"), n),
    })  # fmt: skip


def bills(table: pd.DataFrame) -> pd.DataFrame:
    """A bill a month; now and then an account grows or shrinks."""
    rng, rows = np.random.default_rng(len(table)), []
    size = table["size"].to_numpy()
    for m, day in enumerate(MONTHS):
        size = np.where(
            rng.random(len(table)) < 0.03, size * rng.lognormal(0.05, 0.15, len(table)), size
        )
        here = (table["first"] <= m) & (m < table["stop"])
        rows.append(table.assign(date=day, amount=size)[here])
    return pd.concat(rows)[["date", "who", "plan", "region", "industry", "amount"]]


def nothing(seed: int) -> tuple[bool, ...]:
    """Contracts of which nothing is to be said: who stops, what they spend, few who carry it."""
    log, by = (
        bills(accounts(np.random.default_rng(seed), 900, 0.03)),
        ["plan", "region", "industry"],
    )
    stopped, spend = (churn(log, by=by, of=of, **ASKED) for of in ("stopped", "spend"))
    return len(stopped.places) > 0, len(spend.places) > 0, concentration(log, **ASKED).few


def doubled(leaves: float, seed: int) -> tuple[bool, bool]:
    """In a segment of 200 of 1,600 customers, as the current period begins, twice as many leave."""
    rng = np.random.default_rng(seed)
    table = accounts(rng, 12_000, leaves)
    there = ((table["first"] < 21) & (table["stop"] > 21)).to_numpy()
    table = table[: np.searchsorted(np.cumsum(there), 1600) + 1]
    there = there[: len(table)]
    mine = rng.permutation(len(table))
    mine = mine[: np.searchsorted(np.cumsum(there[mine]), 200) + 1]
    table["team"] = rng.choice(list("abcdefg"), len(table))
    table.loc[mine, "team"] = "z"
    here = mine[there[mine]]
    more = 21 + rng.geometric(leaves, len(here)) - 1
    usual = table["stop"].copy()
    table.loc[here, "stop"] = np.minimum(table.loc[here, "stop"], more)
    log = bills(table).merge(table[["who", "team"]], on="who")
    found = churn(log, by=["team", "plan"], **ASKED).places
    hit = found[[w.plain() == {"team": "z"} for w in found["where"]]]
    lost = sum(
        (usual.clip(upper=24) - table["stop"].clip(lower=21, upper=24))[here].clip(0)
        * table["size"][here]
    )
    return len(hit) > 0, bool(len(hit)) and bool(hit["low"].iloc[0] <= -lost <= hit["high"].iloc[0])


def few(seed: int) -> tuple[bool, float]:
    """Five of 400 accounts that hold 8 % leave."""
    rng = np.random.default_rng(seed)
    table = accounts(rng, 400, 0.012)
    there = table[(table["first"] < 18) & (table["stop"] > 24)]
    share = there["size"] / table.loc[(table["first"] < 21) & (table["stop"] > 21), "size"].sum()
    tries = [rng.choice(there.index, 5, replace=False, p=share / share.sum()) for _ in range(2000)]
    gone = min(tries, key=lambda k: abs(share[k].sum() - 0.08))
    table.loc[gone, "stop"] = 21
    seen = concentration(bills(table), **ASKED)
    named = set(seen.table["customer"].astype(int)) & set(gone)
    return seen.few, len(named) / 5


def shop(rng: np.random.Generator, drop: float) -> pd.DataFrame:
    """1,500 new customers a quarter, 8 % of them by one channel; six in ten buy again."""
    rows = []
    for q in pd.date_range("2024-07-01", periods=8, freq="QS"):
        n = 1500
        channel = rng.choice(list("abcdz"), n, p=[0.4, 0.3, 0.15, 0.07, 0.08])
        first = rng.uniform(0, 91, n)
        again = rng.random(n) < 0.6 * np.where((channel == "z") & (q == MONTHS[21]), 1 - drop, 1)
        second = first + rng.exponential(25, n)
        who = np.arange(n) + 10_000 * (q.year * 4 + q.quarter)
        for at, there in ((first, np.ones(n, bool)), (second, again)):
            day = q + pd.to_timedelta(at, "D")
            part = pd.DataFrame({"date": day, "who": who, "source": channel})
            rows.append(part.assign(amount=rng.gamma(2, 25, n))[there])
    return pd.concat(rows)


def again(drop: float, seed: int) -> tuple[bool]:
    """Customers of one channel buy again less often."""
    log = shop(np.random.default_rng(seed), drop)
    found = acquisition(log, by=["source"], **ASKED).places
    return (any(w.plain() == {"source": "z"} for w in found["where"]) if drop else len(found) > 0,)


def repeated(drop: float, seed: int) -> tuple[bool, bool]:
    """The same, asked by `repeat` as the quarter ends, and 90 days later."""
    log = shop(np.random.default_rng(seed), drop)
    seen = []
    for rows in (log[log["date"] < "2026-07-01"], log):
        found = repeat(rows, by=["source"], **ASKED).places["where"]
        seen.append(any(w.plain() == {"source": "z"} for w in found) if drop else len(found) > 0)
    return seen[0], seen[1]


def basketed(share: float, seed: int) -> tuple[bool, bool]:
    """2,000 orders a quarter of 600 customers, 20 products; one goes along less often. Found; the
    interval of the share holds it."""
    rng, rows = np.random.default_rng(seed), []
    likes = rng.beta(2, 4, (600, 20))
    for k, quarter in enumerate((BEFORE, NOW)):
        who = rng.choice(600, 2000, p=(w := rng.gamma(1, 1, 600)) / w.sum())
        chance = likes[who] * np.where((np.arange(20) == 0) & (k == 1), share, 1)
        order, product = np.nonzero(rng.random((2000, 20)) < chance)
        rows.append(pd.DataFrame({"date": pd.Timestamp(quarter.first), "who": who[order],
                                  "order": order + 2000 * k, "product": product}))  # fmt: skip
    log = pd.concat(rows, ignore_index=True)
    log["amount"] = rng.gamma(3, 5, len(log))
    asked = {"customer": "who", "amount": "amount", "baseline": BEFORE, "current": NOW}
    table = basket(log, Lines("order", item="product"), **asked).table
    row = table.set_index("item").loc["0"]
    true = row["before"] * (share - 1)
    found = bool(row["q"] <= 0.05) if share < 1 else bool((table["q"] <= 0.05).any())
    return found, bool(row["low"] <= true <= row["high"])


def staying(leaves: float, seed: int) -> tuple[bool]:
    """Accounts of two plans of 300, of which 3 % leave a month, and of one as many as said."""
    rng = np.random.default_rng(seed)
    table = pd.concat(
        [accounts(rng, 300, p).assign(plan=n) for n, p in (("a", 0.03), ("b", leaves))],
        ignore_index=True,
    ).assign(who=np.arange(600))
    log = bills(table)
    asked = {"customer": "who", "amount": "amount", "until": NOW.last}
    return (survival(log, by=["plan"], **asked).p <= 0.05,)


def aged(worse: float, seed: int) -> tuple[bool]:
    """1,500 new customers a quarter; those of January to March spend less."""
    log = shop(np.random.default_rng(seed), 0.0)
    first = log.groupby("who")["date"].transform("min")
    there = first.between("2026-01-01", "2026-03-31")
    log = log.assign(amount=log["amount"] * np.where(there, 1 - worse, 1.0))
    found = cohorts(log, customer="who", amount="amount", until=NOW.last, grain="quarter").changes
    hit = found[found["q"] <= 0.05]["cohort"]
    return (bool((hit == "2026-01-01").any()) if worse else len(hit) > 0,)


def served(lost: float, seed: int) -> tuple[bool, bool]:
    """1,500 customers of two years, one order in 16 late; some never come again after it. Said so;
    said that they were others before."""
    rng, rows = np.random.default_rng(seed), []
    for k in range(1500):
        pace, at = rng.gamma(1.5, 40), rng.uniform(0, 400)
        while at < 730:
            late = rng.random() < 0.06
            rows.append((int(at), k, late, rng.gamma(3, 15)))
            if (late and rng.random() < lost) or rng.random() < 0.12:
                break
            at += 1 + rng.exponential(20 + pace)
    log = pd.DataFrame(rows, columns=["at", "who", "late", "amount"])
    log["date"] = MONTHS[0] + pd.to_timedelta(log["at"], "D")
    found = service_effect(log, "late", customer="who", amount="amount")
    return found.headline.key != "service_effect.usual", found.unlike


def deals(rng: np.random.Generator, slower: float) -> pd.DataFrame:
    """A thousand deals a quarter in four regions, slower everywhere in the current period."""
    n, split = 8000, 639
    at, alive, rows = rng.uniform(-60, 730, n), np.ones(n, bool), []
    region = rng.choice(list("abcd"), n)
    for stage in ("open", "offer"):
        rows.append(
            pd.DataFrame({"user": np.arange(n), "event": stage, "at": at, "region": region})[alive]
        )
        stay = rng.gamma(2, 15, n)
        at = at + stay + np.clip(at + stay - np.maximum(at, split), 0, None) * (slower - 1)
        gone = alive & (rng.random(n) < 0.3)
        rows.append(
            pd.DataFrame({"user": np.arange(n), "event": "lost", "at": at, "region": region})[gone]
        )
        alive &= ~gone
    rows.append(
        pd.DataFrame({"user": np.arange(n), "event": "won", "at": at, "region": region})[alive]
    )
    log = pd.concat(rows)
    log = log[(log["at"] >= 0) & (log["at"] < 730)]
    return log.assign(time=MONTHS[0] + pd.to_timedelta(log["at"], "D"))


def cycle(slower: float, seed: int) -> tuple[bool]:
    log = deals(np.random.default_rng(seed), slower)
    found = pipeline(log, ["open", "offer", "won"], current=NOW, by=["region"]).places
    return (bool(len(found)) and (slower == 1 or found["view"].iloc[0] == "speed"),)


def told(name: str, run: Callable[[int], tuple[float, ...]], worlds: int, seed: int) -> None:
    start = time.process_time()
    seen = np.array([run(1000 * seed + k) for k in range(worlds)], float)
    mean, error = seen.mean(axis=0), np.sqrt(seen.mean(axis=0) * (1 - seen.mean(axis=0)) / worlds)
    figures = "  ".join(f"{m:.2f} ± {e:.2f}" for m, e in zip(mean, error, strict=True))
    print(f"{name:58} {figures}   {(time.process_time() - start) / worlds:.1f} s", flush=True)


def timed(orders: int, only: list[str]) -> None:
    """Processor and elapsed time of each question over so many orders, ten a customer; they are
    loaded before."""
    rng = np.random.default_rng(1)
    frame = Facts(pd.DataFrame({
        "date": MONTHS[0] + pd.to_timedelta(rng.integers(0, 730, orders), "D"),
        "who": rng.integers(0, orders // 10, orders), "amount": rng.gamma(2, 30, orders),
        "region": rng.choice(list("abcd"), orders),
    }))  # fmt: skip
    questions = {
        "growth": lambda: growth(
            frame, customer="who", amount="amount", baseline=BEFORE, current=NOW
        ),
        "churn": lambda: churn(frame, by=["region"], **ASKED),
        "acquisition": lambda: acquisition(frame, by=["region"], **ASKED),
        "concentration": lambda: concentration(frame, **ASKED),
        "repeat": lambda: repeat(frame, by=["region"], **ASKED),
        "cohorts": lambda: cohorts(frame, customer="who", amount="amount", until=NOW.last),
        "survival": lambda: survival(frame, customer="who", amount="amount", until=NOW.last),
    }
    for name in only or questions:
        wall, cpu = time.perf_counter(), time.process_time()
        questions[name]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"{name:16} {wall:5.1f} s elapsed {cpu:5.1f} s processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--orders", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=[], help="questions that are timed")
    asked = parser.parse_args()
    if asked.orders:
        timed(asked.orders, asked.only)
        return
    n, seed = asked.worlds, asked.seed
    told("nothing: stopped, spend, few", nothing, n, seed)
    for leaves in (0.03, 0.04, 0.05, 0.06):
        told(
            f"200 customers leave twice as often as {leaves:.0%} a month: found, held",
            lambda k, p=leaves: doubled(p, k),
            n,
            seed,
        )
    told("5 of 400 accounts with 8 % leave: found, named", few, n, seed)
    told("nothing: new customers", lambda k: again(0.0, k), n, seed)
    told("second orders of a channel of 120 fall by 30 %", lambda k: again(0.3, k), n, seed)
    told("nothing: second orders at the quarter's end, and 90 days on",
         lambda k: repeated(0.0, k), n, seed)  # fmt: skip
    told("they fall by 30 % in a channel of 120", lambda k: repeated(0.3, k), n, seed)
    told("nothing: baskets; one share held", lambda k: basketed(1.0, k), n, seed)
    told("a product goes along less often: found, held", lambda k: basketed(0.8, k), n, seed)
    told("nothing: how long customers of two plans stay", lambda k: staying(0.03, k), n, seed)
    told("of one plan twice as many leave a month", lambda k: staying(0.06, k), n, seed)
    told("nothing: cohorts", lambda k: aged(0.0, k), n, seed)
    told("a quarter's cohort is worth a fifth less", lambda k: aged(0.2, k), n, seed)
    told("nothing: a late delivery; told unlike", lambda k: served(0.0, k), n, seed)
    told("a fifth never come again after it: found, told unlike", lambda k: served(0.2, k), n, seed)
    told("nothing: deals", lambda k: cycle(1.0, k), n, seed)
    told("deals take 35 % longer", lambda k: cycle(1.35, k), n, seed)


if __name__ == "__main__":
    main()
