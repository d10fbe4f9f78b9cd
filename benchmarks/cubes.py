"""Cubes to localise in: real incidents, reference cubes, and planted ones of many shapes,
drawn from seeds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Element = dict[int, int]  # dimension -> value
Place = frozenset[tuple[str, str]]
Told = tuple[Place, Place]  # an element, and what is taken out of it
NONE: Place = frozenset()
SHAPE = (10, 8, 6, 5)
AMOUNT: dict[str, object] = {"measure": "now", "expected": "was"}
RATE: dict[str, object] = {"measure": ("num1", "den1"), "expected": ("num0", "den0")}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A cube, what was planted in it, whether everything moved as well,
    and how `localise` is asked."""

    frame: pd.DataFrame
    planted: set[Told]
    question: dict[str, object] = field(default_factory=lambda: AMOUNT)

    @property
    def dimensions(self) -> list[str]:
        return [
            c for c in self.frame.columns if c not in ("was", "now", "num0", "num1", "den0", "den1")
        ]


def reference(folder: Path) -> Iterator[Case]:
    for key, told in json.loads((folder / "truth.json").read_text()).items():
        frame = pd.read_parquet(folder / f"{key}.parquet").rename(
            columns={"predict": "was", "real": "now"}
        )
        yield Case(frame, {_named(cause) for cause in told["root_causes"]})


def incidents(folder: Path) -> Iterator[Case]:
    """Real ones: stalled views per view, four minutes before against the minute itself."""
    names = {"stalled0": "num0", "all0": "den0", "stalled1": "num1", "all1": "den1"}
    for key, told in json.loads((folder / "truth.json").read_text()).items():
        frame = pd.read_parquet(folder / f"{key}.parquet").rename(columns=names)
        yield Case(frame, {_named(cause) for cause in told}, RATE)


def poisson(
    mean: float, draws: int, extra: float = 0.0, *, null: bool = False, seed: int = 0
) -> Iterator[Case]:
    """Counts in both periods; 1-3 causes of ±15…60 % whose expected log likelihood ratio is 15 or
    more."""
    rng = np.random.default_rng(seed)
    codes = _codes(SHAPE)
    for _ in range(draws):
        size = _sizes(rng, codes, mean)
        now, planted = size.copy(), []
        wanted = 0 if null else int(rng.integers(1, 4))
        while len(planted) < wanted:
            dims = rng.choice(len(SHAPE), int(rng.integers(1, 4)), replace=False)
            element = {int(d): int(rng.integers(SHAPE[d])) for d in dims}
            hit = _inside(codes, element)
            shift = float(rng.choice([-1, 1]) * rng.uniform(0.15, 0.6))
            nested = any(
                element.items() <= e.items() or e.items() <= element.items() for e in planted
            )
            if nested or size[hit].sum() * shift**2 / 4 < 15:
                continue
            now[hit] *= 1 + shift
            planted.append(element)
        noise = [
            rng.lognormal(-(extra**2) / 2, extra, len(size)) if extra else 1.0 for _ in range(2)
        ]
        yield Case(
            _frame(codes, rng.poisson(size * noise[0]), rng.poisson(now * noise[1])), _told(planted)
        )


def exceptions(draws: int, *, counts: bool, seed: int = 1) -> Iterator[Case]:
    """One element moves by ±30…60 % but for a part of it (at most 40 %)."""
    rng = np.random.default_rng(seed)
    codes, made = _codes(SHAPE), 0
    while made < draws:
        size, dims = _sizes(rng, codes, 60.0), rng.permutation(4)
        depth = int(rng.integers(1, 3))
        element = {int(d): int(rng.integers(SHAPE[d])) for d in dims[:depth]}
        left = {
            int(d): int(rng.integers(SHAPE[d]))
            for d in dims[depth : depth + 1 + (rng.random() < 0.3)]
        }
        inside, out = _inside(codes, element), _inside(codes, element | left)
        shift = rng.choice([-1, 1]) * rng.uniform(0.3, 0.6)
        if size[out].sum() * shift**2 / 4 < 25 or size[out].sum() > 0.4 * size[inside].sum():
            continue
        made += 1
        now = np.where(inside & ~out, size * (1 + shift), size)
        noise = rng.lognormal(0, 0.1, len(size))
        frame = (
            _frame(codes, rng.poisson(size), rng.poisson(now))
            if counts
            else _frame(codes, size, now * noise)
        )
        yield Case(frame, {(_place(element), _place(left))})


