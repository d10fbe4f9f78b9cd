"""The command line: arguments in, words out. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kpilab import __version__
from kpilab.errors import BadInput, KpilabError

MOST_PROBLEMS = 7  # what fits on one screen
Progress = Callable[[str, int, int], None]

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

        opened = open_case(case)
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
    verbose: Verbose = False,
) -> None:
    """Find out which KPI was wrong, what was missed, what the market did, and what was done on paper only."""
    with _told(2, verbose):
        from kpilab.case.read import open_case
        from kpilab.report.build import write
        from kpilab.report.text import verdict
        from kpilab.verdict.run import review as reviewed

        language = lang.value if lang else None
        with _progress(language) as progress:
            result = reviewed(open_case(case, current=current, baseline=baseline, language=language), progress=progress)
        paths = write(result, out, language)
        typer.echo(verdict(result, language or result.language))
        typer.echo(f"{paths.html}")
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


def main() -> None:
    """Entry point of the console command."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter shows a question mark instead of ending the command.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
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


@contextmanager
def _progress(lang: str | None) -> Iterator[Progress | None]:
    """A bar with the name of the step on a terminal; nothing anywhere else."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from kpilab.show.say import label

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def advance(step: str, done: int, total: int) -> None:
            bar.update(task, description=label(f"progress.{step}", lang or "en"), completed=done, total=total)

        yield advance
