"""Execution audit and data quality: are fabricators, padding and lost rows found, and nobody else?

python benchmarks/execution.py [--part evidence|bunching|gaps|outages] [--draws 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd

from kpilab.analysis.data.missing_rows import missing_rows
from kpilab.analysis.data.outages import outages
from kpilab.analysis.execution.evidence import evidence
from kpilab.core.case import Metric
from kpilab.core.table import EventLog, Executions, Facts
from kpilab.core.values import Period
from kpilab.engine.daily import Measured
from kpilab.stats.execution.density import excess_above, ratios, whole_numbers

FIRST = dt.date(2025, 3, 3)
BASELINE = Period(FIRST, FIRST + dt.timedelta(days=27))
CURRENT = Period(FIRST + dt.timedelta(days=28), FIRST + dt.timedelta(days=55))


def team(
    rng, actors=16, fabricators=3, padding=0.10, days=56, per_day=12, differ=0.01
) -> tuple[pd.DataFrame, set[str]]:
    """Daily records of a team: claims, matches, follow-ups, sensor minutes; some pad their claims
    in the second half.

    Padding leaves a match in 15 % and a follow-up in 10 % of the invented units and no sensor time.
    """
    skill = rng.gamma(30, per_day / 30, actors)
    match = np.clip(0.96 + differ * rng.standard_normal(actors), 0.85, 0.995)
    follow = np.clip(0.55 + differ * rng.standard_normal(actors), 0.2, 0.9)
    cheats = rng.choice(actors, fabricators, replace=False)
    rows = []
    for actor in range(actors):
        real = rng.poisson(rng.gamma(20, skill[actor] / 20, days))
        fake = np.zeros(days, int)
        if actor in cheats:
            half = slice(days // 2, days)
            total = round(padding * real[half].sum())
            fake[half] = rng.multinomial(total, np.ones(days // 2) / (days // 2))
        sensor = rng.gamma(np.maximum(real, 1e-9) * 16, 10.4 / 16)
        for day in range(days):
            rows.append(
                (
                    FIRST + dt.timedelta(days=day),
                    f"a{actor:02d}",
                    "visit",
                    real[day] + fake[day],
                    rng.binomial(real[day], match[actor]) + rng.binomial(fake[day], 0.15),
                    rng.binomial(real[day], follow[actor]) + rng.binomial(fake[day], 0.10),
                    sensor[day],
                )
            )
    columns = ["date", "actor", "action", "quantity", "matched", "followed", "minutes"]
    return pd.DataFrame(rows, columns=columns), {f"a{c:02d}" for c in cheats}


def error(hits: float, draws: int) -> float:
    """Monte-Carlo standard error of a share; with no or only hits, that of one miss."""
    share = min(max(hits / draws, 1 / draws), 1 - 1 / draws)
    return float(np.sqrt(share * (1 - share) / draws))


def evidence_run(rng, draws: int, **world) -> dict[str, float]:
    found, named, teams, wrong, size = [], 0, 0, 0, []
    for _ in range(draws):
        frame, cheats = team(rng, **world)
        records = Executions(frame, evidence=("matched", "followed", "minutes"))
        result = evidence(records, baseline=BASELINE, current=CURRENT)
        flagged = set(result.flagged)
        found += [c in flagged for c in cheats]
        named += len(flagged)
        wrong += len(flagged - cheats)
        teams += bool(flagged - cheats)
        size.append(result.total.value)
    power = float(np.mean(found)) if found else float("nan")
    return {
        "found": power,
        "found_se": error(float(np.sum(found)), len(found)) if found else float("nan"),
        "teams_with_a_false_name": teams / draws,
        "teams_se": error(teams, draws),
        "false_share_of_names": wrong / named if named else 0.0,
        "overstatement": float(np.mean(size)),
    }


def evidence_rows(draws: int, seed: int) -> Iterator[dict]:
    worlds = {
        "3 of 16 pad by 10 %": {},
        "3 of 16 pad by 5 %": {"padding": 0.05},
        "3 of 16 pad by 10 %, honest rates differ by 3 points": {"differ": 0.03},
        "nobody pads": {"fabricators": 0},
        "nobody pads, honest rates differ by 3 points": {"fabricators": 0, "differ": 0.03},
        "nobody pads, 3 claims a day": {"fabricators": 0, "per_day": 3},
        "nobody pads, 120 claims a day": {"fabricators": 0, "per_day": 120},
    }
    for name, world in worlds.items():
        yield {"world": name} | evidence_run(np.random.default_rng(seed), draws, **world)


def padded(rng, shape: str, n: int, share: float) -> np.ndarray:
    """Attainment of a target; `share` of all values is moved from .9-1 to 1-1.015."""
    draws = {
        "normal": lambda: rng.normal(0.97, 0.12, n),
        "lognormal": lambda: 0.96 * np.exp(rng.normal(0, 0.13, n)),
        "gamma": lambda: rng.gamma(60, 0.97 / 60, n),
        "two groups": lambda: np.where(
            rng.random(n) < 0.6, rng.normal(0.9, 0.08, n), rng.normal(1.06, 0.1, n)
        ),
        "heavy tails": lambda: 0.97 + 0.1 * rng.standard_t(5, n),
    }
    values = draws[shape]()
    near = np.flatnonzero((values > 0.9) & (values < 1))
    moved = rng.choice(near, min(round(share * n), len(near)), replace=False)
    values[moved] = rng.uniform(1, 1.015, len(moved))
    return values


def padded_counts(rng, n: int, share: float) -> np.ndarray:
    """Whole-number claims around 40 against a target of 41;
    `share` of all is moved from 37-40 to 41."""
    values = rng.poisson(40, n)
    near = np.flatnonzero((values >= 37) & (values <= 40))
    values[rng.choice(near, min(round(share * n), len(near)), replace=False)] = 41
    return values.astype(float)


def bunching_rows(draws: int, seed: int) -> Iterator[dict]:
    """Size (nothing moved) and power at n = 300, and size at n = 1,500."""
    for shape in ("normal", "lognormal", "gamma", "two groups", "heavy tails", "whole numbers"):
        for n, share in ((300, 0.0), (300, 0.03), (1500, 0.0)):
            rng, hits = np.random.default_rng(seed), 0
            for _ in range(draws):
                if shape == "whole numbers":
                    claims = padded_counts(rng, n, share)
                    strata = whole_numbers(claims, np.full(n, 41.0), np.ones(n))
                else:
                    strata = ratios(padded(rng, shape, n, share))
                found = excess_above(strata, draws=199)
                hits += found is not None and found.p <= 0.05
            yield {
                "shape": shape,
                "n": n,
                "padded": share,
                "found": hits / draws,
                "se": error(hits, draws),
            }


WEEK = np.array([1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.3])


def shop(rng, lost_from: int | None, rollout: bool, swing: float) -> tuple[EventLog, Measured]:
    """Four stores and two versions over 56 days;
    80 % of one store's rows are lost for three days."""
    level = 40 * WEEK[np.arange(56) % 7] * np.linspace(1, rng.uniform(0.8, 1.2), 56)
    shares, rows, paid = np.array([0.15, 0.2, 0.3, 0.35]), [], []
    for day in range(56):
        for store, share in enumerate(shares):
            today = level[day] * 4 * share * rng.gamma(1 / swing**2, swing**2)
            paid.append((FIRST + dt.timedelta(days=day), f"S{store}", rng.poisson(0.3 * today)))
            gone = lost_from is not None and store == 1 and lost_from <= day < lost_from + 3
            new = 0.0 if not rollout else float(np.clip((day - 27) / 6, 0, 0.9))
            for step, rate in (("visit", 1.0), ("order", 0.5), ("pay", 0.3)):
                n = rng.poisson(today * rate * (0.2 if gone else 1.0))
                version = np.where(rng.random(n) < new, "v2", "v1")
                rows += [
                    (FIRST + dt.timedelta(days=day), "u", step, f"S{store}", v) for v in version
                ]
    log = EventLog(
        pd.DataFrame(rows, columns=["time", "user", "event", "store", "version"]),
        dimensions=("store", "version"),
    )
    ledger = Facts(pd.DataFrame(paid, columns=["date", "store", "paid"]), dimensions=("store",))
    return log, Measured(ledger, Metric("paid", "facts", measure="sum(paid)"))


