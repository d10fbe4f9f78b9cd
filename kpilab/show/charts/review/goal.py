"""The goal step: KPIs beside the goal, and the drivers that moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpilab.show import say
from kpilab.show.charts.words import room
from kpilab.show.format import interval, number, signed, signed_percent
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.core.result import Result

ROW = 30
# Room at both ends, so that the numbers beside the points are not cut.


def attainment(result: Result, lang: str = "en") -> alt.LayerChart:
    """Relative change of the goal and each KPI with its interval,
    and whether the target was reached."""
    rows = [
        {
            "name": row["metric"],
            "text": _reached(row, lang),
            "tone": PALETTE[1] if row["role"] == "goal" else PALETTE[0],
            "ends": interval((100 * row["low"], 100 * row["high"]), lang),
        }
        | _drawn(row, ("change", "low", "high"), lang)
        for row in result.table.to_dict("records")
    ]
    x = alt.X(
        "value:Q",
        title=label("report.change_axis", lang),
        axis=alt.Axis(format="+~%", tickCount=6),
        scale=alt.Scale(padding=room(str(row["text"]) for row in rows)),
    )
    tip = _tip("report.metric", "report.interval_percent", lang)
    return _forest(pd.DataFrame(rows), x, tip, say(result.headline, lang))


def drivers(result: Result, lang: str = "en") -> alt.LayerChart:
    """How much each driver moved the goal, with its interval;
    drivers nobody watches are named so."""
    unwatched = label("report.not_watched", lang)
    ends = ("contribution", "contribution_low", "contribution_high")
    rows = [
        {
            "name": row["driver"] if row["watched"] else f"{row['driver']} ({unwatched})",
            "text": f"{signed(row['contribution'], lang)} ({signed_percent(row['change'], lang)})",
            "tone": BAD if row[ends[2]] < 0 else GOOD if row[ends[1]] > 0 else NEUTRAL,
            "ends": interval((row[ends[1]], row[ends[2]]), lang),
        }
        | _drawn(row, ends, lang)
        for row in result.table.to_dict("records")
    ]
    axis = alt.Axis(format="+~s", tickCount=6)
    x = alt.X(
        "value:Q",
        title=label("report.contribution_axis", lang),
        axis=axis,
        scale=alt.Scale(padding=room(str(row["text"]) for row in rows)),
    )
    return _forest(
        pd.DataFrame(rows),
        x,
        _tip("report.driver", "report.interval", lang),
        say(result.headline, lang),
    )


def _drawn(row: dict[Any, Any], names: tuple[str, str, str], lang: str) -> dict[str, object]:
    """Where the point, the ends and the text stand, and the two values for the tooltip."""
    value, low, high = (row[name] for name in names)
    right = high if high == high else value
    was, now = (number(row[name], lang) for name in ("baseline", "current"))
    return {
        "value": value,
        "low": low,
        "high": high,
        "right": right if right == right else 0.0,
        "was": was,
        "now": now,
    }


def _tip(name: str, ends: str, lang: str) -> list[alt.Tooltip]:
    keys = {"name": name, "was": "report.baseline", "now": "report.current", "ends": ends}
    return [alt.Tooltip(f"{field}:N", title=label(key, lang)) for field, key in keys.items()]


def _forest(table: pd.DataFrame, x: alt.X, tip: list[alt.Tooltip], title: str) -> alt.LayerChart:
    """A point with its interval per row, a line at zero, the numbers as text."""
    y = alt.Y(
        "name:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False)
    )
    tone = alt.Color("tone:N", scale=None, legend=None)
    base = alt.Chart(table).encode(y=y, tooltip=tip)
    zero = alt.Chart(table.head(1)).mark_rule(color=QUIET).encode(x=alt.datum(0))
    spans = base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=tone)
    points = base.mark_point(filled=True, size=80, opacity=1).encode(x=x, color=tone)
    texts = base.mark_text(align="left", dx=8, color=INK).encode(x="right:Q", text="text:N")
    return alt.LayerChart(layer=[zero, spans, points, texts], height=ROW * len(table), title=title)


def _reached(row: dict[Any, Any], lang: str) -> str:
    change = signed_percent(row["change"], lang)
    if row["reached"] is None or row["reached"] != row["reached"]:
        return change
    return (
        f"{change} · "
        f"{label('report.target_reached' if row['reached'] else 'report.target_missed', lang)}"
    )
