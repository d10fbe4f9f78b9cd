"""`kpilab actions`: what is being done about the causes, and whether it worked."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from kpilab.cli.common import CaseFolder, Lang, StorePlace, Verbose, told

actions = typer.Typer(
    help="What is being done about the causes, and whether it worked.", no_args_is_help=True
)


@actions.command("list")
def actions_list(
    case: Annotated[
        Path | None,
        typer.Argument(metavar="CASE", help="Test the actions on the data of this case."),
    ] = None,
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """List actions; with a case, test whether those that are done worked."""
    with told(2, verbose):
        from kpilab.track.store import Store
        from kpilab.track.text import action_lines, effect_lines

        with Store.open(store) as opened:
            if case is None:
                lines = action_lines(opened.actions(), lang or "en", date.today())
            else:
                from kpilab.case.read import open_case
                from kpilab.track.effects import effects

                read = open_case(case, language=lang)
                lines = effect_lines(effects(opened, read), read, read.language, date.today())
        typer.echo("\n".join(lines))


@actions.command("add")
def actions_add(
    case: CaseFolder,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="What is to be done, in your words.")],
    owner: Annotated[str, typer.Option("--owner", help="Who does it.")],
    due: Annotated[str | None, typer.Option("--due", metavar="DAY", help="YYYY-MM-DD.")] = None,
    metric: Annotated[str | None, typer.Option("--metric", help="What should move.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", metavar="DIM=VALUE", help="Only in a segment.")
    ] = None,
    expected: Annotated[
        float | None, typer.Option("--expected", metavar="%", help="Change hoped for, in %.")
    ] = None,
    experiment: Annotated[str | None, typer.Option("--experiment", help="Its A/B test.")] = None,
    cause: Annotated[
        int | None, typer.Option("--cause", help="Number of the stored cause it answers.")
    ] = None,
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Keep an action: who does what by when, and what should move by how much."""
    with told(2, verbose):
        from kpilab.case.read import open_case
        from kpilab.track.actions import Plan, add
        from kpilab.track.store import Store

        plan = Plan(what, owner, due, metric, tuple(where or ()), expected, experiment, cause)
        read = open_case(case)
        with Store.open(store) as opened:
            typer.echo(f"kept as action {add(opened, read, plan)}")


@actions.command("done")
def actions_done(
    action: Annotated[int, typer.Argument(metavar="N", help="Number of the action.")],
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DAY", help="First day in effect; today if left out."),
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="It will not be done.")] = False,
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Close an action: it is in effect since a day, or dropped."""
    with told(2, verbose):
        from kpilab.track.actions import day
        from kpilab.track.store import Store

        with Store.open(store) as opened:
            if drop:
                opened.drop(action)
            else:
                opened.finish(action, day(on, "--on") if on else date.today())
        typer.echo(f"action {action} is {'dropped' if drop else 'done'}")
