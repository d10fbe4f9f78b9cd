"""Words on charts: the headline in lines that fit above it, and room for texts beside bars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sized
from typing import TYPE_CHECKING

import altair as alt

from kpilab.show import say
from kpilab.show.format import columns
from kpilab.show.say import label

if TYPE_CHECKING:
    from kpilab.core.result import Result

WIDTH = 78  # of a line in Latin letters; a Chinese one takes two
GAP, LETTER = 14.0, 6.4  # pixels before a text beside a bar, and of a Latin letter in it
# What a line may not be broken inside of: a Chinese character with the stops after it, or a word or
# number.
PIECE = re.compile(
    r"[\u2e80-\u9fff\uf900-\uffef][,.;:!?)\]%,。、;:!?)》」”]*|(?:< "
    r")?[^\s\u2e80-\u9fff\uf900-\uffef]+(?: %\S*)?|\s+"
)


def head(
    result: Result,
    lang: str = "en",
    drawn: Sized | None = None,
    *,
    of: Sized | None = None,
    key: str = "",
) -> alt.TitleParams:
    """The headline as the chart's title; below it what its marks stand for (`key`), and how many
    rows it leaves out.

    Args:
        drawn: rows that have room on the chart. of: what they are taken from, the result's table
            unless said.
    """
    left = 0 if drawn is None else len(result.table if of is None else of) - len(drawn)
    more = label("result.not_drawn", lang, rows=left) if left > 0 else ""
    under = [text for text in (key, more) if text]
    title = lines(say(result.headline, lang))
    return alt.TitleParams(title, subtitle=under) if under else alt.TitleParams(title)


def lines(text: str, most: int = WIDTH) -> list[str]:
    """The text in lines of at most `most` letters, never broken inside a word or a number."""
    found, line = [], ""
    for piece in PIECE.findall(text):
        if line.strip() and columns(line + piece.rstrip()) > most:
            found.append(line.strip())
            line = ""
        line += piece
    return [*found, line.strip()] if line.strip() or not found else found


def room(texts: Iterable[str], least: float = 40.0) -> float:
    """Pixels that a scale must be padded by, so that the text right of the longest bar is seen."""
    return max([least, *(GAP + LETTER * columns(text) for text in texts)])
