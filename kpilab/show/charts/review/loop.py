"""The loop: what actions changed, what became of causes, which alarms are on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from kpilab.core.values import Message
from kpilab.show import say
from kpilab.show.charts.axes import across
from kpilab.show.charts.rows import WIDTH, laid, place, rows, tall, words
from kpilab.show.charts.words import head
from kpilab.show.format import signed, signed_percent, where
from kpilab.show.say import catalogue, label
from kpilab.show.theme import BAD, GOOD, NEUTRAL, PALETTE

if TYPE_CHECKING:
    from kpilab.core.result import Result

TONES = {"worked": GOOD, "worse": BAD}


def effects(result: Result, lang: str = "en") -> alt.LayerChart:
    """Effect of each tested action with its interval; a tick where it was expected,
    what it means in words."""
    found = [_action(row, lang) for row in result.table.to_dict("records")]
    columns = ["name", "value", "low", "high", "tick", "text", "tone"]
    x = across(label("action_state.axis", lang), "signed_percent", lang)
    return rows(pd.DataFrame(found, columns=columns), x, head(result, lang))


def compare(result: Result, lang: str = "en") -> alt.LayerChart:
    """Size of each cause in the old (hollow) and the new review (filled), with intervals,
    and its state in words."""
    found = [_cause(row, lang) for row in result.table.to_dict("records")]
    columns = ["name", "value", "low", "high", "hollow", "text", "tone"]
    x = across(label("compare.axis", lang), "signed", lang)
    return rows(pd.DataFrame(found, columns=columns), x, head(result, lang))


def watch(result: Result, lang: str = "en") -> alt.LayerChart:
    """One row per alarm rule: on (filled), quiet or unclear (hollow), and what was seen."""
    found = [
        {"name": f"{row['rule']}: {say(row['said'], lang)}", "on": row["state"] == "fired"}
        for row in result.table.to_dict("records")
    ]
    table = laid(pd.DataFrame(found, columns=["name", "on"]).assign(text=""))
    base = alt.Chart(table).encode(y=place(table), x=alt.value(8))
    fill = alt.condition("datum.on", alt.value(BAD), alt.value("transparent"))
    stroke = alt.condition("datum.on", alt.value(BAD), alt.value(NEUTRAL))
    marks = base.mark_point(size=90, opacity=1).encode(fill=fill, stroke=stroke)
    return alt.LayerChart(
        layer=[marks, *words(table)], width=WIDTH, height=tall(table), title=head(result, lang)
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
        "tick": row["expected"] if row["expected"] == row["expected"] else None,
        "text": size + said,
        "tone": TONES.get(row["answer"], NEUTRAL),
    }


def _cause(row: dict[Any, Any], lang: str) -> dict[str, object]:
    kind = f"kind.{row['kind']}"
    name = say(Message(kind), lang) if kind in catalogue(lang) else row["kind"]
    place = f" · {where(row['where'], lang)}" if row["where"] else ""
    old, new = (row[f"{side}_effect"] for side in ("old", "new"))
    size = new if new == new else old
    state = label(f"compare.{row['state']}", lang)
    return {
        "name": f"{name} · {row['subject']}{place}",
        "value": new,
        "low": row["new_low"],
        "high": row["new_high"],
        "hollow": old,
        "text": f"{signed(size, lang)} · {state}" if size == size else state,
        "tone": PALETTE[0],
    }
