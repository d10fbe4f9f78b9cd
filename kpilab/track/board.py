"""The board: one offline page, per owner the target, pace, forecast, trend and last actions."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import date
from importlib.resources import files
from pathlib import Path

import pandas as pd
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from kpilab import __version__
from kpilab.core.case import Case
from kpilab.core.files import put
from kpilab.core.values import Message, Period
from kpilab.engine.run import ConnectionLost
from kpilab.errors import BadInput, EngineError
from kpilab.questions.series import asked_of
from kpilab.show.format import number, percent, whole_percent
from kpilab.show.say import label, sentence
from kpilab.track.effects import effects
from kpilab.track.pace import Progress, progress
from kpilab.track.records import Action
from kpilab.track.store import Store

WIDE, HIGH, PAD = 220, 44, 3
OF_ROWS = ("data_loss", "duplicate_rows")  # causes that a table has, and so all its metrics
MOST_POINTS, MOST_ACTIONS = 90, 5


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A trend as points of an SVG of 220 × 44: before the period, in it,
    and the height of the target's line."""

    before: str
    now: str
    target: float | None
    last: tuple[float, float]
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of an owner, in words."""

    name: str
    role: str
    standing: str
    said: str
    facts: tuple[tuple[str, str], ...]
    trend: Sparkline | None
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """One action of an owner, in words: what, when, and what became of it."""

    what: str
    when: str
    answer: str
    said: str


@dataclass(frozen=True, slots=True)
class Owner:
    """One card of the board."""

    name: str
    lines: tuple[Line, ...]
    deeds: tuple[Deed, ...]


def write_board(
    case: Case, out: str | Path, *, place: str | Path | None = None, today: date | None = None
) -> Path:
    """Write board.html into a folder; whole or not at all.

    Args:
        case: goal, KPIs with owners and targets; the page speaks its language.
        out: folder, made if missing.
        place: of the store with the actions; no actions are shown if None.
        today: the running day, which is not looked at; None for all data there are.

    Raises:
        BadInput: the folder cannot be written.
    """
    if place is None:
        text = page(case, today=today)
    else:
        with Store.open(place) as store:
            text = page(case, store, today=today)
    target = Path(out) / "board.html"
    put(target.parent, {target.name: text.encode()}, "the board")
    return target


def page(case: Case, store: Store | None = None, *, today: date | None = None) -> str:
    """The page's text: no scripts, nothing from outside, every name from the data escaped."""
    lines: dict[str, list[Line]] = {}
    known: list[Progress] = []
    doubts = _doubts(case, store) if store else {}
    for name, role, owner, target in asked_of(case):
        metric = case.metrics[name]
        who = owner or metric.owner or label("board.nobody", case.language)
        try:
            found = progress(case, metric, target, today=today)
        except ConnectionLost:
            raise
        except (BadInput, EngineError) as error:
            lines.setdefault(who, []).append(_unknown(case, name, role, error))
            continue
        known.append(found)
        line = replace(_line(case, found, role), doubt=doubts.get(name, ""))
        lines.setdefault(who, []).append(line)
    deeds = _deeds(case, store, today) if store else {}
    owners = [
        Owner(w, tuple(lines.get(w, ())), tuple(deeds.get(w, ()))) for w in {**lines, **deeds}
    ]
    css = files("kpilab.track").joinpath("board.css").read_text("utf-8")
    until = max((p.until for p in known if p.until), default=None)
    return _template().render(
        lang="zh-CN" if case.language == "zh" else "en-GB",
        t=lambda key, **values: sentence(Message(f"board.{key}", values), case.language),
        title=case.title,
        current=case.current,
        owners=owners,
        until=until,
        elapsed=((until - case.current.first).days + 1) / case.current.days if until else None,
        css=Markup(css),  # noqa: S704  # our own file
        style_hash="sha256-" + base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
        size=(WIDE, HIGH),
        with_actions=store is not None,
        version=__version__,
        day=today or date.today(),
    )


def _unknown(case: Case, name: str, role: str, error: BadInput | EngineError) -> Line:
    """A metric that cannot be measured; the others stand as they are."""
    said = sentence(
        Message("board.unmeasured", {"why": str(error).partition("\n")[0]}), case.language
    )
    return Line(
        case.label(name, case.language),
        label(f"board.{role}", case.language),
        "unknown",
        said,
        (),
        None,
    )


def _template() -> Template:
    text = files("kpilab.track").joinpath("board.html.j2").read_text("utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        text
    )


