"""What `kpilab init` is told, by its options or in a short dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from kpilab.case.found import Wishes, chosen, found_in
from kpilab.case.read import period_of
from kpilab.core.values import Period
from kpilab.errors import BadInput


def wishes(
    goal: str | None, kpis: Sequence[str], target: float | None,
    periods: tuple[str | None, str | None], language: str | None,
) -> Wishes:  # fmt: skip
    """The options as wishes.

    Raises:
        BadInput: a period, or a KPI's target, that cannot be read.
    """
    named = {"current": periods[0], "baseline": periods[1]}
    days: dict[str, Period] = {n: period_of(t, f"--{n}") for n, t in named.items() if t}
    if "current" in days and "baseline" not in days:
        days["baseline"] = days["current"].before()
    told = dict(_kpi(text) for text in kpis)
    return Wishes(goal, target, told, None, days, language or "en")


def _kpi(text: str) -> tuple[str, float | None]:
    name, _, target = text.partition("=")
    try:
        return name.strip(), float(target) if target.strip() else None
    except ValueError:
        raise BadInput(f"{target!r} is no number", "--kpi", "write NAME=TARGET") from None


def asked(folder: Path, given: Wishes) -> Wishes:
    """Goal, KPIs and owner as confirmed by whoever sits there; what options say is not asked."""
    found = found_in(folder)
    sheet, draft = chosen(found, given)
    if given.goal is None:
        goal = typer.prompt("Goal", default=f"{sheet.name}.{draft.goal}")
        given = replace(given, goal=str(goal).strip())
        sheet, draft = chosen(found, given)
    if not given.kpis:
        typer.echo(f"Metrics: {', '.join(draft.metrics)}")
        text = typer.prompt("KPIs (NAME=TARGET, …; empty: none)", default="", show_default=False)
        given = replace(given, kpis=dict(_kpi(t) for t in str(text).split(",") if t.strip()))
    if given.kpis and given.owner is None:
        owner = typer.prompt(
            "Who answers for them (empty: not known)", default="", show_default=False
        )
        given = replace(given, owner=str(owner).strip() or None)
    return given
