"""What a company of these samples consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kpilab.samples.companies.lever import Lever, Place, inside
from kpilab.samples.companies.span import Course, Days, Span


@dataclass(frozen=True, slots=True)
class Setting:
    """One draw of a company: everything but what is planted.

    Attributes:
        rows: rows of the largest table, about.
        cycle: days in which business repeats: a week, or a month of invoices.
        step: days between rows: a day, a week, a month.
        room: how much more of a driver can happen than does, by the driver's name (`*`: of all).
    """

    seed: int
    days: Span
    course: Course
    rows: float
    cycle: int = 7
    step: int = 1
    room: Mapping[str, float] = field(default_factory=dict)

    def spare(self, what: str, least: float = 1.0) -> float:
        return max(self.room.get(what, self.room.get("*", 1.0)), least)


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A finished company.

    Attributes:
        tables: file name (without ending) -> rows as exported.
        books: metric -> rows with `day`, `value` and every dimension by which it can be cut.
    """

    tables: Mapping[str, pd.DataFrame]
    books: Mapping[str, pd.DataFrame]

    def total(self, metric: str, period: Days, where: Place | None = None) -> float:
        """The metric over a period, in a place."""
        book = self.books[metric]
        rows = book["day"].between(*period).to_numpy() & inside(book, where or {})
        return float(book["value"].to_numpy()[rows].sum())


@dataclass(frozen=True, slots=True)
class Papers:
    """How the firm's tables read in case.yml; `customer` names the table of customers, "" none."""

    tables: Mapping[str, object]
    metrics: Mapping[str, object]
    customer: str = ""
    funnels: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Knob:
    """A driver that can be changed in a place.

    Attributes:
        what: its name among the levers.
        dims: dimensions by which it can be bound.
        goals: metrics that suffer. kpis: metrics that hit their targets all the same.
        pull: change of the goal in the place per change of the driver, about.
        least, most: how far the factor may go.
        kinds: kinds a fair analyst would accept.
        rises: it can also rise, to the good.
        seen: the metric by which a change would be seen first; "" for the goal.
        plain: how much more clearly the driver itself shows the change than `seen` does.
        heads: key of the customers, of whom the place must hold many; "" where it does.
        width: dimensions that a place may have, at most.
        harsh: how much larger its losses are, where few events carry the goal.
    """

    what: str
    dims: tuple[str, ...]
    goals: tuple[str, ...]
    kpis: tuple[str, ...]
    kinds: tuple[str, ...]
    pull: float = 1.0
    least: float = 0.25
    most: float = 0.85
    rises: bool = False
    seen: str = ""
    harsh: float = 1.0
    heads: str = ""
    plain: float = 1.0
    width: int = 3


@dataclass(frozen=True, slots=True)
class Company:
    """A company: how it is drawn, how its case reads, and which drivers can be changed.

    Attributes:
        knobs: nature of the change ("volume", "price", "leave" ...) -> the driver.
        weekly: facts by the week; the periods are whole weeks. seasonal: the goal has a season.
        loaded: metrics of the table of which days may be loaded twice.
        flow: the lever of how much comes in at all; "" for none.
        cycle: days in which business repeats. months: lengths of its periods; () for any.
        rows: how many rows the largest table may have, from and to.
    """

    name: str
    title: str
    simulate: Callable[[Setting, Sequence[Lever]], Draw]
    papers: Callable[[], Papers]
    knobs: Mapping[str, Knob]
    language: str = "en"
    weekly: bool = False
    seasonal: bool = True
    cycle: int = 7
    months: tuple[int, ...] = ()
    loaded: tuple[str, ...] = ()
    flow: str = ""
    rows: tuple[float, float] = (8_000, 90_000)


def column(
    rng: np.random.Generator, names: Sequence[str], p: np.ndarray, n: int
) -> pd.Categorical[str]:
    """n values drawn with the shares p."""
    codes = np.searchsorted(np.cumsum(p)[:-1], rng.random(n), side="right")
    return pd.Categorical.from_codes(codes, pd.Index(names))


def uneven(rng: np.random.Generator, n: int, spread: float = 0.45) -> np.ndarray:
    """n shares that differ."""
    p = rng.lognormal(0, spread, n)
    return p / p.sum()


def some(rng: np.random.Generator, pool: Sequence[str], low: int, high: int) -> tuple[str, ...]:
    """Between low and high names out of the pool, in the pool's order."""
    size = int(rng.integers(low, min(high, len(pool)) + 1))
    chosen = np.sort(rng.choice(len(pool), size, replace=False))
    return tuple(str(pool[int(k)]) for k in chosen)


def repeated(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Rows of a frame by position, any number of times."""
    return frame.take(rows).reset_index(drop=True)


def book(frame: pd.DataFrame, dims: Sequence[str], value: np.ndarray) -> pd.DataFrame:
    """Rows of one metric."""
    return frame[["day", *dims]].assign(value=value)
