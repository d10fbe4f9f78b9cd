"""Does a review name the loss that it says it would have named? Losses of half, three quarters and
all of `detectable`, in a rate everywhere, in one of three regions, and in the volume.

Run: python benchmarks/answer.py --reps 20
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import kpilab
from kpilab.core.finding import Review

CASE = """
kpilab: 1
title: a shop of two devices and three regions
periods: {baseline: [2026-01-01, 2026-01-28], current: [2026-01-29, 2026-02-25]}
tables: {t: {kind: facts, source: t.csv, time: day, dimensions: [device, region]}}
metrics:
  orders: {table: t, measure: sum(orders)}
  visits: {table: t, measure: sum(visits)}
  rate: {table: t, numerator: sum(orders), denominator: sum(visits)}
goal: {metric: orders, formula: visits * rate}
dashboard: [rate]
"""
DAYS = pd.date_range("2026-01-01", periods=56)


def world(seed: int, kind: str, loss: float) -> pd.DataFrame:
    """500 visits a day, device and region that share a shock of 3 % a day; a tenth orders."""
    rng, rows = np.random.default_rng(seed), []
    shock = np.exp(0.03 * rng.normal(size=len(DAYS)))
    for k, day in enumerate(DAYS):
        now = k >= len(DAYS) // 2
        for device in "ab":
            for region in "xyz":
                volume = 1 - loss if now and kind == "volume" else 1.0
                rate = 1 - loss if now and kind == "everywhere" else 1.0
                rate = 1 - 3 * loss if now and kind == "place" and region == "x" else rate
                visits = int(rng.poisson(500 * shock[k] * volume))
                rows.append((day.date(), device, region, visits, rng.binomial(visits, 0.1 * rate)))
    return pd.DataFrame(rows, columns=["day", "device", "region", "visits", "orders"])


def reviewed(folder: Path, seed: int, kind: str, loss: float) -> Review:
    world(seed, kind, loss).to_csv(folder / "t.csv", index=False)
    (folder / "case.yml").write_text(CASE, "utf-8")
    return kpilab.review(kpilab.open_case(folder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reps", type=int, default=20)
    reps = parser.parse_args().reps
    with TemporaryDirectory() as name:
        folder = Path(name)
        quiet = [reviewed(folder, seed, "quiet", 0.0) for seed in range(reps)]
        seen = float(np.median([r.detectable or np.nan for r in quiet]))
        named, fell = (sum(map(f, quiet)) for f in (lambda r: bool(r.causes), lambda r: r.fell))
        print(f"quiet: named {named} of {reps}, fell {fell}; detectable {seen:.1f} % (median)")
        for kind in ("everywhere", "place", "volume"):
            for part in (0.5, 0.75, 1.0):
                found = [
                    reviewed(folder, reps + seed, kind, part * seen / 100) for seed in range(reps)
                ]
                named, fell = sum(bool(r.causes) for r in found), sum(r.fell for r in found)
                said = f"{kind:11} {part * seen:4.1f} %: named {named} of {reps}, fell {fell}"
                print(said, flush=True)


if __name__ == "__main__":
    main()
