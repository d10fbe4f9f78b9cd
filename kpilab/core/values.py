"""Small values: a period, a segment, an effect with its interval, a message."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from numbers import Real
from types import MappingProxyType

from kpilab.errors import BadInput

MISSING = "(missing)"  # the value of a dimension in rows that have none


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BadInput(
                f"period ends {self.last} before it begins {self.first}",
                "Period",
                "put the first day first",
            )

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def common(self, other: Period) -> Period | None:
        """The days of both; None where there are none."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Period(first, last) if first <= last else None

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=k) for k in range(self.days))

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    @property
    def year_to_date(self) -> Period:
        """From the first of January of the year in which it ends."""
        return Period(self.last.replace(month=1, day=1), self.last)

    def before(self) -> Period:
        """The period of equal length that ends the day before this one begins."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Where:
    """A segment: dimension -> values, optionally with a part taken out.

    A value is compared as what the column holds: 5, 5.0 and "5" are one number, True and "true" one
    truth. None and "(missing)" stand for rows without a value.

    Attributes:
        values: dimension name -> tuple of values (any of them).
        without: the same form; rows that match it are left out.
    """

    values: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    without: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(_tuples(self.values)))
        object.__setattr__(self, "without", MappingProxyType(_tuples(self.without)))

    def __hash__(self) -> int:
        return hash((tuple(sorted(self.values.items())), tuple(sorted(self.without.items()))))

    def __bool__(self) -> bool:
        return bool(self.values or self.without)

    @classmethod
    def of(cls, dimension: object, value: object) -> Where:
        """The segment a table's row names; everywhere if its dimension is none (None, NaN or
        "")."""
        return (
            cls({dimension: (value,)}) if isinstance(dimension, str) and dimension else EVERYWHERE
        )

    def __reduce__(
        self,
    ) -> tuple[type[Where], tuple[dict[str, tuple[object, ...]], dict[str, tuple[object, ...]]]]:
        return Where, (dict(self.values), dict(self.without))

    def plain(self) -> dict[str, object]:
        """As in review.json: one value stands alone, several form a list."""
        return {k: v[0] if len(v) == 1 else list(v) for k, v in self.values.items()}

    def plain_without(self) -> dict[str, object]:
        return {k: v[0] if len(v) == 1 else list(v) for k, v in self.without.items()}


def _tuples(values: Mapping[str, object]) -> dict[str, tuple[object, ...]]:
    return {
        k: tuple(v) if isinstance(v, list | tuple | set | frozenset) else (v,)
        for k, v in values.items()
    }


EVERYWHERE = Where()


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimated amount with its interval.

    Attributes:
        value: the estimate, in `unit`.
        low, high: interval ends; None where no interval can be given.
        unit: what it is counted in (a metric's name or unit); "" for a plain number.
    """

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""

    @property
    def excludes_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @classmethod
    def known(cls, value: float, low: float, high: float, unit: str = "") -> Effect:
        """An effect whose ends are NaN where no interval can be given."""
        return cls(
            value, None if math.isnan(low) else low, None if math.isnan(high) else high, unit
        )

    def scaled(self, factor: float) -> Effect:
        """The same effect times `factor` (which may be negative)."""
        ends = [None if e is None else e * factor for e in (self.low, self.high)]
        low, high = ends if factor >= 0 else reversed(ends)
        return Effect(self.value * factor, low, high, self.unit)


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence without a language: a key of the message files and its values."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", MappingProxyType(dict(self.values)))

    def __hash__(self) -> int:
        return hash((self.key, tuple(sorted((k, str(v)) for k, v in self.values.items()))))

    def __reduce__(self) -> tuple[type[Message], tuple[str, dict[str, object]]]:
        return Message, (self.key, dict(self.values))


def fraction(value: float, where: str) -> float:
    """A number strictly between 0 and 1: a confidence level, an error rate.

    Args:
        value: the number.
        where: function and argument it was given for, e.g. "relate(level=)".

    Raises:
        BadInput: anything else.
    """
    if isinstance(value, Real) and 0 < value < 1:
        return float(value)
    name = where.rpartition("(")[2].rstrip("=)") or "the number"
    usual = 0.05 if name in ("alpha", "risk") else 0.95
    raise BadInput(f"{name} is {value}", where, f"give a number between 0 and 1, e.g. {usual}")


LONGEST = timedelta(days=20_000_000)  # what 64 bits of microseconds can hold beside a date
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
MOST_SIGNS = 60
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def duration(text: timedelta | str, where: str = "within") -> timedelta:
    """A length of time > 0 from text such as "30m", "7d" or "1h 30m" (ms, s, m, h, d, w); a
    timedelta passes.

    Args:
        text: the duration.
        where: the argument it was given for, named in the error.

    Raises:
        BadInput: not a duration, not above zero, or above fifty thousand years.

    Example:
        >>> duration("1h 30m")
        datetime.timedelta(seconds=5400)
    """
    mend = "use a number and a unit, e.g. '30m', '12h' or '7d' (ms, s, m, h, d, w)"
    length = text if isinstance(text, timedelta) else _length(text)
    if length is None:
        raise BadInput(f"{str(text)[:MOST_SIGNS]!r} is not a duration", where, mend)
    if length <= timedelta(0):
        raise BadInput(f"duration {str(text)!r} is not above zero", where, mend)
    if length > LONGEST:
        raise BadInput(f"duration {str(text)!r} is longer than fifty thousand years", where, mend)
    return length


def _length(text: object) -> timedelta | None:
    """A duration as it is written; None where that is none."""
    if (
        not isinstance(text, str)
        or len(text) > MOST_SIGNS
        or not text.strip()
        or DURATION.sub("", text).strip()
    ):
        return None
    seconds = sum(float(n) * UNITS[u] for n, u in DURATION.findall(text))
    return timedelta(seconds=min(seconds, 2 * LONGEST.total_seconds()))
