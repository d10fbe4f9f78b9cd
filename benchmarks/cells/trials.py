"""Cells of the questions under `kpilab.experiments`: two arms that differ in nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from cells.draws import FIRST, Called, Cell, Rng

from kpilab import experiment
from kpilab.experiments import (
    Design,
    Outcome,
    Units,
    cumulative_effect,
    sample_ratio,
    subgroups,
)

ARMS = {"control": "A", "treatment": "B"}
Draw = Callable[[Rng, int], np.ndarray]
VALUES: dict[str, Draw] = {
    "normal": lambda r, n: r.normal(10, 2, n),
    "lognormal 1.5": lambda r, n: np.exp(1.5 * r.standard_normal(n)),
    "5 % payers": lambda r, n: (r.random(n) < 0.05) * np.exp(r.standard_normal(n)),
}
SIZES = ((1000, 1000), (1800, 200), (200, 1800), (3600, 400))


def mean_cells() -> list[Cell]:
    def arms(n: tuple[int, int], value: Draw) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            y = value(rng, sum(n))
            y[n[0] :] = y[n[0] :] + hit * 4 * y.std() / np.sqrt(min(n))
            return _p(two(n, y=y), Outcome("y", "y")) < 0.05

        return called

    return [
        Cell("experiment", f"{name}, {a:,} / {b:,}", 0.06, arms((a, b), f))
        for name, f in VALUES.items()
        for a, b in SIZES
    ]


def two(n: tuple[int, int], **columns: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"user": range(sum(n)), "variant": np.repeat(["A", "B"], n), **columns})


def _p(rows: pd.DataFrame, metric: Outcome, design: Design | None = None) -> float:
    asked = {"metrics": [metric], "control": "A", "design": design}
    table = experiment(Units(rows), **asked).table
    return float(table["p_safe" if metric.role == "guardrail" else "p"].iloc[0])


def kind_cells() -> list[Cell]:
    """Shares, ratios, quantiles, clusters, strata, covariates, looks, guardrails."""

    def share(n: tuple[int, int], p: float) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            chance = np.repeat([p, p + hit * 4.5 * np.sqrt(p * (1 - p) / min(n))], n)
            y = (rng.random(sum(n)) < chance).astype(int)
            return _p(two(n, y=y), Outcome("y", kind="proportion")) < 0.05

        return called

    def ratio(n: tuple[int, int], heavy: bool) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            own = rng.lognormal(0, 1.0 if heavy else 0.3, sum(n))
            d = rng.poisson(3 * own) + 1
            rate = rng.beta(3, 7, sum(n)) * (1 + np.repeat([0, 0.3 * hit], n))
            x = rng.binomial(d, np.minimum(rate, 1))
            return _p(two(n, x=x, d=d), Outcome("x", per="d")) < 0.05

        return called

    def middle(n: tuple[int, int], q: float, draw: Draw) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            y = draw(rng, sum(n)) * np.repeat([1, 1 + hit], n)
            return _p(two(n, y=y), Outcome("y", kind="quantile", quantile=q)) < 0.05

        return called

    def clustered(groups: int, alike: float, rows: int = 40) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            key = np.repeat(np.arange(2 * groups), rng.integers(rows // 2, 2 * rows, 2 * groups))
            y = np.sqrt(alike) * rng.standard_normal(2 * groups)[key]
            y = y + np.sqrt(1 - alike) * rng.standard_normal(len(key)) + 10
            y = y + hit * 2.5 * np.sqrt(alike / groups + 0.02) * (key >= groups)
            frame = pd.DataFrame({"variant": np.where(key < groups, "A", "B"), "y": y, "c": key})
            return _p(frame, Outcome("y"), Design(cluster="c")) < 0.05

        return called

    return [
        *(Cell("experiment, a share", f"{p:.1%}, {a:,} / {b:,}", 0.06, share((a, b), p))
          for p in (0.3, 0.01) for a, b in ((1000, 1000), (1800, 200), (60, 60))),
        *(Cell("experiment, a ratio", f"{t}, {a:,} / {b:,}", 0.06, ratio((a, b), t != "plain"))
          for t in ("plain", "heavy tails") for a, b in ((500, 500), (900, 100))),
        *(Cell("experiment, a quantile", f"{t}, p{100 * q:g}, {a:,} / {b:,}", 0.06,
               middle((a, b), q, f))
          for t, f in (("lognormal", VALUES["lognormal 1.5"]),
                       ("ties (counts near 3)", lambda r, n: r.poisson(3, n).astype(float)))
          for q, a, b in ((0.5, 200, 200), (0.9, 900, 300))),
        *(Cell("experiment, clusters", f"{g} an arm, alike {a}", 0.06, clustered(g, a))
          for g, a in ((5, 0.3), (10, 0.3), (40, 0.05))),
    ]  # fmt: skip


def design_cells() -> list[Cell]:
    def money(rng: Rng, n: int) -> tuple[np.ndarray, np.ndarray]:
        before = rng.gamma(1, 20, n)
        return before, before + rng.gamma(1, 20, n)

    def known(n: tuple[int, int]) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            before, y = money(rng, sum(n))
            y = y + hit * np.repeat([0, 4 * 20 / np.sqrt(min(n))], n)
            return _p(two(n, y=y, before=before), Outcome("y", covariates=("before",))) < 0.05

        return called

    def layered(n: tuple[int, int]) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            s = rng.choice(3, sum(n), p=[0.7, 0.25, 0.05])
            y = rng.normal(10 + 5 * s, 2) + hit * np.repeat([0, 10 / np.sqrt(min(n))], n)
            return _p(two(n, y=y, s=s.astype(str)), Outcome("y"), Design(strata="s")) < 0.05

        return called

    def safe(n: tuple[int, int], draw: Draw) -> Called:
        """The treatment is worse by the whole margin; with an effect it is not worse at all."""

        def called(rng: Rng, hit: int) -> bool:
            y = draw(rng, sum(n)) * np.repeat([1, 0.9 + 0.1 * hit], n)
            rows, metric = two(n, y=y), Outcome("y", role="guardrail", margin=0.1)
            return _p(rows, metric) < 0.025

        return called

    def watched(boundary, looks: int = 5) -> Called:
        """Looked at five times on the way; called at any of the looks."""

        def called(rng: Rng, hit: int) -> bool:
            y = rng.gamma(1, 20, 2000) + np.tile([0, 3.0 * hit], 1000)
            rows = pd.DataFrame({"variant": np.tile(["A", "B"], 1000), "y": y})
            return any(
                _p(
                    rows.iloc[: 2000 * k // looks],
                    Outcome("y"),
                    Design(boundary=boundary, looks=tuple(np.arange(1, k + 1) / looks), tuning=500),
                ) < 0.05
                for k in range(1, looks + 1)
            )  # fmt: skip

        return called

    def arms(draw: Draw, metrics: int = 3) -> Called:
        """Four arms, three metrics: the error rate is that of all of them together."""

        def called(rng: Rng, hit: int) -> bool:
            group = rng.choice(list("ABCD"), 2000)
            values = {f"y{k}": draw(rng, 2000) for k in range(metrics)}
            values["y0"] = values["y0"] + hit * values["y0"].std() / 3 * (group == "B")
            rows = pd.DataFrame({"variant": group, **values})
            found = experiment(Units(rows), metrics=list(values), control="A").table
            return bool((found["q"] < 0.05).any())

        return called

    return [
        Cell("experiment, a covariate", "gamma, 500 / 500", 0.06, known((500, 500))),
        Cell("experiment, a covariate", "gamma, 900 / 100", 0.06, known((900, 100))),
        Cell("experiment, a covariate", "gamma, 30 / 30", 0.06, known((30, 30))),
        Cell("experiment, strata", "500 / 500", 0.06, layered((500, 500))),
        Cell("experiment, strata", "60 / 60", 0.06, layered((60, 60))),
        *(Cell("experiment, a guardrail", f"{t}, 2,000 / 2,000", 0.035,
               safe((2000, 2000), VALUES[t])) for t in ("normal", "lognormal 1.5")),
        *(Cell("experiment, five looks", b, 0.06, watched(b), slow=True)
          for b in ("obrien-fleming", "pocock", "always valid")),
        Cell("experiment, 3 metrics of 4 arms", "normal", 0.06, arms(VALUES["normal"])),
        Cell("experiment, 3 metrics of 4 arms", "lognormal 1.5", 0.06,
             arms(VALUES["lognormal 1.5"])),
    ]  # fmt: skip


def inside_cells() -> list[Cell]:
    """What is read off an experiment: its split, its places, its days."""

    def tested(rng: Rng, hit: int, n: int = 2000, odd: str = "") -> pd.DataFrame:
        rows = pd.DataFrame({"variant": rng.choice(["A", "B"], n), "y": rng.gamma(1, 20, n)})
        rows["place"] = rng.choice(list("abcdef"), n, p=[0.5, 0.2, 0.1, 0.1, 0.07, 0.03])
        rows["day"] = pd.Timestamp(FIRST) + pd.to_timedelta(rng.integers(0, 14, n), "D")
        here = (rows["variant"] == "B") & (rows["place"] == "a")
        if odd == "split":
            rows = rows[~here | (rng.random(n) > 0.3 * hit)]
        else:
            rows["y"] += 15 * hit * (here if odd == "place" else rows["variant"] == "B")
        return rows

    def read(rows: pd.DataFrame):
        units = Units(rows, time="day", dimensions=("place",))
        return experiment(units, metrics=["y"], control="A", by=["place"]).moments

    def unlike(n: int) -> Called:
        return lambda rng, hit: sample_ratio(read(tested(rng, hit, n, "split")), **ARMS).p < 0.05

    def anywhere(n: int) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            table = sample_ratio(read(tested(rng, hit, n, "split")), **ARMS).table
            return bool((table["q"] < 0.05).any())

        return called

    def places(n: int) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            found = subgroups(read(tested(rng, hit, n, "place")), "y", by="place", **ARMS)
            return bool((found.table["q"] < 0.05).any())

        return called

    def interaction(n: int) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            moments = read(tested(rng, hit, n, "place"))
            return subgroups(moments, "y", by="place", **ARMS).interaction < 0.05

        return called

    def crossed(n: int) -> Called:
        def called(rng: Rng, hit: int) -> bool:
            table = cumulative_effect(read(tested(rng, hit, n)), "y", **ARMS).table
            return bool((table["z"].abs() > table["bound"]).any())

        return called

    kinds = {
        "sample_ratio": unlike, "sample_ratio, any value": anywhere, "subgroups": places,
        "subgroups, interaction": interaction, "cumulative_effect": crossed,
    }  # fmt: skip
    return [
        Cell(name, trait, 0.06, of(n))
        for name, of in kinds.items()
        for trait, n in (("2,000 units", 2000), ("small n (200)", 200))
    ]
