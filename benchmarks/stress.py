"""Stress table: does every inferential function keep its error rate on inputs it was not made for?

One trait of the input is varied at a time (size, ties, scale, dependence, growth, calendar, missing
…); "size" is the share of draws in which something is called though nothing happened, "power" that
with a planted effect. A cell is above its promise where the lower end of its 95 % Monte Carlo
interval (Clopper-Pearson) lies above it.

Run: python benchmarks/stress.py [--quick] [--only relate market] [--reps 200] [--write]
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import pandas as pd

from kpilab import Period, market
from kpilab.core.table import Executions
from kpilab.execution import bunching, heaping, timing
from kpilab.experiments import Outcome, Units, experiment
from kpilab.external import counterfactual
from kpilab.relation import relate
from kpilab.rootcause import changepoint
from kpilab.stats.calendar import days_off
from kpilab.stats.execution.audit import clopper_pearson
from kpilab.stats.forecast import forecast
from kpilab.stats.operations.control import individuals, rates

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "stress.md"
QUICK, WHOLE = 40, 400
Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Cell:
    """One function on one kind of input.

    Attributes:
        function, trait: names. promise: highest share that is right without an effect.
        called: draws with a generator and an effect (0 or 1), and says whether something is called.
    """

    function: str
    trait: str
    promise: float
    called: Callable[[Rng, int], bool]


# --- series -------------------------------------------------------------------------------------


def wandering(rng: Rng, n: int, phi: float) -> np.ndarray:
    noise = rng.standard_normal(n + 50)
    for t in range(1, n + 50):
        noise[t] += phi * noise[t - 1]
    return noise[50:]


def off(days: pd.DatetimeIndex, country: str) -> np.ndarray:
    return np.array([d.date() in days_off(country, d.year) for d in days])


def weeks(n: int = 104) -> pd.DatetimeIndex:
    return pd.date_range("2024-01-01", periods=n, freq="7D")


def pair(rng: Rng, hit: int, make: Callable[[Rng], pd.Series]) -> tuple[pd.Series, pd.Series]:
    """Two draws; with an effect the second follows the first two periods later."""
    kpi, goal = make(rng), make(rng)
    if hit:
        moves = (kpi / kpi.mean() - 1).shift(2, fill_value=0.0)
        goal = goal * 0.5 + goal.mean() * (0.5 + moves)
    return kpi, goal


def relation(make: Callable[[Rng], pd.Series], **options) -> Callable[[Rng, int], bool]:
    return lambda rng, hit: relate(*pair(rng, hit, make), **options).verdict == "related"


def daily(rng: Rng, level: np.ndarray | float, days: pd.DatetimeIndex) -> pd.Series:
    return pd.Series(rng.poisson(level, len(days)).astype(float), days)


def relate_cells() -> list[Cell]:
    years = pd.date_range("2020-01-01", "2023-12-31")
    two = pd.date_range("2022-01-03", periods=7 * 104)
    year = pd.date_range("2024-01-01", periods=400)
    quiet = 1000 * np.where(off(two, "US") & (two.dayofweek < 5), 0.3, 1.0)
    golden = 1000 * np.where(off(year, "CN"), 2.0, 1.0)
    ends = 1000 * np.where(year.days_in_month - year.day < 3, 1.4, 1.0)
    growth = np.arange(104) / 52
    makes: dict[str, tuple[Callable[[Rng], pd.Series], dict]] = {
        "independent": (lambda r: pd.Series(100 + 10 * r.standard_normal(104), weeks()), {}),
        "small n (26)": (lambda r: pd.Series(100 + 10 * r.standard_normal(26), weeks(26)), {}),
        "ties (counts near 3)": (lambda r: pd.Series(r.poisson(3, 104) + 1.0, weeks()), {}),
        "heavy tails": (lambda r: pd.Series(np.exp(r.standard_normal(104)), weeks()), {}),
        "dependence .8": (lambda r: pd.Series(200 + 10 * wandering(r, 104, 0.8), weeks()), {}),
        "random walk": (lambda r: pd.Series(500 + 5 * wandering(r, 104, 1.0), weeks()), {}),
        "scale 1e-6": (lambda r: pd.Series(1e-6 * (100 + r.standard_normal(104)), weeks()), {}),
        "growth 68 % a year": (
            lambda r: pd.Series(1.68**growth * np.exp(r.normal(0, 0.08, 104)), weeks()), {}),
        "growth 183 % a year": (
            lambda r: pd.Series(2.83**growth * np.exp(r.normal(0, 0.08, 104)), weeks()), {}),
        "falling volatility": (
            lambda r: pd.Series(100 + 9 * np.exp(-growth) * r.standard_normal(104), weeks()), {}),
        "months, sums": (lambda r: daily(r, 1000, years).resample("MS").sum(), {}),
        "months by last day": (lambda r: daily(r, 1000, years).resample("ME").sum(), {}),
        "weeks by last day, US": (
            lambda r: daily(r, quiet, two).resample("W").sum(), {"calendar": "US"}),
        "days, Golden Week, CN": (lambda r: daily(r, golden, year), {"calendar": "CN"}),
        "days, ends of months": (lambda r: daily(r, ends, year), {}),
    }  # fmt: skip
    return [Cell("relate", trait, 0.06, relation(f, **o)) for trait, (f, o) in makes.items()]


def constant_cells() -> list[Cell]:
    days = pd.date_range("2026-01-01", periods=60)

    def steps(values: Callable[[Rng], np.ndarray]) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            series = values(rng)
            series[30:] = series[30:] + hit * 2 * max(float(np.nanstd(series)), 1.0)
            return changepoint(pd.DataFrame({"day": days, "value": series})).p < 0.05

        return called

    makes = {
        "independent": lambda r: r.normal(10, 1, 60),
        "constant": lambda r: np.full(60, 10.0),
        "dependence .5": lambda r: 10 + wandering(r, 60, 0.5),
        "ties (counts near 3)": lambda r: r.poisson(3, 60).astype(float),
        "heavy tails": lambda r: 10 + r.standard_t(3, 60),
        "missing days": lambda r: np.where(np.arange(60) % 9 == 4, np.nan, r.normal(10, 1, 60)),
    }
    return [Cell("changepoint", t, 0.06, steps(f)) for t, f in makes.items()]


def control_cells() -> list[Cell]:
    """Share of charts of 60 points with a point outside, at .0027 per point: 15 % by chance."""

    def totals(values: Callable[[Rng], np.ndarray]) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            x = values(rng)
            x[45] += hit * 6 * max(float(x.std()), 1.0)
            return bool(individuals(x).outside.any())

        return called

    def shares(den: int, p: float) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            n = rng.binomial(den, p, 60).astype(float)
            n[45] += hit * max(8 * np.sqrt(den * p * (1 - p)), 8)
            return bool(rates(n, np.full(60, float(den))).outside.any())

        return called

    makes = {
        "independent": totals(lambda r: r.normal(10, 1, 60)),
        "constant": totals(lambda r: np.full(60, 0.1)),
        "dependence .8": totals(lambda r: 10 + wandering(r, 60, 0.8)),
        "rates of 1,000": shares(1000, 0.1),
        "rates of 1,000,000": shares(1_000_000, 0.1),
        "a rate that is 0": shares(100, 0.0),
    }
    return [Cell("control (60 points)", t, 0.2, f) for t, f in makes.items()]


def forecast_cells() -> list[Cell]:
    """Share of 80 % intervals of a mean that miss it: "called" is a miss; promise 28 %."""

    def missed(make: Callable[[Rng, int], np.ndarray], n: int, ahead: int):
        def called(rng: Rng, hit: int) -> bool:
            y = make(rng, n + ahead)
            found, mean = forecast(y[:n], ahead, season=52), float(y[n:].mean())
            return not found.mean_low <= mean * (1 + hit) <= found.mean_high

        return called

    makes: dict[str, Callable[[Rng, int], np.ndarray]] = {
        "independent": lambda r, n: 100 + 10 * r.standard_normal(n),
        "dependence .5": lambda r, n: 100 + 10 * wandering(r, n, 0.5),
        "random walk": lambda r, n: 500 + 5 * wandering(r, n, 1.0),
        "trend + AR .5": lambda r, n: 50 + 0.5 * np.arange(n) + 5 * wandering(r, n, 0.5),
        "growth 1 % a week": lambda r, n: (
            1000 * 1.01 ** np.arange(n) * np.exp(r.normal(0, 0.05, n))
        ),
        "growth 2 % a week": lambda r, n: (
            1000 * 1.02 ** np.arange(n) * np.exp(r.normal(0, 0.05, n))
        ),
        "Poisson on a wave": lambda r, n: r.poisson(
            50 * (1 + 0.4 * np.sin(2 * np.pi * (np.arange(n) / 52 + r.random())))
        ).astype(float),
        "trend that broke": lambda r, n: (
            100 + 0.5 * np.maximum(np.arange(n) - r.integers(17, 35), 0) + r.normal(0, 3, n)
        ),
    }
    return [
        Cell("targets, 80 % interval", f"{trait}, {n} → {ahead} weeks", 0.28, missed(f, n, ahead))
        for trait, f in makes.items()
        for n, ahead in ((52, 4), (52, 13), (104, 13))
    ]


# --- panels -------------------------------------------------------------------------------------


def counterfactual_cells() -> list[Cell]:
    when = weeks(62)

    def panel(
        rng: Rng, hit: int, own: float = 1.0, size: float = 1.0, units: int = 12,
        phi: tuple[float, float] = (0.5, 0.5), unequal: bool = False, broke: float = 0.0,
    ) -> pd.DataFrame:  # fmt: skip
        market_ = np.cumsum(rng.standard_normal(62))
        noise = np.array([wandering(rng, 62, phi[0 if k == 0 else 1]) for k in range(units)])
        noise *= np.exp(rng.normal(0, 0.7, (units, 1))) if unequal else 1.0
        noise[0] *= own
        values = (100 + market_ + noise) * np.where(np.arange(units) == 0, 1.0, size)[:, None]
        values[0, :20] += broke
        values[0, 50:] += 3 * own * hit
        frame = pd.DataFrame(values.T, when, [f"u{k}" for k in range(units)])
        return frame.rename_axis("time").reset_index().melt("time", var_name="unit")

    traits: dict[str, dict] = {
        "alike": {}, "own noise × 1.5": {"own": 1.5}, "own noise × 3": {"own": 3.0},
        "peers × 10": {"size": 10.0}, "peers / 10": {"size": 0.1}, "5 peers": {"units": 6},
        "own noise dependent, theirs not": {"phi": (0.8, 0.0)},
        "random walks": {"phi": (1.0, 1.0)}, "unequal noise": {"unequal": True},
        "an earlier break of 10": {"broke": 10.0},
    }  # fmt: skip

    def call(options: dict, method: str) -> Callable[[Rng, int], bool]:
        return lambda rng, hit: (
            counterfactual(
                panel(rng, hit, **options), treated="u0", since=when[50], method=method
            ).p
            < 0.05
        )

    return [
        Cell(f"counterfactual, {method}", trait, 0.08, call(options, method))
        for method in ("synthetic did", "did")
        for trait, options in traits.items()
    ]


def market_cells() -> list[Cell]:
    when = weeks(104)
    spans = {
        "baseline": Period(date(2025, 6, 30), date(2025, 9, 28)),
        "current": Period(date(2025, 9, 29), date(2025, 12, 28)),
    }

    def called(odd: str, peers: int) -> Callable[[Rng, int], bool]:
        """Our own is accused though all fell alike; with an effect, it did fall alone."""

        def one(rng: Rng, hit: int) -> bool:
            factor = np.cumsum(rng.normal(0, 0.01, 104))
            factor[-13:] -= 0.0 if hit else 0.15
            names = ["own", *(f"p{k}" for k in range(peers))]
            logs = pd.DataFrame({n: factor + rng.normal(0, 0.01, 104) for n in names}, when)
            logs.iloc[-13:, 0] -= 0.15 * hit
            if odd == "stuck":
                logs["odd"] = 0.1
            elif odd == "calm":
                logs["odd"] = 0.4 * factor + rng.normal(0, 0.002, 104)
            elif odd == "hit":
                logs.iloc[-13:, 1] -= 0.4
            long = np.exp(4 + logs).rename_axis("date").reset_index()
            long = long.melt("date", var_name="series", value_name="value")
            if odd == "missing":
                long = long[(rng.random(len(long)) > 0.05) | (long["date"] >= when[-26])]
            return market(long, own="own", **spans).cause in ("own", "both")

        return one

    traits = [("alike", 4), ("stuck", 4), ("calm", 4), ("hit", 4), ("hit", 3), ("missing", 4)]
    traits += [("alike", 2), ("alike", 1)]
    return [
        Cell("market, accuses us", f"{odd}, {n} peers", 0.06, called(odd, n)) for odd, n in traits
    ]


# --- work and experiments -----------------------------------------------------------------------


def work_cells() -> list[Cell]:
    first = date(2025, 3, 1)
    period = Period(first, first + timedelta(days=60))

    def table(claims: np.ndarray, target: np.ndarray | None = None) -> Executions:
        days = [first + timedelta(days=k % 61) for k in range(len(claims))]
        frame = pd.DataFrame({"date": days, "actor": "a", "action": "v", "quantity": claims})
        if target is None:
            return Executions(frame)
        return Executions(frame.assign(target=target), target="target")

    def bunched(sizes: list[int], n: int, mean: float | None, step: int = 1):
        def called(rng: Rng, hit: int) -> bool:
            target = rng.choice(sizes, n)
            claims = rng.poisson(0.97 * target if mean is None else mean, n) * step
            near = (claims < target) & (claims >= 0.8 * target) & (rng.random(n) < 0.3 * hit)
            return bool(
                bunching(table(np.where(near, target, claims), target), period=period)
                .table["bunched"].any()
            )  # fmt: skip

        return called

    def heaped(mean: float, n: int) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            claims = rng.poisson(mean, n)
            rounded = rng.random(n) < 0.3 * hit
            claims = np.where(rounded, np.round(claims / 5) * 5, claims)
            return bool(heaping(table(claims), period=period).table["stands_out"].any())

        return called

    def rushed(level: Callable[[Rng], np.ndarray]) -> Callable[[Rng, int], bool]:
        def called(rng: Rng, hit: int) -> bool:
            days = pd.date_range(first, periods=61)
            claims = level(rng) * np.where(hit & (days.days_in_month - days.day < 3), 2.0, 1.0)
            return timing(table(claims), period=period).headline.key == "timing.rush"

        return called

    return [
        Cell("bunching", "one target", 0.06, bunched([20], 500, 20)),
        Cell("bunching", "two targets", 0.06, bunched([20, 25], 500, 20)),
        Cell("bunching", "seven targets", 0.06, bunched(list(range(17, 24)), 500, 20)),
        Cell("bunching", "unequal targets", 0.06, bunched([8, 20, 60], 500, None)),
        Cell("bunching", "small n (120)", 0.06, bunched([20, 25], 120, 20)),
        Cell("bunching", "claims in fives", 0.06, bunched([40, 50], 500, 9, 5)),
        *(
            Cell("heaping", f"mean {m}, n {n:,}", 0.06, heaped(m, n))
            for m, n in ((3, 300), (10, 300), (10, 20_000), (45, 60), (45, 20_000))
        ),
        Cell("timing", "counts", 0.06, rushed(lambda r: r.poisson(150, 61))),
        Cell("timing", "constant", 0.06, rushed(lambda r: np.full(61, 20))),
        Cell("timing", "few", 0.06, rushed(lambda r: r.poisson(1, 61) + (np.arange(61) == 0))),
        Cell(
            "timing", "dependent days", 0.06,
            rushed(lambda r: r.poisson(150 * np.exp(0.2 * wandering(r, 61, 0.6)))),
        ),
    ]  # fmt: skip


def experiment_cells() -> list[Cell]:
    def arms(n: tuple[int, int], value: Callable[[Rng, int], np.ndarray]):
        def called(rng: Rng, hit: int) -> bool:
            y = value(rng, sum(n))
            y[n[0] :] = y[n[0] :] + hit * 4 * y.std() / np.sqrt(min(n))
            group = np.repeat(["A", "B"], n)
            frame = pd.DataFrame({"user": range(sum(n)), "variant": group, "y": y})
            return bool(
                experiment(Units(frame), metrics=[Outcome("y", "y")], control="A")
                .table["p"]
                .iloc[0]
                < 0.05
            )

        return called

    values: dict[str, Callable[[Rng, int], np.ndarray]] = {
        "normal": lambda r, n: r.normal(10, 2, n),
        "lognormal 1.5": lambda r, n: np.exp(1.5 * r.standard_normal(n)),
        "5 % payers": lambda r, n: (r.random(n) < 0.05) * np.exp(r.standard_normal(n)),
    }
    return [
        Cell("experiment", f"{name}, {a:,} / {b:,}", 0.06, arms((a, b), f))
        for name, f in values.items()
        for a, b in ((1000, 1000), (1800, 200), (200, 1800))
    ]


PARTS = {
    "relate": relate_cells, "changepoint": constant_cells, "control": control_cells,
    "forecast": forecast_cells, "counterfactual": counterfactual_cells, "market": market_cells,
    "work": work_cells, "experiment": experiment_cells,
}  # fmt: skip


def measured(cell: Cell, reps: int, hit: int) -> int:
    return sum(cell.called(np.random.default_rng([s, 23, hit]), hit) for s in range(reps))


def row(cell: Cell, reps: int, powered: int) -> dict[str, object]:
    calls = measured(cell, reps, 0)
    power = measured(cell, powered, 1) / powered if powered else float("nan")
    low, _ = clopper_pearson(calls, reps)
    return {
        "function": cell.function, "trait": cell.trait, "size": calls / reps,
        "error": np.sqrt(max(calls, 1) * max(reps - calls, 1) / reps**3), "reps": reps,
        "promise": cell.promise, "above": bool(low > cell.promise), "power": power,
    }  # fmt: skip


def job(of: tuple[str, int, int, int]) -> dict[str, object]:
    """One cell in a process of its own."""
    warnings.simplefilter("ignore")
    part, k, reps, powered = of
    return row(PARTS[part]()[k], reps, powered)


def page(rows: list[dict[str, object]], minutes: float, command: str) -> str:
    table = pd.DataFrame(rows)
    above = table[table["above"]]
    lines = [
        "# Stress table: error rates on inputs the functions were not made for", "",
        "One trait of the input is varied at a time. *Size* is the share of draws in which "
        "something is called though nothing happened (for targets: of 80 % intervals that miss), "
        "± one Monte Carlo standard error; *power* that with a planted effect. A cell is **above** "
        "its promise where the lower end of its 95 % Monte Carlo interval lies above it: with few "
        "repetitions that shows gross faults only.", "",
        f"`{command}`: {table['reps'].iloc[0]} repetitions per cell, {minutes:.0f} minutes. "
        f"{len(table) - len(above)} of {len(table)} cells keep their promise; "
        f"{int((table['size'] <= table['promise']).sum())} lie at or below it as measured.", "",
    ]  # fmt: skip
    if len(above):
        named = "; ".join(f"{r.function}: {r.trait}" for r in above.itertuples())
        lines += [f"Above: {named}.", ""]
    lines += ["| function | input | size | promise | power | |", "|---|---|---|---|---|---|"]
    for r in table.itertuples():
        power = "–" if np.isnan(r.power) else f"{r.power:.0%}"
        size = f"{100 * r.size:.1f} % ± {100 * r.error:.1f}"
        mark = "**above**" if r.above else ""
        lines.append(f"| {r.function} | {r.trait} | {size} | {r.promise:.0%} | {power} | {mark} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} repetitions")
    parser.add_argument("--reps", type=int)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--no-power", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    args = parser.parse_args()
    reps, start, rows = args.reps or (QUICK if args.quick else WHOLE), time.monotonic(), []
    powered = 0 if args.no_power else max(reps // 4, 10)
    jobs = [(p, k, reps, powered) for p in args.only for k in range(len(PARTS[p]()))]
    with Pool(args.processes) as pool:
        for r in pool.imap(job, jobs):
            rows.append(r)
            print(
                f"{r['function']:32}{r['trait']:34}{100 * r['size']:6.1f} %"  # type: ignore
                f"{100 * r['power']:8.0f} %{'  ABOVE' if r['above'] else ''}",  # type: ignore
                flush=True,
            )
    command = "python benchmarks/stress.py" + (f" --reps {args.reps}" if args.reps else "")
    command += " --quick" if args.quick else ""
    text = page(rows, (time.monotonic() - start) / 60, command)
    if args.write:
        PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
