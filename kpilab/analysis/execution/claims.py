"""Claims: people take their own share of the target; does it add up,
and does every part have exactly one owner?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message
from kpilab.engine.door.frames import frame, numbers
from kpilab.engine.door.values import count, label
from kpilab.errors import BadInput
from kpilab.old import keywords

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame, Values

COLUMNS = {"actor": ("actor", label), "part": ("part", label), "quantity": ("quantity", count)}
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class ClaimsResult(Result):
    """Answer of `claims`.

    Attributes:
        table: one row per part of the target, largest trouble first; columns `part`, `wanted`,
            `claimed`, `actors` (tuple of names), `gap` (nobody claims it), `overlap` (claimed twice
            or too high), `share` (claimed / wanted; NaN where nothing is wanted).
        people: one row per actor; columns `actor`, `claimed`, `parts` (tuple), `share` (of the
            whole target, 0-1).
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
        values = {
            "claimed": self.claimed,
            "wanted": self.wanted,
            "gaps": gaps,
            "overlaps": overlaps,
        }
        return Message("claims.uneven" if gaps or overlaps else "claims.whole", values)


@keywords("claims")
def claims(rows: Frame, *, wanted: Values) -> ClaimsResult:
    """Hold self-claimed shares against the target, part by part.

    A sum that fits can hide that one part is claimed twice and another by nobody; so gaps and
    overlaps are counted per part, and never set off against each other.

    Args:
        rows: one row per claim with `actor`, `part` (channel, region, account), `quantity`.
        wanted: part -> quantity the target needs there. A claim on a part that is not wanted counts
            as overlap.

    Returns:
        ClaimsResult, one row per part.

    Raises:
        BadInput: a missing column, a claim below zero or without a quantity, no wanted parts, or
            one whose quantity is missing or below zero.
    """
    rows, goal = frame(rows, COLUMNS, "claims(rows)"), numbers(wanted, "claims(wanted=)")
    if not goal:
        raise BadInput(
            "no wanted parts", "claims(wanted=)", "say how much of the target each part needs"
        )
    for part, quantity in goal.items():
        if not quantity >= 0:
            mend = "give each part a number from 0, or leave it out"
            raise BadInput(f"wanted of {part!r} is {quantity}", "claims(wanted=)", mend)
    if rows["quantity"].isna().any():
        row = int(rows["quantity"].isna().to_numpy().argmax()) + 1
        raise BadInput(
            "a claim has no quantity", f"claims(rows), row {row}", "mend or leave out the claim"
        )
    parts = list(dict.fromkeys([*goal, *sorted(rows["part"])]))
    sums = rows.groupby("part")["quantity"].sum()
    names = rows.groupby("part")["actor"].agg(_named)
    table = pd.DataFrame({"part": parts, "wanted": [goal.get(p, 0.0) for p in parts]})
    table["claimed"] = [float(sums.get(p, 0.0)) for p in parts]
    table["actors"] = [names.get(p, ()) for p in parts]
    table["gap"] = (table["wanted"] - table["claimed"]).clip(lower=0)
    table["overlap"] = (table["claimed"] - table["wanted"]).clip(lower=0)
    table["share"] = table["claimed"] / table["wanted"].where(table["wanted"] > 0)
    trouble = (table["gap"] + table["overlap"]).sort_values(ascending=False, kind="stable").index
    whole = float(sum(goal.values()))
    people = rows.groupby("actor", as_index=False).agg(
        claimed=("quantity", "sum"), parts=("part", _named)
    )
    people["share"] = people["claimed"] / (whole or float("nan"))
    return ClaimsResult(
        table.loc[trouble].reset_index(drop=True), people, whole, float(rows["quantity"].sum())
    )


def _named(names: pd.Series) -> tuple[str, ...]:
    """Every name once, in order."""
    return tuple(sorted(set(names)))
