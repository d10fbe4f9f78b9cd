"""Claims: people take their own share of the target; does it add up, and does every part have exactly one owner?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.errors import BadInput, unknown

NEEDED = ("actor", "part", "quantity")
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ClaimsResult(Result):
    """Answer of `claims`.

    Attributes:
        table: one row per part of the target, largest trouble first; columns `part`, `wanted`, `claimed`, `actors`
            (tuple of names), `gap` (nobody claims it), `overlap` (claimed twice or too high), `share` (claimed /
            wanted; NaN where nothing is wanted).
        people: one row per actor; columns `actor`, `claimed`, `parts` (tuple), `share` (of the whole target, 0-1).
        wanted, claimed: of all parts.
    """

    people: pd.DataFrame
    wanted: float
    claimed: float
    kind: ClassVar[str] = "claims"

    @property
    def headline(self) -> Message:
        gaps = tuple(self.table.loc[self.table["gap"] > TOLERANCE, "part"])
        overlaps = tuple(self.table.loc[self.table["overlap"] > TOLERANCE, "part"])
        values = {"claimed": self.claimed, "wanted": self.wanted, "gaps": gaps, "overlaps": overlaps}
        return Message("claims.uneven" if gaps or overlaps else "claims.whole", values)


def claims(claimed: pd.DataFrame, *, wanted: Mapping[str, float]) -> ClaimsResult:
    """Hold self-claimed shares against the target, part by part.

    A sum that fits can hide that one part is claimed twice and another by nobody; so gaps and overlaps are counted
    per part, and never set off against each other.

    Args:
        claimed: one row per claim with `actor`, `part` (channel, region, account), `quantity`.
        wanted: part -> quantity the target needs there. A claim on a part that is not wanted counts as overlap.

    Returns:
        ClaimsResult, one row per part.

    Raises:
        BadInput: a missing column, a claim below zero or without a quantity, or no wanted parts.
    """
    for name in NEEDED:
        if name not in claimed.columns:
            raise unknown("column", name, claimed.columns, "claims(claimed)")
    if not wanted:
        raise BadInput("no wanted parts", "claims(wanted=)", "say how much of the target each part needs")
    if not (claimed["quantity"] >= 0).all():
        raise BadInput("a claim has no quantity, or one below zero", "claims(claimed)", "mend or leave out the claim")
    parts = list(dict.fromkeys([*wanted, *sorted(claimed["part"])]))
    sums = claimed.groupby("part")["quantity"].sum()
    names = claimed.groupby("part")["actor"].agg(_named)
    table = pd.DataFrame({"part": parts, "wanted": [float(wanted.get(p, 0.0)) for p in parts]})
    table["claimed"] = [float(sums.get(p, 0.0)) for p in parts]
    table["actors"] = [names.get(p, ()) for p in parts]
    table["gap"] = (table["wanted"] - table["claimed"]).clip(lower=0)
    table["overlap"] = (table["claimed"] - table["wanted"]).clip(lower=0)
    table["share"] = table["claimed"] / table["wanted"].where(table["wanted"] > 0)
    trouble = (table["gap"] + table["overlap"]).sort_values(ascending=False, kind="stable").index
    whole = float(sum(wanted.values()))
    people = claimed.groupby("actor", as_index=False).agg(claimed=("quantity", "sum"), parts=("part", _named))
    people["share"] = people["claimed"] / whole
    return ClaimsResult(table.loc[trouble].reset_index(drop=True), people, whole, float(claimed["quantity"].sum()))


def _named(names: pd.Series) -> tuple[str, ...]:
    """Every name once, in order."""
    return tuple(sorted(set(names)))