def gaps_rows(draws: int, seed: int) -> Iterator[dict]:
    period = Period(FIRST, FIRST + dt.timedelta(days=55))
    for name, lost, books in (
        ("80 % of a store's rows lost for 3 days, with books", True, True),
        ("the same without books", True, False),
        ("clean, with books", False, True),
        ("clean, without books", False, False),
    ):
        rng, good, said = np.random.default_rng(seed), 0, 0
        for _ in range(draws):
            start = int(rng.integers(7, 46)) if lost else None
            log, ledger = shop(rng, start, rollout=bool(rng.random() < 0.5), swing=0.1)
            table = missing_rows(log, period=period, books=ledger if books else None).table
            said += len(table) > 0
            if start is not None and len(table):
                row = table.iloc[0]
                off = [
                    abs((row[k] - FIRST).days - v)
                    for k, v in (("first", start), ("last", start + 2))
                ]
                good += row["value"] == "S1" and max(off) <= 1
        known = {"found_and_dated": good / draws, "found_se": error(good, draws)} if lost else {}
        yield (
            {"world": name} | known | {"anything_said": said / draws, "said_se": error(said, draws)}
        )


HOURS = np.array([0, 0, 0, 0, 0, 1, 2, 4, 6, 7, 7, 8, 9, 8, 7, 7, 8, 9, 10, 9, 6, 4, 2, 1]) / 115


