"""The scorecard of an experiment: one row per metric and treatment,
corrected for all that were looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kpilab.errors import BadInput
from kpilab.stats.experiments.family import corrected
from kpilab.stats.experiments.readout import Readout, guarded

WORDS = {
    "few": ("an arm has fewer than two units", "wait for more units, or check the missing values"),
    "sparse": (
        "an arm has too few units for this quantile",
        "wait for more units, or choose a quantile nearer 0.5",
    ),
    "apart": ("no stratum holds two units of each arm", "choose coarser strata"),
    "constant": (
        "every unit has the same value, so nothing can be tested",
        "choose a metric that varies",
    ),
    "undefined": ("the denominator of an arm is 0", "choose units with a denominator"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A metric of one treatment: `better` is +1 or -1, `margin` a guardrail's,
    `p_safe` of a loss beyond it, `share` whether its values are shares of units."""

    label: str
    role: str
    treatment: str
    readout: Readout
    better: int
    margin: float
    p_safe: float
    share: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A metric that cannot be tested, and why: a key of `WORDS`; or "skewed", which leaves a row
    without a test, and the units that its smaller arm would want."""

    label: str
    role: str
    why: str
    wanted: float = float("nan")


def scored(
    label: str,
    role: str,
    treatment: str,
    readout: Readout,
    *,
    better: int,
    margin: float,
    proportion: bool,
    share: bool = False,
) -> Row:
    """A row, with the test of the margin where there is one."""
    p_safe = float("nan")
    if np.isfinite(margin):
        p_safe = guarded(readout, margin, better=better, proportion=proportion)
    return Row(label, role, treatment, readout, better, margin, p_safe, share)


def scorecard(rows: Sequence[Row], unread: Sequence[Unread], level: float) -> pd.DataFrame:
    """All rows with corrected p-values and what they gain.

    Raises:
        BadInput: no metric can be tested.
    """
    if not rows:
        what, mend = WORDS[unread[0].why]
        raise BadInput(what, f"metric {unread[0].label!r}", mend)
    table = pd.DataFrame([_plain(row) for row in rows])
    told = (table[c].tolist() for c in ("metric", "role", "treatment"))
    q = corrected(table["p"].tolist(), [row.readout.share for row in rows], *told)
    table.insert(table.columns.tolist().index("p") + 1, "q", q)
    sign = np.sign(table["effect"]) * [row.better for row in rows]
    table["gain"] = np.where(q <= 1 - level, sign, 0).astype(int)
    return table


def _plain(row: Row) -> dict[str, object]:
    r = row.readout
    told: dict[str, object] = {"metric": row.label, "role": row.role, "treatment": row.treatment}
    belief = {"chance": r.chance, "loss_ship": r.loss_ship, "loss_keep": r.loss_keep}
    return (
        told
        | r.row()
        | {"p_safe": row.p_safe, "margin": row.margin, "cut": r.cut}
        | belief
        | {"share": row.share}
    )


def surest(table: pd.DataFrame, treatments: Sequence[str]) -> str:
    """The treatment the decision is about: the surest gain of a primary metric,
    else the surest anything."""
    main = table[table["role"] == "primary"] if (table["role"] == "primary").any() else table
    ranked = (
        main.assign(late=-main["gain"])
        .sort_values(["late", "q"], kind="stable")["treatment"]
        .tolist()
    )
    return str([*ranked, *treatments][0])