@dataclass(frozen=True, slots=True)
class World:
    """Amounts that were forecast: actual = expected × noise.

    Attributes:
        shape: values per dimension. noise: sd of a leaf, as a share. causes: planted elements at
            most.
        shift: size of a shift in sd of a leaf (a range), or as a share where `share`.
        sure: least size of a shift, in standard errors of the element as a whole.
        depth: dimensions per cause (a range). leaves: leaves per cause (a range).
        bias: everything is this much larger or smaller, at random.
        missing: share of leaves that do not occur. zipf: sizes of values fall as 1/rank.
        correlated: the second dimension mostly follows the first. nested: the second is a parent of
            the first.
        digits: amounts are rounded to so many; None for not at all.
    """

    shape: tuple[int, ...] = SHAPE
    noise: float = 0.1
    causes: int = 3
    shift: tuple[float, float] = (2.0, 5.0)
    share: bool = False
    sure: float = 8.0
    depth: tuple[int, int] = (1, 3)
    leaves: tuple[int, int] = (4, 5000)
    bias: float = 0.0
    missing: float = 0.0
    zipf: bool = False
    correlated: bool = False
    nested: bool = False
    digits: int | None = None


def amounts(world: World, draws: int, *, seed: int = 0) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        codes = _occurring(rng, world)
        size = _sizes(rng, codes, 100.0, zipf=world.zipf)
        now = size * (1 + rng.choice([-1, 1]) * world.bias)
        planted: list[Element] = []
        wanted, tries = (int(rng.integers(1, world.causes + 1)) if world.causes else 0), 0
        while len(planted) < wanted and tries < 2000:
            tries += 1
            element = _drawn(rng, codes, world)
            hit, sign = _inside(codes, element), rng.choice([-1, 1])
            shift = float(rng.uniform(*world.shift)) * (1.0 if world.share else world.noise)
            overlap = any(
                _inside(codes, e)[hit].mean() > 0.3 or hit[_inside(codes, e)].mean() > 0.3
                for e in planted
            )
            clear = (
                shift >= 0.95
                or world.noise == 0
                or shift / world.noise * np.sqrt(hit.sum()) >= world.sure
            )
            if (
                overlap
                or not clear
                or not world.leaves[0] <= hit.sum() <= min(world.leaves[1], 0.4 * len(size))
            ):
                continue
            now[hit] *= max(1 + sign * shift, 0.02)
            planted.append(element)
        now *= np.maximum(1 + rng.normal(0, world.noise, len(size)), 0) if world.noise else 1.0
        if world.digits is not None:
            size, now = size.round(world.digits), now.round(world.digits)
        yield Case(_frame(codes, size, now), _told(planted))


def profits(draws: int, *, null: bool = False, seed: int = 0) -> Iterator[Case]:
    """Revenue less cost, of either sign; 1-2 places move by 6…15 % of their revenue, which nobody
    sees."""
    codes = _codes(SHAPE)
    for k in range(draws):
        rng = np.random.default_rng([seed, k])
        revenue = _sizes(rng, codes, 1000.0)
        was = revenue * rng.normal(0.02, 0.15, len(revenue))
        now, planted = was.copy(), []
        wanted = 0 if null else int(rng.integers(1, 3))
        while len(planted) < wanted:
            dims = rng.choice(len(SHAPE), int(rng.integers(1, 3)), replace=False)
            element = {int(d): int(rng.integers(SHAPE[d])) for d in dims}
            hit = _inside(codes, element)
            nested = any(
                element.items() <= e.items() or e.items() <= element.items() for e in planted
            )
            if nested or hit.sum() > 0.3 * len(revenue):
                continue
            now[hit] += rng.choice([-1, 1]) * rng.uniform(0.06, 0.15) * revenue[hit]
            planted.append(element)
        noise = revenue * rng.normal(0, 0.05, len(revenue))
        yield Case(_frame(codes, was, now + noise), _told(planted))


