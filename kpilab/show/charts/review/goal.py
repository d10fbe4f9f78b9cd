"""The goal step: KPIs beside the goal, and the drivers that moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import rows
from kpilab.show.charts.words import head
from kpilab.show.format import interval, number, percent_interval, signed, signed_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE

if TYPE_CHECKING:
    from kpilab.core.result import Result


def attainment(result: Result, lang: str = "en") -> alt.LayerChart:
    """Relative change of the goal and each KPI with its interval,
    and whether the target was reached."""
    found = [
        {
            "name": row["metric"],
            "text": _reached(row, lang),
            "tone": _missed(row),
            "ends": percent_interval((row["low"], row["high"]), lang),
        }
        | _drawn(row, ("change", "low", "high"), lang)
        for row in result.table.to_dict("records")
    ]
    x = across(label("report.change_axis", lang), "signed_percent", lang)
    tips = _tips("report.metric", lang)
    return rows(pd.DataFrame(found), x, head(result, lang), tips=tips)


def drivers(result: Result, lang: str = "en") -> alt.LayerChart:
    """How much each driver moved the goal, with its interval;
    drivers without an owner's eye are named so."""
    unwatched = label("report.not_watched", lang)
    ends = ("contribution", "contribution_low", "contribution_high")
    found = [
        {
            "name": row["driver"] if row["watched"] else f"{row['driver']} ({unwatched})",
            "text": f"{signed(row['contribution'], lang)} ({signed_percent(row['change'], lang)})",
            "tone": BAD if row[ends[2]] < 0 else GOOD if row[ends[1]] > 0 else NEUTRAL,
            "ends": interval((row[ends[1]], row[ends[2]]), lang),
        }
        | _drawn(row, ends, lang)
        for row in result.table.to_dict("records")
    ]
    x = across(label("report.contribution_axis", lang), "signed", lang)
    tips = _tips("report.driver", lang)
    return rows(pd.DataFrame(found), x, head(result, lang), tips=tips)


def _drawn(row: dict[Any, Any], names: tuple[str, str, str], lang: str) -> dict[str, object]:
    """Where the point and the ends stand, and the two values for the tooltip."""
    value, low, high = (row[name] for name in names)
    was, now = (number(row[name], lang) for name in ("baseline", "current"))
    return {"value": value, "low": low, "high": high, "was": was, "now": now}


def _tips(name: str, lang: str) -> dict[str, str]:
    keys = {"was": "report.baseline", "now": "report.current", "ends": "report.interval"}
    return {"name": label(name, lang)} | {c: label(key, lang) for c, key in keys.items()}


def _missed(row: dict[Any, Any]) -> str:
    """The colour of loss is for a missed target alone: a cost that fell is no loss."""
    reached = row["reached"]
    return BAD if reached is not None and reached == reached and not reached else PALETTE[0]


def _reached(row: dict[Any, Any], lang: str) -> str:
    change = signed_percent(row["change"], lang)
    if row["reached"] is None or row["reached"] != row["reached"]:
        return change
    reached = label("report.target_reached" if row["reached"] else "report.target_missed", lang)
    return reached if row["change"] != row["change"] else f"{change} · {reached}"
