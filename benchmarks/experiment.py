"""Calibration and speed of the experiment's statistics.

python benchmarks/experiment.py calibration [--scale 1.0]
python benchmarks/experiment.py programmes [--scale 1.0]
python benchmarks/experiment.py speed [--units 1000000 10000000]
python benchmarks/experiment.py peer FILE      (in an environment that has tea-tasting)
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

COLUMNS = [
    "revenue",
    "revenue_before",
    "orders",
    "orders_before",
    "sessions",
    "sessions_before",
    "converted",
]


def calibration(scale: float) -> Iterator[tuple[str, str, float, float]]:
    """(what, promise, measured, Monte-Carlo error) of each promise."""
    rng = np.random.default_rng(20261123)
    yield from fixed_test(rng, int(200_000 * scale))
    yield from sequential_tests(rng, 200_000)
    yield from always_valid(rng, int(4_000 * scale))
    yield from lifts(rng, int(100_000 * scale))
    yield from sample_ratios(rng, int(1_000_000 * scale))
    yield from cuped_cuts(rng)
    yield from missing_values(rng, int(8_000 * scale))
    yield from clusters(rng, int(4_000 * scale))
    yield from ageing(rng, int(1_000 * scale))
    yield from digits()
    yield from statistics_alone(rng)
    yield from quantiles(np.random.default_rng(1), int(4_000 * scale))
    yield from planned(np.random.default_rng(2), int(10_000 * scale))
    yield from uneven(int(1_000 * scale))


def share(hits: np.ndarray | list[bool]) -> tuple[float, float]:
    p = float(np.mean(hits))
    return p, float(np.sqrt(max(p * (1 - p), 1e-12) / len(hits)))


def fixed_test(rng: np.random.Generator, runs: int):
    from kpilab.stats.mean import Estimate, welch

    hits = []
    for _ in range(runs // 1000):
        x = rng.gamma(1.0, 1.0, (2, 1000, 150))
        mean, var = x.mean(axis=2), x.var(axis=2, ddof=1) / 150
        arms = [
            [Estimate(float(m), float(v), 150) for m, v in zip(mean[k], var[k], strict=True)]
            for k in (0, 1)
        ]
        hits += [welch(a, b).p <= 0.05 for a, b in zip(*arms, strict=True)]
    yield ("type-I, fixed (exponential, 150 per arm)", ".05 ± .002", *share(hits))


def sequential_tests(rng: np.random.Generator, runs: int):
    from kpilab.stats.experiments.sequential import crossing, lan_demets

    shares = np.arange(1, 11) / 10
    steps = rng.normal(size=(runs, 10)) * np.sqrt(0.1)
    z = np.abs(steps.cumsum(axis=1) / np.sqrt(shares))
    for spending in ("obrien-fleming", "pocock"):
        bounds = lan_demets(shares, 0.95, spending)
        yield (
            f"type-I, Lan-DeMets {spending}, 10 looks",
            ".05 ± .002",
            *share((z >= bounds).any(axis=1)),
        )
    naive = (z >= 1.959964).any(axis=1)
    yield ("type-I, 10 uncorrected looks", "(.193)", *share(naive))
    power = crossing(shares, lan_demets(shares), drift=1.959964 + 0.841621).sum()
    yield (
        "power lost to O'Brien-Fleming, 10 looks (points)",
        "<= 2",
        100 * (0.8 - float(power)),
        0.0,
    )


def always_valid(rng: np.random.Generator, runs: int, units: int = 5000):
    """Units come one by one, to either arm at random;
    watched after every unit from the second of each arm on."""
    from scipy.special import ndtri, stdtr

    from kpilab.stats.experiments.anytime import bound

    n = np.arange(1, units + 1)
    draws = {
        "normal": lambda size: rng.normal(size=size),
        "exponential": lambda size: rng.exponential(size=size),
        "5 % conversion": lambda size: (rng.random(size) < 0.05).astype(float),
    }
    for tuning in (500, 5000):
        limit = bound(n, tuning)
        for name, draw in draws.items():
            hits = []
            for _ in range(max(runs // 100, 1)):
                values, first = draw((100, units)), rng.random((100, units)) < 0.5
                arms = [running(values, arm) for arm in (first, ~first)]
                variance = sum(v / c for c, _m, v in arms)
                with np.errstate(divide="ignore", invalid="ignore"):
                    t = np.abs(arms[1][1] - arms[0][1]) / np.sqrt(variance)
                    df = variance**2 / sum((v / c) ** 2 / (c - 1) for c, _m, v in arms)
                    # What the read-out does: the z that stands for the t statistic's own p-value.
                    z = -ndtri(stdtr(df, -t))
                known = (np.minimum(arms[0][0], arms[1][0]) > 1) & (variance > 1e-12)
                hits += ((z >= limit) & known).any(axis=1).tolist()
            yield (
                f"type-I, always valid, after every unit, {name}, tuning {tuning}",
                "<= .05",
                *share(hits),
            )


def running(values: np.ndarray, arm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Units, mean and variance of one arm so far."""
    count = np.maximum(arm.cumsum(axis=1), 1)
    total, squares = (values * arm).cumsum(axis=1), (values**2 * arm).cumsum(axis=1)
    return (
        count,
        total / count,
        np.maximum(squares - total**2 / count, 0) / np.maximum(count - 1, 1),
    )


