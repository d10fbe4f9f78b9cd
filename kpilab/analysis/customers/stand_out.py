"""Where customers behave unusually: every value of a dimension and every pair, found one after the
other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kpilab.core.values import EVERYWHERE, Effect, Where
from kpilab.stats.customers.usual import MANY, Array, Sums, Unusual, by_history, unusual
from kpilab.stats.multiplicity import weights
from kpilab.stats.tail import critical

MOST_PLACES = 5
MOST_VALUES = 40  # of a dimension: more are no segments
ALSO = 0.02  # p of the remainder, from which on the wider place moved too: four places are tried
LIKE = 0.5  # of the change of the part: the remainder's, for the two to be one place
UNLIKE = 0.25  # of the same: up to which the part alone has moved
COLUMNS = [
    "where", "customers", "view", "ratio", "expected", "effect", "low", "high", "p", "q"
]  # fmt: skip

Parts = Mapping[str, Array]  # column -> segments × windows


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One way to look at a segment.

    Attributes:
        name: what is looked at. sums: its ratio, of the sums of segments.
        sign: −1 where more of it takes from the amount.
        weight: of the error rate, the part this view may use.
        change: relative change of its ratio that is worth finding.
        worth: amount that one of the ratio's top stands for; None where it is an amount.
    """

    name: str
    sums: Callable[[Parts], Sums]
    sign: float = 1.0
    weight: float = 1.0
    change: float = 0.3
    worth: Callable[[Parts], Array] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Attributes:
    table: one row per segment judged; `where`, `customers`, `view` (the one that tells most),
        `ratio`, `expected`, `effect`, `low`, `high`, `p`, `q` (corrected for the search).
    places: rows of segments that stand out, each judged with those before it taken out.
    searched: segments × views looked at. placebos: contrasts at former windows behind the noise.
    """

    table: pd.DataFrame
    places: pd.DataFrame
    searched: int
    placebos: int


def stand_out(
    leaves: pd.DataFrame, by: Sequence[str], size: str, views: Sequence[View], level: float,
    year: int = 0,
) -> Found:  # fmt: skip
    """Segments whose customers are unusual.

    Args:
        leaves: sums, one row per `window` (0 is now) and combination of `by`.
        size: column with the number of customers.
        views: how a segment is looked at; the last one says how much it is.
        level: confidence of the intervals; its complement is the error rate of the whole search.
        year: how many windows make a year; 0: the season of everything is not known.
    """
    by = [d for d in by if 1 < leaves[d].nunique() <= MOST_VALUES]
    windows = np.arange(int(leaves["window"].min()), 1) if len(leaves) else np.arange(1)
    rest, places, first = leaves, [], None
    for _ in range(MOST_PLACES):
        table, placebos = _judged(rest, by, size, windows, views, level)
        first = (table, placebos) if first is None else first
        if table.empty or not table["q"].iloc[0] <= 1 - level:
            break
        row = _as_wide_as_it_is(table, rest, views, windows, level)
        places.append(table.loc[[row]])
        rest = rest[~inside(rest, table["where"][row])]
    table, placebos = first if first is not None else (pd.DataFrame(columns=COLUMNS), 0)
    if len(rest):
        whole = partial(
            _everywhere, size=size, views=views, windows=windows, level=level, year=year
        )
        places = _and_everywhere(leaves, rest, places, whole, level)
    chosen = pd.concat(places, ignore_index=True) if places else table.iloc[:0]
    return Found(table, chosen, int(table.attrs.get("searched", 0)), placebos)


def _and_everywhere(
    leaves: pd.DataFrame, rest: pd.DataFrame, places: list[pd.DataFrame],
    whole: Callable[[pd.DataFrame], pd.DataFrame], level: float,
) -> list[pd.DataFrame]:  # fmt: skip
    """The places, and everything beside them if it moved too.

    A place is held against the rest: where all fell, one that fell less is no rise.
    """
    told = whole(rest)
    if not told["q"].iloc[0] <= 1 - level:
        return places
    alike = [p for p in places if p["effect"].iloc[0] * told["effect"].iloc[0] > 0]
    told = whole(_without(leaves, alike))
    return [*alike, told] if told["q"].iloc[0] <= 1 - level else places


def _without(leaves: pd.DataFrame, places: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """What lies in none of the places."""
    for place in places:
        leaves = leaves[~inside(leaves, place["where"].iloc[0])]
    return leaves


def inside(leaves: pd.DataFrame, where: Where) -> pd.Series:
    """Which rows lie in a segment."""
    found = pd.Series(True, index=leaves.index)
    for dimension, values in where.values.items():
        found &= leaves[dimension].isin(values)
    return found


def _as_wide_as_it_is(
    table: pd.DataFrame, leaves: pd.DataFrame, views: Sequence[View], windows: NDArray[np.int64],
    level: float,
) -> int:  # fmt: skip
    """The most telling row; or the value it is a part of, if what is left of that moved too; or the
    part that alone moved.

    The same loss is less loud in a place with few large customers. Of a pair that stands out, the
    wider place is the simpler answer wherever its remainder says the same; of a value, the pair, if
    the remainder says nothing and the pair no less than both: what moved alone is louder by itself.
    """
    first: Where = table["where"].iloc[0]
    pair, found = len(first.values) > 1, list[tuple[float, int]]()
    for row, other in enumerate(table["where"]):
        related = _part_of(first, other) if pair else _part_of(other, first)
        if not related or (not pair and not table["q"].iloc[row] <= 1 - level):
            continue
        small, large = (first, other) if pair else (other, first)
        part, whole = inside(leaves, small), inside(leaves, large)
        moved = _of_one(leaves[part], leaves[~whole], views, windows)[0]
        left, p = _of_one(leaves[whole & ~part], leaves[~whole], views, windows)
        share = left / moved if moved else np.inf
        if pair and p <= ALSO and share >= LIKE:
            found.append((p, row))
        elif not pair and p > ALSO and share <= UNLIKE:
            own = float(table["p"].iloc[row])
            found += [(own, row)] if own <= table["p"].iloc[0] else []
    return min(found)[1] if found else 0


def _part_of(small: Where, large: Where) -> bool:
    """Whether a pair lies in a value."""
    return len(small.values) > len(large.values) and large.values.items() <= small.values.items()


def _of_one(
    within: pd.DataFrame, outside: pd.DataFrame, views: Sequence[View], windows: NDArray[np.int64]
) -> tuple[float, float]:
    """Relative change against what is expected, and p, of one place beside the others."""
    part, rest = (_summed(rows, windows) for rows in (within, outside))
    seen = [unusual(v.sums(part), v.sums(rest), np.full(1, MANY)) for v in views]
    p = [float(u.p[0]) / v.weight for u, v in zip(seen, views, strict=True)]
    told = min([1.0, *[x for x in p if x == x]])
    sized = seen[-1]
    return float(sized.ratio[0] / sized.expected[0] - 1), told


def _summed(rows: pd.DataFrame, windows: NDArray[np.int64]) -> dict[str, Array]:
    """Sums by window, as of one segment."""
    whole = rows.groupby("window")[_numbers(rows)].sum().reindex(windows, fill_value=0.0)
    return {c: whole[c].to_numpy(float)[None, :] for c in whole.columns}


def _numbers(leaves: pd.DataFrame) -> list[str]:
    """Columns of sums."""
    return [c for c in leaves.select_dtypes("number").columns if c not in ("window", "bin")]


def _judged(
    leaves: pd.DataFrame, by: Sequence[str], size: str, windows: NDArray[np.int64],
    views: Sequence[View], level: float,
) -> tuple[pd.DataFrame, int]:  # fmt: skip
    """All segments, the most telling first."""
    numbers, whole = _numbers(leaves), _summed(leaves, windows)
    found, placebos, searched = list[pd.DataFrame](), 0, 0
    families = [f for f in (1, 2) if len(by) >= f]
    for depth in families:
        where, part = _segments(leaves, by, depth, numbers, windows)
        if not where:
            continue
        rest = {c: whole[c] - part[c] for c in numbers}
        table, seen = _looked(where, part, rest, size, views, level)
        placebos += seen
        m = int(table["p"].notna().sum())
        searched += m
        shared = weights(table["off"].where(table["p"].notna()), (1 - level) / len(families))
        table["q"] = (table["p"] * m * len(families) / shared).clip(upper=1.0)
        found.append(_one_of_two(table))
    if not found:
        return pd.DataFrame(columns=COLUMNS), 0
    table = pd.concat(found, ignore_index=True).dropna(subset="p")
    table = table.sort_values(["q", "p"], kind="stable").reset_index(drop=True)[COLUMNS]
    table.attrs["searched"] = searched
    return table, placebos


def _segments(
    leaves: pd.DataFrame, by: Sequence[str], depth: int, numbers: list[str],
    windows: NDArray[np.int64],
) -> tuple[list[Where], dict[str, Array]]:  # fmt: skip
    """Segments of so many dimensions, and their sums by window."""
    where, parts = list[Where](), list[Array]()
    for dimensions in combinations(by, depth):
        wide = leaves.groupby([*dimensions, "window"])[numbers].sum().unstack(fill_value=0.0)
        for key in wide.index:
            values = key if depth > 1 else (key,)
            where.append(Where(dict(zip(dimensions, values, strict=True))))
        blocks = [_aligned(wide[c], windows) for c in numbers]
        parts.append(np.stack(blocks))
    if not parts:
        return [], {}
    joined = np.concatenate(parts, axis=1)
    return where, {c: joined[k] for k, c in enumerate(numbers)}


def _aligned(wide: Any, windows: NDArray[np.int64]) -> Array:
    return wide.reindex(columns=pd.Index(windows), fill_value=0.0).to_numpy(float)


def _looked(
    where: list[Where], part: Parts, rest: Parts, size: str, views: Sequence[View], level: float
) -> tuple[pd.DataFrame, int]:
    """One row per segment: the view that tells most, p corrected for having several."""
    least = np.minimum(part[size].mean(axis=1), rest[size].mean(axis=1))
    seen = [unusual(v.sums(part), v.sums(rest), least) for v in views]
    return _rows(where, part, seen, views, part[size][:, -1], level), sum(u.placebos for u in seen)


def _everywhere(
    leaves: pd.DataFrame, size: str, views: Sequence[View], windows: NDArray[np.int64],
    level: float, year: int,
) -> pd.DataFrame:  # fmt: skip
    """Everything beside the places that stand out against its own history: a search of its own."""
    part = _summed(leaves, windows)
    seen = [by_history(v.sums(part), year) for v in views]
    table = _rows([EVERYWHERE], part, seen, views, part[size][:, -1], level)
    return table.assign(q=(2 * table["p"]).clip(upper=1.0))[COLUMNS]


def _rows(
    where: list[Where], part: Parts, seen: Sequence[Unusual], views: Sequence[View],
    customers: Array, level: float,
) -> pd.DataFrame:  # fmt: skip
    """One row per segment, by the view that tells most."""
    p = np.column_stack([u.p / v.weight for u, v in zip(seen, views, strict=True)])
    with np.errstate(all="ignore"):  # where a view says nothing, the others do
        off = np.fmax.reduce([v.change / u.noise for u, v in zip(seen, views, strict=True)])
    best = np.argmin(np.where(np.isnan(p), 2.0, p), axis=1)
    rows = np.arange(len(where))
    sized, view = seen[-1], views[-1]
    half = np.array([critical(level, float(d)) for d in sized.df]) * sized.error
    worth = view.sign * (np.ones(len(where)) if view.worth is None else view.worth(part))
    effect, half = worth * sized.effect, np.abs(worth) * half
    return pd.DataFrame({
        "where": where, "customers": customers, "view": [views[k].name for k in best],
        **{c: np.column_stack([getattr(u, c) for u in seen])[rows, best]
           for c in ("ratio", "expected", "before")},
        "effect": effect, "low": effect - half, "high": effect + half,
        "p": np.minimum(1.0, p[rows, best]), "off": off,
    })  # fmt: skip


def _one_of_two(table: pd.DataFrame) -> pd.DataFrame:
    """Of a dimension with two values each is the other's rest: the one that moved is kept."""
    moved = (table["ratio"] / table["before"] - 1).abs()
    drop = list[object]()
    for _, rows in _by_dimension(table):
        if len(rows) == 2:
            drop.append(rows[int(moved.loc[rows].fillna(0.0).to_numpy().argmin())])
    return table.drop(index=drop)


def _by_dimension(table: pd.DataFrame) -> Iterator[tuple[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for k, where in zip(table.index, table["where"], strict=True):
        if len(where.values) == 1:
            found.setdefault(next(iter(where.values)), []).append(k)
    yield from found.items()


def effect_of(row: pd.Series, unit: str) -> Effect:
    """The effect of a row, in amount."""
    return Effect.known(float(row["effect"]), float(row["low"]), float(row["high"]), unit)
