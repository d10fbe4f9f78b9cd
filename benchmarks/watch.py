"""Does the control chart of `kpilab watch` keep its false-alarm rate, and does it see a fall?"""

from __future__ import annotations

import argparse

import numpy as np

from kpilab.stats.operations.next_day import next_day

WEEKDAYS = np.array([1.0, 1.05, 1.0, 1.0, 1.2, 0.8, 0.7])


def wander(rng: np.random.Generator, days: int, alike: float) -> np.ndarray:
    """An AR(1) series with standard deviation 1."""
    noise = rng.normal(size=days + 60) * np.sqrt(1 - alike**2)
    x = np.zeros(days + 60)
    for k in range(1, days + 60):
        x[k] = alike * x[k - 1] + noise[k]
    return x[60:]


def series(
    rng: np.random.Generator, days: int, alike: float, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Numerators and denominators of a total, or of a rate with large and uneven counts."""
    pattern = WEEKDAYS[np.arange(days) % 7]
    if kind == "total":
        return rng.poisson(900 * pattern * np.exp(0.08 * wander(rng, days, alike))).astype(
            float
        ), np.ones(days)
    den = rng.poisson(20_000 * pattern * rng.uniform(0.5, 1.5, days)).astype(float)
    rate = np.clip(0.1 * np.exp(0.05 * wander(rng, days, alike)), 0, 1)
    return rng.binomial(den.astype(int), rate).astype(float), den


def alarms(rng: np.random.Generator, days: int, alike: float, kind: str, factor: float) -> bool:
    """Whether the last day, times `factor`, lies outside the limits that the days before it
    give."""
    num, den = series(rng, days + 1, alike, kind)
    limits = next_day(num[:-1], den[:-1], np.arange(days), on=days, size=den[-1])
    value = factor * num[-1] / den[-1]
    return not limits.low <= value <= limits.high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=4000, help="series per row")
    parser.add_argument("--kind", nargs="+", choices=("total", "rate"), default=("total", "rate"))
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(
        f"{'kind':6} {'history':>7} {'AR(1)':>6} {'false alarms':>13} {'± 2 se':>7} "
        f"{'fall of 30 % seen':>18}"
    )
    for kind in asked.kind:
        for days in (28, 60, 120):
            for alike in (0.0, 0.3, 0.5, 0.7):
                rng = np.random.default_rng([asked.seed, days, int(10 * alike)])
                false = np.mean([alarms(rng, days, alike, kind, 1.0) for _ in range(asked.repeat)])
                seen = np.mean(
                    [alarms(rng, days, alike, kind, 0.7) for _ in range(max(asked.repeat // 10, 1))]
                )
                error = 2 * np.sqrt(max(false, 1 / asked.repeat) / asked.repeat)
                print(
                    f"{kind:6} {days:7d} {alike:6.1f} {100 * false:11.2f} % {100 * error:5.2f} "
                    f"% {100 * seen:16.0f} %"
                )


if __name__ == "__main__":
    main()