def lifts(rng: np.random.Generator, runs: int):
    from kpilab.stats.experiments.fieller import lift
    from kpilab.stats.mean import Estimate, welch

    for sigma, units in ((0.5, 200), (1.0, 200), (1.5, 200), (1.5, 1000)):
        below, above = [], []
        for _ in range(runs // 500):
            x = rng.lognormal(0.0, sigma, (2, 500, units))
            x[1] *= 1.1
            mean, var = x.mean(axis=2), x.var(axis=2, ddof=1) / units
            for k in range(500):
                a, b = (Estimate(float(mean[v, k]), float(var[v, k]), units) for v in (0, 1))
                change = lift(a, b, welch(a, b))
                below.append(change.high < 0.1)
                above.append(change.low > 0.1)
        cover = 1 - np.mean(below) - np.mean(above)
        name = f"lognormal {sigma}, n {units}"
        yield (
            f"lift coverage, Fieller, {name}",
            ".945-.960",
            float(cover),
            share(np.array(below) | np.array(above))[1],
        )
        yield (f"  missed above, {name}", ".015-.035", *share(below))
        yield (f"  missed below, {name}", ".015-.035", *share(above))


def uneven(runs: int):
    """Skewed metrics and arms of 9 to 1: false alarms in all and by tail, cover of an effect, and
    the share that is not judged. The limits were set on other metrics (gamma .05 and .2, Weibull
    .35 and .5, Pareto 2.5, 1, 3 and 8 % payers of exponential amounts)."""
    from kpilab.stats.experiments.permutation import (
        MOST,
        NEEDED,
        Values,
        dealt,
        imbalance,
        skewness,
    )  # fmt: skip
    from kpilab.stats.experiments.readout import read
    from kpilab.stats.mean import Sample

    def values(x: np.ndarray) -> Values:
        far = x[np.argsort(-np.abs(x))[:400]]
        return Values(far, len(x), np.array([(x**k).sum() for k in range(1, 5)]))

    draws = {
        "normal": (lambda r, n: r.normal(10, 2, n), 10.0),
        "lognormal 1": (lambda r, n: np.exp(r.standard_normal(n)), np.exp(0.5)),
        "lognormal 1.5": (lambda r, n: np.exp(1.5 * r.standard_normal(n)), np.exp(1.125)),
        "5 % payers": (
            lambda r, n: (r.random(n) < 0.05) * np.exp(r.standard_normal(n)), 0.05 * np.exp(0.5),
        ),
        "2 % payers": (
            lambda r, n: (r.random(n) < 0.02) * np.exp(1.5 * r.standard_normal(n)),
            0.02 * np.exp(1.125),
        ),
    }  # fmt: skip
    for name, (draw, mean) in draws.items():
        for n in ((1800, 200), (200, 1800), (3600, 400)):
            below, above, missed, judged = [], [], [], []
            for k in range(runs):
                rng = np.random.default_rng([k, *n])
                a, b = draw(rng, n[0]), draw(rng, n[1])
                for lift in (0.0, 0.2):
                    arms, middle = (a, b * (1 + lift)), np.concatenate([a, b]).mean()
                    seen = [values(x - middle) for x in arms]
                    lean = abs(imbalance(*n) * skewness(*seen))
                    if lean > MOST:
                        judged.append(False)
                        continue
                    law = dealt(*seen) if lean >= NEEDED else None
                    r = read(*[Sample.of_values(x) for x in arms], (0,), law=law).difference
                    judged.append(True)
                    if lift:
                        missed.append(not r.low <= lift * mean <= r.high)
                    else:
                        below.append(r.high < 0)
                        above.append(r.low > 0)
            what = f"uneven arms {n[0]:,}/{n[1]:,}, {name}"
            tried = runs / max(len(below), 1)  # an alarm that is not judged is none
            p, error = share(np.array(below) | np.array(above))
            yield f"{what}: type-I", "<= .06", p / tried, error / tried
            yield "  below", "<= .035", float(np.mean(below)) / tried, error / tried
            yield "  above", "<= .035", float(np.mean(above)) / tried, error / tried
            yield "  +20 % not covered", "<= .06", *share(missed)
            yield "  not judged", "(share)", *share(~np.array(judged))


def sample_ratios(rng: np.random.Generator, runs: int):
    from kpilab.stats.experiments.sample_ratio import sample_ratio

    counts = rng.binomial(10_000, 0.5, runs)
    found = {int(c): sample_ratio([c, 10_000 - c], [0.5, 0.5]).p < 0.001 for c in np.unique(counts)}
    yield (
        "false alarms of the sample ratio at .001",
        ".0007-.0013",
        *share([found[int(c)] for c in counts]),
    )


def cuped_cuts(rng: np.random.Generator):
    from kpilab.stats.experiments.cuped import adjust
    from kpilab.stats.mean import Sample

    for rho, promise in ((0.3, 9), (0.6, 36), (0.8, 64)):
        x = rng.normal(size=(2, 50_000))
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(2, 50_000))
        both = adjust(*(Sample.of_values(y[k], x[k]) for k in (0, 1)), (0,), ((1,),))
        yield (
            f"variance cut by CUPED at correlation {rho} (%)",
            f"{promise} ± 2",
            100 * both.cut,
            0.0,
        )


