"""Panel: does the KPI move the goal inside stores, teams or channels,
and does the total mislead?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pandas as pd

from kpilab.core.result import Result
from kpilab.core.values import Message, fraction
from kpilab.engine.door.frames import frame, known
from kpilab.engine.door.values import label, number, place
from kpilab.errors import BadInput
from kpilab.old import keywords
from kpilab.stats.distributions import student
from kpilab.stats.relation.panel import changes, panel_slopes
from kpilab.stats.rounding import beyond_rounding

if TYPE_CHECKING:
    from kpilab.engine.door.frames import Frame

LEAST_UNITS, LEAST_PERIODS = 4, 6


@dataclass(frozen=True, slots=True, eq=False)
class PanelResult(Result):
    """Answer of `panel`.

    Attributes:
        table: two rows; columns `comparison` (within: from period to period inside the units;
            between: across the units' means), `slope` (goal per unit of KPI), `low`, `high`, `p`.
        ecological: the two slopes have opposite signs, both beyond chance: the comparison of units
            misleads.
        means: one row per unit; columns `unit`, `kpi`, `goal` (means over the periods), `kpi_from`,
            `kpi_to` (middle 80 % of its periods).
        names: KPI and goal. units, periods: how many. level: confidence level.
    """

    ecological: bool
    means: pd.DataFrame
    names: tuple[str, str]
    units: int
    periods: int
    level: float
    kind: ClassVar[str] = "panel"

    @property
    def headline(self) -> Message:
        row = self.table.iloc[0]
        values = {k: float(row[k]) for k in ("slope", "low", "high", "p")} | {"units": self.units}
        values["between"] = float(self.table["slope"].iloc[1])
        if self.ecological:
            return Message("panel.ecological", values)
        return Message("panel.related" if values["p"] < 1 - self.level else "panel.none", values)


@keywords("panel")
def panel(
    rows: Frame, *, unit: str, time: str, kpi: str, goal: str, level: float = 0.95
) -> PanelResult:
    """Test the relation of KPI and goal over many units at once, within and between them.

    Within: changes from period to period, freed of what all units share in a period; errors are
    clustered by unit. Between: the units' means. Opposite signs are the ecological fallacy
    (Simpson).

    Args:
        rows: one row per unit and period; columns `unit`, `time`, `kpi`, `goal`; cells may be
            missing. A row without a time is left out, and counted in a note; a unit without a name
            is "(missing)".
        level: confidence level.

    Returns:
        PanelResult with one row for within and one for between.

    Raises:
        BadInput: a missing column, a unit twice in a period, fewer than 4 units or 6 periods, a
            constant KPI.
    """
    fraction(level, "panel(level=)")
    wide, left = _wide(rows, unit, time, kpi, goal)
    x, y = (w.to_numpy(float) for w in wide)
    units, periods = x.shape
    if units < LEAST_UNITS or periods < LEAST_PERIODS:
        raise BadInput(
            f"there are {units} units and {periods} periods", "panel(rows)",
            f"give at least {LEAST_UNITS} units and {LEAST_PERIODS} periods",
        )  # fmt: skip
    for role, values in (("kpi", x), ("goal", y)):
        if not beyond_rounding(changes(values), values).any():
            what = f"the {role} never changes within units beyond what they share"
            raise BadInput(what, f"panel({role}=)", "give one that varies")
    found = panel_slopes(x, y)
    slopes = [
        ("within", found.within, found.within_error, found.df, found.p),
        ("between", found.between, found.between_error, units - 2, found.between_p),
    ]
    halves = [float(student.ppf(0.5 + level / 2, df)) * error for _, _, error, df, _ in slopes]
    table = pd.DataFrame(
        {
            "comparison": [r[0] for r in slopes], "slope": [r[1] for r in slopes],
            "low": [r[1] - h for r, h in zip(slopes, halves, strict=True)],
            "high": [r[1] + h for r, h in zip(slopes, halves, strict=True)],
            "p": [r[4] for r in slopes],
        }
    )  # fmt: skip
    opposite = bool(found.within * found.between < 0 and (table["p"] < 1 - level).all())
    notes = left + ((Message("panel.few", {"units": units}),) if units < 8 else ())
    ends = wide[0].quantile([0.1, 0.9], axis=1).to_numpy()
    means = pd.DataFrame(
        {
            "unit": wide[0].index.astype(str),
            "kpi": np.nanmean(x, axis=1),
            "goal": np.nanmean(y, axis=1),
            "kpi_from": ends[0],
            "kpi_to": ends[1],
        }
    )
    return PanelResult(table, opposite, means, (kpi, goal), units, periods, level, notes=notes)


def _wide(
    data: Frame, unit: str, time: str, kpi: str, goal: str
) -> tuple[list[pd.DataFrame], tuple[Message, ...]]:
    """KPI and goal, one row per unit and one column per period, known where both are."""
    columns = {"unit": (unit, label), "time": (time, place)}
    columns |= {"kpi": (kpi, number), "goal": (goal, number)}
    rows, left = known(frame(data, columns, "panel(rows)"), ["time"])
    if rows.duplicated(["unit", "time"]).any():
        raise BadInput(
            "a unit has a period twice", "panel(rows)", "keep one row per unit and period"
        )
    wide = [
        rows.pivot(index="unit", columns="time", values=c).sort_index(axis=1)
        for c in ("kpi", "goal")
    ]
    # Half a pair tells nothing of a relation.
    return [w.where(wide[0].notna() & wide[1].notna()) for w in wide], left
