"""The loop in a terminal: actions with their effects, and two reviews side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from kpilab.core.case import Case
from kpilab.core.values import Effect, Message
from kpilab.show.format import interval, signed, signed_percent
from kpilab.show.say import label, sentence
from kpilab.track.compare import CompareResult, known
from kpilab.track.effects import EffectsResult
from kpilab.track.records import Action, WhyRecord, told


def action_lines(actions: tuple[Action, ...], lang: str, today: date) -> list[str]:
    """Actions without a test: what, who, when, and whether they are late."""
    lines = []
    for action in actions:
        state = (
            "late"
            if action.late(today)
            else {"open": "open", "dropped": "dropped"}.get(action.state, "unclear")
        )
        lines += _head(_fields(action), lang)
        lines.append(f"   {label(f'action_state.{state}', lang)}" if action.state != "done" else "")
    return [line for line in lines if line] or [label("action_state.empty", lang)]


def effect_lines(result: EffectsResult, case: Case, lang: str, today: date) -> list[str]:
    """Actions of a case, each with what became of it."""
    lines = [sentence(result.headline, lang)]
    for row in result.table.to_dict("records"):
        named = {**row, "metric": case.label(row["metric"], lang) if row["metric"] else None}
        lines += ["", *_head({str(k): v for k, v in named.items()}, lang)]
        late = row["answer"] == "open" and row["due"] is not None and row["due"] < today
        parts = [label("action_state.late" if late else f"action_state.{row['answer']}", lang)]
        parts += list(_test(row, lang))
        lines.append("   " + " · ".join(parts))
    return lines


def why_lines(whys: tuple[WhyRecord, ...], lang: str) -> list[str]:
    """The answers of a cause by number, each with what analysts said of it."""
    lines = []
    for k, why in enumerate(whys, 1):
        said = told(why.answer, lang)
        said = sentence(Message("why.rejected", {"said": said}), lang) if why.rejected else said
        question = (
            told(why.question, lang) if why.question else sentence(Message("why.by_hand_q"), lang)
        )
        lines += [f"{k}. {question} {said}", *(f"   {comment}" for comment in why.comments)]
    return lines


def compare_lines(result: CompareResult, lang: str) -> list[str]:
    """The goal of both reviews, then each cause with what became of it."""
    old, new = result.old, result.new
    metric = str(new.goal["metric"])
    values = {
        "metric": new.name(metric, lang),
        "old": old.goal["current"],
        "new": new.goal["current"],
    }
    values |= {"before": old.periods["current"], "after": new.periods["current"]}
    lines = [sentence(result.headline, lang), sentence(Message("compare.goal", values), lang)]
    for row in result.table.to_dict("records"):
        said = {
            "state": Message(f"compare.{row['state']}"),
            "why": Message(f"compare.{row['why']}"),
            "kind": known("kind", row["kind"]),
            "subject": new.name(row["subject"], lang),
            "where": row["where"],
            "actors": row["actors"],
        }
        lines += ["", sentence(Message("compare.line", said), lang), f"   {_sizes(row, lang)}"]
    return lines


def _fields(action: Action) -> dict[str, object]:
    fields = ("what", "owner", "due", "done_on", "metric")
    return {"action": action.id, "where": action.where or None} | {
        k: getattr(action, k) for k in fields
    }


def _head(row: Mapping[str, object], lang: str) -> Iterator[str]:
    yield sentence(Message("action_state.title", {"id": row["action"], "what": row["what"]}), lang)
    facts = {"done": row["done_on"], **{k: row[k] for k in ("owner", "due", "metric", "where")}}
    yield "   " + sentence(Message("action_state.facts", facts), lang)


def _test(row: Mapping[Any, Any], lang: str) -> Iterator[str]:
    if row["why"] is not None:
        yield sentence(row["why"], lang)
    if row["beside"] is not None and row["low"] == row["low"]:
        yield sentence(
            Message("action_state.size", {k: row[k] for k in ("effect", "low", "high")}), lang
        )
        yield label(f"action_state.beside_{row['beside']}", lang)
    if row["expected"] == row["expected"]:
        yield sentence(Message("action_state.expected", {"expected": row["expected"]}), lang)
    if row["answer"] == "unclear" and row["detectable"] == row["detectable"]:
        yield sentence(Message("action_state.detectable", {"detectable": row["detectable"]}), lang)


def _sizes(row: Mapping[Any, Any], lang: str) -> str:
    sides = [text for side in ("old", "new") if (text := _size(row, side, lang))]
    if len(sides) < 2:
        return "".join(sides)
    return sentence(Message("compare.sizes", {"old": sides[0], "new": sides[1]}), lang)


def _size(row: Mapping[Any, Any], side: str, lang: str) -> str:
    value, pct = row[f"{side}_effect"], row[f"{side}_pct"]
    if value == value:
        effect = Effect(value, row[f"{side}_low"], row[f"{side}_high"])
        ends = interval(effect, lang) if effect.low == effect.low else None
        return sentence(Message("notify.size", {"amount": signed(value, lang), "ends": ends}), lang)
    return signed_percent(pct / 100, lang) if pct == pct else ""
