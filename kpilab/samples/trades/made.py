"""What a trade's world consists of, and the parts that all of them are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

FIRST = date(2026, 1, 5)  # a Monday


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """A finished world.

    Attributes:
        tables: file name (without ending) -> rows. document: content of case.yml. causes: entries
            of truth.json.
        later: the same business at its next review; None for none.
    """

    tables: Mapping[str, pd.DataFrame]
    document: Mapping[str, object]
    causes: Sequence[Mapping[str, object]]
    later: Made | None = None


def cause(
    kind: str,
    subject: str,
    why: str,
    period: tuple[str, str],
    *,
    pct: float = 0.0,
    on: str | None = None,
    where: Mapping[str, str] | None = None,
    actors: Sequence[str] = (),
) -> dict[str, object]:
    """One entry of truth.json."""
    return {
        "kind": kind,
        "subject": subject,
        "where": dict(where or {}),
        "actors": list(actors),
        "period": list(period),
        "effect_on": on or subject,
        "effect_pct": round(pct, 1),
        "why": why,
    }


def metric(
    table: str, measure: str | tuple[str, str], en: str, zh: str, owner: str, **more: object
) -> dict[str, object]:
    """One metric of case.yml; a pair is numerator and denominator."""
    parts: dict[str, str] = (
        {"measure": measure}
        if isinstance(measure, str)
        else dict(zip(("numerator", "denominator"), measure, strict=True))
    )
    return {"table": table, **parts, "label": {"en": en, "zh": zh}, "owner": owner, **more}


def days(first: pd.Timestamp, count: int) -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq="D")


def iso(day: pd.Timestamp) -> str:
    return str(day.date())


def weekday(dates: pd.DatetimeIndex, factors: Sequence[float]) -> np.ndarray:
    """A factor per day by its weekday, Monday first, with mean one."""
    wave = np.asarray(factors, float)
    return (wave / wave.mean())[dates.dayofweek]


def wander(rng: np.random.Generator, count: int, alike: float, sd: float) -> np.ndarray:
    """Factors around one that resemble their neighbours."""
    x = np.zeros(count + 30)
    for k in range(1, len(x)):
        x[k] = alike * x[k - 1] + rng.normal(0, sd * np.sqrt(1 - alike**2))
    return np.exp(x[30:])
