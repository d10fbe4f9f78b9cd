"""The command line: arguments in, words out. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kpilab import __version__
from kpilab.errors import BadInput, KpilabError

MOST_PROBLEMS = 7  # what fits on one screen

app = typer.Typer(
    name="kpilab",
    help="The KPIs hit target, so why did the business not grow?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Language(StrEnum):
    en = "en"
    zh = "zh"


CaseFolder = Annotated[Path, typer.Argument(metavar="CASE", help="A case.yml, or the folder that holds it.")]
StorePlace = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="PLACE",
        envvar="KPILAB_STORE",
        help="Folder, .db file or postgresql:// address of the store.",
    ),
]
Lang = Annotated[Language | None, typer.Option("--lang", help="Language of the answer.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show every problem and every detail.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kpilab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options before the command; the callback has done the work."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of tables: csv, parquet, json, xlsx.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a case.yml that is there.")] = False,
    verbose: Verbose = False,
) -> None:
    """Look at a folder of tables and write a first case.yml."""
    with _told(2, verbose):
        from kpilab.case.write import scaffold

        path = scaffold(folder, force=force)
        typer.echo(f"wrote {path}\nread it, correct what was guessed wrong, then: kpilab review {folder}")


@app.command()
def check(case: CaseFolder, verbose: Verbose = False) -> None:
    """Check a case and its data; exit code 0 when clean, 1 when not."""
    with _told(1, verbose):
        from kpilab.case.read import open_case
        from kpilab.show.say import sentence
        from kpilab.track.rules import rules

        opened = open_case(case)
        rules(opened)
        for issue in opened.issues:
            typer.echo(f"note: {sentence(issue.statement, opened.language)}")
        typer.echo(f"{opened.title}: in order ({len(opened.tables)} tables, {len(opened.metrics)} metrics)")


@app.command()
def review(
    case: CaseFolder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")],
    lang: Annotated[Language | None, typer.Option("--lang", help="Language of the report.")] = None,
    current: Annotated[str | None, typer.Option("--current", metavar="A..B", help="First..last day.")] = None,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="WHAT", help="previous, year_ago or first..last day.")
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Print the report to PDF too (needs Chromium).")] = False,
    store: StorePlace = "",
    verbose: Verbose = False,
) -> None:
    """Find out which KPI was wrong, what was missed, what the market did, and what was done on paper only."""
    with _told(2, verbose):
        from kpilab.cli.progress import progress

        language = lang.value if lang else None
        with progress(language or "en", timed=verbose) as tell:
            from kpilab.case.read import open_case
            from kpilab.report.build import write
            from kpilab.report.text import verdict
            from kpilab.verdict.run import review as reviewed

            read = open_case(case, current=current, baseline=baseline, language=language)
            result = reviewed(read, progress=tell)
            tell("report", 1, 1)
            paths = write(result, out, language)
        typer.echo(verdict(result, language or result.language))
        typer.echo(f"{paths.html}")
        if store:
            from kpilab.track.store import Store

            with Store.open(store) as opened:
                typer.echo(f"kept as review {opened.save(result)}")
        if pdf:
            from kpilab.report.pdf import pdf as printed

            typer.echo(f"{printed(paths.html, out / 'review.pdf')}")


@app.command()
def sample(
    name: Annotated[str, typer.Argument(metavar="NAME", help="shop, or the name of a cause; `list` names them all.")],
    folder: Annotated[Path | None, typer.Argument(metavar="DIR", help="Where the case goes.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same number gives the same world.")] = 0,
    verbose: Verbose = False,
) -> None:
    """Make a case with known causes, to try kpilab on."""
    with _told(2, verbose):
        from kpilab.samples.write import names, write

        if name == "list":
            typer.echo("\n".join(names()))
            return
        if folder is None:
            raise BadInput("no folder given", "argument DIR", f"kpilab sample {name} FOLDER")
        typer.echo(f"wrote {write(name, folder, seed=seed)}\nnow: kpilab review {folder} --out {folder / 'review'}")


@app.command()
def lab(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the notebooks are copied to.")] = Path(
        "kpilab-lab"
    ),
    verbose: Verbose = False,
) -> None:
    """Open the notebooks in JupyterLab."""
    with _told(2, verbose):
        from kpilab.workbench.lab import notebooks, start

        place = notebooks(folder)
        typer.echo(f"JupyterLab on {place}")
        raise typer.Exit(start(place))


@app.command("app")
def pages(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the notebooks are copied to.")] = Path(
        "kpilab-lab"
    ),
    port: Annotated[int, typer.Option("--port", help="Where the page is served, on this machine only.")] = 8866,
    verbose: Verbose = False,
) -> None:
    """Open the notebooks as pages without code, for people who only read and click."""
    with _told(2, verbose):
        from kpilab.workbench.lab import notebooks, serve

        place = notebooks(folder)
        typer.echo(f"http://127.0.0.1:{port} shows {place}; Ctrl-C ends it")
        raise typer.Exit(serve(place, port))


actions = typer.Typer(help="What is being done about the causes, and whether it worked.", no_args_is_help=True)
app.add_typer(actions, name="actions")


@actions.command("list")
def actions_list(
    case: Annotated[
        Path | None, typer.Argument(metavar="CASE", help="Test the actions on the data of this case.")
    ] = None,
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """List actions; with a case, test whether those that are done worked."""
    with _told(2, verbose):
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
    where: Annotated[list[str] | None, typer.Option("--where", metavar="DIM=VALUE", help="Only in a segment.")] = None,
    expected: Annotated[float | None, typer.Option("--expected", metavar="%", help="Change hoped for, in %.")] = None,
    experiment: Annotated[str | None, typer.Option("--experiment", help="Its A/B test.")] = None,
    cause: Annotated[int | None, typer.Option("--cause", help="Number of the stored cause it answers.")] = None,
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Keep an action: who does what by when, and what should move by how much."""
    with _told(2, verbose):
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
        str | None, typer.Option("--on", metavar="DAY", help="First day in effect; today if left out.")
    ] = None,
    drop: Annotated[bool, typer.Option("--drop", help="It will not be done.")] = False,
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Close an action: it is in effect since a day, or dropped."""
    with _told(2, verbose):
        from kpilab.track.actions import day
        from kpilab.track.store import Store

        with Store.open(store) as opened:
            if drop:
                opened.drop(action)
            else:
                opened.finish(action, day(on, "--on") if on else date.today())
        typer.echo(f"action {action} is {'dropped' if drop else 'done'}")


@app.command()
def compare(
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A review.json, its folder, or the number of a saved review.")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later one.")],
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Which causes of an earlier review are still open, gone or new?"""
    with _told(2, verbose):
        from kpilab.track.compare import compare as compared
        from kpilab.track.compare import find
        from kpilab.track.text import compare_lines

        before, after = find(old, store), find(new, store)
        typer.echo("\n".join(compare_lines(compared(before, after), lang or after.language)))


