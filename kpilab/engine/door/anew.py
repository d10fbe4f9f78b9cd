"""Text files written anew: as UTF-8 with plain line ends, and cells that are texts in quotes
alone."""

from __future__ import annotations

import re
from io import IncrementalNewlineDecoder
from pathlib import Path
from uuid import uuid4

from kpilab.engine.door import encoding

# Cells that a work sheet is to take as texts: ="007".
GUARDED = re.compile(r'(^|[,;\t|])="([^"\n]*)"', re.MULTILINE)


def unguarded(text: str) -> str:
    """A text whose cells are in quotes alone."""
    return GUARDED.sub(r'\1"\2"', text)


def written(
    path: Path, code: str, name: str, workspace: Path, *, guarded: bool, blanks: bool
) -> Path:
    """A file as plain UTF-8.

    Args:
        path: the file. code: its encoding. name: of the table. workspace: where it is written to.
        guarded: whether it has cells to unguard. blanks: whether blanks part its columns.

    Raises:
        BadInput: bytes that the encoding has no character for.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    target = workspace / f"{uuid4().hex}.csv"
    lines, rest = IncrementalNewlineDecoder(None, translate=True), ""
    with target.open("w", encoding="utf-8", newline="") as file:
        for part in encoding.decoded(path, code, name):
            text = lines.decode(part.removeprefix("\ufeff"), final=not part)
            if guarded:  # whole lines, as a cell may go over the end of a part
                text, end, rest = (rest + text).rpartition("\n") if part else (rest + text, "", "")
                text = unguarded(text + end)
            file.write(re.sub(r"(?m)^ +| +$|(?<= ) +", "", text) if blanks else text)
    return target
