"""All families of company worlds, by name; those whose names begin with `n_` have nothing wrong."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.samples.companies.family import Family
from kpilab.samples.companies.local import LOCAL
from kpilab.samples.companies.nulls import NULLS
from kpilab.samples.companies.ranges import RANGES
from kpilab.samples.companies.stories import STORIES


def families(split: str) -> tuple[str, ...]:
    """Families of a split: "tune" leaves some to "report", which has all."""
    return tuple(name for name in FAMILIES if name not in RANGES[split].kept_back)


FAMILIES: Mapping[str, Family] = {family.name: family for family in (*LOCAL, *STORIES, *NULLS)}