def _line(case: Case, found: Progress, role: str) -> Line:
    lang, metric = case.language, case.metrics[found.metric]
    ratio = metric.is_ratio and found.value == found.value and abs(found.value) <= 1
    show = percent if ratio else number
    facts = [("value", show(found.value, lang))]
    if found.target is not None:
        facts.append(("target", show(found.target, lang)))
    if found.due is not None and found.due != found.target:
        facts.append(("due", show(found.due, lang)))
    if found.pace is not None:
        facts.append(("pace", whole_percent(found.pace, lang)))
    if found.end is not None and found.end.low != found.end.high:
        ends = {
            "end": show(found.end.value, lang),
            "low": show(found.end.low, lang),
            "high": show(found.end.high, lang),
        }
        facts.append(("end", sentence(Message("board.ends", ends), lang)))
    if found.chance is not None and found.elapsed < 1:
        facts.append(("chance", whole_percent(found.chance, lang)))
    said = label(f"board.{found.standing}", lang)
    if metric.better == "down":
        said = f"{said} · {label('board.lower', lang)}"
    named = tuple((label(f"board.{key}", lang), text) for key, text in facts)
    name = case.label(found.metric, lang)
    return Line(
        name, label(f"board.{role}", lang), found.standing, said, named, _sparkline(case, found)
    )


def _sparkline(case: Case, found: Progress) -> Sparkline | None:
    """Points scaled into the box; the first point of the period belongs to both parts,
    so that the line is whole."""
    rows = found.series.dropna().tail(MOST_POINTS)
    if len(rows) < 2:
        return None
    wanted = _wanted(case, found)
    values = [*rows["value"], *([wanted] if wanted is not None else [])]
    low, high = min(values), max(values)
    scale = (HIGH - 2 * PAD) / (high - low) if high > low else 0.0

    def y(value: float) -> float:
        return round(HIGH - PAD - (value - low) * scale, 1)

    step = (WIDE - 2 * PAD) / (len(rows) - 1)
    points = [(round(PAD + k * step, 1), y(v)) for k, v in enumerate(rows["value"])]
    start = int((rows["day"] < pd.Timestamp(case.current.first)).sum())
    texts = ["{:g},{:g}".format(*p) for p in points]
    said = {
        "metric": case.label(found.metric, case.language),
        "value": float(rows["value"].iloc[-1]),
    }
    said["period"] = Period(rows["day"].iloc[0].date(), rows["day"].iloc[-1].date())
    return Sparkline(
        " ".join(texts[: start + 1]),
        " ".join(texts[start:]),
        None if wanted is None else y(wanted),
        points[-1],
        sentence(Message("board.trend_title", said), case.language),
    )


def _wanted(case: Case, found: Progress) -> float | None:
    """What the target asks of one day (week, month) of the trend."""
    metric = case.metrics[found.metric]
    if found.target is None:
        return None
    return (
        found.target / case.current.days
        if metric.per is None and not metric.is_ratio
        else found.target
    )


def _doubts(case: Case, store: Store) -> dict[str, str]:
    """Metric -> what the newest review of the period says against it."""
    # A period that was not over was cut where the data end: it has the same first day.
    first = case.current.first
    reviews = store.reviews(case.name)
    newest = next((r for r in reviews if r.periods["current"].first == first), None)
    found: dict[str, str] = {}
    for cause in newest.causes if newest else ():
        said = cause.said.get(case.language) or cause.said.get("en", "")
        if said and cause.decision != "rejected":
            text = sentence(Message("board.doubt", {"cause": said}), case.language)
            told = [cause.subject, *(_on(case, cause.subject) if cause.kind in OF_ROWS else ())]
            found |= {name: text for name in told if name not in found}
    return found


def _on(case: Case, table: str) -> tuple[str, ...]:
    """The metrics that are computed on a table."""
    return tuple(name for name, metric in case.metrics.items() if metric.table == table)


def _deeds(case: Case, store: Store, today: date | None) -> dict[str, list[Deed]]:
    """The last actions of each owner, newest first, with what became of them."""
    answers = effects(store, case).table.set_index("action")["answer"].to_dict()
    found: dict[str, list[Deed]] = {}
    for action in reversed(store.actions(case.name)):
        if len(found.setdefault(action.owner, [])) < MOST_ACTIONS:
            late = action.late(today or date.today())
            answer = "late" if late else str(answers.get(action.id, action.state))
            found[action.owner].append(_deed(action, answer, case.language))
    return found


def _deed(action: Action, answer: str, lang: str) -> Deed:
    when = ""
    if action.done_on is not None:
        when = sentence(Message("board.since", {"day": action.done_on}), lang)
    elif action.due is not None:
        when = sentence(Message("board.due_on", {"due": action.due}), lang)
    return Deed(action.what, when, answer, label(f"action_state.{answer}", lang))
