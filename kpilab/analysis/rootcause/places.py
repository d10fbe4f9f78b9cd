"""Places: what was found in the cube of a metric, in figures for people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpilab.analysis.rootcause.cube import Cube
from kpilab.core.values import Effect, Message, Where
from kpilab.engine.column import own
from kpilab.engine.door.dimensions import called
from kpilab.stats.rootcause.localise import Element, Located
from kpilab.stats.rootcause.localise.cuboids import crossed
from kpilab.stats.rootcause.selection import unselected
from kpilab.stats.tail import critical

BESIDE = ["where", "metric", "expected", "actual", "change", "low", "high", "score", "found"]


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """What was found in the cube of one metric.

    Attributes:
        metric: its name. alpha, level: as asked of `localise`.
    """

    metric: str
    cube: Cube
    found: Located
    alpha: float
    level: float

    @property
    def all_but(self) -> tuple[Element, ...]:
        """Everything but what stayed as expected, as a place."""
        whole = self.found.everywhere
        if whole is None or not whole.spared:
            return ()
        cost = sum(e.cost for e in whole.spared)
        left = tuple((e.dims, e.values) for e in whole.spared)
        return (Element((), (), whole.gain - cost, cost, whole.leaves, (), left),)

    def rows(self) -> list[dict[str, object]]:
        """One per place, strongest first."""
        return [self._row(element) for element in (*self.all_but, *self.found.elements)]

    def nested(self) -> tuple[Message, ...]:
        """Dimensions of the places found that tell others, which are not named beside them."""
        named = dict.fromkeys(d for element in self.found.elements for d in element.dims)
        return tuple(
            Message("localise.nested", {"dimension": self.cube.names[d], "parents": parents})
            for d in named
            if (parents := self.cube.parents(d))
        )

    def everywhere(self) -> Effect | None:
        """Change of what lies outside of the places; of the hits where their misses were
        searched."""
        whole, cube = self.found.everywhere, self.cube
        base = 0.0 if whole is None else abs(float(cube.expected[whole.leaves].sum()))
        if whole is None or base == 0:
            return None
        change = (whole.gap if cube.whole is None else -whole.gap) / base
        half = critical(self.level, self.found.noise.df) * whole.error / base
        return Effect(change, max(change - half, cube.lowest), change + half)

    def at(self, where: Where) -> dict[str, object]:
        """What a place of any metric did in this one."""
        leaves = self.cube.leaves(where)
        if len(leaves) == 0:  # a band that this metric was not cut into, say
            return {"where": where, "metric": self.metric}
        gap, error, before, now = self._moved(leaves)
        base = abs(before) if before else np.nan
        half = critical(self.level, self.found.noise.df) * error
        return {
            "where": where,
            "metric": self.metric,
            "expected": before,
            "actual": now,
            "change": gap / base,
            "low": max((gap - half) / base, self.cube.lowest),
            "high": (gap + half) / base,
            "score": gap / error if error else np.nan,
        }

    def _moved(self, leaves: np.ndarray) -> tuple[float, float, float, float]:
        """Gap of some leaves, its error, and what was expected and is there."""
        before, now = (float(v[leaves].sum()) for v in (self.cube.expected, self.cube.actual))
        mean = self.cube.mean(leaves)
        squared = self.found.noise.variance(mean, self.cube.spread[leaves])
        return now - before, float(np.sqrt(squared.sum())), before, now

    def _row(self, element: Element) -> dict[str, object]:
        cube, noise = self.cube, self.found.noise
        gap, error, before, now = self._moved(element.leaves)
        half, whole = (
            critical(self.level, noise.df) * error,
            float((cube.actual - cube.expected).sum()),
        )
        threshold = float(np.sqrt(2 * (element.cost - np.log(self.alpha))))
        seen = unselected(gap / error, threshold) if error else 0.0
        base = abs(before) if before else np.nan
        size = np.abs(cube.expected)
        return {
            "where": cube.where((element.dims, element.values), element.without),
            "metric": self.metric,
            "expected": before,
            "actual": now,
            "contribution": gap,
            "low": gap - half,
            "high": gap + half,
            "share": gap / whole if whole else np.nan,
            "change": gap / base,
            "change_low": max((gap - half) / base, cube.lowest),
            "change_high": (gap + half) / base,
            "corrected": seen * error / base,
            "size": float(size[element.leaves].sum() / size.sum()),
            "leaves": len(element.leaves),
            "p": float(np.exp(-element.gain)),
            "equivalent": tuple(cube.where(other) for other in element.equivalent),
        }

    def cells(self) -> tuple[tuple[str, ...], pd.DataFrame]:
        """The two dimensions named most prominently by what was found (else those with fewest
        values), and their cells."""
        cube, found = self.cube, self.found
        named = [d for e in found.elements for dims, _ in ((e.dims, ()), *e.without) for d in dims]
        several = [
            d
            for d in np.argsort([len(v) for v in cube.values], kind="stable")
            if np.ptp(cube.codes[d]) > 0
        ]
        pair = list(dict.fromkeys([*named, *several]))[:2]
        if len(pair) < 2:
            return (), pd.DataFrame(columns=["expected", "actual", "score"], dtype=float)
        texts = [
            np.unique([str(v) for v in cube.values[d].tolist()], return_inverse=True) for d in pair
        ]
        places = tuple(place[cube.codes[d]] for d, (_, place) in zip(pair, texts, strict=True))
        variance = found.noise.variance(cube.mean(), cube.spread)
        occurs, (expected, actual, squared) = crossed(
            places, (cube.expected, cube.actual, variance)
        )
        gap, error = actual - expected, np.sqrt(squared)
        score = np.divide(gap, error, out=np.full(len(gap), np.nan), where=error > 0)
        ours = {own(f"by{d}"): cube.names[d] for d in pair}
        names = {
            d: pd.Series(text[k], dtype="str")
            for d, (text, _), k in zip(ours, texts, occurs, strict=True)
        }
        cells = called(
            pd.DataFrame(names | {"expected": expected, "actual": actual, "score": score}), ours
        )
        return tuple(cells.columns[:2]), cells


def beside(searched: list[Places], rows: list[dict[str, object]]) -> pd.DataFrame:
    """Every place found, in every metric."""
    own_places = {(row["where"], row["metric"]) for row in rows}
    told = [
        one.at(where) | {"found": (where, one.metric) in own_places}
        for where in dict.fromkeys(row["where"] for row in rows)
        if isinstance(where, Where)
        for one in searched
    ]
    return pd.DataFrame(told, columns=BESIDE)
