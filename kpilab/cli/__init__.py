"""The command line: arguments in, words out.
Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kpilab import __version__
from kpilab.cli.actions import actions
from kpilab.cli.common import (
    Browser,
    CaseFolder,
    Lang,
    Language,
    OneCase,
    StorePlace,
    Verbose,
    told,
)
from kpilab.cli.experiment import experiment
from kpilab.cli.metrics import metrics
from kpilab.cli.whys import whys
from kpilab.errors import BadInput, several

if TYPE_CHECKING:
    from kpilab.cli.progress import Progress
    from kpilab.core.case import Case
    from kpilab.core.finding import Review
    from kpilab.core.loop import Loop

app = typer.Typer(
    name="kpilab",
    help="The KPIs hit target, so why did the business not grow?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(actions, name="actions")
app.add_typer(whys, name="whys")
app.command()(metrics)
app.command()(experiment)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"kpilab {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Options before the command; the callback has done the work."""


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder of tables: csv, parquet, json, xlsx.")
    ],
    goal: Annotated[
        str | None, typer.Option(help="The goal: a metric of the draft, or TABLE.COLUMN.")
    ] = None,
    kpi: Annotated[
        list[str] | None, typer.Option(help="A KPI and its target: NAME=TARGET; may be repeated.")
    ] = None,
    target: Annotated[float | None, typer.Option(help="The goal's planned value.")] = None,
    current: Annotated[str | None, typer.Option(help="Current period: A..B.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Baseline: A..B.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="Whose days are meant where times carry a zone, e.g. Asia/Shanghai."),
    ] = None,
    lang: Lang = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a case.yml that is there.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Look at a folder of tables and write a first case.yml."""
    with told(2, verbose):
        from kpilab.cli.first import told_of, written
        from kpilab.cli.wishes import asked, wishes

        given = wishes(goal, kpi or (), target, (current, baseline), lang, timezone)
        if not yes and sys.stdin.isatty():
            given = asked(folder, given)
        language = lang or "en"
        first = written(folder, force=force, wishes=given, language=language)
        typer.echo("\n".join(told_of(first, folder, language)))


@app.command()
def check(case: CaseFolder, verbose: Verbose = False) -> None:
    """Check a case and its data; exit code 0 when clean, 1 when not."""
    with told(1, verbose):
        from kpilab.case.days import unfilled
        from kpilab.case.occurring import uncounted
        from kpilab.case.read import open_case
        from kpilab.show.say import sentence
        from kpilab.track.rules import rules

        opened = open_case(case)
        rules(opened)
        for issue in (*opened.issues, *unfilled(opened)):
            typer.echo(f"note: {sentence(issue.statement, opened.language)}")
        error = several(uncounted(opened))
        if error:
            raise error
        typer.echo(
            f"{opened.title}: in order ({len(opened.tables)} tables, {len(opened.metrics)} metrics)"
        )


@app.command()
def review(
    case: CaseFolder,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report goes.")],
    lang: Annotated[Language | None, typer.Option("--lang", help="Language of the report.")] = None,
    current: Annotated[
        str | None, typer.Option("--current", metavar="A..B", help="First..last day.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option("--baseline", metavar="WHAT", help="previous, year_ago or first..last day."),
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Print the report to PDF too (needs Chromium).")
    ] = False,
    office: Annotated[
        bool, typer.Option("--office", help="Write Word and PowerPoint files too.")
    ] = False,
    store: StorePlace = "",
    verbose: Verbose = False,
) -> None:
    """Find out which KPI was wrong, what was missed, what the market did,
    and what was done on paper only."""
    with told(2, verbose):
        from kpilab.cli.progress import progress

        language = lang.value if lang else None
        with progress(language or "en", timed=verbose) as tell:
            from kpilab.case.read import open_case
            from kpilab.core.loop import NO_LOOP
            from kpilab.report.build import write
            from kpilab.report.text import verdict

            read = open_case(case, current=current, baseline=baseline, language=language)
            result = _reviewed(read, out, tell)
            tell("report", 1, 1)
            kept = _kept(result, store) if store else None
            beside = kept[2] if kept else NO_LOOP
            shown = kept[0] if kept else result
            paths = write(shown, out, language, loop=beside)
        typer.echo(verdict(result, language or result.language))
        typer.echo(f"{paths.html}")
        if kept:
            typer.echo(kept[1])
        if pdf:
            from kpilab.report.pdf import pdf as printed

            typer.echo(f"{printed(paths.html, out / 'review.pdf')}")
        if office:
            from kpilab.report.office import office as presented

            for path in presented(shown, out, language, loop=beside):
                typer.echo(f"{path}")


def _reviewed(case: Case, out: Path, tell: Progress) -> Review:
    """The review; where the engine fails in the middle of it,
    what the finished steps have found is written."""
    from kpilab.report.build import write_unfinished
    from kpilab.verdict.run import Stopped
    from kpilab.verdict.run import review as reviewed

    try:
        return reviewed(case, progress=tell)
    except Stopped as stopped:
        if stopped.finished:
            typer.echo(
                f"what the finished steps have found: {write_unfinished(stopped, case, out)}",
                err=True,
            )
        raise


def _kept(result: Review, place: str) -> tuple[Review, str, Loop]:
    """The review with the notes of earlier ones, once it is in the store; where it was kept, and
    what the store knows about it."""
    from kpilab.track.loop import loop
    from kpilab.track.notes import annotated
    from kpilab.track.store import Store

    with Store.open(place) as opened:
        noted = annotated(result, opened)
        saved = opened.review(opened.save(result))
        beside = loop(result, opened, saved)
    causes = ", ".join(str(cause.id) for cause in saved.causes)
    said = f"kept as review {saved.id}" + (f", causes {causes}" if causes else "")
    return noted, said, beside


@app.command()
def sample(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="shop, or the name of a cause; `list` names them all."),
    ],
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Where the case goes.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same number gives the same world.")] = 0,
    verbose: Verbose = False,
) -> None:
    """Make a case with known causes, to try kpilab on."""
    with told(2, verbose):
        from kpilab.core.files import unwritable
        from kpilab.samples.write import company_names, names, write

        if name == "list":
            typer.echo("\n".join([*names(), *company_names()]))
            return
        if folder is None:
            raise BadInput("no folder given", "argument DIR", f"kpilab sample {name} FOLDER")
        try:
            written = write(name, folder, seed=seed)
        except OSError as error:
            raise unwritable(folder, error, "the sample", f"kpilab sample {name} DIR") from error
        typer.echo(f"wrote {written}\nnow: kpilab review {folder} --out {folder / 'review'}")


@app.command()
def lab(
    case: OneCase = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Where the notebooks are copied to."),
    ] = None,
    lang: Lang = None,
    browser: Browser = True,
    verbose: Verbose = False,
) -> None:
    """Open the notebooks on a case in JupyterLab, without CASE on the bundled shop; on a folder of
    tables without a case.yml, the home page makes one."""
    with told(2, verbose):
        from kpilab.workbench.lab import folder_of, notebooks, start

        found, place = folder_of(case), notebooks(to)
        typer.echo(f"JupyterLab on {place}")
        raise typer.Exit(start(place, found, lang, browser=browser))


@app.command("app")
def pages(
    case: OneCase = None,
    port: Annotated[
        int, typer.Option("--port", help="Where the page is served, on this machine only.")
    ] = 8866,
    lang: Lang = None,
    browser: Browser = True,
    verbose: Verbose = False,
) -> None:
    """Open a case as a page without code, for people who only read and click; a folder of tables
    without a case.yml opens the page that makes one."""
    with told(2, verbose):
        from kpilab.workbench.lab import folder_of, serve

        found = folder_of(case)
        typer.echo(f"http://127.0.0.1:{port} shows {found or 'the bundled shop'}; Ctrl-C ends it")
        raise typer.Exit(serve(found, lang, port, browser=browser))


@app.command()
def compare(
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="A review.json, its folder, or the number of a saved review."
        ),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The later one.")],
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Which causes of an earlier review are still open, gone or new?"""
    with told(2, verbose):
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
    with told(2, verbose):
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
    today: Annotated[
        str | None, typer.Option("--today", metavar="DAY", help="As if today were this day.")
    ] = None,
    store: StorePlace = "",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Write the board: per owner the target, pace, forecast, trend and last actions,
    in one offline page."""
    with told(2, verbose):
        from kpilab.case.read import open_case
        from kpilab.track.actions import day
        from kpilab.track.board import write_board

        read = open_case(case, language=lang)
        now = day(today, "--today") if today else None
        typer.echo(str(write_board(read, out, place=store or None, today=now)))


@app.command()
def watch(
    case: CaseFolder,
    today: Annotated[
        str | None, typer.Option("--today", metavar="DAY", help="As if today were this day.")
    ] = None,
    store: StorePlace = ".",
    lang: Lang = None,
    verbose: Verbose = False,
) -> None:
    """Evaluate the alarm rules once, for cron; exit code 3 when an alarm is new,
    and it is pushed if configured."""
    with told(2, verbose):
        from kpilab.case.read import open_case
        from kpilab.track.actions import day
        from kpilab.track.store import Store
        from kpilab.track.watch import tell, watch_lines
        from kpilab.track.watch import watch as watched

        read = open_case(case, language=lang)
        with Store.open(store) as opened:
            result = watched(read, opened, today=day(today, "--today") if today else None)
            typer.echo("\n".join(watch_lines(result, read, read.language)))
            with told(3 if result.new else 2, verbose):
                tell(read, opened)
        if result.new:
            raise typer.Exit(3)


def main() -> None:
    """Entry point of the console command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter shows a question mark instead of ending the command.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    # A command is one short piece of work: looking for garbage again and again costs a tenth of it
    # and finds little.
    gc.set_threshold(100_000, 50, 100)
    app(prog_name="kpilab")
