"""The bridge: from the goal that was expected to the goal in the log, one step per cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from kpilab.show.charts.waterfall import waterfall
from kpilab.show.format import interval, number, percent, points, signed
from kpilab.show.say import label
from kpilab.show.theme import BAD, GOOD, QUIET

if TYPE_CHECKING:
    from kpilab.core.finding import BridgeRow, Review
    from kpilab.core.values import Message

# Rows that are neither causes nor gains.
PLAIN = ("planned", "calendar", "season", "trend", "formula", "unexplained")


def bridge(review: Review, say: Callable[[Message], str], lang: str = "en") -> alt.LayerChart:
    """A waterfall: what was expected, a bar with its interval per row, what is in the log."""
    goal = review.goal
    share = goal.metric in review.shares
    level, moved = (percent, points) if share else (number, signed)
    factor = 100 if share else 1
    planned = goal.expected != goal.baseline
    first = "report.bridge_target" if planned else "report.bridge_expected"
    ends = ((first, goal.expected), ("report.bridge_logged", goal.logged))
    totals = pd.DataFrame(
        [{"name": label(k, lang), "value": v, "text": level(v, lang)} for k, v in ends]
    )
    names = ["name", "amount", "low", "high", "text", "tone", "interval"]
    steps = pd.DataFrame(
        [
            {
                "name": say(row.label),
                "amount": row.amount,
                "low": row.low,
                "high": row.high,
                "text": moved(row.amount, lang),
                "interval": _ends(row, factor, lang),
                "tone": _tone(row),
            }
            for row in review.bridge
        ],
        columns=names,
    )
    tips = {
        "name": label("report.bridge_row", lang),
        "text": label("report.bridge_amount", lang),
        "interval": label("report.interval", lang),
    }
    form = "percent" if share else "number"
    return waterfall(steps, totals, lang=lang, tips=tips, form=form)


def _ends(row: BridgeRow, factor: float, lang: str) -> str:
    """The interval of an amount; of a share in percentage points."""
    known = [None if end is None else factor * end for end in (row.low, row.high)]
    return interval((known[0], known[1]), lang)


def _tone(row: BridgeRow) -> str:
    if row.label.key.removeprefix("bridge.") in PLAIN:
        return QUIET
    return BAD if row.amount < 0 else GOOD