def missing_values(rng: np.random.Generator, runs: int, units: int = 400):
    """Half of all values are missing; every run is a key of one moments table,
    so all are collected at once."""
    import ibis
    import pandas as pd

    from kpilab.engine.experiments.moments import Group
    from kpilab.engine.experiments.scan import moments
    from kpilab.stats.experiments.readout import read
    from kpilab.stats.mean import Sample

    con, hits = ibis.duckdb.connect(), []
    for block in range(max(runs // 1000, 1)):
        size = min(runs, 1000) * units
        value = np.where(rng.random(size) < 0.5, np.nan, rng.gamma(2.0, 1.0, size))
        frame = pd.DataFrame(
            {"run": np.arange(size) // units, "variant": rng.choice(["A", "B"], size), "y": value}
        )
        found = moments(
            con.create_table(f"rows{block}", frame), [Group("y", ("y",))], by=["run", "variant"]
        )
        totals = found.totals("run", "variant")
        for run in dict.fromkeys(run for run, _variant in totals):
            arms = [Sample.of_sums(*found.sums("y", totals[run, v])) for v in "AB"]
            hits.append(read(*arms, (0,)).p_fixed <= 0.05)
    yield ("A/A with 50 % of the values missing", ".05 ± .01", *share(hits))


def clusters(rng: np.random.Generator, runs: int, groups: int = 50, size: int = 100):
    """Clusters of uneven size are drawn; the mean as a ratio of sums,
    the median with a design effect."""
    from kpilab.stats.experiments.quantile import design_effect, from_order, ranks
    from kpilab.stats.mean import Sample, ratio_of, welch

    hits: dict[str, list[bool]] = {"mean": [], "median": []}
    for _ in range(runs):
        means, medians = [], []
        for _arm in range(2):
            n = rng.integers(size // 2, size * 3 // 2, groups)
            key = np.repeat(np.arange(groups), n)
            y = rng.normal(size=groups)[key] * np.sqrt(0.05) + rng.normal(size=len(key)) * np.sqrt(
                0.95
            )
            means.append(ratio_of(Sample.of_values(np.bincount(key, y), n)))
            middle = float(np.quantile(y, 0.5))
            s = np.bincount(key, y <= middle)
            spread = design_effect(
                groups, s.sum(), n.sum(), (s * s).sum(), (n * n).sum(), (s * n).sum()
            )
            ends = np.quantile(y, ranks(len(y), 0.5, inflation=spread))
            medians.append(from_order(groups, middle, *ends))
        hits["mean"].append(welch(*means).p <= 0.05)
        hits["median"].append(welch(*medians).p <= 0.05)
    for name, found in hits.items():
        yield (
            f"type-I, {name}, {groups} clusters per arm, correlation .05",
            "(.05)",
            *share(found),
        )


def ageing(rng: np.random.Generator, runs: int, units: int = 500, days: int = 14):
    """A steady effect on units whose own levels differ: the same units recur at every age."""
    from kpilab.engine.experiments.ages import AGES
    from kpilab.stats.experiments.novelty import worn_off

    edges, hits = [*AGES, 10**6], []
    kind = np.searchsorted(edges, np.arange(days), side="right") - 1
    for _ in range(runs):
        arms = []
        for effect in (0.0, 0.05):
            level = rng.beta(2, 6, units)[:, None] + effect
            paid = rng.random((units, days)) < level
            seen = np.arange(days) < rng.integers(7, days + 1, units)[:, None]
            n = np.stack(
                [(seen & (kind == k)).sum(axis=1) for k in range(len(AGES))], axis=1
            ).astype(float)
            y = np.stack(
                [(paid & seen & (kind == k)).sum(axis=1) for k in range(len(AGES))], axis=1
            ).astype(float)
            age = np.array(
                [(seen * (kind == k) * np.arange(days)).sum() for k in range(len(AGES))],
                dtype=float,
            )
            both = np.hstack([n, y])
            arms.append((n.sum(axis=0), y.sum(axis=0), both.T @ both, n.sum(axis=0), age))
        worn = worn_off(*arms)
        hits.append(worn is not None and worn.p <= 0.01)
    yield ("false alarms of novelty and primacy at .01, steady effect", "(.01)", *share(hits))


def quantiles(rng: np.random.Generator, runs: int):
    """A/A at every quantile and size that is read; too few units are not, and alarm nobody."""
    from kpilab.stats.experiments.quantile import enough, from_order, ranks
    from kpilab.stats.experiments.readout import estimates

    worst = {}
    for shape in (0.0, 1.5):
        for share_ in (0.5, 0.9, 0.95, 0.99):
            for n in (20, 50, 100, 200, 500, 1000):
                if not enough(n, share_):
                    continue
                x = (
                    rng.normal(size=(runs, 2, n))
                    if not shape
                    else rng.lognormal(0, shape, (runs, 2, n))
                )
                middle = np.quantile(x, share_, axis=2)
                low, high = np.quantile(x, ranks(n, share_), axis=2)
                hits = []
                for k in range(runs):
                    arms = [from_order(n, middle[k, j], low[k, j], high[k, j]) for j in (0, 1)]
                    hits.append(estimates(*arms).difference.p <= 0.05)
                worst[(shape, share_, n)] = share(hits)
    for shape, name in ((0.0, "normal"), (1.5, "lognormal 1.5")):
        mine = {k: v for k, v in worst.items() if k[0] == shape}
        where = max(mine, key=lambda k: mine[k][0])
        what = f"A/A quantiles, {name}, n 20-1,000: worst of {len(mine)}"
        yield f"{what}, p{100 * where[1]:g}, n {where[2]}", "<= .06", *mine[where]


def planned(rng: np.random.Generator, runs: int):
    """Power achieved by the units that the plan asks for, each kind by the test that reads it."""
    from kpilab.stats.experiments.power import Sizing
    from kpilab.stats.experiments.proportion_difference import score_z
    from kpilab.stats.experiments.quantile import from_order, ranks
    from kpilab.stats.experiments.readout import Reading, estimates, one_sided, read
    from kpilab.stats.mean import Sample

    def sums(rows: np.ndarray) -> list[Sample]:
        return [Sample.of(len(x), x.mean(axis=0), np.cov(x, rowvar=False)) for x in rows]

    def found(draw, per_arm, columns, known=(), how=Reading(), side=0) -> list[bool]:  # noqa: B008
        """Whether each run rejects; `draw(arm, runs, units)` gives rows of values."""
        hits = []
        for _ in range(runs // 100):
            arms = [sums(draw(k, 100, n)) for k, n in enumerate(per_arm)]
            for a, b in zip(*arms, strict=True):
                r = read(a, b, columns, known, how)
                r = one_sided(r, side) if side else r
                hits.append(r.difference.p <= 0.05)
        return hits

    def arms_of(units: float, first: float = 0.5) -> tuple[int, int]:
        return round(units * first), round(units * (1 - first))

    def money(arm: int, k: int, n: int) -> np.ndarray:
        before = rng.gamma(2, 20, (k, n))
        return np.stack([before + rng.gamma(1, 20, (k, n)) + 6 * arm, before], axis=2)

    mean, variance = 60.0, 1200.0  # of money; 800 of it is known before
    shared = Sizing(mean, variance)
    hits = found(lambda *a: money(*a)[:, :, :1], arms_of(shared.units(0.1)), (0,))
    yield "power as planned: mean", ".79-.81", *share(hits)
    hits = found(money, arms_of(Sizing(mean, 400).units(0.1)), (0,), ((1,),))
    yield "power as planned: mean with a covariate", ".79-.81", *share(hits)
    skew = 48_000 / variance**1.5
    for up in (1, -1):
        units = Sizing(mean, variance, shares=(0.8, 0.2), skewness=skew).units(0.1 * up)
        hits = found(lambda arm, *a: money(up * arm, *a)[:, :, :1], arms_of(units, 0.8), (0,))  # noqa: B023
        yield f"power as planned: mean, {up * 0.1:+.0%}, split 80/20", ".79-.81", *share(hits)
    units = Sizing(mean, variance, one_sided=True).units(0.1)
    how = Reading(level=0.9)
    hits = found(lambda *a: money(*a)[:, :, :1], arms_of(units), (0,), how=how, side=1)
    yield "power as planned: mean, one-sided", ".79-.81", *share(hits)

    n = arms_of(Sizing(2, 2, "count").units(0.1))
    hits = found(lambda arm, k, n: rng.poisson(2 * (1 + 0.1 * arm), (k, n, 1)), n, (0,))
    yield "power as planned: count", ".79-.81", *share(hits)

    for a, lift in ((0.01, 0.5), (0.1, 0.2)):
        n, b = round(Sizing(a, 0.0, "share").units(lift) / 2), a * (1 + lift)
        x, y = rng.binomial(n, a, runs), rng.binomial(n, b, runs)
        hits = [abs(score_z(i, n, j, n)) > 1.959964 for i, j in zip(x, y, strict=True)]
        yield f"power as planned: share {a:.0%} {lift:+.0%}, {n:,} per arm", ".79-.81", *share(hits)

    def clicks(arm: int, k: int, n: int) -> np.ndarray:
        visits = rng.poisson(3, (k, n)) + 1
        return np.stack(
            [rng.binomial(visits, rng.beta(20, 80, (k, n)) * (1 + 0.1 * arm)), visits], axis=2
        )

    past = clicks(0, 1, 400_000)[0]
    rate = past[:, 0].sum() / past[:, 1].sum()
    spread = float((past[:, 0] - rate * past[:, 1]).var() / past[:, 1].mean() ** 2)
    hits = found(clicks, arms_of(Sizing(rate, spread, "count").units(0.1)), (0, 1))
    yield "power as planned: ratio of counts", ".79-.81", *share(hits)

    def shops(arm: int, k: int, n: int) -> np.ndarray:
        size = rng.integers(20, 60, (k, n))
        noise = rng.normal(size=(k, n)) * 10 * np.sqrt(size)
        return np.stack([size * (50 + rng.normal(0, 8, (k, n)) + 5 * arm) + noise, size], axis=2)

    past = shops(0, 1, 400_000)[0]
    spread = float((past[:, 0] - 50 * past[:, 1]).var() / past[:, 1].mean() ** 2)
    hits = found(shops, arms_of(Sizing(50, spread, few=True).units(0.1)), (0, 1))
    yield "power as planned: clusters", ".79-.81", *share(hits)

    spread = 0.25 * 2 * np.pi * 0.5**2 * np.exp(2 * 3.0)  # of the median of a lognormal
    n = arms_of(Sizing(float(np.exp(3)), spread, quantile=0.5).units(0.1))
    hits = []
    for _ in range(runs // 100):
        both = []
        for arm, size in enumerate(n):
            x = rng.lognormal(3, 0.5, (100, size)) + 0.1 * np.exp(3) * arm
            ends = np.quantile(x, (0.5, *ranks(size, 0.5)), axis=1)
            both.append([from_order(size, *e) for e in ends.T])
        hits += [estimates(a, b).difference.p <= 0.05 for a, b in zip(*both, strict=True)]
    yield "power as planned: median", ".79-.81", *share(hits)


def digits():
    import ibis

    from kpilab.engine.experiments.moments import Group
    from kpilab.engine.experiments.scan import moments
    from kpilab.stats.mean import Sample

    noise = np.random.default_rng(5).normal(size=200_000)
    for far in (2.5, 1e3, 1e5, 1e7):
        values = noise + far
        table = ibis.memtable({"variant": np.repeat("A", len(values)), "y": values})
        found = moments(table, [Group("y", ("y",))], by=["variant"])
        exact = float(np.var((values - far).astype(np.longdouble), ddof=1))
        error = abs(Sample.of_sums(*found.sums("y")).cov[0, 0] / exact - 1)
        yield (f"relative error of the variance at mean / sd {far:g}", "<= 1e-9", float(error), 0.0)


def statistics_alone(rng: np.random.Generator):
    from kpilab.stats.experiments.readout import read
    from kpilab.stats.mean import Sample

    arms = [Sample.of_values(*rng.gamma(2.0, 1.0, (4, 1000))) for _ in range(2)]
    rates = [Sample.of(1000, p, p * (1 - p)) for p in (0.2, 0.22)]
    asked = [((0,), ((2,),)), ((1,), ((3,),)), ((0, 1), ((2, 3),))]

    def run() -> None:
        for metric, covariates in asked:
            read(*arms, metric, covariates)
        read(*rates, (0,), proportion=True)

    run()
    yield ("statistics of four metrics, warm (ms, wall)", "<= 5", 1000 * best(run), 0.0)


def decided(rng: np.random.Generator, alive: float, effects: str, *, peeked: bool, sizes: float):
    """(true effects, estimates, errors, shipped) of a programme: a share of its tests has an effect
    of about two standard errors of a usual test; peeked: stopped at the first |z| above 1.96 of ten
    looks.

    Args:
        effects: how those of the tests that work are spread: `normal`, `small`, heavy-tailed (`t`),
            most small and some large (`mixed`), or leaning to gains (`gains`).
        sizes: spread of the logarithm of the errors; 0 for tests of usual sizes.
    """
    tests, looks = 20, 10
    error = np.exp(rng.normal(0, sizes, tests)) if sizes else rng.uniform(0.6, 1.6, tests)
    drawn = {
        "normal": lambda: rng.normal(0, 3, tests),
        "small": lambda: rng.normal(0, 1.2, tests),
        "t": lambda: np.sqrt(3) * rng.standard_t(3, tests),
        "mixed": lambda: rng.normal(0, np.where(rng.random(tests) < 0.5, 1, 5)),
        "gains": lambda: rng.normal(1, 2, tests),
    }[effects]()
    true = np.where(rng.random(tests) < alive, drawn, 0)
    if not peeked:
        read = rng.normal(true, error)
        return true, read, error, read / error > 1.96
    at = np.arange(1, looks + 1) / looks
    steps = rng.normal(true[:, None] / looks, error[:, None] / np.sqrt(looks), (tests, looks))
    course, spread = np.cumsum(steps, axis=1) / at, error[:, None] / np.sqrt(at)
    hit = np.abs(course / spread) > 1.96
    stop = np.where(hit.any(axis=1), hit.argmax(axis=1), looks - 1)
    rows = np.arange(tests)
    read, error = course[rows, stop], spread[rows, stop]
    return true, read, error, read / error > 1.96


# Share of tests that work, effects, spread of the tests' sizes; each to the planned end and peeked.
PROGRAMMES = (
    (0.0, "normal", 0.0), (0.1, "normal", 0.0), (0.2, "normal", 0.0), (0.5, "normal", 0.0),
    (0.8, "normal", 0.0), (0.2, "t", 0.0), (0.2, "mixed", 0.0), (0.2, "normal", 0.8),
    (0.5, "small", 0.0), (0.5, "gains", 0.0), (0.2, "t", 0.8),
)  # fmt: skip


def programmes(scale: float) -> Iterator[tuple[str, str, float, float]]:
    """1,000 programmes of 20 tests of each kind: cover, bias, and when the wins are called
    overstated."""
    right: list[bool] = []
    for alive, effects, sizes in PROGRAMMES:
        for peeked in (False, True):
            how = "peeked" if peeked else "to the planned end"
            name = f"{alive:.0%} work, {effects}{', sizes differ' if sizes else ''}, {how}"
            rng = np.random.default_rng(20261130)
            told = [
                decided(rng, alive, effects, peeked=peeked, sizes=sizes)
                for _ in range(int(1_000 * scale))
            ]
            yield from one_programme(name, told, right)
    yield "said, and less than half of the claim was true", "(a confidence)", *share(right)


def one_programme(name: str, tested, right: list[bool]):
    """Cover, bias and what was said, over programmes of one kind."""
    import pandas as pd

    from kpilab.analysis.experiments.programme import programme

    rows = []
    for k, (true, read, error, shipped) in enumerate(tested):
        told = {"test": np.arange(20), "effect": read, "error": error, "shipped": shipped}
        found = programme(pd.DataFrame(told), seed=k)
        total, claim, won = found.total, found.claimed.value, float(true[shipped].sum())
        inside = total.low - 1e-12 <= won <= total.high + 1e-12
        rows.append((inside, claim - won, total.value - won, found.overstated, shipped.any()))
        right += [won < 0.5 * claim] if found.overstated else []
    cover, naive, shrunk, called, any_ = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    some = any_ > 0
    yield f"{name}: covers the true sum", ".93-.97", *share(cover[some] > 0)
    left = shrunk[some].mean() / naive[some].mean()
    # The error of a ratio of means: both are of the same programmes.
    error = float((shrunk[some] - left * naive[some]).std() / naive[some].mean())
    yield f"{name}: bias of the naive sum cut", ">= .90", 1 - abs(left), error / np.sqrt(some.sum())
    yield f"{name}: overstated_wins said", "<= .05 if honest", *share(called > 0)


def make(path: Path, units: int) -> None:
    import duckdb

    duckdb.sql(f"""COPY (
        WITH r AS (SELECT i, random() * 10 AS revenue_before,
        floor(random() * 4)::DOUBLE AS orders_before,
            (1 + floor(random() * 5))::DOUBLE AS sessions_before, random() AS a, random() AS b,
            random() AS c,
            random() AS d FROM range({units}) t(i))
        SELECT (hash(i) % 2)::INT AS variant, revenue_before,
            revenue_before * 0.6 + a * 8 AS revenue, orders_before,
            floor(orders_before * 0.5 + b * 3) AS orders, sessions_before,
            1 + floor(sessions_before * 0.5 + c * 3) AS sessions,
            (d < 0.2)::INT::DOUBLE AS converted FROM r
    ) TO '{path}' (FORMAT parquet)""")


def best(run: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def floor(path: Path) -> Callable[[], object]:
    """The scan nobody can avoid: every sum and product the four metrics need, of raw values,
    in one SQL query."""
    import duckdb

    pairs = [
        ("revenue", "revenue_before"),
        ("orders", "orders_before"),
        ("sessions", "sessions_before"),
    ]
    crossed = [(a, b) for a in ("orders", "orders_before") for b in ("sessions", "sessions_before")]
    products = [(c, c) for c in COLUMNS] + pairs + crossed
    parts = [f"sum({c})" for c in COLUMNS] + [f"sum({a} * {b})" for a, b in products]
    query = f"SELECT variant, count(*), {', '.join(parts)} FROM '{path}' GROUP BY variant"
    return lambda: duckdb.sql(query).fetchall()


def ours(path: Path) -> Callable[[], object]:
    import ibis

    from kpilab.analysis.experiments.experiment import experiment
    from kpilab.core.trial import Outcome, Units

    units = Units(ibis.duckdb.connect().read_parquet(path))
    metrics = [
        Outcome("revenue", covariates=("revenue_before",)),
        Outcome("orders", covariates=("orders_before",)),
        Outcome(
            "orders per session",
            "orders",
            per="sessions",
            covariates=("orders_before", "sessions_before"),
        ),
        Outcome("converted", kind="proportion"),
    ]
    return lambda: experiment(units, metrics=metrics, control="0")


def theirs(path: Path) -> Callable[[], object]:
    """tea-tasting on the same file, same four metrics."""
    import ibis
    import tea_tasting as tt

    data = ibis.duckdb.connect().read_parquet(path)
    asked = tt.Experiment(
        revenue=tt.Mean("revenue", "revenue_before"),
        orders=tt.Mean("orders", "orders_before"),
        ratio=tt.RatioOfMeans("orders", "sessions", "orders_before", "sessions_before"),
        converted=tt.Mean("converted"),
    )
    return lambda: asked.analyze(data)


def against_floor(path: Path, run: Callable[[], object], times: int) -> list[float]:
    """Best wall and processor time of the floor and of the run,
    taken in turns after one warm-up of each."""
    lowest = floor(path)
    taken: list[list[float]] = []
    for k in range(times + 1):
        row = []
        for one in (lowest, run):
            wall, cpu = time.perf_counter(), time.process_time()
            one()
            row += [time.perf_counter() - wall, time.process_time() - cpu]
        if k:
            taken.append(row)
    return np.min(taken, axis=0).tolist()


def peer(path: Path, times: int) -> None:
    print(*against_floor(path, theirs(path), times))


def speed(sizes: list[int], other: str | None, times: int) -> None:
    print(f"{'units':>12s} {'':12s} {'wall s':>8s} {'/ floor':>8s} {'cpu s':>8s} {'/ floor':>8s}")
    with tempfile.TemporaryDirectory() as folder:
        for units in sizes:
            path = Path(folder) / f"{units}.parquet"
            make(path, units)
            found = {"kpilab": against_floor(path, ours(path), times)}
            if other:
                command = [other, __file__, "peer", str(path), "--times", str(times)]
                answer = subprocess.run(command, capture_output=True, text=True, check=True)
                found["tea-tasting"] = [float(v) for v in answer.stdout.split()]
            for name, (floor_wall, floor_cpu, wall, cpu) in found.items():
                ratios = f"{wall:8.3f} {wall / floor_wall:8.2f} {cpu:8.3f} {cpu / floor_cpu:8.2f}"
                print(f"{units:>12,} {name:12s} {ratios}", flush=True)
            if other:
                mine, its = found["kpilab"], found["tea-tasting"]
                print(
                    f"{'':>12s} kpilab / tea-tasting: wall {mine[2] / its[2]:.2f}, cpu "
                    f"{mine[3] / its[3]:.2f}"
                )
            alone = subprocess.run(
                [sys.executable, __file__, "memory", str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            print(
                f"{'':>12s} memory of one run in a fresh process: {alone.stdout.strip()} MB",
                flush=True,
            )


def memory(path: Path) -> None:
    ours(path)()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ["calibration", "uneven", "planned", "programmes", "speed", "peer", "memory"]
    parser.add_argument("part", choices=parts)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="repetitions, relative to the published figures"
    )
    parser.add_argument("--units", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument(
        "--times", type=int, default=7, help="repetitions of a timed run; the best counts"
    )
    parser.add_argument("--peer-python", help="interpreter of an environment with tea-tasting")
    asked = parser.parse_args()
    printed = {
        "calibration": calibration, "programmes": programmes,
        "uneven": lambda scale: uneven(int(1_000 * scale)),
        "planned": lambda scale: planned(np.random.default_rng(2), int(10_000 * scale)),
    }  # fmt: skip
    if asked.part in printed:
        print(f"{'promise':75s} {'wanted':>12s} {'measured':>10s} {'± MC':>8s}")
        for what, wanted, measured, error in printed[asked.part](asked.scale):
            print(f"{what:75s} {wanted:>12s} {measured:10.4g} {error:8.2g}", flush=True)
    elif asked.part == "speed":
        speed(asked.units, asked.peer_python, asked.times)
    elif asked.part == "peer":
        peer(asked.file, asked.times)
    else:
        memory(asked.file)


if __name__ == "__main__":
    main()