def cells(nd: int, nc: int, draws: int, *, fall: float, seed: int = 0) -> Iterator[Case]:
    """A rate in nd × nc cells; it falls in one cell, with one column in the one region."""
    for k in range(draws):
        rng = np.random.default_rng([seed, nd, nc, k])
        codes = _codes((nd, nc))
        den0, den1 = (rng.poisson(28 * 400, nd * nc) for _ in range(2))
        element = {0: int(rng.integers(nd)), 1: int(rng.integers(nc))}
        rate = np.where(_inside(codes, element), 0.2 * (1 - fall), 0.2)
        num0, num1 = rng.binomial(den0, 0.2), rng.binomial(den1, rate)
        names = [d for d, n in zip("ab", (nd, nc), strict=True) if n > 1] or ["a"]
        frame = _frame(codes, num0, num1).rename(columns={"was": "num0", "now": "num1"})[
            [*names, "num0", "num1"]
        ]
        place = frozenset(p for p in _place(element) if p[0] in names)
        yield Case(frame.assign(den0=den0, den1=den1), {(place, NONE)} if fall else set(), RATE)


def complete(shape: Sequence[int], seed: int = 0) -> Case:
    """All combinations of many values, 10 % noise; three places move, one of them a single leaf."""
    rng, size = np.random.default_rng(seed), np.full(1, 100.0)
    for values in shape:
        size = np.multiply.outer(size, rng.lognormal(0, 0.5, values)).ravel()
    now = size * (1 + rng.normal(0, 0.1, len(size)))
    planted = [{0: 3, 1: 4}, {2: 5, 3: 6}, {d: d + 1 for d in range(len(shape))}]
    for element, left in zip(planted, (0.7, 0.9, 0.1), strict=True):
        at = tuple(element.get(d, slice(None)) for d in range(len(shape)))
        now.reshape(shape)[at] *= left
    codes = np.indices(shape, dtype=np.int16).reshape(len(shape), -1)
    names = [[f"{d}{k}" for k in range(n)] for d, n in zip("abcdefgh", shape, strict=False)]
    columns = {
        d: pd.Categorical.from_codes(code, pd.Index(values, dtype="str"))
        for d, code, values in zip("abcdefgh", codes, names, strict=False)
    }
    return Case(pd.DataFrame(columns | {"was": size, "now": now}), _told(planted))


def shapes() -> dict[str, World]:
    """Further shapes, by name."""
    few, seven, large = (20, 15, 10), (4, 4, 4, 4, 4, 3, 3), (12, 10, 8, 6)
    return {
        "3 dimensions": World(few),
        "7 dimensions, falls of 16 %": World(
            seven, causes=1, shift=(0.16, 0.16), share=True, depth=(1, 2)
        ),
        "7 dimensions, falls of 20 %": World(
            seven, causes=1, shift=(0.2, 0.2), share=True, depth=(1, 2)
        ),
        "7 dimensions, falls of 25 %": World(
            seven, causes=1, shift=(0.25, 0.25), share=True, depth=(1, 2)
        ),
        "7 dimensions, 1-3 causes": World(seven),
        "shifts of 1-4 leaf sd, 10-5000 leaves": World(large, shift=(1.0, 4.0), leaves=(10, 5000)),
        "the same, 3 % noise": World(large, noise=0.03, shift=(1.0, 4.0), leaves=(10, 5000)),
        "the same, 25 % noise": World(large, noise=0.25, shift=(1.0, 3.5), leaves=(10, 5000)),
        "Zipf volumes": World(zipf=True, noise=0.1),
        "correlated dimensions": World(correlated=True, missing=0.3),
        "hierarchy (store in region)": World((24, 6, 8, 5), nested=True),
        "global bias of 5 %": World(bias=0.05),
        "global bias of 5 %, 3 % noise": World(noise=0.03, bias=0.05, shift=(3.0, 8.0)),
        "places of 3 dimensions": World(depth=(3, 3)),
        "exact forecast, to the cent": World(noise=0.0, shift=(0.05, 0.6), share=True, digits=2),
        "exact forecast, to the unit": World(
            noise=0.0, shift=(0.1, 0.6), share=True, digits=0, sure=0
        ),
        "noise of 1 %, to the cent": World(noise=0.01, shift=(3.0, 20.0), digits=2),
        "half of the leaves missing": World(missing=0.5),
        "places that vanish": World(shift=(1.0, 1.0), share=True),
    }


