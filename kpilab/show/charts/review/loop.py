"""The loop: what actions changed, what became of causes, which alarms are on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpilab.core.values import Message
from kpilab.show import say
from kpilab.show.format import number, signed_percent, where
from kpilab.show.say import catalogue, label
from kpilab.show.theme import BAD, GOOD, INK, NEUTRAL, PALETTE, QUIET

if TYPE_CHECKING:
    from kpilab.core.result import Result

ROW = 34
TONES = {"worked": GOOD, "worse": BAD}
# Room at both ends, so that the words beside the points are not cut.
SCALE = alt.Scale(padding=90)


def effects(result: Result, lang: str = "en") -> alt.LayerChart:
    """Effect of each tested action with its interval; a tick where it was expected,
    what it means in words."""
    rows = [_action(row, lang) for row in result.table.to_dict("records")]
    table = pd.DataFrame(
        rows, columns=["name", "value", "low", "high", "expected", "right", "text", "tone"]
    )
    y, tone = _names(), alt.Color("tone:N", scale=None, legend=None)
    x = alt.X(
        "value:Q",
        title=label("action_state.axis", lang),
        axis=alt.Axis(format="+~%", tickCount=6),
        scale=SCALE,
    )
    base = alt.Chart(table).encode(y=y)
    return alt.LayerChart(
        layer=[
            alt.Chart(table.head(1)).mark_rule(color=QUIET).encode(x=alt.datum(0)),
            base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=tone),
            base.mark_tick(color=INK, thickness=2, size=16).encode(x="expected:Q"),
            base.mark_point(filled=True, size=80, opacity=1).encode(x=x, color=tone),
            base.mark_text(align="left", dx=8, color=INK).encode(x="right:Q", text="text:N"),
        ],
        height=ROW * max(len(table), 1),
        title=say(result.headline, lang),
    )


def compare(result: Result, lang: str = "en") -> alt.LayerChart:
    """Size of each cause in the old (hollow) and the new review (filled), with intervals,
    and its state in words."""
    rows = [part for row in result.table.to_dict("records") for part in _cause(row, lang)]
    table = pd.DataFrame(rows, columns=["name", "side", "value", "low", "high", "right", "text"])
    y = _names()
    colours = alt.Scale(domain=["old", "new"], range=[NEUTRAL, PALETTE[0]])
    tone = alt.Color("side:N", scale=colours, legend=None)
    offset = alt.YOffset("side:N", sort=["old", "new"])
    x = alt.X(
        "value:Q",
        title=label("compare.axis", lang),
        axis=alt.Axis(format="+~s", tickCount=6),
        scale=SCALE,
    )
    base = alt.Chart(table).encode(y=y, yOffset=offset)
    filled = alt.condition("datum.side === 'new'", alt.value(PALETTE[0]), alt.value("transparent"))
    return alt.LayerChart(
        layer=[
            alt.Chart(table.head(1)).mark_rule(color=QUIET).encode(x=alt.datum(0)),
            base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=tone),
            base.mark_point(size=70, opacity=1).encode(
                x=x, stroke=alt.Stroke("side:N", scale=colours, legend=None), fill=filled
            ),
            base.mark_text(align="left", dx=8, color=INK).encode(x="right:Q", text="text:N"),
        ],
        height=2 * ROW * max(len(result.table), 1),
        title=say(result.headline, lang),
    )


def watch(result: Result, lang: str = "en") -> alt.LayerChart:
    """One row per alarm rule: on (filled), quiet or unclear (hollow), and what was seen."""
    rows = [
        {"name": row["rule"], "on": row["state"] == "fired", "text": say(row["said"], lang)}
        for row in result.table.to_dict("records")
    ]
    table = pd.DataFrame(rows, columns=["name", "on", "text"])
    base = alt.Chart(table).encode(y=_names(), x=alt.value(8))
    fill = alt.condition("datum.on", alt.value(BAD), alt.value("transparent"))
    stroke = alt.condition("datum.on", alt.value(BAD), alt.value(NEUTRAL))
    return alt.LayerChart(
        layer=[
            base.mark_point(size=90, opacity=1).encode(fill=fill, stroke=stroke),
            base.mark_text(align="left", dx=14, color=INK).encode(text="text:N"),
        ],
        height=ROW * max(len(table), 1),
        width=640,
        title=say(result.headline, lang),
    )


def _names() -> alt.Y:
    return alt.Y(
        "name:N", sort=None, title=None, axis=alt.Axis(labelLimit=320, ticks=False, domain=False)
    )


def _action(row: dict[Any, Any], lang: str) -> dict[str, object]:
    known = row["low"] == row["low"]
    said = label(f"action_state.{row['answer']}", lang)
    size = f"{signed_percent(row['effect'], lang)} · " if known else ""
    return {
        "name": f"{row['action']} · {row['what']}",
        "value": row["effect"] if known else None,
        "low": row["low"] if known else None,
        "high": row["high"] if known else None,
        "expected": row["expected"] if row["expected"] == row["expected"] else None,
        "right": max([row[k] for k in ("high", "expected") if row[k] == row[k]], default=0.0)
        if known
        else 0.0,
        "text": size + said,
        "tone": TONES.get(row["answer"], NEUTRAL),
    }


def _cause(row: dict[Any, Any], lang: str) -> list[dict[str, object]]:
    kind = f"kind.{row['kind']}"
    name = say(Message(kind), lang) if kind in catalogue(lang) else row["kind"]
    name = f"{name} · {row['subject']}" + (
        f" · {where(row['where'], lang)}" if row["where"] else ""
    )
    sides = [side for side in ("old", "new") if row[f"{side}_effect"] == row[f"{side}_effect"]]
    parts = [
        {"name": name, "side": s, **{k: row[f"{s}_{v}"] for k, v in _SIZES.items()}, "text": ""}
        for s in sides
    ]
    parts = parts or [
        {"name": name, "side": "new", "value": 0.0, "low": None, "high": None, "text": ""}
    ]
    state = label(f"compare.{row['state']}", lang)
    for part in parts:
        part["right"] = (
            part["value"] if part["high"] is None or part["high"] != part["high"] else part["high"]
        )
    parts[-1]["text"] = f"{number(parts[-1]['value'], lang)} · {state}" if sides else state
    return parts


_SIZES = {"value": "effect", "low": "low", "high": "high"}
