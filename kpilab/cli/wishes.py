"""What `kpilab init` is told, by its options or in a short dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import available_timezones

import typer

from kpilab.case.found import Wishes, chosen, found_in
from kpilab.case.page import zoned
from kpilab.case.read import period_of
from kpilab.core.values import Message, Period
from kpilab.errors import BadInput, unknown
from kpilab.show.say import sentence


def wishes(
    goal: str | None, kpis: Sequence[str], target: float | None,
    periods: tuple[str | None, str | None], language: str | None, timezone: str | None = None,
) -> Wishes:  # fmt: skip
    """The options as wishes.

    Raises:
        BadInput: a period, or a KPI's target, that cannot be read; or no such time zone.
    """
    named = {"current": periods[0], "baseline": periods[1]}
    days: dict[str, Period] = {n: period_of(t, f"--{n}") for n, t in named.items() if t}
    if "current" in days and "baseline" not in days:
        days["baseline"] = days["current"].before()
    told = dict(_kpi(text) for text in kpis)
    return Wishes(goal, target, told, None, days, language or "en", _zone(timezone))


def _kpi(text: str) -> tuple[str, float | None]:
    name, _, target = text.partition("=")
    try:
        return name.strip(), float(target) if target.strip() else None
    except ValueError:
        raise BadInput(f"{target!r} is no number", "--kpi", "write NAME=TARGET") from None


def asked(folder: Path, given: Wishes) -> Wishes:
    """Goal, KPIs, owner and zone as confirmed by whoever sits there; what options say is not
    asked."""
    found = found_in(folder, given.timezone)
    if given.timezone is None and zoned(found.sheets):
        given = replace(given, timezone=_zone(_answer("zone", given.language)))
    sheet, draft = chosen(found, given)
    if given.goal is None:
        goal = _answer("goal", given.language, default=f"{sheet.name}.{draft.goal}")
        given = replace(given, goal=goal)
        sheet, draft = chosen(found, given)
    if not given.kpis:
        metrics = Message("first.ask_metrics", {"metrics": tuple(draft.metrics)})
        typer.echo(sentence(metrics, given.language))
        text = _answer("kpis", given.language)
        given = replace(given, kpis=dict(_kpi(t) for t in text.split(",") if t.strip()))
    if given.kpis and given.owner is None:
        given = replace(given, owner=_answer("owner", given.language) or None)
    return given


def _answer(key: str, language: str, default: str = "") -> str:
    question = sentence(Message(f"first.ask_{key}"), language)
    return str(typer.prompt(question, default=default, show_default=bool(default))).strip()


def _zone(name: str | None) -> str | None:
    """A time zone by its name; None for none."""
    if name and name not in available_timezones():
        raise unknown("time zone", name, available_timezones(), "--timezone")
    return name or None
