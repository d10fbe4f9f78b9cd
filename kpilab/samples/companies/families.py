"""All families of company worlds, by name; those whose names begin with `n_` have nothing wrong."""

from __future__ import annotations

from collections.abc import Mapping

from kpilab.samples.companies.family import Family
from kpilab.samples.companies.local import LOCAL
from kpilab.samples.companies.nulls import NULLS
from kpilab.samples.companies.stories import STORIES

FAMILIES: Mapping[str, Family] = {family.name: family for family in (*LOCAL, *STORIES, *NULLS)}