@app.command()
def notify(
    which: Annotated[
        str | None, typer.Argument(metavar="REVIEW", help="As in compare; the newest if left out.")
    ] = None,
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Push the verdict in short to the addresses in KPILAB_NOTIFY_URLS."""
    with _told(2, verbose):
        from kpilab.track.compare import find
        from kpilab.track.notify import notify as push
        from kpilab.track.notify import short

        review = find(which, store)
        title, body = short(review, lang or review.language)
        typer.echo(f"{title}\n{body}\nsent to {push(title, body)} addresses")


@app.command()
def board(
    case: CaseFolder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where board.html goes.")],
    today: Annotated[str | None, typer.Option("--today", metavar="DAY", help="As if today were this day.")] = None,
    store: StorePlace = "",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Write the board: per owner the target, pace, forecast, trend and last actions, in one offline page."""
    with _told(2, verbose):
        from kpilab.case.read import open_case
        from kpilab.track.actions import day
        from kpilab.track.board import write

        read = open_case(case, language=lang)
        typer.echo(f"{write(read, out, place=store or None, today=day(today, '--today') if today else None)}")


@app.command()
def watch(
    case: CaseFolder,
    today: Annotated[str | None, typer.Option("--today", metavar="DAY", help="As if today were this day.")] = None,
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Evaluate the alarm rules once, for cron; exit code 3 when an alarm is new, and it is pushed if configured."""
    with _told(2, verbose):
        from kpilab.case.read import open_case
        from kpilab.track.actions import day
        from kpilab.track.store import Store
        from kpilab.track.watch import tell, watch_lines
        from kpilab.track.watch import watch as watched

        read = open_case(case, language=lang)
        with Store.open(store) as opened:
            result = watched(read, opened, today=day(today, "--today") if today else None)
            typer.echo("\n".join(watch_lines(result, read, read.language)))
            with _told(3 if result.new else 2, verbose):
                tell(read, opened)
        if result.new:
            raise typer.Exit(3)


def main() -> None:
    """Entry point of the console command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter shows a question mark instead of ending the command.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    # A command is one short piece of work: looking for garbage again and again costs a tenth of it and finds little.
    gc.set_threshold(100_000, 50, 100)
    app(prog_name="kpilab")


@contextmanager
def _told(code: int, verbose: bool) -> Iterator[None]:
    """Errors made for people go to stderr and become the exit code; Ctrl-C ends quietly."""
    try:
        yield
    except KpilabError as error:
        problems = error.problems if isinstance(error, BadInput) else (error,)
        shown = problems if verbose else problems[:MOST_PROBLEMS]
        for problem in shown:
            typer.echo(f"error: {problem}", err=True)
        if len(shown) < len(problems):
            typer.echo(f"… and {len(problems) - len(shown)} more; --verbose shows all", err=True)
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(130) from None