def hourly_shop(rng, lost_from: int | None, hours: int, swing: float = 0.1) -> EventLog:
    """Four stores over 56 days, hour by hour; some visits leave several rows;
    one store loses 80 % for some hours."""
    parts = []
    for store, share in enumerate((0.15, 0.2, 0.3, 0.35)):
        level = 600 * share * WEEK[np.arange(56) % 7] * rng.gamma(1 / swing**2, swing**2, 56)
        visits = rng.poisson(np.outer(level, HOURS).ravel())
        if lost_from is not None and store == 1:
            visits[lost_from : lost_from + hours] = rng.binomial(
                visits[lost_from : lost_from + hours], 0.2
            )
        at = np.repeat(np.arange(56 * 24), visits)
        for step, rate in (("visit", 1.0), ("order", 0.5), ("pay", 0.3)):
            kept = at[rng.random(len(at)) < rate]
            time = pd.Timestamp(FIRST) + pd.to_timedelta(kept, unit="h")
            parts.append(
                pd.DataFrame({"time": time, "user": "u", "event": step, "store": f"S{store}"})
            )
    return EventLog(pd.concat(parts, ignore_index=True), dimensions=("store",))


def outages_rows(draws: int, seed: int) -> Iterator[dict]:
    period = Period(FIRST, FIRST + dt.timedelta(days=55))
    for name, hours in (
        ("80 % of a store's rows lost for 6 busy hours", 6),
        ("the same for 12", 12),
        ("clean", 0),
    ):
        rng, good, said = np.random.default_rng(seed), 0, 0
        for _ in range(draws):
            start = int(rng.integers(7, 46)) * 24 + int(rng.integers(9, 14))
            table = outages(hourly_shop(rng, start if hours else None, hours), period=period).table
            said += len(table) > 0
            if hours and len(table):
                row, zero = table.iloc[0], pd.Timestamp(FIRST)
                ends = [(row[k] - zero) / pd.Timedelta(hours=1) for k in ("first", "last")]
                off = max(abs(ends[0] - start), abs(ends[1] - start - hours + 1))
                good += row["value"] == "S1" and off <= 1
        known = {"found_and_dated": good / draws, "found_se": error(good, draws)} if hours else {}
        yield (
            {"world": name} | known | {"anything_said": said / draws, "said_se": error(said, draws)}
        )


PARTS = {
    "evidence": evidence_rows,
    "bunching": bunching_rows,
    "gaps": gaps_rows,
    "outages": outages_rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), help="one part only")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name, part in PARTS.items():
        if asked.part in (None, name):
            print(f"\n{name}, {asked.draws} draws, seed {asked.seed}")
            for row in part(asked.draws, asked.seed):
                print(
                    " | ".join(
                        f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}"
                        for k, v in row.items()
                    ),
                    flush=True,
                )


if __name__ == "__main__":
    main()
