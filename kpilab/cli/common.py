"""What every command shares: its options, and how errors are told."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kpilab.errors import BadInput, KpilabError, extra

MOST_PROBLEMS = 7  # what fits on one screen
ROOM = "give a place that you may read and write, on a disk that has room"


class Language(StrEnum):
    en = "en"
    zh = "zh"


CaseFolder = Annotated[
    Path, typer.Argument(metavar="CASE", help="A case.yml, or the folder that holds it.")
]
OneCase = Annotated[
    Path | None,
    typer.Argument(
        metavar="CASE",
        help="A case.yml, or the folder that holds it; the bundled shop if left out.",
        show_default=False,
    ),
]
Browser = Annotated[
    bool, typer.Option("--browser/--no-browser", help="Open it in the browser, too.")
]
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


@contextmanager
def told(code: int, verbose: bool) -> Generator[None]:
    """Errors made for people go to stderr and become the exit code; Ctrl-C ends quietly."""
    try:
        with extra("the command"):
            yield
    except KpilabError as error:
        problems = error.problems if isinstance(error, BadInput) else (error,)
        shown = problems if verbose else problems[:MOST_PROBLEMS]
        for problem in shown:
            typer.echo(f"error: {problem}", err=True)
        if len(shown) < len(problems):
            typer.echo(f"… and {len(problems) - len(shown)} more; --verbose shows all", err=True)
        raise typer.Exit(code) from None
    except BrokenPipeError:
        raise  # the reader of our output has gone; typer ends quietly
    except OSError as error:
        # What can be told better was told where it happened; here it is the disk that refuses,
        # whatever was written.
        typer.echo(
            (
                f"error: {error.strerror or error}\n  where: {error.filename or 'the disk'}\n  "
                f"hint:  {ROOM}"
            ),
            err=True,
        )
        raise typer.Exit(code) from None
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        raise typer.Exit(130) from None
