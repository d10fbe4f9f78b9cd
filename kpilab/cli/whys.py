"""`kpilab whys`: the 5-Why answers of a stored cause, and what analysts say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kpilab.cli.common import Language, StorePlace, Verbose, told

if TYPE_CHECKING:
    from kpilab.track.store import Note

whys = typer.Typer(
    help="Read the 5-Why answers of a cause; add, reject or comment on them.", no_args_is_help=True
)

Cause = Annotated[int, typer.Argument(metavar="CAUSE", help="Number of the stored cause.")]
Number = Annotated[int, typer.Argument(metavar="N", help="Number of the answer, as listed.")]
Author = Annotated[str, typer.Option("--by", help="Who says it.")]


@whys.command("list")
def whys_list(
    cause: Cause,
    store: StorePlace = ".",
    lang: Annotated[Language, typer.Option("--lang", help="Language of the answer.")] = Language.en,
    verbose: Verbose = False,
) -> None:
    """List the answers, with what was said of them."""
    with told(2, verbose):
        from kpilab.track.store import Store
        from kpilab.track.text import why_lines

        with Store.open(store) as opened:
            typer.echo("\n".join(why_lines(opened.whys(cause), lang)))


@whys.command("add")
def whys_add(
    cause: Cause,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The answer, in your words.")],
    by: Author = "",
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Add an answer of your own."""
    _note(cause, "add", text, None, by, store, verbose)


@whys.command("reject")
def whys_reject(
    cause: Cause,
    answer: Number,
    text: Annotated[str, typer.Argument(metavar="REASON", help="Why it does not hold.")],
    by: Author = "",
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Reject an answer, with the reason."""
    _note(cause, "reject", text, answer, by, store, verbose)


@whys.command("comment")
def whys_comment(
    cause: Cause,
    answer: Number,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The comment.")],
    by: Author = "",
    store: StorePlace = ".",
    verbose: Verbose = False,
) -> None:
    """Comment on an answer."""
    _note(cause, "comment", text, answer, by, store, verbose)


def _note(
    cause: int, kind: Note, text: str, answer: int | None, by: str, store: str, verbose: bool
) -> None:
    with told(2, verbose):
        from kpilab.track.store import Store

        with Store.open(store) as opened:
            opened.note(cause, kind, text, answer=None if answer is None else answer - 1, author=by)
        typer.echo(
            "kept; the next report of this case shows it beside the answer (kpilab review … "
            "--store)"
        )
