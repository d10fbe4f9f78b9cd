"""Execution audit and data quality: are fabricators, padding and lost rows found, and nobody else?

python benchmarks/execution.py [--part evidence|bunching|gaps] [--draws 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import datetime as dt

import numpy as np
import pandas as pd

from kpilab.analysis.evidence import evidence
from kpilab.core.table import Executions
from kpilab.core.values import Period

FIRST = dt.date(2025, 3, 3)
BASELINE = Period(FIRST, FIRST + dt.timedelta(days=27))
CURRENT = Period(FIRST + dt.timedelta(days=28), FIRST + dt.timedelta(days=55))


def team(
    rng, actors=16, fabricators=3, padding=0.10, days=56, per_day=12, differ=0.01
) -> tuple[pd.DataFrame, set[str]]:
    """Daily records of a team: claims, matches, follow-ups, sensor minutes; some pad their claims in the second half.

    Padding leaves a match in 15 % and a follow-up in 10 % of the invented units and no sensor time.
    """
    days = 56
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
        "found_se": float(np.sqrt(power * (1 - power) / max(len(found), 1))),
        "teams_with_a_false_name": teams / draws,
        "teams_se": float(np.sqrt(teams / draws * (1 - teams / draws) / draws)),
        "false_share_of_names": wrong / named if named else 0.0,
        "overstatement": float(np.mean(size)),
    }


def evidence_table(draws: int, seed: int) -> pd.DataFrame:
    worlds = {
        "3 of 16 pad by 10 %": {},
        "3 of 16 pad by 5 %": {"padding": 0.05},
        "3 of 16 pad by 10 %, honest rates differ by 3 points": {"differ": 0.03},
        "nobody pads": {"fabricators": 0},
        "nobody pads, honest rates differ by 3 points": {"fabricators": 0, "differ": 0.03},
        "nobody pads, 3 claims a day": {"fabricators": 0, "per_day": 3},
        "nobody pads, 120 claims a day": {"fabricators": 0, "per_day": 120},
    }
    return pd.DataFrame(
        [{"world": name} | evidence_run(np.random.default_rng(seed), draws, **world) for name, world in worlds.items()]
    )


PARTS = {"evidence": evidence_table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=sorted(PARTS), help="one part only")
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for name, part in PARTS.items():
        if asked.part in (None, name):
            print(f"\n{name}, {asked.draws} draws, seed {asked.seed}")
            print(part(asked.draws, asked.seed).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
