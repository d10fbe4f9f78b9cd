"""Calibration and speed of the experiment's statistics.

python benchmarks/experiment.py calibration [--scale 1.0]
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

COLUMNS = ["revenue", "revenue_before", "orders", "orders_before", "sessions", "sessions_before", "converted"]


def calibration(scale: float) -> Iterator[tuple[str, str, float, float]]:
    """(what, promise, measured, Monte-Carlo error) of each promise."""
    rng = np.random.default_rng(20250303)
    yield from fixed_test(rng, int(100_000 * scale))
    yield from sequential_tests(rng, 200_000)
    yield from always_valid(rng, int(4_000 * scale))
    yield from lifts(rng, int(20_000 * scale))
    yield from sample_ratios(rng, int(400_000 * scale))
    yield from cuped_cuts(rng)
    yield from missing_values(rng, int(2_000 * scale))
    yield from digits()
    yield from statistics_alone(rng)


def share(hits: np.ndarray | list[bool]) -> tuple[float, float]:
    p = float(np.mean(hits))
    return p, float(np.sqrt(max(p * (1 - p), 1e-12) / len(hits)))


def fixed_test(rng: np.random.Generator, runs: int):
    from kpilab.stats.mean import Estimate, welch

    hits = []
    for _ in range(runs // 1000):
        x = rng.gamma(1.0, 1.0, (2, 1000, 150))
        mean, var = x.mean(axis=2), x.var(axis=2, ddof=1) / 150
        arms = [[Estimate(float(m), float(v), 150) for m, v in zip(mean[k], var[k], strict=True)] for k in (0, 1)]
        hits += [welch(a, b).p <= 0.05 for a, b in zip(*arms, strict=True)]
    yield ("type-I, fixed (exponential, 150 per arm)", ".05 ± .002", *share(hits))


def sequential_tests(rng: np.random.Generator, runs: int):
    from kpilab.stats.sequential import crossing, lan_demets

    shares = np.arange(1, 11) / 10
    steps = rng.normal(size=(runs, 10)) * np.sqrt(0.1)
    z = np.abs(steps.cumsum(axis=1) / np.sqrt(shares))
    for spending in ("obrien-fleming", "pocock"):
        bounds = lan_demets(shares, 0.95, spending)
        yield (f"type-I, Lan-DeMets {spending}, 10 looks", ".05 ± .002", *share((z >= bounds).any(axis=1)))
    naive = (z >= 1.959964).any(axis=1)
    yield ("type-I, 10 uncorrected looks", "(.193)", *share(naive))
    power = crossing(shares, lan_demets(shares), drift=1.959964 + 0.841621).sum()
    yield ("power lost to O'Brien-Fleming, 10 looks (points)", "<= 2", 100 * (0.8 - float(power)), 0.0)


def always_valid(rng: np.random.Generator, runs: int, units: int = 5000, first: int = 50):
    from kpilab.stats.anytime import sequence

    n = np.arange(1, units + 1)
    critical = np.array([sequence(0.0, 1.0, 2 * k, tuning=units)[1] for k in n])
    hits = []
    for _ in range(max(runs // 200, 1)):
        a, b = rng.normal(size=(2, 200, units))
        moments = [(x.cumsum(axis=1) / n, (x**2).cumsum(axis=1) / n) for x in (a, b)]
        variance = sum(square - mean**2 for mean, square in moments) / n
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.abs(moments[1][0] - moments[0][0]) / np.sqrt(variance)
        hits += (z > critical)[:, first:].any(axis=1).tolist()
    yield ("type-I, always valid, watched after every pair of units", "<= .05", *share(hits))


def lifts(rng: np.random.Generator, runs: int):
    from kpilab.stats.fieller import lift
    from kpilab.stats.mean import Estimate, welch

    for sigma, units in ((1.0, 200), (1.5, 200), (1.5, 1000)):
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


def sample_ratios(rng: np.random.Generator, runs: int):
    from kpilab.stats.srm import sample_ratio

    counts = rng.binomial(10_000, 0.5, runs)
    found = {int(c): sample_ratio([c, 10_000 - c], [0.5, 0.5]).p < 0.001 for c in np.unique(counts)}
    yield ("false alarms of the sample ratio at .001", ".0007-.0013", *share([found[int(c)] for c in counts]))


def cuped_cuts(rng: np.random.Generator):
    from kpilab.stats.cuped import adjust
    from kpilab.stats.mean import Sample

    for rho, promise in ((0.3, 9), (0.6, 36), (0.8, 64)):
        x = rng.normal(size=(2, 50_000))
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=(2, 50_000))
        both = adjust(*(Sample.of_values(y[k], x[k]) for k in (0, 1)), (0,), ((1,),))
        yield (f"variance cut by CUPED at correlation {rho} (%)", f"{promise} ± 2", 100 * both.cut, 0.0)


def missing_values(rng: np.random.Generator, runs: int, units: int = 400):
    import ibis

    from kpilab.engine.moments import Group, moments
    from kpilab.stats.mean import Sample
    from kpilab.stats.readout import read

    con = ibis.duckdb.connect()
    con.raw_sql("SET threads=1")
    hits = []
    for _ in range(runs):
        value = rng.gamma(2.0, 1.0, units)
        value[rng.random(units) < 0.5] = np.nan
        table = con.create_table("rows", {"variant": rng.choice(["A", "B"], units), "y": value}, overwrite=True)
        table = table.mutate(y=table.y.nullif(float("nan")))
        found = moments(table, [Group("y", ("y",))], by=["variant"])
        hits.append(read(*(Sample.of_sums(*found.only(variant=v).sums("y")) for v in "AB"), (0,)).p_fixed <= 0.05)
    yield ("A/A false positives with 50 % missing", ".05 ± .01", *share(hits))


def digits():
    import ibis

    from kpilab.engine.moments import Group, moments
    from kpilab.stats.mean import Sample

    noise = np.random.default_rng(5).normal(size=200_000)
    for far in (1e3, 1e5, 1e7):
        values = noise + far
        table = ibis.memtable({"variant": np.repeat("A", len(values)), "y": values})
        found = moments(table, [Group("y", ("y",))], by=["variant"])
        exact = float(np.var((values - far).astype(np.longdouble), ddof=1))
        error = abs(Sample.of_sums(*found.sums("y")).cov[0, 0] / exact - 1)
        yield (f"relative error of the variance at mean / sd {far:.0e}", "<= 1e-9", float(error), 0.0)


def statistics_alone(rng: np.random.Generator):
    from kpilab.stats.mean import Sample
    from kpilab.stats.readout import read

    arms = [Sample.of_values(*rng.gamma(2.0, 1.0, (4, 1000))) for _ in range(2)]
    asked = [((0,), ((2,),)), ((1,), ((3,),)), ((0, 1), ((2, 3),)), ((0,), ())]
    read(*arms, (0,))
    start = time.perf_counter()
    for metric, covariates in asked:
        read(*arms, metric, covariates)
    yield ("statistics of four metrics (ms)", "<= 5", 1000 * (time.perf_counter() - start), 0.0)


def make(path: Path, units: int) -> None:
    import duckdb

    duckdb.sql(f"""COPY (
        WITH r AS (SELECT i, random() * 10 AS revenue_before, floor(random() * 4)::DOUBLE AS orders_before,
            (1 + floor(random() * 5))::DOUBLE AS sessions_before, random() AS a, random() AS b, random() AS c,
            random() AS d FROM range({units}) t(i))
        SELECT (hash(i) % 2)::INT AS variant, revenue_before, revenue_before * 0.6 + a * 8 AS revenue, orders_before,
            floor(orders_before * 0.5 + b * 3) AS orders, sessions_before,
            1 + floor(sessions_before * 0.5 + c * 3) AS sessions, (d < 0.2)::INT::DOUBLE AS converted FROM r
    ) TO '{path}' (FORMAT parquet)""")


def best(run: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)


def floor(path: Path) -> float:
    """The scan nobody can avoid: every sum and product the four metrics need, of raw values, in one SQL query."""
    import duckdb

    pairs = [("revenue", "revenue_before"), ("orders", "orders_before"), ("sessions", "sessions_before")]
    crossed = [(a, b) for a in ("orders", "orders_before") for b in ("sessions", "sessions_before")]
    products = [(c, c) for c in COLUMNS] + pairs + crossed
    parts = [f"sum({c})" for c in COLUMNS] + [f"sum({a} * {b})" for a, b in products]
    query = f"SELECT variant, count(*), {', '.join(parts)} FROM '{path}' GROUP BY variant"
    return best(lambda: duckdb.sql(query).fetchall())


def ours(path: Path) -> Callable[[], object]:
    import ibis

    from kpilab.analysis.experiment import experiment
    from kpilab.core.trial import Outcome, Units

    units = Units(ibis.duckdb.connect().read_parquet(path))
    metrics = [
        Outcome("revenue", covariates=("revenue_before",)),
        Outcome("orders", covariates=("orders_before",)),
        Outcome("orders per session", "orders", per="sessions", covariates=("orders_before", "sessions_before")),
        Outcome("converted", kind="proportion"),
    ]
    return lambda: experiment(units, metrics=metrics, control="0")


def peer(path: Path) -> None:
    """Time of tea-tasting on the same file, same four metrics."""
    import ibis
    import tea_tasting as tt

    data = ibis.duckdb.connect().read_parquet(path)
    asked = tt.Experiment(
        revenue=tt.Mean("revenue", "revenue_before"),
        orders=tt.Mean("orders", "orders_before"),
        ratio=tt.RatioOfMeans("orders", "sessions", "orders_before", "sessions_before"),
        converted=tt.Mean("converted"),
    )
    print(f"{best(lambda: asked.analyze(data)):.3f}")


def speed(sizes: list[int], other: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for units in sizes:
            path = Path(folder) / f"{units}.parquet"
            make(path, units)
            lowest, run = floor(path), ours(path)
            taken = best(run)
            line = f"{units:>12,} units: floor {lowest:.3f} s, ours {taken:.3f} s, ratio {taken / lowest:.2f}"
            if other:
                answer = subprocess.run(
                    [other, __file__, "peer", str(path)], capture_output=True, text=True, check=True
                )
                line += f", tea-tasting {answer.stdout.strip()} s (ours / it {taken / float(answer.stdout):.2f})"
            print(f"{line}, ours again {best(run):.3f} s")
            alone = subprocess.run(
                [sys.executable, __file__, "memory", str(path)], capture_output=True, text=True, check=True
            )
            print(f"{'':>12} memory of one run in a fresh process: {alone.stdout.strip()} MB")


def memory(path: Path) -> None:
    ours(path)()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["calibration", "speed", "peer", "memory"])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--scale", type=float, default=1.0, help="repetitions, relative to the published figures")
    parser.add_argument("--units", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--peer-python", help="interpreter of an environment with tea-tasting")
    asked = parser.parse_args()
    if asked.part == "calibration":
        print(f"{'promise':60s} {'wanted':>12s} {'measured':>10s} {'± MC':>8s}")
        for what, wanted, measured, error in calibration(asked.scale):
            print(f"{what:60s} {wanted:>12s} {measured:10.4g} {error:8.2g}", flush=True)
    elif asked.part == "speed":
        speed(asked.units, asked.peer_python)
    else:
        {"peer": peer, "memory": memory}[asked.part](asked.file)


if __name__ == "__main__":
    main()