def nulls() -> dict[str, World]:
    """Worlds in which no place moved."""
    return {
        f"null, {noise:.0%} noise, bias {bias:.0%}": World(
            noise=noise, causes=0, bias=bias, digits=digits
        )
        for noise, digits in ((0.0, 2), (0.03, None), (0.1, None), (0.3, None))
        for bias in (0.0, 0.05)
    }


def _codes(shape: Sequence[int]) -> Codes:
    return np.indices(shape).reshape(len(shape), -1)


def _occurring(rng: np.random.Generator, world: World) -> Codes:
    codes = _codes(world.shape)
    keep = rng.random(codes.shape[1]) >= world.missing
    if world.nested:
        keep &= codes[0] % world.shape[1] == codes[1]
    if world.correlated:
        keep &= (codes[0] % world.shape[1] == codes[1]) | (rng.random(codes.shape[1]) < 0.1)
    return codes[:, keep]


def _drawn(rng: np.random.Generator, codes: Codes, world: World) -> Element:
    leaf = codes[:, rng.integers(codes.shape[1])]
    free = np.arange(len(codes))
    depth = int(rng.integers(world.depth[0], world.depth[1] + 1))
    dims = rng.choice(free, min(depth, len(free)), replace=False)
    if world.nested and {0, 1} <= set(dims.tolist()):
        dims = dims[dims != 1]  # a store names its region
    return {int(d): int(leaf[d]) for d in dims}


def _inside(codes: Codes, element: Element) -> NDArray[np.bool_]:
    return np.all([codes[d] == v for d, v in element.items()], axis=0)


def _sizes(rng: np.random.Generator, codes: Codes, mean: float, *, zipf: bool = False) -> Array:
    draw: Callable[[int], Array] = (
        (lambda n: rng.permutation(1 / np.arange(1, n + 1)))
        if zipf
        else (lambda n: rng.lognormal(0, 0.5, n))
    )
    size = np.prod([draw(int(code.max()) + 1)[code] for code in codes], axis=0)
    return size * mean / size.mean()


def _frame(codes: Codes, was: Array, now: Array) -> pd.DataFrame:
    columns = {
        d: pd.Series([f"{d}{v}" for v in code], dtype="str")
        for d, code in zip("abcdefgh", codes, strict=False)
    }
    return pd.DataFrame(columns | {"was": was.astype(float), "now": now.astype(float)})


def _place(element: Element) -> Place:
    return frozenset(("abcdefgh"[d], f"{'abcdefgh'[d]}{v}") for d, v in element.items())


def _told(elements: Sequence[Element]) -> set[Told]:
    return {(_place(e), NONE) for e in elements}


def _named(cause: dict[str, object]) -> Told:
    return frozenset((d, str(v)) for d, v in cause.items()), NONE


def halves(cases: Sequence[Case]) -> tuple[Sequence[Case], Sequence[Case]]:
    """The part methods are tuned on, and the part they are reported on: blocks of ten in turn."""
    blocks = [cases[a:b] for a, b in pairwise([*range(0, len(cases), 10), len(cases)])]
    return [c for b in blocks[::2] for c in b], [c for b in blocks[1::2] for c in b]
